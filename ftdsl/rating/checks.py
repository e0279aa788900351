"""Whether ratings are of what is there now: known items, the same question, ids of their own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ftdsl.diagnostics.diagnostic import Diagnostic, Label
from ftdsl.rating.batch import Batch
from ftdsl.rating.lots import left_of
from ftdsl.rating.rows import SKIP, Placed, verdicts_of

OF_ANOTHER_ROUND = frozenset({"FT723", "FT724"})
"""Codes of ratings that were right when they were made: what they are of has changed since."""


def problems(batch: Batch, placed: Sequence[Placed]) -> Iterator[tuple[Placed, Diagnostic]]:
    """Each rating that cannot be counted, with the reason: FT721 to FT725 and FT729."""
    first: dict[str, Placed] = {}
    for one in placed:
        before = first.setdefault(one.rating.id, one)
        if before is not one and before.rating != one.rating:
            yield one, _twice(one, before)
        elif (found := _alone(batch, one)) is not None:
            yield one, found
    for one in placed:
        if (found := _correction(one, first)) is not None:
            yield one, found


def counted(batch: Batch, placed: Iterable[Placed]) -> list[Placed]:
    """Those of this round: ratings of other answers, or of another question, are left out."""
    return [
        one
        for one in placed
        if (found := _alone(batch, one)) is None or found.code not in OF_ANOTHER_ROUND
    ]


def _alone(batch: Batch, one: Placed) -> Diagnostic | None:
    """What is wrong with a rating, whatever the others are."""
    rating, rate = one.rating, batch.rate
    if rating.rate != rate.name:
        return Diagnostic(
            "FT724", f"this is a rating of `{rating.rate}`, and not of `{rate.name}`", one.span,
            label="another `rate` block", help=f"import it with `ftdsl rate SPEC {rating.rate}`",
        )  # fmt: skip
    if rating.rubric != batch.rubric_id:
        return Diagnostic(
            "FT723", "people were asked something else: the question, the rubric or `ask` has been "
            "edited since", one.span, label="of an earlier wording",
            help="put the wording back, or have the answers rated again",
        )  # fmt: skip
    item = batch.items.get(rating.item)
    if item is None and rating.batch != batch.id:
        return Diagnostic(
            "FT724", f"this rating is of batch {rating.batch}, and now there is {batch.id}",
            one.span, label="the answers or the sample are others now",
            help="rate again: `ftdsl rate SPEC NAME --out FILE.html`",
        )  # fmt: skip
    if item is None or set(rating.shown) != set(item.digests):
        return Diagnostic(
            "FT721", "nobody was shown this item", one.span,
            label="no answer of the batch has these digests" if item is not None
            else "not in the batch",
            help="take the file as it came from the page",
        )  # fmt: skip
    if rating.verdict != SKIP and rating.verdict not in verdicts_of(rate.ask, rate.points):
        return Diagnostic(
            "FT720", f"this line is no rating: `{rating.verdict}` is no verdict of `{rate.ask}`",
            one.span, help="take the file as it came from the page",
        )  # fmt: skip
    if len(item.digests) > 1:
        left = left_of(rating.batch, rating.rater, rating.item, rating.repeat)
        if rating.left != item.digests[left]:
            return Diagnostic(
                "FT729", f"rater {rating.rater} was shown these answers the other way round",
                one.span, label="the sides have been edited",
                help="take the file as it came from the page",
            )  # fmt: skip
    return None


def _twice(one: Placed, before: Placed) -> Diagnostic:
    return Diagnostic(
        "FT722", f"two ratings have the id {one.rating.id}", one.span, label="differs from",
        related=(Label(before.span, "the first"),),
        help="a correction is a new line that `supersedes` the old one; lines are never edited",
    )  # fmt: skip


def _correction(one: Placed, known: dict[str, Placed]) -> Diagnostic | None:
    rating = one.rating
    if rating.supersedes is None:
        return None
    before = known.get(rating.supersedes)
    if before is None:
        why = "which is not there"
    elif before.rating.rater != rating.rater or before.rating.item != rating.item:
        why = "which is another rater's or of another item"
    elif before is one:
        why = "which is itself"
    else:
        return None
    return Diagnostic(
        "FT725", f"this rating corrects {rating.supersedes}, {why}", one.span,
        help="bring the file with the first verdict too: a correction does not replace its line",
    )  # fmt: skip
