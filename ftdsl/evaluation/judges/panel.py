"""What every judge of a call says of every item: asked through the model engine, read strictly.

A reply that cannot be read is asked for once more, with what is wrong with it; a server that takes
no answer schema is asked without one. What cannot be read then has no verdict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ftdsl.engine.context import Context
from ftdsl.evaluation.judges.asking import Item, Sampling, asked_again, question
from ftdsl.evaluation.judges.call import JudgeCall
from ftdsl.evaluation.judges.verdicts import Unparsable, Verdict, read
from ftdsl.language.program import ModelDef
from ftdsl.models.answer import Answer, Model, Question
from ftdsl.models.asking import answer_all
from ftdsl.models.provision import ready_model
from ftdsl.plan.steps import EvalStep

_SCHEMA_REFUSED = ("HTTP 400", "HTTP 404", "HTTP 415", "HTTP 422", "HTTP 500", "HTTP 501")
_CUT = "length"
_MAX_TOKENS = 512

Said = Verdict | str
"""A verdict, or why there is none."""


@dataclass(frozen=True, slots=True)
class Ballot:
    """All that the judges say of one item: for each model its verdicts, one a sample; of a
    comparison the first is in the order output, rival and the second in the other."""

    said: tuple[tuple[Said, ...], ...]


@dataclass(slots=True)
class Tally:
    """What asking took. ``unparsable`` replies were read twice in vain, ``failed`` never came."""

    asked: int = 0
    unparsable: int = 0
    failed: int = 0
    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def add(self, answer: Answer) -> None:
        self.requests += answer.attempts
        self.prompt_tokens += 0 if answer.cached else answer.prompt_tokens or 0
        self.completion_tokens += 0 if answer.cached else answer.completion_tokens or 0


def ask(
    call: JudgeCall, items: Sequence[Item], step: EvalStep, context: Context, tally: Tally
) -> list[Ballot]:
    """A ballot for each item. Raises ``Refused`` where a judge cannot be asked at all."""
    by_model = [_one_model(call, model, items, step, context, tally) for model in call.models]
    return [Ballot(tuple(said)) for said in zip(*by_model, strict=True)]


def _one_model(
    call: JudgeCall,
    judge: ModelDef,
    items: Sequence[Item],
    step: EvalStep,
    context: Context,
    tally: Tally,
) -> list[tuple[Said, ...]]:
    questions = [_questions(call, judge, item) for item in items]
    flat = [one for group in questions for one in group]
    with ready_model(judge, context, eval_=step.eval) as model:
        label = f"{step.eval.name}.{call.score.name} by {judge.name}"
        progress = context.progress(label, len(flat), "verdicts")
        try:
            answers = answer_all(model, flat, context, lambda _: progress.advance())
            said = _read(call, model, flat, answers, context, tally)
        finally:
            progress.close()
    found = iter(said)
    return [tuple(next(found) for _ in group) for group in questions]


def _questions(call: JudgeCall, judge: ModelDef, item: Item) -> list[Question]:
    settings = dict(judge.settings)
    seed, most = settings.get("seed"), settings.get("max_tokens")
    sampling = Sampling(
        max_tokens=most if isinstance(most, int) else _MAX_TOKENS,
        temperature=call.temperature(judge),
        seed=seed if isinstance(seed, int) else 1,
    )
    if call.kind == "pairwise":
        orders = (False, True)
        return [question(call.rubric, item, call.form, sampling, order) for order in orders]
    return [
        question(call.rubric, item, call.form, replace(sampling, seed=sampling.seed + sample))
        for sample in range(call.samples)
    ]


def _read(
    call: JudgeCall,
    model: Model,
    questions: Sequence[Question],
    answers: Sequence[Answer],
    context: Context,
    tally: Tally,
) -> list[Said]:
    said = [_said(call, answer) for answer in answers]
    again = {
        place: repeated
        for place, one in enumerate(said)
        if isinstance(one, str)
        and (repeated := _repeated(call, questions[place], answers[place], one)) is not None
    }
    second = answer_all(model, list(again.values()), context) if again else []
    final = list(answers)
    for place, answer in zip(again, second, strict=True):
        said[place], final[place] = _said(call, answer), answer
    for answer in (*answers, *second):
        tally.add(answer)
    tally.asked += len(said)
    for one, answer in zip(said, final, strict=True):
        tally.failed += isinstance(one, str) and bool(answer.error)
        tally.unparsable += isinstance(one, str) and not answer.error
    return said


def _said(call: JudgeCall, answer: Answer) -> Said:
    if answer.error:
        return f"the judge gave no answer: {answer.error}"
    if answer.finish_reason == _CUT:
        return "the judge's reply was cut off"
    try:
        return read(answer.text, call.form)
    except Unparsable as why:
        return f"no verdict can be read: {why}"


def _repeated(call: JudgeCall, first: Question, answer: Answer, why: str) -> Question | None:
    if answer.error:
        refused = first.response_format and answer.error.startswith(_SCHEMA_REFUSED)
        return replace(first, response_format="") if refused else None
    return asked_again(first, answer.text, why.partition(": ")[2] or why, call.form)
