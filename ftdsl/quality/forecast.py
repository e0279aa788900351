"""What training would make of a dataset's rows: how many are too long for whom, and what it costs.

The limits are those that each trainer has when nobody states one; a `train` block's own come first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ftdsl.diagnostics.diagnostic import Span
from ftdsl.language.program import Expr, TrainDef, Type
from ftdsl.plan.cost import auto_epochs
from ftdsl.plan.hosting import FEWEST_ROWS, LARGEST_FILE
from ftdsl.plan.steps import CheckStep
from ftdsl.quality.across.aggregates import Quantile
from ftdsl.quality.expressions import Block, Evaluator
from ftdsl.quality.texts import as_texts
from ftdsl.results.forecast import Forecast, TrainingCost
from ftdsl.results.models import Finding

TOKENS = "tokens"
"""Name of the token counts of all rows; of one split's it is ``tokens of SPLIT``."""

_ROW = Expr("field", Type("row"), (), "row")
_TOKENS_OF_ROW = Expr("call", Type("int"), (_ROW,), "rendered_tokens")

DEFAULTS: tuple[tuple[str, str, int, str], ...] = (
    ("TRL", "max_length", 1024, "cut"),
    ("Axolotl", "sequence_len", 512, "dropped"),
    ("LLaMA-Factory", "cutoff_len", 2048, "cut"),
    ("Unsloth", "max_seq_length", 2048, "cut"),
)
"""(trainer, its setting, the default, what becomes of longer rows), each from its own source:
TRL 1.10, Axolotl 0.18, LLaMA-Factory 0.9.5, Unsloth 0.1.801. ms-swift and Oumi have no limit of
their own: the model's."""

_OPENAI_LIMITS = (
    ("gpt-4.1", 65_536),
    ("gpt-4o", 65_536),
    ("gpt-3.5-turbo-0613", 4_096),
    ("gpt-3.5-turbo", 16_385),
)
"""Tokens of one example by the model's first letters; the rest is cut."""


def counted_names(step: CheckStep) -> tuple[str, ...]:
    """The token counts that the step keeps; none where no rule counts tokens and no hosted
    training is asked for."""
    if not step.forecast:
        return ()
    return tuple(dict.fromkeys((TOKENS, *(_name(one) for one in step.trains))))


def split_of(name: str) -> str | None:
    """The split whose rows a token count is of; None for all rows."""
    return name.removeprefix(f"{TOKENS} of ") if name != TOKENS else None


def lengths(name: str, evaluator: Evaluator, block: Block) -> list[int]:
    """Characters of a text that rules often read too, so its column is shared with them; or the
    tokens of a split's rows."""
    if not name.startswith(TOKENS):
        return as_texts(evaluator.named(name, block)).characters
    split = split_of(name)
    counts = zip(block.rows, evaluator.column(_TOKENS_OF_ROW, block), strict=True)
    return [count for row, count in counts if split is None or row.split == split]


def _name(train: TrainDef) -> str:
    return TOKENS if train.data[1] is None else f"{TOKENS} of {train.data[1]}"


def forecasts(step: CheckStep, sizes: Mapping[str, Quantile]) -> Iterator[Forecast]:
    """What becomes of long rows: in each training of the spec, then in each trainer by default."""
    for train in step.trains:
        limit = _limit(train)
        if limit is not None:
            trainer = "OpenAI" if train.target == "openai" else "TRL"
            yield _forecast(trainer, limit, "cut", _lengths(sizes, _name(train)), train.name)
    if TOKENS in sizes:
        lengths = _lengths(sizes, TOKENS)
        for trainer, _, limit, fate in DEFAULTS:
            yield _forecast(trainer, limit, fate, lengths)


def _lengths(sizes: Mapping[str, Quantile], name: str) -> NDArray[np.float64]:
    found = sizes.get(name)
    return np.frombuffer(found.kept) if found is not None and found.kept else np.zeros(0)


def _limit(train: TrainDef) -> int | None:
    settings = dict(train.settings)
    if train.target != "openai":
        stated = settings.get("max_length")
        return stated if isinstance(stated, int) else None
    model = str(settings.get("model"))
    return next((most for prefix, most in _OPENAI_LIMITS if model.startswith(prefix)), None)


def _forecast(
    trainer: str, limit: int, fate: str, lengths: NDArray[np.float64], train: str = ""
) -> Forecast:
    over = lengths[lengths > limit]
    lost = over.sum() if fate == "dropped" else (over - limit).sum()
    return Forecast.model_validate(
        {
            "trainer": trainer,
            "train": train,
            "limit": limit,
            "fate": fate,
            "rows": len(lengths),
            "over": len(over),
            "lost_tokens": int(lost),
        }
    )


def costs(step: CheckStep, sizes: Mapping[str, Quantile]) -> Iterator[TrainingCost]:
    """What each hosted training bills: tokens, each row's up to the limit, times epochs."""
    for train in step.trains:
        if train.target != "openai":
            continue
        lengths = _lengths(sizes, _name(train))
        limit = _limit(train)
        tokens = int((np.minimum(lengths, limit) if limit is not None else lengths).sum())
        settings: dict[str, Any] = dict(train.settings)
        epochs = settings.get("n_epochs")
        times = epochs if isinstance(epochs, int) else auto_epochs(len(lengths))
        price = settings.get("price_per_1m")
        yield TrainingCost(
            train=train.name,
            rows=len(lengths),
            tokens=tokens,
            epochs=times,
            price_per_1m=price,
            money=None if price is None else tokens * times * price / 1e6,
            budget=settings.get("budget"),
        )


def limit_findings(
    step: CheckStep, sizes: Mapping[str, Quantile], size: int
) -> Iterator[tuple[Span | None, Finding]]:
    """What the named trainings would refuse, cut or overspend, each with its place in the spec.
    ``size`` is that of the dataset's files in bytes."""
    foretold = {one.train: one for one in forecasts(step, sizes) if one.train}
    billed = {one.train: one for one in costs(step, sizes)}
    for train in step.trains:
        rows = len(_lengths(sizes, _name(train)))
        if train.target == "openai":
            yield from ((train.span, one) for one in _refused(step, train, rows, size))
        found = foretold.get(train.name)
        if found is not None and found.over:
            yield train.span, _too_long(step, found)
        bill = billed.get(train.name)
        if bill is not None and None not in (bill.money, bill.budget) and bill.money > bill.budget:  # type: ignore[operator]
            yield train.span, _too_dear(step, bill)


def _refused(step: CheckStep, train: TrainDef, rows: int, size: int) -> Iterator[Finding]:
    if rows < FEWEST_ROWS:
        yield Finding(
            code="FT344",
            message=f"`{train.name}` has {rows} rows to learn from; OpenAI takes "
            f"{FEWEST_ROWS} or more",
            dataset=step.name,
            help="add rows, or give the split a larger share",
        )
    all_rows = len(step.dataset.split_names) < 2
    if all_rows and size > LARGEST_FILE:
        yield Finding(
            code="FT344",
            message=f"`{train.name}` would send {size / 1e6:,.0f} MB; OpenAI takes files of "
            f"{LARGEST_FILE / 1e6:,.0f} MB or less",
            dataset=step.name,
            help="learn from fewer rows, or leave out fields that no trainer reads",
        )


def _too_long(step: CheckStep, found: Forecast) -> Finding:
    return Finding(
        code="FT345",
        severity="warning",
        message=f"{found.over} of {found.rows} rows are longer than {found.limit:,} tokens: "
        f"{found.trainer} cuts them for `{found.train}`, {found.lost_tokens:,} tokens in all",
        dataset=step.name,
        help="`trainable_tokens(row, max_length: …) > 0` finds those with nothing left to learn",
    )


def _too_dear(step: CheckStep, bill: TrainingCost) -> Finding:
    return Finding(
        code="FT349",
        message=f"`{bill.train}` would cost about ${bill.money:,.2f}, over its budget of "
        f"${bill.budget:,.2f}: {bill.tokens:,} tokens, {bill.epochs} epochs, "
        f"${bill.price_per_1m:,.2f} a million",
        dataset=step.name,
        help="learn from fewer rows or in fewer epochs, or raise the budget",
    )
