"""How many rows there are, how long they are, and what becomes of the long ones."""

from __future__ import annotations

from collections.abc import Iterator

from ftdsl.plan.steps import TrainStep
from ftdsl.results.models import Finding
from ftdsl.results.preflight import PreflightCheck
from ftdsl.training.checking.masks import Flag
from ftdsl.training.checking.measuring import Measured

FEWEST, FEW, FEW_TO_WATCH = 10, 50, 30
"""Rows below which a training is refused (OpenAI's own least), below which its guide promises no
gain (it saw one with 50 to 100), and below which a validation loss says little."""

_Found = tuple[PreflightCheck, list[Finding]]


def size_checks(step: TrainStep, several: list[Measured], limit: int | None) -> Iterator[_Found]:
    """The checks ``length`` and ``rows``."""
    yield _length(step, several, limit)
    yield rows_check({one.split: (len(one.lengths), one.name) for one in several}, FEWEST)


def _length(step: TrainStep, several: list[Measured], limit: int | None) -> _Found:
    over = sum(one.over for one in several)
    rows = sum(len(one.lengths) for one in several)
    longest = max((max(one.lengths, default=0) for one in several), default=0)
    if limit is None or not over:
        told = f"the longest row has {longest:,} tokens"
        if limit is not None:
            told += f", {limit:,} fit"
        return PreflightCheck(name="length", verdict="pass", told=told), []
    allowed = dict(step.train.settings).get("max_cut")
    share = float(allowed) if isinstance(allowed, int | float) else 1.0
    endless = sum(one.counts[Flag.STOP_CUT] for one in several)
    cut = sum(one.cut for one in several)
    told = (
        f"{over:,} of {rows:,} rows are longer than {limit:,} tokens and are cut, {cut:,} tokens "
        f"in all; {endless:,} of them lose the end of their answer"
    )
    fails = over > share * rows
    finding = Finding(
        code="FT625",
        rule="length",
        message=f"{told}; the longest has {longest:,}",
        severity="error" if fails else "warning",
        dataset=several[0].name,
        help="raise `max_length`, or leave such rows out of the data; `max_cut = 1%` states how "
        "many may be cut",
    )
    verdict = {"name": "length", "verdict": "fail" if fails else "warn", "rows": over}
    return PreflightCheck.model_validate({**verdict, "told": told}), [finding]


def rows_check(several: dict[str, tuple[int, str]], fewest: int) -> _Found:
    """Whether there are rows enough, at the least ``fewest``. ``several`` are (rows, name) by
    split."""
    found = []
    rows, name = several["data"]
    if rows < FEW:
        found.append(_few(rows, name, "to learn from", fewest, FEW))
    if "validate" in several and several["validate"][0] < FEW_TO_WATCH:
        watched, held_out = several["validate"]
        found.append(_few(watched, held_out, "to watch the loss on", 1, FEW_TO_WATCH))
    verdict = "fail" if any(one.severity == "error" for one in found) else "warn"
    told = ", ".join(f"{count:,} rows of `{of}`" for count, of in several.values())
    check = {"name": "rows", "verdict": verdict if found else "pass", "told": told}
    return PreflightCheck.model_validate(check), found


def _few(rows: int, name: str, use: str, fewest: int, few: int) -> Finding:
    refused = rows < fewest
    least = fewest if refused else few
    return Finding(
        code="FT627",
        rule="rows",
        message=f"`{name}` has {rows:,} rows {use}, fewer than {least}",
        severity="error" if refused else "warning",
        dataset=name,
        help="add rows, give the split a larger share, or look at what dedup removed",
    )
