"""What a model is asked for each case of an eval, and by which id its answer is known."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from ftdsl.data.rows import Row
from ftdsl.data.rows import prompt as prompt_of
from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Refused
from ftdsl.evaluation.pictures import Pictures
from ftdsl.evaluation.request_files import added_by
from ftdsl.evaluation.turns import asked_turns, row_tools
from ftdsl.language.program import ModelDef, Value
from ftdsl.models.answer import Question
from ftdsl.models.recording import case_name, id_column
from ftdsl.plan.steps import EvalStep

_MAX_TOKENS = 256
_TEMPERATURE = 0.0
_SEED = 1


def questions_of(step: EvalStep, rows: Sequence[Row], root: Path) -> list[list[Question]]:
    """For each row one question an epoch, told apart by their seeds.

    The turns before the last answer of the assistant are asked; the eval's ``system`` goes before
    them, and tools that a row declares go before the eval's. Raises ``Refused`` (FT511) when the
    rows have no turns and the model is to be asked, and (FT535, FT536) for files that are not what
    they must be.
    """
    if is_replay(step):
        return [[Question(_case_key(step, row), ())] for row in rows]
    if step.cases.schema.base is None:
        raise Refused(_no_turns(step))
    settings = _settings(step)
    epochs = _number(settings.get("epochs"), 1)
    seed = _unless_server(settings.get("seed", _SEED))
    top_p = settings.get("top_p")
    added, pictures = added_by(step, root), Pictures(step, root)
    common = partial(
        Question,
        max_tokens=_number(settings.get("max_tokens"), _MAX_TOKENS),
        temperature=_unless_server(settings.get("temperature", _TEMPERATURE)),
        top_p=float(top_p) if isinstance(top_p, int | float) else None,
        stop=str(settings.get("stop") or ""),
        reasoning_effort=str(settings.get("reasoning_effort") or ""),
        response_format=added.response_format,
        timed=step.timed,
        logprobs=step.logprobs,
    )
    seeds = [None if seed is None else int(seed) + epoch for epoch in range(epochs)]
    found = []
    for row in rows:
        key, tools = _case_key(step, row), row_tools(row) or added.tools
        turns = (*added.system, *asked_turns(row, pictures))
        found.append(
            [common(key, turns, tools=tools, seed=one, epoch=i) for i, one in enumerate(seeds)]
        )
    return found


def is_replay(step: EvalStep) -> bool:
    """Whether the answers were recorded earlier."""
    return step.model is not None and step.model.provider == "replay"


def shown_prompt(row: Row) -> str:
    """The prompt as a report shows it; of a plain record all its texts."""
    if row.base is not None:
        return prompt_of(row)
    return "\n".join(f"{k}: {v}" for k, v in row.value.items() if isinstance(v, str))


def _case_key(step: EvalStep, row: Row) -> str:
    """The row's id; where none is declared and the outputs are recorded, the row's own value of
    the field that names a case there."""
    if step.cases.id is None and step.model is not None and is_replay(step):
        value = row.value.get(id_column(step.model))
        if value is not None:
            return case_name(value)
    return row.row_id


def _settings(step: EvalStep) -> dict[str, Value]:
    """The model's own generation settings, which the eval's override."""
    asked: ModelDef | None = step.model if step.train is None else step.base_model
    own = dict(asked.settings) if asked is not None else {}
    return own | dict(step.eval.settings)


def _unless_server(value: Value) -> float | None:
    """A sampling setting; None leaves it to the server."""
    return float(value) if isinstance(value, int | float) else None


def _number(value: Value, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def _no_turns(step: EvalStep) -> Diagnostic:
    return Diagnostic(
        "FT511",
        f"the cases of eval `{step.eval.name}` have no turns to ask model `{step.model_name}`",
        step.eval.span or Span("", 0, 0),
        help="let their schema extend a row format, such as `completion` or `chat`",
    )
