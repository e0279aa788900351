"""Rows to fix or remove: those that the rows nearest to them contradict, and those that the eval
asks."""

from __future__ import annotations

from collections.abc import Iterator

from ftdsl.results.actions import Action
from ftdsl.rounds import costs
from ftdsl.rounds.evidence import Round, plain
from ftdsl.rounds.neighbourhood import Neighbourhood
from ftdsl.rounds.showing import SHOWN, ids_of, shown_cases, shown_row

_LEAST = 3
_OFTEN = 0.05


def rows_to_mend(around: Neighbourhood) -> Iterator[Action]:
    """Rows that disagree with their like, where answers are wrong; then rows that give the eval's
    own questions away, and rows that are there twice."""
    yield from _contradicted(around)
    yield from _leaked(around.seen)
    yield from _repeated(around.seen)


def _contradicted(around: Neighbourhood) -> Iterator[Action]:
    seen = around.seen
    standings = [one for one in around.standings if one.cause == "conflicting"]
    if len(standings) < _LEAST:
        return
    nearest: dict[int, float] = {}
    for one in standings:
        for row, similarity in one.near:
            if row in around.dissenting:
                nearest[row] = max(similarity, nearest.get(row, 0.0))
    rows = sorted(nearest, key=lambda row: (-nearest[row], row))
    places = [one.place for one in standings]
    shown = tuple(
        shown_row(seen, row, nearest[row], f"the rows nearest to it say: {_said(around, row)}")
        for row in rows[:SHOWN]
    )
    share = len(rows) / max(1, len({row for one in standings for row, _ in one.near}))
    yield Action(
        code="FT711",
        kind="rows",
        title=f"read {len(rows)} rows that their nearest contradict, and mend or drop them",
        why=f"near {len(places)} wrong answers the rows disagree about the same questions",
        gain=seen.share(places) * costs.MENDED_ROWS,
        hours=costs.ROUND + len(rows) * costs.A_ROW_READ,
        facts=(
            ("rows contradicted there", f"{share:.0%} of those near wrong answers"),
            ("elsewhere", f"{around.usual_dissent:.0%} of those near right answers"),
        ),
        cases=shown_cases(seen, places),
        rows=shown,
        case_ids=ids_of(seen, places),
        row_ids=tuple(seen.rows[row].row_id for row in rows),
    )


def _said(around: Neighbourhood, row: int) -> str:
    return around.dissenting[row][:60]


def _leaked(seen: Round) -> Iterator[Action]:
    asked = {plain(one.case.prompt): at for at, one in enumerate(seen.cases) if one.case.prompt}
    rows = [row for row, one in enumerate(seen.rows) if plain(one.prompt) in asked]
    if not rows:
        return
    places = sorted({asked[plain(seen.rows[row].prompt)] for row in rows})
    yield Action(
        code="FT711",
        kind="rows",
        title=f"take {len(rows)} rows out that ask what the eval asks",
        why=f"{len(places)} cases were learned by heart: their score says nothing of new questions",
        gain=0.0,
        hours=costs.ROUND + len(rows) * costs.A_ROW_READ,
        facts=(("to keep them out", "`drop exact on normalize(prompt) { against = EVAL }`"),),
        rows=tuple(shown_row(seen, row, 1.0, "a case of the eval") for row in rows[:SHOWN]),
        case_ids=ids_of(seen, places),
        row_ids=tuple(seen.rows[row].row_id for row in rows),
    )


def _repeated(seen: Round) -> Iterator[Action]:
    """Rows that say word for word what an earlier one says, where there are many."""
    first: dict[tuple[str, str], int] = {}
    rows = []
    for row, one in enumerate(seen.rows):
        said = plain(one.prompt), plain(one.reply)
        if first.setdefault(said, row) != row:
            rows.append(row)
    if len(rows) < max(_LEAST, _OFTEN * len(seen.rows)):
        return
    yield Action(
        code="FT711",
        kind="rows",
        title=f"drop {len(rows)} rows that an earlier one repeats",
        why=f"{len(rows) / len(seen.rows):.0%} of the rows teach nothing new and weigh twice",
        gain=0.0,
        hours=costs.ROUND,
        facts=(("to drop them", "`drop exact on normalize(prompt, reply.text)` in `dedup`"),),
        rows=tuple(shown_row(seen, row, None, "said before") for row in rows[:SHOWN]),
        row_ids=tuple(seen.rows[row].row_id for row in rows),
    )
