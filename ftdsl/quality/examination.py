"""One pass over a part of a dataset: file faults, schema, rules and aggregates together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from ftdsl.data.rows import Part, RowReader
from ftdsl.plan.steps import CheckStep
from ftdsl.quality.across.aggregates import Quantile
from ftdsl.quality.expressions import Evaluator
from ftdsl.quality.forecast import TOKENS, counted_names
from ftdsl.quality.gathering import ROWS, Answers, Gathering
from ftdsl.quality.rules import RowRule
from ftdsl.quality.statements import Statement

_MOST_SIZED = 4
_SEGMENT = 2000
"""Rows after which a part that is not cut into chunks is answered for what was read so far."""


class Examination:
    """The rules of one check step, asked of any part of its dataset. The same object serves many
    parts, in one process or in several; only answers travel."""

    def __init__(self, step: CheckStep, root: Path) -> None:
        self.step = step
        self.name = step.dataset.name
        self._reader = RowReader(step.dataset)
        self.evaluator = Evaluator(step.dataset, root, locked_measures(step))
        self.rules = step.check.rules if step.check is not None else ()
        self.row_rules = {
            index: RowRule(rule, self.evaluator)
            for index, rule in enumerate(self.rules)
            if rule.must is not None
        }
        self.waived_by = [
            [k for k, waiver in enumerate(step.waivers) if waiver.rule[1] == rule.name]
            for rule in self.rules
        ]
        """For each rule the numbers of its waivers."""
        self.numbers = (ROWS, *range(len(self.rules)))
        """What can be asked: the rows as such, and every rule."""
        self.waivers = [
            [frozenset(step.waivers[k].rows) for k in numbers] for numbers in self.waived_by
        ]
        self.sized = (*_sized(step), *counted_names(step))

    def statements(self) -> dict[int, Statement]:
        """A fresh statement for every dataset rule, by the rule's index."""
        return {
            index: Statement(rule.expect, self.evaluator, self.step.references)
            for index, rule in enumerate(self.rules)
            if rule.expect is not None
        }

    def examine(
        self, part: Part, asked: Iterable[int], tick: Callable[[], None] = lambda: None
    ) -> Iterator[Answers]:
        """Read ``part`` and answer the rules whose numbers are ``asked``: once for a chunk, and
        for any other part every few thousand rows, so that memory stays bounded. ``tick`` is
        called after each block of rows. Raises Refused (FT300-FT308)."""
        gathering, rows = Gathering(self, part, asked), 0
        for block in self._reader.read_fast(part):
            gathering.add(block)
            rows += len(block.rows) + len(block.faults)
            if rows >= _SEGMENT and not part.digest:
                yield gathering.answers()
                gathering, rows = Gathering(self, part, asked), 0
            tick()
        part.file.assert_unchanged()
        yield gathering.answers()


def locked_measures(step: CheckStep) -> dict[str, float]:
    """What ``locked.…`` reads, by its whole name."""
    return {f"locked.{name}": value for name, value in step.locked.items()}


def _sized(step: CheckStep) -> tuple[str, ...]:
    """The texts whose lengths are always given: prompt and reply, or a record's first texts."""
    if step.dataset.schema.base is not None:
        return ("prompt", "reply.text")
    texts = [one.name for one in step.dataset.schema.fields if str(one.type) == "text"]
    return tuple(texts[:_MOST_SIZED])


def measured(sizes: dict[str, Quantile]) -> dict[str, dict[str, float]]:
    """Smallest, mean, median, 95th percentile and largest number of characters of each text, and of
    tokens where they are counted."""
    import numpy as np

    found: dict[str, dict[str, float]] = {}
    for name, state in sizes.items():
        if state.kept:
            values: Any = np.frombuffer(state.kept)
            low, middle, high, top = np.quantile(values, (0, 0.5, 0.95, 1)).tolist()
            mean = float(values.sum() / len(values))
            found[name if name.startswith(TOKENS) else f"length({name})"] = {
                "min": low,
                "mean": mean,
                "median": middle,
                "p95": high,
                "max": top,
            }
    return found
