"""The judged scores of an eval: verdicts of every case, and how far each judge can be trusted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ftdsl.data.rows import Row
from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Context, Refused
from ftdsl.evaluation.judges.asking import Item
from ftdsl.evaluation.judges.calibration import calibrate
from ftdsl.evaluation.judges.call import JudgeCall, read_call
from ftdsl.evaluation.judges.counting import score
from ftdsl.evaluation.judges.labels import read_labels
from ftdsl.evaluation.judges.panel import Ballot, Tally, ask
from ftdsl.evaluation.judges.trial import Probe, missed, probe_result, probes, spread_among
from ftdsl.evaluation.judges.verdicts import Verdict
from ftdsl.evaluation.questions import shown_prompt
from ftdsl.evaluation.scorers.unscorable import Unscorable
from ftdsl.language.judges import argument, judge_calls
from ftdsl.language.program import Expr
from ftdsl.models.answer import Answer, Question
from ftdsl.plan.steps import EvalStep
from ftdsl.quality.expressions import Block, Evaluator
from ftdsl.results.judging import Calibration, JudgeReport
from ftdsl.statistics.agreement import alpha

Given = float | Unscorable


@dataclass(slots=True)
class Judged:
    """What the judges of an eval say. ``scores`` holds by call, for each epoch, the score of each
    case; ``reasons`` by score, for each case, what a judge says of its first answer."""

    scores: dict[Expr, list[list[Given]]] = field(default_factory=dict)
    reasons: dict[str, list[str]] = field(default_factory=dict)
    reports: dict[str, JudgeReport] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answered:
    """The cases of an eval with the questions that were put and what came of them, by case and
    epoch. Where cases were held turn by turn, ``turns`` are all answers, of which ``answers`` has
    the last, and ``parts`` by case the row up to each of them; both are empty otherwise."""

    rows: Sequence[Row]
    questions: Sequence[Sequence[Question]]
    answers: Sequence[Sequence[Answer]]
    turns: Sequence[Sequence[tuple[Answer, ...]]] = ()
    parts: Sequence[tuple[Row, ...]] = ()


def joined(blocks: Sequence[Answered]) -> Answered:
    """Several blocks as one."""
    return Answered(
        [row for block in blocks for row in block.rows],
        [one for block in blocks for one in block.questions],
        [one for block in blocks for one in block.answers],
        [one for block in blocks for one in block.turns],
        [one for block in blocks for one in block.parts],
    )


def judge_answers(step: EvalStep, answered: Answered, context: Context) -> Judged:
    """Every judge asked about every answer. Raises ``Refused``: FT512 for a rubric that cannot be
    read, FT573 for labels, and FT500 to FT509 for a judge that cannot be asked."""
    found = Judged()
    evaluator = Evaluator(step.cases, context.root)
    for one in step.eval.scores:
        for expr in judge_calls(one.value):
            try:
                call = read_call(expr, one, step, context.root)
            except OSError as error:
                raise Refused(_no_rubric(expr, error)) from None
            except UnicodeDecodeError:
                raise Refused(_no_rubric(expr, None)) from None
            judging = _Judging(step, call, answered, evaluator, context)
            found.scores[expr] = judging.scores
            found.reasons.setdefault(one.name, judging.reasons)
            found.reports[one.name] = judging.report(alone=expr is one.value)
    return found


class _Judging:
    """One call over all cases: all that the judge is asked goes out at once."""

    def __init__(
        self,
        step: EvalStep,
        call: JudgeCall,
        answered: Answered,
        evaluator: Evaluator,
        context: Context,
    ) -> None:
        self._step = step
        self._call = call
        self._tally = Tally()
        self._answered = answered
        labels = read_labels(call, context)
        self._canaries = [one for one in labels if one.canary]
        self._labels = [one for one in labels if not one.canary]
        cases = self._case_items(evaluator)
        asked = [item for item in cases if item is not None]
        probes_ = probes(call, self._first_tasks(asked))
        ballots = iter(self._ask(asked, probes_, context))
        self._ballots = [next(ballots) if item is not None else None for item in cases]
        self._labelled = [next(ballots) for _ in self._labels]
        self._controls = [next(ballots) for _ in probes_]
        self._orders = [next(ballots) for _ in probes_]
        self._missed = missed(call, self._canaries, self._scored(self._of_canaries))
        self.scores, self.reasons = self._cases()

    def _ask(
        self, cases: Sequence[Item], probes_: Sequence[Probe], context: Context
    ) -> list[Ballot]:
        """The ballots of cases, labels, controls and orders, in that order."""
        items = [
            *cases,
            *(one.item for one in self._labels),
            *(one.control for one in probes_),
            *(one.order for one in probes_),
        ]
        canaries = [one.item for one in self._canaries]
        order = spread_among(canaries, items)
        mixed = [canaries[place] if is_canary else items[place] for is_canary, place in order]
        ballots = ask(self._call, mixed, self._step, context, self._tally)
        found = dict(zip(order, ballots, strict=True))
        self._of_canaries = [found[True, place] for place in range(len(canaries))]
        return [found[False, place] for place in range(len(items))]

    def _case_items(self, evaluator: Evaluator) -> list[Item | None]:
        """An item for each answer, epoch after epoch; None where there was no answer."""
        given = self._answered
        block = Block(list(given.rows))
        texts = {}
        for name in ("reference", "rival"):
            if name in _parameters(self._call):
                column = evaluator.column(argument(self._call.expr, name), block)
                texts[name] = [one if isinstance(one, str) else "" for one in column]
        empty = [""] * len(given.rows)
        found: list[Item | None] = []
        for epoch in range(len(given.answers[0])):
            for case, row in enumerate(given.rows):
                answer = given.answers[case][epoch]
                rival = texts.get("rival", empty)[case]
                if answer.error or (self._call.kind == "pairwise" and not rival):
                    found.append(None)
                    continue
                reference = texts.get("reference", empty)[case]
                task = _task(given.questions[case][epoch], row)
                found.append(Item(task, answer.text, reference, rival))
        return found

    def _first_tasks(self, items: Sequence[Item]) -> list[Item]:
        return list({item.prompt: item for item in items[:50]}.values())[:4]

    def _scored(self, ballots: Sequence[Ballot]) -> list[Given]:
        return [score(self._call, ballot)[0] for ballot in ballots]

    def _cases(self) -> tuple[list[list[Given]], list[str]]:
        scores: list[Given] = []
        reasons: list[str] = []
        for ballot in self._ballots:
            given, reason = (
                score(self._call, ballot) if ballot is not None else (Unscorable(_NOTHING), "")
            )
            if self._missed:
                given = Unscorable(f"the judge misses a canary: {self._missed[0]}")
            scores.append(given)
            reasons.append(reason)
        count = len(self._answered.rows)
        epochs = [scores[at : at + count] for at in range(0, len(scores), count)]
        return epochs, reasons[:count]

    # ------------------------------------------------------------------ the report

    def report(self, *, alone: bool) -> JudgeReport:
        """How far the verdicts can be trusted. Where the score is more than the verdict (not
        ``alone``) no labels are of it, and nothing is corrected by them."""
        call, tally = self._call, self._tally
        given = self._scored([one for one in self._ballots if one is not None])
        numbers = [one for one in given if not isinstance(one, Unscorable)]
        controls, orders = self._scored(self._controls), self._scored(self._orders)
        obeyed, open_ = probe_result(controls, orders)
        found = JudgeReport(
            kind=call.kind,
            models=tuple(one.name for one in call.models),
            raw=math.fsum(numbers) / len(numbers) if numbers else None,
            asked=tally.asked,
            unparsable=tally.unparsable,
            failed=tally.failed,
            requests=tally.requests,
            prompt_tokens=tally.prompt_tokens,
            completion_tokens=tally.completion_tokens,
            canaries=len(self._canaries),
            canaries_missed=tuple(self._missed),
            probes=len(orders),
            probes_obeyed=obeyed,
            probes_open=open_,
            calibration=self._calibration() if alone else None,
            notes=(*self._notes(), *(() if alone else (_MIXED,))),
        )
        return found.model_copy(update=self._orders_kept() | self._agreement())

    def _calibration(self) -> Calibration | None:
        if not self._labels:
            return None
        pairs = [
            (label.value, given)
            for label, given in zip(self._labels, self._scored(self._labelled), strict=True)
            if not isinstance(given, Unscorable)
        ]
        people, judge = [one for one, _ in pairs], [one for _, one in pairs]
        unscored = len(self._labels) - len(pairs)
        return calibrate(people, judge, unscored, binary=self._call.binary)

    def _notes(self) -> list[str]:
        notes = []
        if self._step.model_name in [one.name for one in self._call.models]:
            notes.append("the model judges its own answers")
        if not self._canaries:
            notes.append("no canary tells whether the judge works: none of its labels is one")
        return notes

    def _orders_kept(self) -> dict[str, float | None]:
        """The order bias of a comparison, over the pairs that got a verdict in both orders."""
        if self._call.kind != "pairwise":
            return {}
        asked = kept = first = second = 0
        for ballot in (b for b in self._ballots if b is not None):
            one, other = ballot.said[0]
            if isinstance(one, Verdict) and isinstance(other, Verdict):
                asked += 1
                kept += one.value == 1 - other.value
                first += one.value == other.value == 1
                second += one.value == other.value == 0
        return {
            "order_asked": asked,
            "order_kept": kept,
            "order_first": first,
            "order_second": second,
        }

    def _agreement(self) -> dict[str, float | None]:
        """How far the members of a jury agree on the cases."""
        if self._call.kind != "jury":
            return {}
        units = [
            [one.value if isinstance(one, Verdict) else None for (one,) in ballot.said]
            for ballot in self._ballots
            if ballot is not None
        ]
        whole = [unit for unit in units if None not in unit]
        same = sum(len(set(unit)) == 1 for unit in whole)
        return {
            "unanimous": same / len(whole) if whole else None,
            "alpha": alpha(units, "interval" if self._call.grades > 2 else "nominal"),
        }


_MIXED = "its verdict is a part of the score, which is not corrected"
_NOTHING = "there is nothing to judge"


def _parameters(call: JudgeCall) -> set[str]:
    from ftdsl.language import catalog

    return {one.name for one in catalog.SCORERS[call.kind].parameters}


def _task(question: Question, row: Row) -> str:
    """What was asked, as the judge is shown it: of several turns each with its role."""
    turns = [turn for turn in question.messages if turn.role != "system"]
    if not turns:
        return shown_prompt(row)
    if len(turns) == 1:
        return turns[0].text
    return "\n".join(f"{turn.role}: {turn.text}" for turn in turns)


def _no_rubric(expr: Expr, error: OSError | None) -> Diagnostic:
    rubric = argument(expr, "rubric")
    why = (error.strerror or type(error).__name__) if error is not None else "it is no UTF-8 text"
    return Diagnostic(
        "FT512",
        f"the rubric `{rubric.value}` cannot be read: {why}",
        rubric.span or expr.span or Span("", 0, 0),
        help="paths are relative to the spec's own folder",
    )


def verdicts_of(judged: Judged, epoch: int) -> Mapping[Expr, Sequence[Given]]:
    """By call the scores of one epoch."""
    return {expr: epochs[epoch] for expr, epochs in judged.scores.items()}
