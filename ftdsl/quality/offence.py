"""What in a row a broken rule points at: the turn, its text, and the characters to blame."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ftdsl.data.places import Place, joined, place_at, places, turns
from ftdsl.data.rows import Row
from ftdsl.language.program import Expr
from ftdsl.privacy.masking import masked
from ftdsl.quality.evidence import EVIDENCE
from ftdsl.quality.expressions import Block, Evaluator
from ftdsl.quality.statements import is_aggregate

EXCERPT = 120
"""Characters of a text that a finding shows."""
_BEFORE = 40
_NAMED = re.compile(r"\(.*?\bmessages\[([0-9]+)\]")
_AT_AN_END = {"first_role": 0, "last_role": -1}
_WHOLE = frozenset({"row", "messages"})


@dataclass(frozen=True, slots=True)
class Offence:
    """``turn`` counts the row's messages from 0; None where the text is no turn. ``highlight`` is
    what of ``excerpt`` is to blame, start and end in characters; None where it is the whole."""

    excerpt: str
    turn: int | None = None
    role: str = ""
    highlight: tuple[int, int] | None = None


class Offences:
    """The offences of one rule, whose predicate is ``must``."""

    def __init__(self, must: Expr, evaluator: Evaluator) -> None:
        self._must = must
        self._evaluator = evaluator

    def of(self, block: Block, index: int, values: list[str]) -> Offence | None:
        """The offence of the failing row ``index`` of ``block``. ``values`` are the predicate's
        parts as the finding tells them; one may name a turn. None where nothing points anywhere."""
        row = block.rows[index]
        blamed = list(self._blamed(self._must, block, index, wanted=True))
        for call in blamed:
            found = _pointed(call, row)
            if found is not None:
                return found
        for call in blamed:
            if call.op == "call" and call.value in _AT_AN_END and (said := turns(row)):
                return _at_turn(row, _AT_AN_END[str(call.value)] % len(said))
        named = next((m for one in values if (m := _NAMED.search(one))), None)
        if named is not None:
            return _at_turn(row, int(named[1]))
        views = (str(one.value) for call in blamed for one in _fields(call))
        for view in views:
            if view not in _WHOLE and (found := _head(places(row, view))) is not None:
                return found
        return None

    def _blamed(self, expr: Expr, block: Block, index: int, *, wanted: bool) -> Iterator[Expr]:
        """The calls and fields whose value made ``expr`` other than ``wanted``: a side of ``and``
        or ``or`` that came out as it should is left out."""
        if expr.op == "not":
            yield from self._blamed(expr.args[0], block, index, wanted=not wanted)
        elif expr.op in ("and", "or"):
            first, second = expr.args
            if (expr.op == "and") is not wanted:
                yield from self._blamed(first, block, index, wanted=wanted)
                yield from self._blamed(second, block, index, wanted=wanted)
                return
            # One side decides. The first may guard the second, which is not looked at then.
            left = bool(self._evaluator.column(first, block, [index])[0])
            decisive = first if left is not wanted else second
            yield from self._blamed(decisive, block, index, wanted=wanted)
        elif expr.op == "call" and not is_aggregate(expr):
            yield expr
        else:
            for one in expr.args:
                yield from self._blamed(one, block, index, wanted=wanted)
            if expr.op == "field":
                yield expr


def _fields(expr: Expr) -> Iterator[Expr]:
    if expr.op == "field":
        yield expr
    for one in expr.args:
        yield from _fields(one)


def _pointed(call: Expr, row: Row) -> Offence | None:
    """What the call's companion finds first in the text that it was given."""
    evidence = EVIDENCE.get(str(call.value)) if call.op == "call" else None
    if evidence is None or not call.args or call.args[0].op != "field":
        return None
    constants = [one.value for one in call.args[1:] if one.op == "literal"]
    found = places(row, str(call.args[0].value))
    if len(constants) != len(call.args) - 1 or not found:
        return None
    span = next(iter(evidence(joined(found), *constants)), None)
    hit = place_at(found, span[0]) if span is not None else None
    if span is None or hit is None:
        return None
    place, at = hit
    return window(place, at, at + span[1] - span[0])


def window(place: Place, start: int, end: int) -> Offence:
    """The characters from ``start`` to ``end`` of a place with what stands around them."""
    text = place.text
    if masked(text) != text:  # a window could begin in the middle of what is masked
        return Offence(masked(text, EXCERPT), place.turn, place.role)
    first = max(0, start - _BEFORE) if start > EXCERPT * 3 // 4 else 0
    lead = "…" if first else ""
    excerpt = lead + text[first : first + EXCERPT - len(lead)]
    shift = len(lead) - first
    highlight = (start + shift, max(min(end + shift, len(excerpt)), start + shift))
    return Offence(excerpt, place.turn, place.role, highlight)


def _at_turn(row: Row, index: int) -> Offence | None:
    said = turns(row)
    if index >= len(said):
        return None
    text = joined(said[index])
    return Offence(masked(text, EXCERPT), index, said[index][0].role)


def _head(found: list[Place]) -> Offence | None:
    """The start of the last text: of a prompt that is the question."""
    if not found:
        return None
    place = found[-1]
    return Offence(masked(place.text, EXCERPT), place.turn, place.role)
