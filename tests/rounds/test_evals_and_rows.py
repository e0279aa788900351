"""What the eval itself and the rows as such are asked for, one matter at a time."""

from __future__ import annotations

from dataclasses import replace

from ftdsl.results.actions import Action
from ftdsl.results.judging import Calibration, JudgeReport
from ftdsl.results.models import GateOutput, Requirement
from ftdsl.rounds.evaluation import evals_to_mend
from ftdsl.rounds.evidence import AskedCase, Round, TrainingRow, same
from ftdsl.rounds.mending import rows_to_mend
from ftdsl.rounds.neighbourhood import Neighbourhood
from tests.rounds.learner import Settings, World, a_round

_WORLD = World(11)
_ROWS = _WORLD.tickets("r", 6, decoys=True)
_SEEN = a_round(_ROWS, _WORLD.tickets("c", 3, decoys=True), Settings(epochs=2, rate=0.05), 11)


def evals(seen: Round) -> list[str]:
    return [one.title for one in evals_to_mend(Neighbourhood(seen))]


def rows(seen: Round) -> list[Action]:
    return list(rows_to_mend(Neighbourhood(seen)))


def with_others(seen: Round, lost: tuple[float, ...] | None) -> Round:
    """Other models that lose the same as this one, or what is given."""

    def of(one: AskedCase) -> AskedCase:
        told = (one.loss, one.loss) if lost is None else lost
        labels = tuple("" for _ in told)
        return replace(one, others=labels, others_lost=told)

    return replace(seen, cases=tuple(map(of, seen.cases)))


def test_cases_that_no_model_answers() -> None:
    found = [one for one in evals(with_others(_SEEN, None)) if "no model answers" in one]
    assert len(found) == 1
    assert not any("no model answers" in one for one in evals(with_others(_SEEN, (0.0, 1.0))))
    assert not any("no model answers" in one for one in evals(_SEEN)), "one model is not all"


def test_cases_that_every_model_answers() -> None:
    right = replace(_SEEN, cases=tuple(replace(one, loss=0.0) for one in _SEEN.cases))
    assert any("that every model answers" in one for one in evals(with_others(right, (0.0,))))
    assert not any("every model" in one for one in evals(with_others(right, (1.0,))))


def judged(hits: int) -> JudgeReport:
    by = Calibration(
        method="rates", rows=100, positives=50, hits=hits, negatives=50, rejections=hits,
        sensitivity=hits / 50, specificity=hits / 50,
    )  # fmt: skip
    return JudgeReport(kind="judge", models=("mini",), calibration=by)


def test_a_judge_that_disagrees_with_people() -> None:
    assert any(
        "its judge and people disagree" in one for one in evals(replace(_SEEN, judge=judged(30)))
    )
    assert not any("judge" in one for one in evals(replace(_SEEN, judge=judged(48))))


def gate(verdict: str) -> GateOutput:
    one = Requirement.model_validate(
        {"requirement": "exact.mean >= 75%", "candidate": "caller", "verdict": verdict,
         "estimate": 0.75, "low": 0.6, "high": 0.85, "bound": 0.75, "op": ">=", "n": 60,
         "needed_n": 400, "method": "Wilson", "confidence": 0.95}
    )  # fmt: skip
    return GateOutput.model_validate(
        {"name": "release", "eval": "golden", "requirements": (one,), "verdict": verdict}
    )


def test_an_eval_that_is_too_small_to_decide() -> None:
    found = evals(replace(_SEEN, gates=(gate("inconclusive"),)))
    assert "add 340 cases to `golden`: it is too small to decide" in found
    assert not any("too small" in one for one in evals(replace(_SEEN, gates=(gate("pass"),))))


def test_rows_that_ask_what_the_eval_asks_and_rows_that_are_there_twice() -> None:
    first = _SEEN.rows[0]
    leaked = replace(first, prompt=_SEEN.cases[0].case.prompt.upper(), row_id="leak")
    copies = [replace(one, row_id=f"copy-{one.row_id}") for one in _SEEN.rows[1:11]]
    rows_: tuple[TrainingRow, ...] = (leaked, *_SEEN.rows[1:-10], *copies)
    assert len(rows_) == len(_SEEN.rows)
    found = {one.title: one for one in rows(replace(_SEEN, rows=rows_))}
    (leak,) = (one for title, one in found.items() if "ask what the eval asks" in title)
    assert leak.row_ids == ("leak",)
    (twice,) = (one for title, one in found.items() if "an earlier one repeats" in title)
    assert all(one.startswith("copy-") for one in twice.row_ids)
    assert len(twice.row_ids) == 10
    assert not any("repeats" in one.title for one in rows(_SEEN))


def test_answers_are_the_same_by_their_words() -> None:
    assert same("refund", "refund")
    assert not same("refund", "login")
    assert same("send it back within ten days", "send it back within thirty days")
    assert not same("send it back within ten days", "we are closed on sundays and holidays")
