"""The cause of a weak slice is known, a real classifier learned with it, and it is named first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from ftdsl.results.actions import Action
from ftdsl.rounds.evidence import Round
from ftdsl.rounds.neighbourhood import Neighbourhood
from ftdsl.rounds.proposing import MOST, next_steps
from ftdsl.rounds.stopping import least_shown
from tests.rounds.learner import (
    WEAK,
    Settings,
    Ticket,
    World,
    a_round,
    contradicting,
    masked,
    misjudged,
    missing,
)

SEEDS = range(10)
Tickets = list[Ticket]


def noisy(world: World, rows: Tickets, share: float = 0.03) -> Tickets:
    """Three rows in a hundred are mislabelled, as in all real data."""
    return [
        replace(one, reply=world.other(one.reply)) if world.draw.random() < share else one
        for one in rows
    ]


def round_of(
    seed: int,
    rows_are: Callable[[World, Tickets], Tickets] | None = None,
    cases_are: Callable[[World, Tickets], Tickets] | None = None,
    *,
    settings: Settings | None = None,
    decoys: bool = False,
) -> Round:
    world = World(seed)
    rows = noisy(world, world.tickets("r", 16, decoys=decoys))
    cases = world.tickets("c", 6, decoys=decoys)
    if rows_are is not None:
        rows = rows_are(world, rows)
    if cases_are is not None:
        cases = cases_are(world, cases)
    return a_round(rows, cases, settings, seed)


def firsts(make: Callable[[int], Round]) -> list[Action]:
    return [next_steps(make(seed)).actions[0] for seed in SEEDS]


def weakest(seen: Round) -> str:
    lost = Counter[str]()
    for one in seen.cases:
        lost[one.groups["product"]] += int(one.loss)
    return lost.most_common(1)[0][0]


@pytest.mark.code("FT710")
def test_missing_rows_are_asked_for() -> None:
    assert weakest(round_of(0, missing)) == WEAK
    found = firsts(lambda seed: round_of(seed, missing))
    named = [(one.code, one.slice, one.value) for one in found]
    assert named.count(("FT710", "product", WEAK)) >= 9
    assert all(40 <= one.asked <= 80 for one in found), "as many as the other products have"


@pytest.mark.code("FT711")
def test_rows_that_contradict_one_another_are_named() -> None:
    assert weakest(round_of(0, contradicting)) == WEAK
    found = firsts(lambda seed: round_of(seed, contradicting))
    assert [one.code for one in found].count("FT711") >= 9
    rows = [row for one in found for row in one.row_ids]
    assert sum(f"-{WEAK}-" in row for row in rows) > 0.9 * len(rows)


@pytest.mark.code("FT712")
def test_a_mask_is_mended_before_anything_else() -> None:
    assert weakest(round_of(0, masked)) == WEAK
    found = firsts(lambda seed: round_of(seed, masked))
    assert [one.code for one in found].count("FT712") >= 9
    assert {one.patch.setting for one in found if one.patch} == {"max_length"}

    def all_masked(_: World, rows: Tickets) -> Tickets:
        return [replace(one, masked=True) for one in rows]

    whole = firsts(lambda seed: round_of(seed, all_masked))
    assert {(one.code, one.patch) for one in whole} == {("FT712", None)}


def test_too_few_passes_are_known_by_the_curve() -> None:
    few = Settings(epochs=2, rate=0.05)
    assert weakest(round_of(0, settings=few, decoys=True)) == WEAK
    assert round_of(0, decoys=True).mean > 0.95, "with enough passes it is learned"
    found = firsts(lambda seed: round_of(seed, settings=few, decoys=True))
    settings = [one.patch.setting if one.patch else "" for one in found]
    assert settings.count("n_epochs") >= 9


@pytest.mark.code("FT713")
def test_expected_answers_that_are_wrong_are_named() -> None:
    assert weakest(round_of(0, None, misjudged)) == WEAK
    found = firsts(lambda seed: round_of(seed, None, misjudged))
    assert [one.code for one in found].count("FT713") >= 9
    for seed, one in enumerate(found):
        world = World(seed)
        noisy(world, world.tickets("r", 16))
        true = {case.name: case.reply for case in world.tickets("c", 6)}
        wrong = {each.case.case_id for each in round_of(seed, None, misjudged).cases
                 if each.expected != true[each.case.case_id]}  # fmt: skip
        assert len(set(one.case_ids) & wrong) >= 0.8 * len(wrong)


@pytest.mark.code("FT714")
def test_it_is_time_to_stop_when_nothing_that_shows_is_left() -> None:
    found = firsts(round_of)
    assert [one.code for one in found].count("FT714") >= 9


def test_rounds_that_gain_nothing_are_a_reason_to_stop() -> None:
    seen = round_of(0, missing)
    flat = tuple((0.78, 0.7, 0.85) for _ in range(4))
    halt, after = next_steps(replace(seen, means=flat)).actions[:2]
    assert halt.code == "FT714"
    assert "last 3 rounds" in halt.why
    assert after.code == "FT710", "what would be next stands behind it"
    rising = ((0.5, 0.4, 0.6), (0.6, 0.5, 0.7), (0.7, 0.6, 0.8), (0.78, 0.7, 0.85))
    assert next_steps(replace(seen, means=rising)).actions[0].code == "FT710"


def test_answers_that_do_not_end_are_a_matter_of_the_stop_token() -> None:
    seen = round_of(3, settings=Settings(epochs=2, rate=0.05), decoys=True)
    cut = tuple(
        replace(one, case=one.case.model_copy(
            update={"finish_reason": "length" if one.loss else "stop"}))
        for one in seen.cases
    )  # fmt: skip
    first = next_steps(replace(seen, cases=cut)).actions[0]
    assert (first.code, first.patch) == ("FT712", None)
    assert "answers do not end" in first.title
    every = tuple(
        replace(one, case=one.case.model_copy(update={"finish_reason": "length"}))
        for one in seen.cases
    )
    titles = [one.title for one in next_steps(replace(seen, cases=every)).actions]
    assert not any("do not end" in one for one in titles), "right answers are as long"


@pytest.mark.code("FT715")
def test_rows_that_agree_and_a_training_without_a_flaw_are_not_the_data() -> None:
    few = Settings(epochs=2, rate=0.05)
    seen = replace(round_of(3, settings=few, decoys=True), advice=())
    first = next_steps(seen).actions[0]
    assert (first.code, first.kind, first.patch) == ("FT715", "not-data", None)


def test_actions_are_few_in_order_and_alike_in_any_order_of_rows() -> None:
    seen = round_of(1, contradicting, misjudged)
    steps = next_steps(seen)
    assert 1 <= len(steps.actions) <= MOST
    worth = [one.worth for one in steps.actions]
    assert worth == sorted(worth, reverse=True)
    order = list(range(len(seen.rows)))[::-1]
    turned = replace(
        seen,
        rows=tuple(seen.rows[at] for at in order),
        row_vectors=seen.row_vectors[order],
        learned=lambda these: [True] * len(these),
    )
    again = next_steps(turned)
    assert [(one.code, one.case_ids) for one in again.actions] == [
        (one.code, one.case_ids) for one in steps.actions
    ]


def test_the_least_that_can_be_shown_grows_slowly() -> None:
    assert [least_shown(n) for n in (10, 100, 1000)] == sorted(
        least_shown(n) for n in (10, 100, 1000)
    )
    assert 3 <= least_shown(100) <= 6


def test_where_rows_lie_is_held_against_right_answers() -> None:
    around = Neighbourhood(round_of(0, missing))
    absent = [one for one in around.standings if one.cause == "absent"]
    assert len(absent) >= 20
    assert all(one.near == tuple(sorted(one.near, key=lambda p: -p[1])) for one in absent)
