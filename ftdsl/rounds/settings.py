"""A setting to change: wrong answers to what the rows say rightly, and what the training's own
figures ask for. Where they ask for nothing, it is not the data."""

from __future__ import annotations

from collections.abc import Iterator

from ftdsl.advice.advising import Advice
from ftdsl.results.actions import Action, Patch, Shown
from ftdsl.rounds import costs
from ftdsl.rounds.neighbourhood import Neighbourhood, Standing
from ftdsl.rounds.showing import SHOWN, ids_of, shown_cases, shown_row

_MASK = "FT640"
_CUT = "FT605"
_LEAST = 3
_DOMINATES = 0.5


def settings_to_change(around: Neighbourhood) -> Iterator[Action]:
    """A mask that leaves nothing to learn, then the rule that fired and helps most often; or that
    it is not the data."""
    fired = [one for one in around.seen.advice if one.told.state == "fired"]
    mask = next((one for one in fired if one.rule.code == _MASK), None)
    unlearned = [one for one in around.standings if one.cause == "unlearned"]
    endless = _endless(around)
    if endless:
        yield _running_on(around, endless)
    if mask is not None:
        yield _all_masked(around, mask)
        return
    if len(unlearned) >= _LEAST:
        yield _masked(around, unlearned)
    supported = [one for one in around.standings if one.cause == "supported"]
    if len(supported) < _LEAST:
        return
    ruled = [one for one in fired if one.rule.code in costs.RULES and one.told.change]
    if ruled:  # of those that help as often the one that is to be listened to first
        yield _ruled(around, supported, max(ruled, key=lambda one: costs.RULES[one.rule.code]))
    elif len(supported) >= _DOMINATES * len(around.standings):
        yield _not_the_data(around, supported)


def _all_masked(around: Neighbourhood, mask: Advice) -> Action:
    seen = around.seen
    return Action(
        code="FT712",
        kind="setting",
        title="mend the mask or the chat template: nothing was learned from",
        why=f"{mask.told.evidence}: no row and no rate cures that",
        gain=seen.share(seen.wrong) * costs.RULES[_MASK],
        hours=costs.ROUND,
        facts=((mask.rule.code, mask.told.advice),),
        cases=shown_cases(seen, seen.wrong),
        case_ids=ids_of(seen, seen.wrong),
    )


def _endless(around: Neighbourhood) -> list[int]:
    """Wrong answers that were cut off at `max_tokens`, where most of them are and right ones are
    not."""
    seen = around.seen
    cut = [at for at, one in enumerate(seen.cases) if one.case.finish_reason == "length"]
    wrong = sorted(set(cut) & set(seen.wrong))
    right = len(cut) - len(wrong)
    often = len(wrong) >= max(_LEAST, _DOMINATES * len(seen.wrong))
    rate = right / max(1, seen.n - len(seen.wrong))
    return wrong if often and rate < 0.5 * len(wrong) / len(seen.wrong) else []


def _running_on(around: Neighbourhood, places: list[int]) -> Action:
    seen = around.seen
    doubts = [one for one in seen.preflight if one.name in ("stop token", "mask", "serving")]
    return Action(
        code="FT712",
        kind="setting",
        title="mend the stop token, or raise `max_tokens`: answers do not end",
        why=f"{len(places)} of {len(seen.wrong)} wrong answers were cut off where they had to end, "
        "and right ones were not",
        gain=seen.share(places) * costs.ENDLESS,
        hours=costs.ROUND,
        facts=(
            *((f"preflight: {one.name}", one.told) for one in doubts),
            ("to look at", "whether a turn's end token is learned: `ftdsl explain FT623`"),
        ),
        cases=shown_cases(seen, places),
        case_ids=ids_of(seen, places),
    )


def _masked(around: Neighbourhood, standings: list[Standing]) -> Action:
    seen = around.seen
    places = [one.place for one in standings]
    near = {row: s for one in reversed(standings) for row, s in one.near}
    rows = [row for row in near if not seen.learned([row])[0]]
    rows.sort(key=lambda row: (-near[row], row))
    facts = [
        (f"preflight: {one.name}", one.told)
        for one in around.seen.preflight
        if one.name == "trained"
    ]
    facts += [("found by", "`each must trainable_tokens(row, max_length: …) > 0` in `check`")]
    if seen.training is not None:
        facts += [(_CUT, one.message) for one in seen.training.findings if one.code == _CUT]
    return Action(
        code="FT712",
        kind="setting",
        title="raise `max_length`, or mend the mask: rows near wrong answers teach nothing",
        why=f"{len(places)} wrong answers have right rows near them of which no token was learned",
        gain=seen.share(places) * costs.MASK,
        hours=costs.ROUND,
        facts=tuple(facts),
        cases=shown_cases(seen, places),
        rows=tuple(shown_row(seen, row, near[row], "no token to learn") for row in rows[:SHOWN]),
        patch=_longer(around),
        case_ids=ids_of(seen, places),
        row_ids=tuple(seen.rows[row].row_id for row in rows),
    )


def _longer(around: Neighbourhood) -> Patch | None:
    """Twice the ``max_length`` of the training, where it states one."""
    training = around.seen.training
    stated = training.settings.get("max_length", "") if training is not None else ""
    if not stated.isdecimal():
        return None
    return Patch(around.seen.train, "max_length", str(2 * int(stated)))


def _ruled(around: Neighbourhood, standings: list[Standing], ruled: Advice) -> Action:
    seen, change = around.seen, ruled.told.change
    assert change is not None, "the rule has a change"
    places = [one.place for one in standings]
    return Action(
        code="FT712",
        kind="setting",
        title=f"set `{change.setting} = {change.value}`: {ruled.told.advice}",
        why=f"{len(places)} wrong answers have agreeing rows near them; {ruled.told.evidence}",
        gain=seen.share(places) * costs.RULES[ruled.rule.code],
        hours=costs.ROUND,
        facts=((f"{ruled.rule.code} {ruled.rule.name}", ruled.rule.source),),
        cases=shown_cases(seen, places),
        rows=_agreeing(around, standings),
        patch=Patch(seen.train, change.setting, change.value),
        case_ids=ids_of(seen, places),
    )


def _not_the_data(around: Neighbourhood, standings: list[Standing]) -> Action:
    seen = around.seen
    places = [one.place for one in standings]
    return Action(
        code="FT715",
        kind="not-data",
        title="it is not the data: try a larger base, a higher rank, or another prompt",
        why=f"{len(places)} of {len(seen.wrong)} wrong answers have agreeing rows near them, and "
        "no figure of the training asks for another setting",
        gain=seen.share(places) * costs.UNKNOWN,
        hours=costs.ROUND + 0.5,
        facts=(("rows learned from", str(len(seen.rows))),),
        cases=shown_cases(seen, places),
        rows=_agreeing(around, standings),
        case_ids=ids_of(seen, places),
    )


def _agreeing(around: Neighbourhood, standings: list[Standing]) -> tuple[Shown, ...]:
    nearest = sorted((one.near[0] for one in standings if one.near), key=lambda p: (-p[1], p[0]))
    unique = list(dict(reversed(nearest)).items())[::-1]
    return tuple(shown_row(around.seen, row, s) for row, s in unique[:SHOWN])
