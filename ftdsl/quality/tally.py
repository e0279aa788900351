"""The counts of a whole dataset and the first findings of each kind."""

from __future__ import annotations

from typing import Any

from ftdsl.results.models import Counts

SHOWN = 20
"""Findings of one rule or code that are kept for the result; all are in the artifact."""

Json = dict[str, Any]


class Tally:
    """``rules`` are [checked, failing, waived, left out] in the order of the check's rules;
    ``codes`` counts findings about files and rows by code; ``shown`` holds the first findings by
    rule name or code; ``unknown`` maps an undeclared field to [path, line, rows], ``kinds`` a field
    of any type and a kind of value to the same; ``first`` has the first line of each file with a
    row that fits; ``waived`` lists, for each waiver, the row ids that it excused."""

    def __init__(self, rules: int, waivers: int) -> None:
        self.discovered = self.checked = self.failed = self.skipped = 0
        self.splits: dict[str, int] = {}
        self.rules = [[0, 0, 0, 0] for _ in range(rules)]
        self.codes: dict[str, int] = {}
        self.shown: dict[str, list[Json]] = {}
        self.unknown: dict[str, list[Any]] = {}
        self.kinds: dict[str, dict[str, list[Any]]] = {}
        self.first: dict[str, int] = {}
        self.waived: list[set[str]] = [set() for _ in range(waivers)]
        self.findings = 0

    @property
    def counts(self) -> Counts:
        """The rows, as every report gives them."""
        return Counts(
            discovered=self.discovered,
            checked=self.checked,
            skipped=self.skipped,
            failed=self.failed,
        )

    def show(self, key: str, finding: Json) -> None:
        """Keep ``finding`` if it is among the first of its rule or code."""
        kept = self.shown.setdefault(key, [])
        if len(kept) < SHOWN:
            kept.append(finding)

    def count_rows(self, discovered: int, checked: int, failed: int, skipped: int) -> None:
        """More rows were met."""
        self.discovered += discovered
        self.checked += checked
        self.failed += failed
        self.skipped += skipped

    def count_splits(self, splits: dict[str, int]) -> None:
        """More rows belong to these splits."""
        for name, count in splits.items():
            self.splits[name] = self.splits.get(name, 0) + count

    def count_code(self, code: str) -> None:
        """One more finding about a file or a row as such."""
        self.codes[code] = self.codes.get(code, 0) + 1

    def count_rule(self, index: int, counts: list[int]) -> None:
        """A rule was asked of more rows."""
        self.rules[index] = [a + b for a, b in zip(self.rules[index], counts, strict=True)]

    def note_unknown(self, name: str, path: str, line: int, rows: int) -> None:
        """Count rows with a field that no schema declares."""
        known = self.unknown.setdefault(name, [path, line, 0])
        known[2] += rows

    def note_kind(self, name: str, kind: str, path: str, line: int, rows: int) -> None:
        """Count rows whose field ``name`` holds a value of this kind."""
        self.kinds.setdefault(name, {}).setdefault(kind, [path, line, 0])[2] += rows
