"""Ratings by people as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ftdsl.reports.markdown import table, text
from ftdsl.reports.numbers import count, interval, score
from ftdsl.reports.rating_entries import OpinionEntry, RatingEntry


def rating_lines(ratings: Mapping[str, RatingEntry]) -> Iterator[str]:
    """A table of what people think for each ``rate`` block, and what else there is to know."""
    for name, one in ratings.items():
        yield f"### Ratings: {text(name)}"
        yield ""
        rated = f"{count(one.rated)} of {count(one.items)} items, {count(one.ratings)} ratings"
        yield f"{rated} by {count(one.reliability.raters)} raters"
        yield ""
        rows = [_row(one, each) for each in one.opinions if each.estimate.n]
        if rows:
            heads = ("model", "against", "result", "interval", "items", "won / lost / tied")
            yield from table(heads, rows)
        notes = [*_agreement(one), *one.notes]
        yield from (f"- {text(note)}" for note in notes)
        if notes:
            yield ""


def _row(one: RatingEntry, each: OpinionEntry) -> tuple[str, ...]:
    found = each.estimate
    shown, ends = score(found.mean), interval(found.low, found.high)
    if one.ask == "scale":
        steps = one.points - 1
        shown = f"{1 + steps * found.mean:.2f} of {one.points}"
        ends = f"[{1 + steps * found.low:.2f}, {1 + steps * found.high:.2f}]"
    counts = f"{each.wins} / {each.losses} / {each.ties + each.both_bad}" if each.against else ""
    return text(each.model), text(each.against), shown, ends, count(found.n), counts


def _agreement(one: RatingEntry) -> Iterator[str]:
    found = one.reliability
    if found.alpha is not None and found.low is not None and found.high is not None:
        yield f"Krippendorff's alpha {found.alpha:.2f} [{found.low:.2f}, {found.high:.2f}]"
    for judge in one.judges:
        usable = "may decide a gate" if not judge.unusable else f"no gate: {judge.unusable}"
        yield f"judge {judge.score} agrees with people on {judge.agreed} of {judge.n}, {usable}"
