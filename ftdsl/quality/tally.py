"""What one part of a dataset came to, as JSON that can be merged in the order of the parts."""

from __future__ import annotations

from typing import Any

from ftdsl.results.models import Counts

SHOWN = 20
"""Findings of one rule or code that are kept for the result; all are in the artifact."""

Json = dict[str, Any]


class Tally:
    """Counts and first findings of some rows. ``rules`` are [checked, failing, waived] in the order
    of the check's rules; ``codes`` counts findings about files and rows by code; ``shown`` holds
    the first findings by rule name or code; ``unknown`` maps an undeclared field to
    [path, line, rows]; ``waived`` lists, for each waiver, the row ids that it excused."""

    def __init__(self, rules: int, waivers: int) -> None:
        self.discovered = self.checked = self.skipped = self.failed = 0
        self.splits: dict[str, int] = {}
        self.rules = [[0, 0, 0] for _ in range(rules)]
        self.codes: dict[str, int] = {}
        self.shown: dict[str, list[Json]] = {}
        self.unknown: dict[str, list[Any]] = {}
        self.waived: list[set[str]] = [set() for _ in range(waivers)]
        self.states: dict[str, Any] = {}
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

    def note_unknown(self, name: str, path: str, line: int, rows: int) -> None:
        """Count rows with a field that no schema declares."""
        known = self.unknown.setdefault(name, [path, line, 0])
        known[2] += rows

    def merge(self, other: Tally) -> None:
        """Take in the tally of a later part (``states`` aside)."""
        self.discovered += other.discovered
        self.checked += other.checked
        self.skipped += other.skipped
        self.failed += other.failed
        self.findings += other.findings
        for name, count in other.splits.items():
            self.splits[name] = self.splits.get(name, 0) + count
        for mine, its in zip(self.rules, other.rules, strict=True):
            mine[:] = [a + b for a, b in zip(mine, its, strict=True)]
        for code, count in other.codes.items():
            self.codes[code] = self.codes.get(code, 0) + count
        for key, findings in other.shown.items():
            for finding in findings:
                self.show(key, finding)
        for name, (path, line, rows) in other.unknown.items():
            self.note_unknown(name, path, line, rows)
        for ids, more in zip(self.waived, other.waived, strict=True):
            ids |= more

    def to_json(self) -> Json:
        """All of it as plain JSON values."""
        return {
            **{name: getattr(self, name) for name in _PLAIN},
            "waived": [sorted(ids) for ids in self.waived],
        }

    @classmethod
    def from_json(cls, stored: Json) -> Tally:
        """The tally that ``to_json`` gave."""
        tally = cls(len(stored["rules"]), len(stored["waived"]))
        for name in _PLAIN:
            setattr(tally, name, stored[name])
        tally.waived = [set(ids) for ids in stored["waived"]]
        return tally


_PLAIN = (
    "discovered",
    "checked",
    "skipped",
    "failed",
    "splits",
    "rules",
    "codes",
    "shown",
    "unknown",
    "states",
    "findings",
)
