"""What a model is asked for each case of an eval, and by which id its answer is known."""

from __future__ import annotations

from collections.abc import Sequence

from ftdsl.data.rows import Row, messages
from ftdsl.data.rows import prompt as prompt_of
from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Refused
from ftdsl.language.program import ModelDef, Value
from ftdsl.models.answer import Question, Turn
from ftdsl.models.recording import case_name, id_column
from ftdsl.plan.steps import EvalStep

_MAX_TOKENS = 256
_TEMPERATURE = 0.0
_SEED = 1


def questions_of(step: EvalStep, rows: Sequence[Row]) -> list[list[Question]]:
    """For each row one question an epoch, told apart by their seeds.

    The turns before the last answer of the assistant are asked; the eval's ``system`` goes before
    them. Raises ``Refused`` (FT511) when the rows have no turns and the model is to be asked.
    """
    settings = _settings(step)
    epochs = _number(settings.get("epochs"), 1)
    seed = _unless_server(settings.get("seed", _SEED))
    temperature = _unless_server(settings.get("temperature", _TEMPERATURE))
    top_p = settings.get("top_p")
    system = settings.get("system")
    first = (Turn("system", system),) if isinstance(system, str) else ()
    if not is_replay(step) and step.cases.schema.base is None:
        raise Refused(_no_turns(step))
    return [
        [
            Question(
                case_id=_case_key(step, row),
                messages=(*first, *_asked(row)),
                max_tokens=_number(settings.get("max_tokens"), _MAX_TOKENS),
                temperature=temperature,
                seed=None if seed is None else int(seed) + epoch,
                top_p=float(top_p) if isinstance(top_p, int | float) else None,
                stop=str(settings.get("stop") or ""),
                reasoning_effort=str(settings.get("reasoning_effort") or ""),
                epoch=epoch,
                timed=step.timed,
            )
            for epoch in range(1 if is_replay(step) else epochs)
        ]
        for row in rows
    ]


def is_replay(step: EvalStep) -> bool:
    """Whether the answers were recorded earlier."""
    return step.model is not None and step.model.provider == "replay"


def shown_prompt(row: Row) -> str:
    """The prompt as a report shows it; of a plain record all its texts."""
    if row.base is not None:
        return prompt_of(row)
    return "\n".join(f"{k}: {v}" for k, v in row.value.items() if isinstance(v, str))


def _asked(row: Row) -> tuple[Turn, ...]:
    turns = messages(row)
    last = next((i for i in reversed(range(len(turns))) if turns[i]["role"] == "assistant"), None)
    return tuple(Turn(turn["role"], _text(turn.get("content"))) for turn in turns[:last])


def _text(content: object) -> str:
    """A turn's text; of a list of parts the text parts joined."""
    if isinstance(content, list):
        return "".join(_text(part.get("text")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


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
