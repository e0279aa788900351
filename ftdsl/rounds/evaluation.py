"""What of the eval itself to look at: expected answers that look wrong, cases that decide nothing,
judges that disagree with people, and too few cases."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ftdsl.results.actions import Action
from ftdsl.rounds import costs
from ftdsl.rounds.evidence import WRONG, Round, same
from ftdsl.rounds.neighbourhood import Neighbourhood
from ftdsl.rounds.showing import SHOWN, ids_of, shown_case, shown_cases, shown_row

_LEAST = 2
_EASY = 0.5
_KNOWING = 0.1
"""What a narrower interval is worth: a tenth of what it narrows by."""
_AGREES = 0.8


def evals_to_mend(around: Neighbourhood) -> Iterator[Action]:
    """All that the eval itself is asked for."""
    seen = around.seen
    yield from _wrong_answers(around)
    yield from _unanswered(around)
    yield from _easy(seen)
    yield from _judged(seen)
    yield from _too_small(seen)


def _wrong_answers(around: Neighbourhood) -> Iterator[Action]:
    seen = around.seen
    found = [
        one for one in around.standings if one.cause == "contradicted" or _agreed(seen, one.place)
    ]
    if len(found) < _LEAST:
        return
    places = [one.place for one in found]
    with_model = sum(same(one.label, seen.cases[one.place].answered) for one in found)
    rows = {row: similarity for one in reversed(found) for row, similarity in one.near[:1]}
    shown = tuple(
        shown_case(seen, one.place, f"the rows nearest to it say: {one.label[:60]}")
        for one in found[:SHOWN]
    )
    sure = 0.5 + 0.5 * with_model / len(found)
    yield Action(
        code="FT713",
        kind="eval",
        title=f"look at what {len(found)} cases expect: it looks wrong",
        why="the rows nearest to them agree with one another and not with the eval; the model "
        f"says what the rows say in {with_model} of them",
        gain=seen.share(places) * costs.MENDED_CASES * sure,
        hours=costs.LOOK + len(found) * costs.A_CASE_READ,
        facts=(("if the eval is right", "the rows named here are mislabelled, all in one way"),),
        cases=shown,
        rows=tuple(shown_row(seen, row, s) for row, s in list(rows.items())[:SHOWN]),
        case_ids=ids_of(seen, places),
        row_ids=tuple(seen.rows[row].row_id for row in rows),
    )


def _agreed(seen: Round, place: int) -> bool:
    """Whether all of several models gave the same wrong answer."""
    one = seen.cases[place]
    return len(one.others) > 1 and all(same(other, one.answered) for other in one.others)


def _unanswered(around: Neighbourhood) -> Iterator[Action]:
    seen = around.seen
    known = {one.place for one in around.standings if one.cause in ("supported", "unlearned")}
    hard = [
        at
        for at in sorted(known)
        if len(seen.cases[at].others_lost) > 1
        and all(lost >= WRONG for lost in seen.cases[at].others_lost)
    ]
    if len(hard) < _LEAST:
        return
    yield Action(
        code="FT713",
        kind="eval",
        title=f"look at {len(hard)} cases that no model answers",
        why="rows near them agree with what is expected, and still no model gets them right: the "
        "question may lack what the answer needs, or the score may be too strict",
        gain=seen.share(hard) * 0.1,
        hours=costs.LOOK + len(hard) * costs.A_CASE_READ,
        cases=shown_cases(seen, hard),
        case_ids=ids_of(seen, hard),
    )


def _easy(seen: Round) -> Iterator[Action]:
    easy = [
        at
        for at, one in enumerate(seen.cases)
        if one.others_lost and max(*one.others_lost, one.loss) < WRONG
    ]
    if len(easy) < max(_LEAST, _EASY * seen.n):
        return
    low, high = seen.interval
    narrower = (high - low) / 2 * (1 - math.sqrt(1 - len(easy) / (seen.n + 1)))
    yield Action(
        code="FT713",
        kind="eval",
        title=f"put harder cases in the place of some of the {len(easy)} that every model answers",
        why=f"{len(easy) / seen.n:.0%} of the cases tell no two models apart",
        gain=_KNOWING * narrower,
        hours=costs.LOOK + len(easy) * costs.A_CASE_READ,
        cases=tuple(shown_case(seen, at) for at in easy[:SHOWN]),
        case_ids=ids_of(seen, easy),
    )


def _judged(seen: Round) -> Iterator[Action]:
    judge = seen.judge
    by = judge.calibration if judge is not None else None
    if by is None or by.sensitivity is None or by.specificity is None:
        return
    agreement = (by.sensitivity + by.specificity) / 2
    if agreement >= _AGREES:
        return
    yield Action(
        code="FT713",
        kind="eval",
        title=f"mend the rubric of `{seen.score}`: its judge and people disagree",
        why=f"the judge is right in {by.sensitivity:.0%} of the answers that people find good and "
        f"in {by.specificity:.0%} of the others, on {by.rows} labelled ones",
        gain=(1 - agreement) * 0.1,
        hours=costs.LOOK + by.rows * costs.A_CASE_READ,
    )


def _too_small(seen: Round) -> Iterator[Action]:
    open_ = [
        each
        for gate in seen.gates
        for each in gate.requirements
        if each.verdict == "inconclusive" and each.needed_n is not None
    ]
    if not open_:
        return
    worst = max(open_, key=lambda one: one.needed_n or 0)
    needed = worst.needed_n or seen.n
    low, high = seen.interval
    narrower = (high - low) / 2 * (1 - math.sqrt(seen.n / max(seen.n + 1, needed)))
    more = max(1, needed - worst.n)
    yield Action(
        code="FT713",
        kind="eval",
        title=f"add {more} cases to `{seen.eval}`: it is too small to decide",
        why=f"`{worst.requirement}` is inconclusive on {worst.n} cases; "
        f"about {needed} would decide",
        gain=_KNOWING * narrower,
        hours=costs.LOOK + min(more, 1000) * costs.A_CASE_READ,
        facts=(("interval", f"[{worst.low:.3f}, {worst.high:.3f}], bound {worst.bound:.3f}"),),
        asked=more,
    )
