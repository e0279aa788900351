"""Cases of several turns that are held with the model's own answers.

Each turn of the user is asked in order, with what the model itself said before. All cases of a
block are asked their first turn, then their second, and so on: each answer is kept by the whole
conversation that it answers, so that a run that was interrupted asks nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ftdsl.data.rows import Row, messages
from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Refused
from ftdsl.evaluation.pictures import Pictures
from ftdsl.evaluation.questions import is_replay, questions_of
from ftdsl.evaluation.request_files import added_by
from ftdsl.evaluation.turns import turn_of
from ftdsl.models.answer import Answer, Question, Turn
from ftdsl.plan.steps import EvalStep

Ask = Callable[[Sequence[Sequence[Question]]], list[list[Answer]]]
_OWN = ("own", "own_each")


@dataclass(frozen=True, slots=True)
class Exchange:
    """The turns that are put to the model at once, and the row up to the answer to them."""

    asked: tuple[Turn, ...]
    row: Row


@dataclass(slots=True)
class _Talk:
    """One case in one epoch."""

    exchanges: Sequence[Exchange]
    question: Question
    said: list[Turn] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    @property
    def goes_on(self) -> bool:
        ended = bool(self.answers) and bool(self.answers[-1].error)
        return not ended and len(self.answers) < len(self.exchanges)

    def next(self) -> Question:
        self.said += self.exchanges[len(self.answers)].asked
        self.question = replace(self.question, messages=tuple(self.said))
        return self.question

    def hear(self, answer: Answer) -> None:
        number, count = len(self.answers) + 1, len(self.exchanges)
        why = answer.error
        if not why and answer.tool_calls and number < count:
            why = "the model calls a tool, and nobody answers it"
        if why and count > 1:
            answer = replace(answer, error=f"turn {number} of {count}: {why}")
        self.answers.append(answer)
        self.said.append(Turn("assistant", answer.text))


@dataclass(frozen=True, slots=True)
class Held:
    """By case and epoch the last question, and all answers in order; the rows are by case and turn,
    each up to the answer that is expected there."""

    questions: list[list[Question]]
    answers: list[list[tuple[Answer, ...]]]
    rows: list[tuple[Row, ...]]


def holds_dialogues(step: EvalStep) -> bool:
    """Whether the eval puts the model's own answers into the conversation."""
    return dict(step.eval.settings).get("history") in _OWN


def scores_each_turn(step: EvalStep) -> bool:
    """Whether every answer is scored, and not the last alone."""
    return dict(step.eval.settings).get("history") == "own_each"


def hold(step: EvalStep, rows: Sequence[Row], root: Path, ask: Ask) -> Held:
    """Every case held to its end, or until an answer fails. Raises ``Refused``: FT582 for a case
    with tools, FT584 for recorded outputs, and as ``questions_of``."""
    if is_replay(step):
        raise Refused(_recorded(step))
    system = list(added_by(step, root).system)
    pictures = Pictures(step, root)
    exchanges = [exchanges_of(step, row, pictures) for row in rows]
    talks = [
        [_Talk(parts, question, list(system)) for question in group]
        for parts, group in zip(exchanges, questions_of(step, rows, root), strict=True)
    ]
    flat = [talk for group in talks for talk in group]
    while going := [talk for talk in flat if talk.goes_on]:
        for talk, (answer,) in zip(going, ask([[talk.next()] for talk in going]), strict=True):
            talk.hear(answer)
    return Held(
        [[talk.question for talk in group] for group in talks],
        [[tuple(talk.answers) for talk in group] for group in talks],
        [tuple(one.row for one in parts) for parts in exchanges],
    )


def exchanges_of(step: EvalStep, row: Row, pictures: Pictures) -> list[Exchange]:
    """What is asked, exchange after exchange. Turns behind the last answer are not asked, as ever;
    several answers in a row are the answer to one exchange, of which the last is expected."""
    turns = messages(row)
    found: list[Exchange] = []
    asked: list[Turn] = []
    for place, turn in enumerate(turns):
        if turn["role"] == "tool" or turn.get("tool_calls"):
            raise Refused(_with_tools(step, row))
        if turn["role"] != "assistant":
            asked.append(turn_of(turn, row, pictures))
        elif asked:
            found.append(Exchange(tuple(asked), _until(row, turns[: place + 1])))
            asked = []
        elif found:
            found[-1] = replace(found[-1], row=_until(row, turns[: place + 1]))
    return found or [Exchange(tuple(asked), row)]


def _until(row: Row, turns: Sequence[dict[str, object]]) -> Row:
    """The row as if it ended there."""
    value = {**row.value, "messages": list(turns)}
    return Row(row.path, row.line, row.offset, value, "chat", row.split, row_id=row.row_id)


def _with_tools(step: EvalStep, row: Row) -> Diagnostic:
    return Diagnostic(
        "FT582",
        f"the case `{row.row_id}` ({row.path}:{row.line}) of eval `{step.eval.name}` has turns of "
        "tools, which nobody can answer for the model's own calls",
        step.eval.span or Span("", 0, 0),
        help="ask such cases with the recorded turns: delete `history`",
    )


def _recorded(step: EvalStep) -> Diagnostic:
    return Diagnostic(
        "FT584",
        f"eval `{step.eval.name}` asks turn by turn, and model `{step.model_name}` holds one "
        "recorded output a case",
        step.eval.span or Span("", 0, 0),
        help="ask a model that answers, or delete `history`",
    )
