"""One pass over a part of a dataset: file faults, schema, rules and aggregates together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from ftdsl.data.rows import Fault, Part, Row, RowBlock, RowReader
from ftdsl.language.remedies import fix_name, fixes_for
from ftdsl.plan.steps import CheckStep
from ftdsl.quality.aggregates import Quantile
from ftdsl.quality.expressions import Block, Evaluator
from ftdsl.quality.rules import RowRule, row_excerpt
from ftdsl.quality.statements import Statement
from ftdsl.quality.tally import Json, Tally

_MOST_SIZED = 4

Keyed = tuple[int, str, Json]
"""A finding with its line and the rule or code that it counts for."""


class Examination:
    """The rules of one check step, asked of any part of its dataset. The same object serves many
    parts, in one process or in several; only ``Tally`` travels."""

    def __init__(self, step: CheckStep, root: Path) -> None:
        self.step = step
        self.name = step.dataset.name
        self._reader = RowReader(step.dataset)
        self.evaluator = Evaluator(step.dataset, root, locked_measures(step))
        rules = step.check.rules if step.check is not None else ()
        self.rules = rules
        self._row_rules = [
            (index, RowRule(rule, self.evaluator))
            for index, rule in enumerate(rules)
            if rule.must is not None
        ]
        self._waivers = [
            [
                (k, frozenset(waiver.rows))
                for k, waiver in enumerate(step.waivers)
                if waiver.rule[1] == rule.name
            ]
            for rule in rules
        ]
        self.sized = _sized(step)

    def statements(self) -> dict[int, Statement]:
        """A fresh statement for every dataset rule, by the rule's index."""
        return {
            index: Statement(rule.expect, self.evaluator)
            for index, rule in enumerate(self.rules)
            if rule.expect is not None
        }

    def examine(
        self, part: Part, artifact: BinaryIO, tick: Callable[[int], None] = lambda _: None
    ) -> Tally:
        """Read ``part``, write every finding to ``artifact`` as a JSON line, and tally. ``tick`` is
        told the number of records of each block. Raises Refused (FT300-FT308)."""
        tally = Tally(len(self.rules), len(self.step.waivers))
        statements = self.statements()
        sizes = {name: Quantile() for name in self.sized}
        for rows in self._reader.read(part):
            findings = self._count(rows, part.file.path, tally)
            block = Block(rows.rows)
            if block.rows:
                for index, rule in self._row_rules:
                    findings += self._ask(index, rule, block, tally)
                for statement in statements.values():
                    statement.add(block)
                for name, size in sizes.items():
                    size.add(self._lengths(name, block))
            _write(findings, tally, artifact)
            tick(len(block) + rows.failed + rows.skipped)
        part.file.assert_unchanged()
        tally.states = {
            "statements": [[index, one.dump()] for index, one in statements.items()],
            "sizes": {name: one.dump() for name, one in sizes.items()},
        }
        return tally

    def _lengths(self, name: str, block: Block) -> list[int]:
        """Characters of a text that rules often read too, so its column is shared with them."""
        return [len(one) for one in self.evaluator.named(name, block)]

    def _count(self, rows: RowBlock, path: str, tally: Tally) -> list[Keyed]:
        tally.discovered += len(rows.rows) + rows.failed + rows.skipped
        tally.checked += len(rows.rows)
        tally.failed += rows.failed
        tally.skipped += rows.skipped
        if rows.rows and rows.rows[0].split is not None:
            for row in rows.rows:
                name = row.split or ""
                tally.splits[name] = tally.splits.get(name, 0) + 1
        for name, (line, count) in rows.unknown.items():
            tally.note_unknown(name, path, line, count)
        for fault in rows.faults:
            tally.codes[fault.code] = tally.codes.get(fault.code, 0) + 1
        return [(one.line or 0, one.code, self._of_fault(one, path)) for one in rows.faults]

    def _ask(self, index: int, rule: RowRule, block: Block, tally: Tally) -> list[Keyed]:
        outcome = rule.ask(block)
        counts = tally.rules[index]
        counts[0] += outcome.checked
        failing = outcome.failing
        if failing and self._waivers[index]:
            kept = [i for i in failing if not self._waived(index, block.rows[i], tally)]
            counts[2] += len(failing) - len(kept)
            failing = kept
        if not failing:
            return []
        counts[1] += len(failing)
        rows = [block.rows[i] for i in failing]
        evidence = rule.evidence(block, failing)
        return [
            (row.line, rule.rule.name, self._of_row(rule, row, values))
            for row, values in zip(rows, evidence, strict=True)
        ]

    def _waived(self, index: int, row: Row, tally: Tally) -> bool:
        for k, ids in self._waivers[index]:
            if not ids:
                tally.waived[k].add("")
                return True
            if row.row_id in ids:
                tally.waived[k].add(row.row_id)
                return True
        return False

    def _of_fault(self, fault: Fault, path: str) -> Json:
        return {
            "code": fault.code,
            "message": fault.message,
            "severity": fault.severity,
            "dataset": self.name,
            "path": path,
            "line": fault.line,
            "column": fault.column,
            "offset": fault.offset,
            "excerpt": fault.excerpt,
            "help": fault.help,
            "fix": fix_name(fixes_for(fault.code)),
        }

    def _of_row(self, rule: RowRule, row: Row, values: list[dict[str, str]]) -> Json:
        only_warns = rule.rule.fail is None and rule.rule.warn is not None
        return {
            "code": "FT350",
            "message": rule.message,
            "severity": "warning" if only_warns else "error",
            "rule": rule.rule.name,
            "dataset": self.name,
            "path": row.path,
            "line": row.line,
            "offset": row.offset,
            "row_id": row.row_id,
            "values": values,
            "excerpt": row_excerpt(row),
            "fix": rule.fix,
        }


def _write(findings: list[Keyed], tally: Tally, artifact: BinaryIO) -> None:
    """Keep a block's findings in the order of the rows, so that it shows nowhere how the file was
    cut into blocks."""
    findings.sort(key=lambda keyed: keyed[0])
    for _, key, finding in findings:
        tally.show(key, finding)
        artifact.write(orjson.dumps(finding, option=orjson.OPT_APPEND_NEWLINE))
    tally.findings += len(findings)


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
    """Smallest, mean, median, 95th percentile and largest number of characters of each text."""
    import numpy as np

    found: dict[str, dict[str, float]] = {}
    for name, state in sizes.items():
        if state.kept:
            values: Any = np.frombuffer(state.kept)
            low, middle, high, top = np.quantile(values, (0, 0.5, 0.95, 1)).tolist()
            mean = float(values.sum() / len(values))
            found[f"length({name})"] = {
                "min": low,
                "mean": mean,
                "median": middle,
                "p95": high,
                "max": top,
            }
    return found
