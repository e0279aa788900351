"""What was found over all cases of an eval, in the words that all reports share."""

from __future__ import annotations

from collections.abc import Iterator

from ftdsl.reports.numbers import difference, plural, score
from ftdsl.results.models import EvalOutput


def look_texts(output: EvalOutput) -> Iterator[str]:
    """Weak slices, confusion, and scores that disagree, a line each."""
    for one in output.weak:
        cases = f"e.g. {', '.join(one.examples)}" if one.examples else ""
        yield (
            f"{one.score} is weak where {one.source} = {one.value}: {score(one.mean)} of "
            f"{plural(one.n, 'case')}, {difference(one.difference)} to the rest "
            f"(q = {one.q:.2g}, Benjamini-Hochberg), {cases}"
        )
    if output.confusion is not None:
        found = output.confusion
        yield f"{found.score}: macro F1 {found.macro_f1:.3f}, micro F1 {found.micro_f1:.3f}"
        pairs = [
            (count, label.label, found.given[place])
            for label, row in zip(found.labels, found.counts, strict=True)
            for place, count in enumerate(row)
            if count and found.given[place] != label.label
        ]
        for count, expected, given in sorted(pairs, key=lambda one: -one[0])[:3]:
            yield f"{expected} taken for {given}: {plural(count, 'case')}"
    for each in output.agreement:
        kappa = f", kappa {each.kappa:.2f}" if each.kappa is not None else ""
        linked = f", correlation {each.correlation:.2f}" if each.correlation is not None else ""
        yield f"{each.one} and {each.other} are equal in {score(each.same)}{kappa}{linked}"
