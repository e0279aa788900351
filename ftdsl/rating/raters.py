"""How each rater does: against gold, against themselves, early and late, and how fast."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

from ftdsl.rating.batch import Batch
from ftdsl.rating.opinions import leaning
from ftdsl.rating.rows import SKIP, Rating
from ftdsl.results.rating import Rater
from ftdsl.statistics.exact import fisher

HASTY = 2.0
"""Seconds in which nobody reads two answers."""
_FEWEST_CHECKS = 6
_MANY_POINTS = 4  # on a scale this long a neighbouring grade counts as the same


def raters(batch: Batch, ratings: Sequence[Rating], every: Sequence[Rating]) -> tuple[Rater, ...]:
    """Each rater among ``ratings``, which are those that hold of ``every`` one."""
    names = sorted({one.rater for one in every})
    return tuple(
        _rater(
            batch,
            name,
            [one for one in ratings if one.rater == name],
            sum(one.rater == name for one in every),
        )
        for name in names
    )


def _rater(batch: Batch, name: str, ratings: list[Rating], lines: int) -> Rater:
    ratings = sorted(ratings, key=lambda one: one.at)
    said = [one for one in ratings if one.verdict != SKIP]
    first = {one.item: one for one in said if not one.repeat}
    gold, repeats, checks = [], [], []
    for one in said:
        item = batch.items[one.item]
        if one.repeat and one.item in first:
            repeats.append(_same(batch, one, first[one.item]))
            checks.append(repeats[-1])
        elif item.gold and not one.repeat:
            gold.append(_is_known(batch, one))
            checks.append(gold[-1])
    early, late, p = _drift(checks)
    sided = [one.verdict.startswith("left") for one in said
             if one.verdict.startswith(("left", "right"))]  # fmt: skip
    seconds = [one.ms / 1000 for one in ratings]
    return Rater(
        rater=name,
        rated=sum(not one.repeat for one in said),
        skipped=len(ratings) - len(said),
        corrected=lines - len(ratings),
        gold=len(gold),
        gold_right=sum(gold),
        repeats=len(repeats),
        repeats_same=sum(repeats),
        early=early,
        late=late,
        drift_p=p,
        left=sum(sided) / len(sided) if sided else None,
        seconds=median(seconds) if seconds else 0.0,
        hasty=sum(one < HASTY for one in seconds),
    )


def _drift(checks: Sequence[bool]) -> tuple[float | None, float | None, float | None]:
    """The share of checks that are met in either half, and the p-value of "they are the same"."""
    if len(checks) < _FEWEST_CHECKS:
        return None, None, None
    half = len(checks) // 2
    early, late = checks[:half], checks[half:]
    a, b = sum(early), sum(late)
    p = fisher(a, len(early) - a, b, len(late) - b)
    return a / len(early), b / len(late), p


def _is_known(batch: Batch, rating: Rating) -> bool:
    """Whether a gold item was called what it is known to be."""
    item = batch.items[rating.item]
    if batch.rate.ask == "sides":
        leans = leaning(item, rating)
        return leans != 0 and item.digests[0 if leans > 0 else 1] == item.gold
    return _close(batch, rating.verdict, item.gold)


def _same(batch: Batch, one: Rating, other: Rating) -> bool:
    """Whether two verdicts on the same item say the same, however strongly."""
    if batch.rate.ask != "sides":
        return _close(batch, one.verdict, other.verdict)
    item = batch.items[one.item]
    return _sign(leaning(item, one)) == _sign(leaning(item, other))


def _close(batch: Batch, one: str, other: str) -> bool:
    if batch.rate.ask == "scale" and batch.rate.points >= _MANY_POINTS:
        return abs(int(one) - int(other)) <= 1
    return one == other


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)


def told(found: Iterable[Rater]) -> list[str]:
    """What of the raters a reader should know."""
    notes = []
    for one in found:
        if one.drift_p is not None and one.drift_p < 0.05:
            notes.append(
                f"{one.rater} drifts: {one.early:.0%} of the checks are met in the first half, "
                f"{one.late:.0%} in the second (p = {one.drift_p:.2g})"
            )
        if one.gold and one.gold_right * 3 < one.gold * 2:
            notes.append(f"{one.rater} gets {one.gold_right} of {one.gold} gold items right")
        if one.rated and one.hasty * 10 > one.rated:
            notes.append(f"{one.rater} took less than {HASTY:g} s for {one.hasty} items")
    return notes
