"""Mends the rows that break rules, and keeps a fix only if it did what it is for.

A fix of a row is kept where the row then passes the rule that it was made for, still fits its
schema, and breaks no rule that it kept before. So a fixed row passes, whatever a fix may do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from ftdsl.data.places import places
from ftdsl.data.rows import Row
from ftdsl.data.shape import Problem, Shape
from ftdsl.fixing.edits import Edit, edited
from ftdsl.fixing.texts import TEXT_FIXES
from ftdsl.fixing.turns import DROPS_ROW, ROW_FIXES
from ftdsl.language.remedies import Remedy, fixes_for, remedies
from ftdsl.plan import baseline
from ftdsl.plan.steps import CheckStep
from ftdsl.quality.examination import locked_measures
from ftdsl.quality.expressions import Block, Evaluator
from ftdsl.quality.rules import RowRule

_ROUNDS = 8
Applied = Counter[tuple[str, str]]
"""How often each (rule or code, fix) was applied."""
Dropped = Mapping[int, tuple[str, str]]
"""Lines of the mended file that go, with (drop line, fix)."""


@dataclass(slots=True)
class _State:
    """A row on its way: its line now, and the rules that it breaks."""

    source: bytes
    row: Row
    failing: set[int] = field(default_factory=set)
    dropped: bool = False


class RowRepair:
    """The rules of one check step with the fixes that they name. ``unsafe`` allows fixes that may
    change what is meant."""

    def __init__(self, step: CheckStep, root: Path, unsafe: bool) -> None:
        self._schema = step.dataset.schema
        self._id = step.dataset.id or (step.dataset.split.key if step.dataset.split else None)
        self._shape = Shape(step.dataset.schema)
        self._allowed = {"safe", "unsafe"} if unsafe else {"safe"}
        evaluator = Evaluator(step.dataset, root, locked_measures(step))
        rules = [r for r in (step.check.rules if step.check else ()) if r.must is not None]
        self._rules = [RowRule(rule, evaluator) for rule in rules]
        self._remedies = [
            [one for one in remedies(rule) if one.fix.applicability in self._allowed]
            for rule in rules
        ]
        self._waived = [
            [frozenset(one.rows) for one in step.waivers if one.rule[1] == rule.name]
            for rule in rules
        ]
        self._known = _known_rows(step, root)

    def repaired(self, sources: list[bytes], applied: Applied) -> list[bytes | None]:
        """Each line after its fixes, None for one that is taken out; ``applied`` counts them.
        ``sources`` are single JSON objects; a line that is none is left as it is."""
        found: list[bytes | None] = list(sources)
        states: dict[int, _State] = {}
        for index, source in enumerate(sources):
            state = self._fitting(source, applied)
            if state is not None and not (self._known and state.row.digest in self._known):
                states[index] = state
                found[index] = state.source
        self._mend(list(states.values()), applied)
        for index, state in states.items():
            found[index] = None if state.dropped else state.source
        return found

    def _fitting(self, source: bytes, applied: Applied) -> _State | None:
        """The row of a line, after the fixes of what keeps it from fitting its schema."""
        try:
            value = orjson.loads(source)
        except orjson.JSONDecodeError:
            return None
        if type(value) is not dict:
            return None
        problem = self._shape.problem(value)
        if problem is not None:
            changed = self._reshaped(source, value, problem, applied)
            if changed is None:
                return None
            source, value = changed, orjson.loads(changed)
        return _State(source, self._row(value))

    def _row(self, value: dict[str, Any]) -> Row:
        return Row("", 0, 0, value, self._schema.base, None, self._id)

    def _reshaped(
        self, source: bytes, value: dict[str, Any], problem: Problem, applied: Applied
    ) -> bytes | None:
        for fix in fixes_for(problem.code):
            if fix.applicability not in self._allowed or fix.name not in ROW_FIXES:
                continue
            edits = ROW_FIXES[fix.name](value)
            changed = edited(source, edits) if edits else source
            if changed != source and self._shape.problem(orjson.loads(changed)) is None:
                applied[problem.code, fix.name] += 1
                return changed
        return None

    def _mend(self, states: list[_State], applied: Applied) -> None:
        for state, failing in zip(states, self._failing([s.row for s in states]), strict=True):
            state.failing = failing
        for _ in range(_ROUNDS):
            before = sum(applied.values())
            for number, named in enumerate(self._remedies):
                for remedy in named:
                    broken = [s for s in states if number in s.failing and not s.dropped]
                    if broken:
                        self._apply(number, remedy, broken, applied)
            if sum(applied.values()) == before:
                return

    def _failing(self, rows: list[Row]) -> list[set[int]]:
        """For each row the numbers of the rules that it breaks and that no waiver excuses."""
        block = Block(rows)
        found: list[set[int]] = [set() for _ in rows]
        for number, rule in enumerate(self._rules if rows else ()):
            for index in rule.ask(block).failing:
                ids = self._waived[number]
                if not any(not one or rows[index].row_id in one for one in ids):
                    found[index].add(number)
        return found

    def _apply(self, number: int, remedy: Remedy, broken: list[_State], applied: Applied) -> None:
        key = (self._rules[number].rule.name, remedy.fix.name)
        tried: list[tuple[_State, bytes, Row]] = []
        for state in broken:
            if remedy.fix.name in DROPS_ROW:
                state.dropped = is_blank(state.row, remedy)
                applied[key] += state.dropped
                continue
            source = self._changed(state, remedy)
            if source != state.source:
                value = orjson.loads(source)
                if self._shape.problem(value) is None:
                    tried.append((state, source, self._row(value)))
        after = self._failing([row for _, _, row in tried])
        for (state, source, row), failing in zip(tried, after, strict=True):
            if number not in failing and failing <= state.failing:
                state.source, state.row, state.failing = source, row, failing
                applied[key] += 1

    def _changed(self, state: _State, remedy: Remedy) -> bytes:
        name = remedy.fix.name
        if name in ROW_FIXES:
            edits = ROW_FIXES[name](state.row.value)
        else:
            edits = text_edits(state.row, remedy)
        return edited(state.source, edits) if edits else state.source


def _known_rows(step: CheckStep, root: Path) -> frozenset[str]:
    """Digests of the rows that the step's baseline knows. They are left alone: a mended row is
    another row, which the baseline would not know for what else is wrong with it."""
    if not step.baseline:
        return frozenset()
    known = baseline.read(root, step.baseline).datasets.get(step.name, {})
    return frozenset(digest for one in known.values() for digest in one.rows)


def text_edits(row: Row, remedy: Remedy) -> list[Edit]:
    """The edits that a text fix makes to the texts that the predicate is about."""
    fix = TEXT_FIXES[remedy.fix.name]
    changed: dict[tuple[str | int, ...], str] = {}
    for view in remedy.views:
        for place in places(row, view):
            if place.path and (better := fix(place.text, remedy)) != place.text:
                changed[place.path] = better
                if place.mirror:
                    changed[place.mirror] = better
    return [Edit(path, text) for path, text in changed.items()]


def is_blank(row: Row, remedy: Remedy) -> bool:
    """Whether a text that the predicate is about is empty or white space."""
    found = [place for view in remedy.views for place in places(row, view)]
    by_turn: dict[object, str] = {}
    for one in found:
        by_turn[one.turn, one.path[:1]] = by_turn.get((one.turn, one.path[:1]), "") + one.text
    return not found or any(not text.strip() for text in by_turn.values())
