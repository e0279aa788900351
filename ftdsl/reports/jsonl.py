"""One finding a line, as in ``--output json``, and a last line with the verdict and the counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ftdsl import __version__
from ftdsl.reports.document import CountsEntry, FindingEntry, as_plain, finding_object
from ftdsl.reports.findings import told_with_gates
from ftdsl.reports.json import counts, encoded
from ftdsl.reports.report import Report


@dataclass(frozen=True, slots=True)
class FindingLine:
    """A line for one finding. A gate's requirement that does not hold has the code ``gate``."""

    kind: Literal["finding"]
    finding: FindingEntry


@dataclass(frozen=True, slots=True)
class SummaryLine:
    """The last line."""

    kind: Literal["summary"]
    schema: Literal["ftdsl.lines/1"]
    version: str
    command: str
    verdict: Literal["pass", "fail", "inconclusive", "error", "stopped", "refused"]
    exit_code: int
    spec: str
    run_id: str | None
    errors: int
    warnings: int
    counts: CountsEntry


def chunks(report: Report) -> Iterator[str]:
    """The lines, each with its line break."""
    severities: Counter[str] = Counter()
    for each in told_with_gates(report):
        severities[each.entry.severity] += 1
        yield encoded({"kind": "finding", "finding": finding_object(each.entry)}) + "\n"
    summary = SummaryLine(
        kind="summary",
        schema="ftdsl.lines/1",
        version=__version__,
        command=report.command,
        verdict=report.verdict,
        exit_code=report.exit_code,
        spec=report.spec,
        run_id=report.run.run_id if report.run is not None else None,
        errors=severities["error"],
        warnings=severities["warning"],
        counts=counts(report),
    )
    yield encoded(as_plain(summary)) + "\n"
