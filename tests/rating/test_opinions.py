"""What ratings come to: known answers, simulations, raters, judges, requirements."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ftdsl.language.program import Expr, RequireDef, Type
from ftdsl.rating.batch import Batch, Item, batch_of
from ftdsl.rating.rows import effective
from ftdsl.rating.step import rate_output
from ftdsl.results.judging import JudgeReport
from ftdsl.results.models import EvalOutput
from ftdsl.results.rating import RateOutput
from tests.rating.rating_made import batch, case, placed, prefers, rate_step, rows

RATIO = Type("ratio")


def requires(measure: str, op: str, bound: float, *, stated: bool = True) -> RequireDef:
    sides = (Expr("measure", RATIO, value=measure), Expr("literal", RATIO, value=bound))
    return RequireDef(
        Expr(op, Type("bool"), sides, source=f"{measure} {op} {bound}"), None, 0.95, stated
    )


def output(made: Batch, found: Sequence[dict[str, Any]], step: Any) -> RateOutput:
    return rate_output(step, made, placed(found), {}, {}, Path())


def test_the_last_model_wins_what_raters_say_it_wins() -> None:
    step, made = batch("base", "next", count=20)

    def say(_: Item, models: tuple[str, ...], number: int) -> str:
        left_is_next = models[0] == "next"
        if number < 10:
            return "left_much" if left_is_next else "right"
        if number < 14:
            return "right" if left_is_next else "left_much"
        return "tie" if number < 17 else "both_bad"

    found = output(made, rows(made, "r-1", say), step)
    (one,) = found.opinions
    assert (one.model, one.against) == ("next", "base")
    assert (one.wins, one.losses, one.ties, one.both_bad) == (10, 4, 3, 3)
    assert one.estimate.mean == pytest.approx((10 + 3) / 20)
    assert one.estimate.low < 0.65 < one.estimate.high
    assert found.rated == 20 and found.enough == 20 and found.ratings == 20
    assert found.reliability.alpha is None


def test_several_raters_of_one_item_are_one_observation() -> None:
    """Ten people who all say the same of six items know six items, not sixty."""
    step, made = batch("base", "next", count=6)
    crowd = [row for i in range(10) for row in rows(made, f"r-{i}", prefers("next"))]
    few = output(made, rows(made, "r-0", prefers("next")), step)
    many = output(made, crowd, step)
    assert many.opinions[0].estimate.n == few.opinions[0].estimate.n == 6
    assert many.opinions[0].estimate.low == few.opinions[0].estimate.low < 0.6
    assert many.opinions[0].wins == 60


def test_the_interval_covers_the_truth_when_raters_share_an_items_difficulty() -> None:
    random = np.random.default_rng(3)
    step, made = batch("base", "next", count=40)
    inside, runs = 0, 60
    for _run in range(runs):
        chance = random.beta(1.2, 0.8, 40)  # items differ; the truth is 0.6

        def say(_: Item, models: tuple[str, ...], number: int) -> str:
            won = random.random() < chance[number]  # noqa: B023 - used within the round
            return "left" if (models[0] == "next") == won else "right"

        found = output(made, [r for i in range(3) for r in rows(made, f"r-{i}", say)], step)
        inside += found.opinions[0].estimate.low <= 0.6 <= found.opinions[0].estimate.high
    assert inside / runs >= 0.88


def test_the_same_answer_twice_is_a_tie_that_nobody_is_asked_about() -> None:
    step = rate_step("base", "next")
    answers = {
        "base": [case(i, f"b{i}") for i in range(8)],
        "next": [case(i, f"b{i}" if i < 4 else f"n{i}") for i in range(8)],
    }
    made = batch_of(step, answers, Path())
    assert made.shown == 4 and len(made.same) == 4
    found = output(made, rows(made, "r-1", prefers("next")), step)
    assert found.opinions[0].estimate.mean == pytest.approx((4 + 2) / 8)
    assert found.opinions[0].identical == 4
    assert any("same answer twice" in note for note in found.notes)
    nobody = output(made, [], step)
    assert nobody.opinions[0].values == () and "waits for ratings" in nobody.notes[0]


def test_more_than_two_models_are_ranked() -> None:
    step, made = batch("old", "base", "next", count=15)
    order = ["old", "base", "next"]

    def say(_: Item, models: tuple[str, ...], number: int) -> str:
        better = order.index(models[0]) > order.index(models[1])
        return "left" if better == (number % 5 != 0) else "right"

    found = output(made, rows(made, "r-1", say), step)
    assert [one.model for one in found.ranking] == ["next", "base", "old"]
    assert all(one.low <= one.expected <= one.high for one in found.ranking)
    assert sum(one.strength for one in found.ranking) == pytest.approx(0)
    assert {(one.model, one.against) for one in found.opinions} == {
        ("base", "old"), ("next", "old"), ("next", "base"),
    }  # fmt: skip
    # all pairs of a case are of one cluster
    assert all(len(one.clusters) == len(one.values) for one in found.opinions)


def test_agreement_and_side_bias() -> None:
    step, made = batch("base", "next", count=40)
    agreed = output(
        made, rows(made, "r-1", prefers("next")) + rows(made, "r-2", prefers("next")), step
    )
    assert agreed.reliability.alpha == 1 and agreed.reliability.items == 40
    assert agreed.reliability.low is not None and agreed.reliability.low < 1
    lefts = output(made, rows(made, "r-1", lambda *_: "left"), step)
    assert lefts.side_bias is not None and lefts.side_bias.share == 1 and lefts.side_bias.p < 1e-9
    assert any("prefer a side" in note for note in lefts.notes)
    apart = output(
        made, rows(made, "r-1", prefers("next")) + rows(made, "r-2", prefers("base")), step
    )
    assert apart.reliability.alpha is not None and apart.reliability.alpha < 0
    assert any("agree little" in note for note in apart.notes)


def test_a_rater_who_tires_is_told_by_gold_and_repeats(tmp_path: Path) -> None:
    import json

    gold = [{"prompt": f"g{i}", "better": f"yes {i}", "worse": f"no {i}"} for i in range(12)]
    (tmp_path / "gold.jsonl").write_text("".join(json.dumps(one) + "\n" for one in gold))
    step, made = batch("base", "next", count=30, gold="gold.jsonl", root=tmp_path)
    known = {item.id: item for item in made.items.values() if item.gold}

    def say(item: Item, models: tuple[str, ...], number: int) -> str:
        if item.id in known:
            from ftdsl.rating.lots import left_of

            left = item.digests[left_of(made.id, "r-1", item.id, False)]
            right = left == item.gold
            place = list(known).index(item.id)
            return "left" if right == (place < 7) else "right"
        return prefers("next")(item, models, number) or "tie"

    once = rows(made, "r-1", say)
    again = [row for row in rows(made, "r-1", prefers("next"), repeat=True, start=900)
             if row["item"] not in known][:4]  # fmt: skip
    found = output(made, once + again, step)
    (rater,) = found.raters
    assert (rater.gold, rater.gold_right) == (12, 7)
    assert (rater.repeats, rater.repeats_same) == (4, 4)
    assert rater.rated == 42 and rater.early is not None and rater.late is not None
    assert found.rated == 30, "gold says nothing of the models"
    assert any("gold items right" in note for note in found.notes)


def test_a_correction_takes_the_place_of_what_it_corrects() -> None:
    step, made = batch("base", "next", count=4)
    first = rows(made, "r-1", prefers("base"))
    second = [
        {**row, "id": f"{i:032x}", "supersedes": row["id"], "verdict": "tie"}
        for i, row in enumerate(first)
    ]
    found = output(made, first + second, step)
    assert found.opinions[0].ties == 4 and found.opinions[0].losses == 0
    assert found.raters[0].corrected == 4
    assert len(effective(one.rating for one in placed(first + second))) == 4


@pytest.mark.parametrize(("ask", "points", "word"), [("correct", 0, "correct"), ("scale", 5, "4")])
def test_single_answers(ask: str, points: int, word: str) -> None:
    step, made = batch("base", "next", count=10, ask=ask, points=points)
    assert len(made.items) == 20

    def say(_: Item, models: tuple[str, ...], __: int) -> str:
        return word if models == ("next",) else {"correct": "incorrect", "scale": "1"}[ask]

    found = output(made, rows(made, "r-1", say), step)
    by = {one.model: one.estimate for one in found.opinions}
    assert by["next"].mean == pytest.approx(1.0 if ask == "correct" else 0.75)
    assert by["base"].mean == 0 and found.side_bias is None and found.ranking == ()


# ------------------------------------------------------------------ requirements


@pytest.mark.parametrize(
    ("bound", "share", "verdict"),
    [(0.55, 0.9, "pass"), (0.55, 0.1, "fail"), (0.5, 0.55, "inconclusive")],
)
def test_a_win_rate_is_required(bound: float, share: float, verdict: str) -> None:
    step, made = batch("base", "next", count=40, requires=(requires("win_rate", ">=", bound),))

    def say(_: Item, models: tuple[str, ...], number: int) -> str:
        return "left" if (models[0] == "next") == (number < 40 * share) else "right"

    found = output(made, rows(made, "r-1", say), step)
    (one,) = found.requirements
    assert (one.verdict, found.verdict, one.candidate) == (verdict, verdict, "next")
    assert one.n == 40 and one.low < share < one.high
    assert (one.needed_n is not None) == (verdict == "inconclusive")


def test_nothing_is_decided_with_too_few_raters() -> None:
    required = (requires("win_rate", ">=", 0.55),)
    step, made = batch("base", "next", count=40, requires=required, min_raters=2)
    one = output(made, rows(made, "r-1", prefers("next")), step)
    assert one.verdict == "inconclusive" and "fewer than 2 raters" in one.requirements[0].note
    two = rows(made, "r-1", prefers("next")) + rows(made, "r-2", prefers("next"))[:39]
    assert output(made, two, step).verdict == "pass", "one in twenty may have fewer"


def test_grades_and_agreement_are_required_in_their_own_units() -> None:
    required = (requires("grade", ">=", 3.5), requires("alpha", ">=", 0.667, stated=False))
    step, made = batch("base", "next", count=40, ask="scale", points=5, requires=required)

    def say(_: Item, models: tuple[str, ...], number: int) -> str:
        return str(4 + number % 2) if models == ("next",) else str(1 + number % 2)

    found = output(made, rows(made, "r-1", say) + rows(made, "r-2", say), step)
    grade, agreed = found.requirements
    assert grade.verdict == "pass" and grade.unit == "number"
    assert 4 < grade.low < grade.estimate < grade.high < 5
    assert agreed.verdict == "pass" and agreed.estimate == 1
    assert found.verdict == "pass"


# ------------------------------------------------------------------ judges


def _eval(model: str) -> EvalOutput:
    report = JudgeReport(kind="judge", models=("mini",))
    return EvalOutput(name="golden", model=model, scores={}, judges={"tone": report})


def test_a_judge_is_measured_by_people_side_by_side() -> None:
    step = rate_step("base", "next")
    answers = {
        model: [case(i, f"{model} {i}", scores={"tone": float((model == "next") == (i % 10 != 0))})
                for i in range(200)]
        for model in ("base", "next")
    }  # fmt: skip
    made = batch_of(step, answers, Path())
    found = rate_output(
        step, made, placed(rows(made, "r-1", prefers("next"))), answers,
        {model: _eval(model) for model in answers}, Path(),
    )  # fmt: skip
    (one,) = found.judges
    assert (one.score, one.n, one.agreed) == ("tone", 200, 180)
    assert one.calibration.unusable == "", "180 of 200, and of either kind enough"


def test_a_judge_is_measured_by_people_on_single_answers() -> None:
    step = rate_step("base", "next", ask="correct")
    answers = {
        model: [case(i, f"{model} {i}", scores={"tone": float(model == "next")}) for i in range(60)]
        for model in ("base", "next")
    }
    made = batch_of(step, answers, Path())

    def say(_: Item, models: tuple[str, ...], number: int) -> str:
        return "correct" if (models == ("next",)) != (number % 20 == 0) else "incorrect"

    found = rate_output(
        step, made, placed(rows(made, "r-1", say)), answers,
        {model: _eval(model) for model in answers}, Path(),
    )  # fmt: skip
    (one,) = found.judges
    assert one.n == 120 and one.agreed == 114 and one.calibration.method == "rates"
    assert one.calibration.unusable == ""
