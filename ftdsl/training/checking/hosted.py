"""A hosted training before it begins: its examples counted, and what the host is known to refuse.

The host renders and masks by a template of its own, which nobody can see: what is learned of a row
is taken to be its last answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ftdsl.engine.context import Context
from ftdsl.plan.hosting import FEWEST_ROWS
from ftdsl.plan.steps import TrainStep
from ftdsl.results.preflight import PreflightCheck, PreflightOutput, SplitTokens
from ftdsl.training.checking.leaks import leak_check
from ftdsl.training.checking.measuring import Measured, remember, rows_of
from ftdsl.training.checking.sizes import rows_check
from ftdsl.training.hosted.rows import WireFile, write_wire_rows
from ftdsl.training.hosted.step import counter_of

if TYPE_CHECKING:
    from ftdsl.training.checking.step import Answer

_ROWS = "rows.jsonl"
_UNSEEN = "the host's own template decides, and is not published"


def hosted_preflight(answer: Answer, context: Context) -> PreflightOutput:
    """What can be known of a hosted training from here."""
    step = answer.train
    sources = {"data": step.train.data, "validate": step.train.validate}
    splits, several = [], []
    for key, source in sources.items():
        if source is None:
            continue
        found = Measured(key, ".".join(part for part in source if part))
        for row in rows_of(step, key, context):
            remember(found, row)
        wire = _wire(step, source, context)
        splits.append(_figures(key, wire))
        found.rows = wire.rows
        several.append(found)
    for name in ("mask", "stop token", "serving"):
        answer.add(PreflightCheck(name=name, verdict="skipped", told=_UNSEEN), [])
    answer.add(*leak_check(step, several, context))
    answer.add(*rows_check({one.split: (one.rows, one.name) for one in several}, FEWEST_ROWS))
    answer.lifecycle()
    model = str(dict(step.train.settings)["model"])
    return answer.output(base=model, splits=tuple(splits))


def _wire(step: TrainStep, source: tuple[str, str | None], context: Context) -> WireFile:
    dataset = next(one for one in step.datasets if one.name == source[0])
    method = str(dict(step.train.settings)["method"])
    path = context.work / _ROWS
    count = counter_of(dataset, context)
    try:
        return write_wire_rows(step, source, path, context, method, count)
    finally:
        path.unlink(missing_ok=True)


def _figures(key: str, wire: WireFile) -> SplitTokens:
    learned = 0 if wire.answer_tokens is None else round(wire.answer_tokens * wire.rows)
    return SplitTokens(
        split=key,
        rows=wire.rows,
        left_out=wire.unfit,
        tokens=wire.tokens,
        learned=learned,
        exact=wire.exact,
    )
