"""What a training will take, before it runs: rows, tokens, steps, time.

Exact where its preflight looked at these very rows; else an estimate from the bytes of its files,
and said to be one. Time is tokens over a rate: the one that the spec declares, else that of the
last run of the same training.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ftdsl.engine.store import Store
from ftdsl.plan.cost import auto_epochs
from ftdsl.plan.hosting import is_hosted
from ftdsl.plan.model import Cost, Range, TrainingFigures
from ftdsl.plan.steps import TrainStep
from ftdsl.results.models import TrainOutput
from ftdsl.results.preflight import PreflightOutput, SplitTokens


def training_figures(
    step: TrainStep, store: Store, keys: Mapping[str, str], cost: Cost
) -> TrainingFigures:
    """The figures of ``step``. ``keys`` are those of the steps before it; ``cost`` is what its
    files say."""
    found = _preflight(step, store, keys)
    settings: dict[str, Any] = dict(step.train.settings)
    if found is not None:
        settings |= _numbers(found.resolved)
    data = found.split("data") if found is not None else None
    watched = found.split("validate") if found is not None else None
    rate, source = _rate(step, store)
    if data is None:
        return TrainingFigures(tokens=cost.tokens, rate=rate, rate_source=source)
    epochs, steps = _length(step, settings, data)
    tokens = None if epochs is None else round(data.tokens * epochs)
    return TrainingFigures(
        exact=data.exact,
        rows=data.rows,
        left_out=data.left_out,
        validation_rows=watched.rows if watched is not None else 0,
        tokens_a_pass=data.tokens,
        learned=data.learned,
        masked=data.masked,
        over=data.over,
        cut_tokens=data.cut_tokens,
        limit=found.limit if found is not None else None,
        batch_size=_whole(settings.get("batch_size")),
        accumulation=_whole(settings.get("accumulation")) or 1,
        epochs=epochs,
        steps=steps,
        tokens=None if tokens is None else _range(tokens, exact=data.exact),
        seconds=tokens / rate if tokens is not None and rate else None,
        rate=rate,
        rate_source=source,
        resolved=dict(found.resolved) if found is not None else {},
        rules=dict(found.rules) if found is not None else {},
        licence=found.licence if found is not None else "",
        available_until=found.available_until if found is not None else "",
    )


def exact_cost(step: TrainStep, cost: Cost, figures: TrainingFigures) -> Cost:
    """``cost`` with the tokens that were counted, and what they are billed at."""
    if figures.rows is None or figures.tokens is None:
        return cost
    changes: dict[str, Any] = {"tokens": figures.tokens, "rows": figures.rows}
    price = dict(step.train.settings).get("price_per_1m")
    if is_hosted(step.train) and isinstance(price, int | float):
        parts = ("low", "expected", "worst")
        billed = {one: getattr(figures.tokens, one) * price / 1e6 for one in parts}
        changes["money"] = Range(**billed)
    return cost.model_copy(update=changes)


def _preflight(step: TrainStep, store: Store, keys: Mapping[str, str]) -> PreflightOutput | None:
    """What the preflight found, where it looked at what would be trained now."""
    id_ = f"preflight.{step.name}"
    stored = store.read(id_, keys[id_]) if id_ in keys else None
    output = stored.output if stored is not None else None
    return output if isinstance(output, PreflightOutput) else None


def _length(
    step: TrainStep, settings: Mapping[str, Any], data: SplitTokens
) -> tuple[float | None, int | None]:
    """Passes and optimizer steps, as the trainer counts them; None where a host decides."""
    epochs = settings.get("n_epochs")
    if epochs == "auto":
        epochs = auto_epochs(data.rows)
    batch, times = _whole(settings.get("batch_size")), _whole(settings.get("accumulation")) or 1
    if not isinstance(epochs, int | float):
        return None, None
    if batch is None or not data.rows:
        return float(epochs), None
    if is_hosted(step.train):
        return float(epochs), math.ceil(data.rows / batch) * round(epochs)
    sequences = data.rows
    limit = _whole(settings.get("max_length"))
    if settings.get("packing") is True and limit:
        sequences = math.ceil(data.tokens / limit)
    together = batch * (_whole(settings.get("processes")) or 1)
    a_pass = max(1, math.ceil(math.ceil(sequences / together) / times))
    most = _whole(settings.get("max_steps"))
    if most is not None:
        return most / a_pass, most
    return float(epochs), math.ceil(a_pass * epochs)


def _rate(step: TrainStep, store: Store) -> tuple[float | None, str]:
    """Tokens a second, and who says so."""
    stated = dict(step.train.settings).get("tokens_per_second")
    if isinstance(stated, int | float):
        return float(stated), "stated in the spec"
    last = store.latest(f"train.{step.name}")
    output = last.output if last is not None else None
    if not isinstance(output, TrainOutput) or output.resumed_from is not None:
        return None, ""
    if output.seconds <= 0 or output.tokens <= 0:
        return None, ""
    return output.tokens / output.seconds, "measured over the last run, loading included"


def _range(tokens: int, *, exact: bool) -> Range:
    """A count, or where every byte was taken for a token at most that many."""
    least, expected = (tokens, tokens) if exact else (tokens / 6, tokens / 4)
    return Range(low=least, expected=expected, worst=tokens)


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _numbers(resolved: Mapping[str, str]) -> dict[str, int]:
    return {name: int(value) for name, value in resolved.items() if value.isdecimal()}
