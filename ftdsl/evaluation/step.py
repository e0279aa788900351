"""The step ``eval``: every case put to one model, each answer scored, and what it comes to."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import chain, islice
from pathlib import Path

from ftdsl.data.rows import Row, read_rows
from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Context, Refused
from ftdsl.evaluation.dialogues import hold, holds_dialogues, scores_each_turn
from ftdsl.evaluation.discovery import Looks
from ftdsl.evaluation.estimates import NO_VALUE, score_estimates, slice_estimates
from ftdsl.evaluation.flakiness import flakiness
from ftdsl.evaluation.judges.judging import Answered, Judged, joined, judge_answers, verdicts_of
from ftdsl.evaluation.labels import Labels, agreements
from ftdsl.evaluation.questions import is_replay, questions_of, shown_prompt
from ftdsl.evaluation.reducers import reducer
from ftdsl.evaluation.scorers import Unscorable
from ftdsl.evaluation.scores import Scored, Scoring, expected_column
from ftdsl.evaluation.scores_by_turn import scores_by_turn
from ftdsl.evaluation.tally import Tally, quantiles
from ftdsl.language.program import ScoreDef
from ftdsl.models.answer import Answer, Question
from ftdsl.models.asking import Asking
from ftdsl.models.provision import asked_model
from ftdsl.plan.prices import Price, price_of
from ftdsl.plan.steps import EvalStep
from ftdsl.privacy.masking import masked, masked_all, masked_name
from ftdsl.quality.expressions import Block, Evaluator
from ftdsl.results.models import Case, EvalOutput

CASES_FILE = "cases.jsonl"
_BLOCK = 2048

_Ask = Callable[[Sequence[Sequence[Question]]], list[list[Answer]]]


def run_eval(step: EvalStep, context: Context) -> EvalOutput:
    """Ask, score and estimate. All cases go to the artifact ``cases.jsonl``.

    Answers are kept in ``context.cache`` as they come, so that an interrupted run resumes with the
    next question. A case whose answer failed is unscored, never zero. Raises ``Refused`` (FT500 to
    FT511, and FT300 to FT308 for its files).
    """
    start = time.monotonic()
    blocks = _blocks(step, context.root)
    first = next(blocks, None)
    if first is None:
        raise Refused(_no_cases(step))
    tally, judged, ledger = Tally(), Judged(), context.policy.ledger
    price, before = _price(step), ledger.spent.money
    looks, labels = Looks(), Labels(step.eval.scores)
    with (
        closing(_answered(step, context, chain([first], blocks), first)) as answered,
        (context.work / CASES_FILE).open("wb") as stream,
    ):
        for block, judged in _judged(step, answered, context):
            cases = list(_cases(step, block, judged, context))
            stream.writelines(case.model_dump_json().encode() + b"\n" for case in cases)
            tally.add(cases, block.answers)
            tally.add_earlier(turns[:-1] for group in block.turns for turns in group)
            looks.add(block.rows, cases)
            labels.add(cases)
        stream.flush()
        os.fsync(stream.fileno())
    names = [score.name for score in step.eval.scores]
    scores = [one.scores for one in tally.kept]
    return EvalOutput(
        name=step.eval.name,
        model=step.model_name,
        scores=score_estimates(names, tally.kept, judged.reports),
        slices=slice_estimates(names, step.eval.slices, tally.kept, judged.reports),
        flakiness=flakiness(names, tally.kept),
        weak=looks.found(scores),
        agreement=agreements(names, scores),
        confusion=labels.found(),
        cases=tuple(tally.shown),
        requests=tally.requests,
        cached=tally.cached,
        errors=tally.errors,
        prompt_tokens=tally.prompt_tokens,
        completion_tokens=tally.completion_tokens,
        latency=quantiles(tally.times.latency),
        first_token=quantiles(tally.times.first_token),
        queued=quantiles(tally.times.queued),
        client_share=tally.times.client_share(),
        judges=judged.reports,
        cost_per_1k=tally.cost_per_1k(price),
        spent=None if price is None else ledger.spent.money - before,
        price=str(price) if price is not None else "",
        seconds=time.monotonic() - start,
    )


def read_cases(folder: Path) -> list[Case]:
    """All cases of an eval, from its published artifacts."""
    with (folder / CASES_FILE).open("rb") as stream:
        return [Case.model_validate_json(line) for line in stream]


def _blocks(step: EvalStep, root: Path) -> Iterator[list[Row]]:
    """The cases in blocks. A block is asked, then scored while nothing is in flight, so that
    scoring takes no part in the time of an answer."""
    rows = read_rows(step.cases, root, split=step.split)
    while block := list(islice(rows, _BLOCK)):
        yield block


@contextmanager
def _asking(step: EvalStep, context: Context, first: Sequence[Row]) -> Iterator[_Ask]:
    """What answers a block of questions."""
    label = f"{step.eval.name} × {step.model_name}"
    epochs = len(questions_of(step, first[:1], context.root)[0])
    total = epochs * len(first) if len(first) < _BLOCK and not holds_dialogues(step) else None
    with asked_model(step, context) as model, Asking(model, context) as asking:
        progress = context.progress(label, total, "cases")

        def ask(questions: Sequence[Sequence[Question]]) -> list[list[Answer]]:
            flat = [question for group in questions for question in group]
            found = iter(asking.ask(flat, lambda _: progress.advance()))
            return [[next(found) for _ in group] for group in questions]

        try:
            yield ask
        finally:
            progress.close()


def _answered(
    step: EvalStep, context: Context, blocks: Iterable[list[Row]], first: Sequence[Row]
) -> Generator[Answered]:
    """Each block with its questions and answers."""
    with _asking(step, context, first) as ask:
        for rows in blocks:
            if holds_dialogues(step):
                held = hold(step, rows, context.root, ask)
                last = [[turns[-1] for turns in group] for group in held.answers]
                yield Answered(rows, held.questions, last, held.answers, held.rows)
                continue
            questions = questions_of(step, rows, context.root)
            yield Answered(rows, questions, ask(questions))


def _judged(
    step: EvalStep, answered: Iterator[Answered], context: Context
) -> Iterator[tuple[Answered, Judged]]:
    """Each block with what its judges say. Judges are asked about all answers at once, when the
    model that gave them is gone: a local one leaves them its memory."""
    if not step.judges:
        yield from ((block, Judged()) for block in answered)
        return
    whole = joined(list(answered))
    yield whole, judge_answers(step, whole, context)


def _cases(step: EvalStep, answered: Answered, judged: Judged, context: Context) -> Iterator[Case]:
    rows, answers = answered.rows, answered.answers
    evaluator = Evaluator(step.cases, context.root)
    block = Block(list(rows))
    keys = {one.name: evaluator.column(one.key, block) for one in step.eval.slices}
    clusters = None
    if step.eval.cluster is not None:
        clusters = evaluator.column(step.eval.cluster, block)
    expected = expected_column(step.eval.scores, evaluator, rows)
    scoring = Scoring(evaluator, context.root, context, _price(step))
    scored = (
        scores_by_turn(step, scoring, answered)
        if scores_each_turn(step)
        else _scores(step, scoring, rows, answers, judged)
    )
    reduce = reducer(str(dict(step.eval.settings).get("reduce", "mean")))
    prompts = masked_all([shown_prompt(row) for row in rows])
    outputs = masked_all([group[0].text for group in answers])
    wanted = masked_all(expected)
    for place, (row, group) in enumerate(zip(rows, answers, strict=True)):
        scores, unscored = _of_case(
            group, {name: column[place] for name, column in scored.items()}, reduce
        )
        yield Case(
            case_id=masked_name(row.row_id),
            line=row.line,
            prompt=prompts[place],
            expected=wanted[place],
            output=outputs[place],
            scores=scores,
            unscored=unscored,
            reasons={
                name: masked(said[place]) for name, said in judged.reasons.items() if said[place]
            },
            slices={
                name: masked_name(_slice_value(column[place])) for name, column in keys.items()
            },
            # A case without the key stands for itself: nothing says that it belongs to others.
            cluster=_cluster(clusters[place], row) if clusters is not None else None,
            epochs=_epochs({name: column[place] for name, column in scored.items()}),
            earlier=_earlier(answered, place),
            finish_reason=group[0].finish_reason,
            latency=group[0].latency,
            first_token=group[0].first_token,
            queued=group[0].queued,
            lag=group[0].lag,
            prompt_tokens=group[0].prompt_tokens,
            completion_tokens=group[0].completion_tokens,
        )


def _scores(
    step: EvalStep,
    scoring: Scoring,
    rows: Sequence[Row],
    answers: Sequence[Sequence[Answer]],
    judged: Judged,
) -> dict[str, list[Scored]]:
    """Score → for each case its value in each epoch."""
    epochs = [[group[epoch] for group in answers] for epoch in range(len(answers[0]))]
    found = {}
    for score in step.eval.scores:
        try:
            columns = [
                scoring.column(score, rows, given, verdicts_of(judged, epoch))
                for epoch, given in enumerate(epochs)
            ]
        except OSError as error:
            raise Refused(_unreadable(score, error)) from None
        found[score.name] = [list(case) for case in zip(*columns, strict=True)]
    return found


def _of_case(
    answers: Sequence[Answer], scored: dict[str, Scored], reduce: Callable[[Sequence[float]], float]
) -> tuple[dict[str, float], dict[str, str]]:
    """The score over the epochs, or why there is none: one missing answer of several leaves the
    case unscored, since the missing ones are seldom the easy ones."""
    failed = next((answer.error for answer in answers if answer.error), "")
    if failed:
        return {}, dict.fromkeys(scored, failed)
    scores, unscored = {}, {}
    for name, values in scored.items():
        numbers = [value for value in values if not isinstance(value, Unscorable)]
        if len(numbers) == len(values):
            scores[name] = reduce(numbers)
        else:
            unscored[name] = str(next(v for v in values if isinstance(v, Unscorable)))
    return scores, unscored


def _earlier(answered: Answered, place: int) -> tuple[str, ...]:
    """The model's own answers before the last, of the first epoch."""
    if not answered.turns:
        return ()
    return tuple(masked(one.text) for one in answered.turns[place][0][:-1])


def _cluster(value: object, row: Row) -> str:
    return masked_name(f"row {row.row_id}" if value is None else f"key {_slice_value(value)}")


def _epochs(scored: dict[str, Scored]) -> dict[str, tuple[float, ...]]:
    """The scores of several answers, where each has one."""
    return {
        name: tuple(value for value in values if not isinstance(value, Unscorable))
        for name, values in scored.items()
        if len(values) > 1 and not any(isinstance(value, Unscorable) for value in values)
    }


def _slice_value(value: object) -> str:
    if value is None:
        return NO_VALUE
    return value if isinstance(value, str) else json.dumps(value)


def _price(step: EvalStep) -> Price | None:
    """What answers cost; None of recorded ones, and where nobody states it."""
    if step.model is None:
        return Price(source="runs here")
    return None if is_replay(step) else price_of(step.model)


def _unreadable(score: ScoreDef, error: OSError) -> Diagnostic:
    return Diagnostic(
        "FT512",
        f"score `{score.name}` reads `{error.filename}`, which cannot be read: {error.strerror}",
        score.span or Span("", 0, 0),
        help="paths are relative to the spec's own folder",
    )


def _no_cases(step: EvalStep) -> Diagnostic:
    of = f"split `{step.split}` of " if step.split is not None else ""
    return Diagnostic(
        "FT510",
        f"eval `{step.eval.name}` has no cases: {of}`{step.cases.name}` holds no readable row",
        step.eval.span or Span("", 0, 0),
        help="look at the findings of its files: `ftdsl validate`",
    )
