"""Names for findings that stay the same when rows move, so that a review tool knows an old one.

A finding of a row is named by its code, rule, dataset and row id, which is a field of the row or a
digest of its content: neither its line nor its file is part of the name. One of a spec is named by
its code, file and the text of its line. Equal ones are told apart by a number.
"""

from __future__ import annotations

from collections import Counter
from hashlib import sha256

from ftdsl.reports.document import FindingEntry
from ftdsl.reports.report import Report


class Fingerprints:
    """Gives every finding of one report its name, in the order in which they are asked for."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._given: Counter[bytes] = Counter()

    def of(self, entry: FindingEntry) -> str:
        """Sixteen hex digits, a colon and the number among equals."""
        digest = sha256()
        for part in self._parts(entry):
            content = part.encode("utf-8", "surrogatepass")
            digest.update(len(content).to_bytes(8, "big") + content)
        name = digest.digest()[:8]
        self._given[name] += 1
        return f"{name.hex()}:{self._given[name]}"

    def _parts(self, entry: FindingEntry) -> tuple[str, ...]:
        if entry.row_id is not None:
            return "row", entry.code, entry.rule, entry.dataset, entry.row_id
        if entry.code == "gate":
            return "gate", entry.rule, entry.message.partition(" (")[0]
        source = self._report.sources.get(entry.path)
        if source is not None and entry.line is not None:
            return "spec", entry.code, entry.path, source.line(entry.line).strip()
        return "place", entry.code, entry.rule, entry.dataset, entry.path, entry.excerpt
