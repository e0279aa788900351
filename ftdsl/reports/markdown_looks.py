"""Weak slices, confusion and flakiness of an eval as Markdown: folded, and bounded in size."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from ftdsl.reports.document import Document
from ftdsl.reports.eval_entries import ConfusionEntry, FlakinessEntry, WeakEntry
from ftdsl.reports.inert import line
from ftdsl.reports.markdown import code, table, text
from ftdsl.reports.numbers import count, difference, interval, plural, score

_WEAK = 8
_LABELS = 10
_PAIRS = 8
_LONGEST = 60


def look_lines(name: str, found: Document) -> Iterator[str]:
    """What was found over all cases of the eval ``name``, model by model."""
    looks, flaky = found.looks.get(name, {}), found.flakiness.get(name, {})
    for model in dict.fromkeys((*looks, *flaky)):
        lines = list(_of_model(model, found, name))
        if lines:
            # No Markdown is read in a summary: the names are escaped as HTML.
            told = escape(line(f"{model} on {name}"))
            yield f"<details><summary>{told}: where it errs</summary>"
            yield ""
            yield from lines
            yield "</details>"
            yield ""


def _of_model(model: str, found: Document, name: str) -> Iterator[str]:
    look = found.looks.get(name, {}).get(model)
    if look is not None and look.weak:
        yield from _weak(look.weak)
    if look is not None and look.confusion is not None:
        yield from _confusion(look.confusion)
    yield from _flaky(found.flakiness.get(name, {}).get(model, {}))


def _weak(weak: tuple[WeakEntry, ...]) -> Iterator[str]:
    worst = sorted(weak, key=lambda one: one.difference)
    rows = (
        (
            text(one.score),
            code(_cut(f"{one.source} = {one.value}")),
            score(one.mean),
            difference(one.difference),
            count(one.n),
            f"{one.q:.2g}",
            code(_cut(", ".join(one.examples))),
        )
        for one in worst[:_WEAK]
    )
    yield from table(("score", "weak where", "mean", "to the rest", "n", "q", "such as"), rows)
    if len(worst) > _WEAK:
        yield f"{plural(len(worst) - _WEAK, 'weak slice')} more."
        yield ""


def _confusion(found: ConfusionEntry) -> Iterator[str]:
    yield (
        f"Labels of {text(found.score)}: macro F1 {found.macro_f1:.3f}, "
        f"micro F1 {found.micro_f1:.3f}"
    )
    yield ""
    if len(found.labels) <= _LABELS:
        rows = (
            (code(_cut(one.label)), *map(count, row), f"{one.f1:.3f}")
            for one, row in zip(found.labels, found.counts, strict=True)
        )
        yield from table(("expected", *(code(_cut(one)) for one in found.given), "F1"), rows)
        return
    pairs = [
        (n, one.label, found.given[place])
        for one, row in zip(found.labels, found.counts, strict=True)
        for place, n in enumerate(row)
        if n and found.given[place] != one.label
    ]
    pairs.sort(key=lambda one: -one[0])
    rows = ((code(_cut(want)), code(_cut(got)), count(n)) for n, want, got in pairs[:_PAIRS])
    yield from table(("expected", "given", "cases"), rows)


def _flaky(found: dict[str, FlakinessEntry]) -> Iterator[str]:
    rows = [
        (
            text(name),
            f"{count(one.flaky)} of {count(one.n)}",
            score(one.rate),
            interval(one.low, one.high),
        )
        for name, one in found.items()
        if one.flaky
    ]
    if rows:
        yield from table(("score", "flaky cases", "rate", "interval"), rows)


def _cut(words: str) -> str:
    return words if len(words) <= _LONGEST else words[: _LONGEST - 1] + "…"
