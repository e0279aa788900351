"""SARIF 2.1.0 for code scanning: at most 25,000 results of one run, the worst of them first.

A result about a row stands at the row's line in the data file and is related to the line of the
spec that states the rule. Its fingerprint knows neither, so that a moved row is no new alert.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from ftdsl import __version__
from ftdsl.diagnostics.codes import CODES
from ftdsl.reports.document import FindingEntry
from ftdsl.reports.findings import Told, Worst, worst, worst_first
from ftdsl.reports.fingerprint import Fingerprints
from ftdsl.reports.gitlab import located
from ftdsl.reports.inert import block, line
from ftdsl.reports.json import array, encoded
from ftdsl.reports.report import Report
from ftdsl.reports.summary import excused_text

LIMIT = 25_000
_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_SHOWN_VALUES = 10
_LONGEST_VALUE = 500

Rules = dict[tuple[str, str], int]


def chunks(report: Report) -> Iterator[str]:
    """The log, one result a line."""
    selection = worst(report, LIMIT)
    rules = {key: index for index, key in enumerate(selection.rules)}
    yield f'{{"$schema": "{_SCHEMA}", "version": "2.1.0", "runs": [{{'
    for key, value in _about(report, selection, rules).items():
        yield f"{encoded(key)}: {encoded(value)},\n"
    names = Fingerprints(report)
    found = (_result(report, each, rules, names) for each in worst_first(report, selection))
    yield '"results": '
    yield from array(found, break_lines=True)
    yield "}]}\n"


def _about(report: Report, selection: Worst, rules: Rules) -> dict[str, Any]:
    answered = report.verdict not in ("error", "stopped", "refused")
    driver = {"name": "ftdsl", "semanticVersion": __version__, "rules": [*map(_rule, rules)]}
    return {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": answered, "exitCode": report.exit_code}],
        "properties": {
            "verdict": report.verdict,
            "found": selection.total,
            "leftOut": selection.left_out,
            **({"excused": told} if (told := excused_text(report.run)) else {}),
        },
    }


def _rule(key: tuple[str, str]) -> dict[str, Any]:
    code, rule = key
    descriptor: dict[str, Any] = {"id": _rule_id(code, rule)}
    known = CODES.get(code)
    if known is not None:
        descriptor["name"] = known.name
        descriptor["shortDescription"] = {"text": line(rule or known.summary)}
        descriptor["fullDescription"] = {"text": known.summary}
        descriptor["help"] = {"text": known.explanation.strip()}
    return descriptor


def _rule_id(code: str, rule: str) -> str:
    return line(f"{code}/{rule}" if rule else code)


def _result(report: Report, told: Told, rules: Rules, names: Fingerprints) -> dict[str, Any]:
    entry = told.entry
    name = names.of(entry)
    found: dict[str, Any] = {
        "ruleId": _rule_id(entry.code, entry.rule),
        "ruleIndex": rules[entry.code, entry.rule],
        "level": entry.severity,
        "message": {"text": block(_message(entry)) or "-"},
        "partialFingerprints": {"primaryLocationLineHash": name, "ftdsl/v1": name},
    }
    known = {"dataset": entry.dataset, "rowId": entry.row_id, "byteOffset": entry.offset}
    properties = {
        key: line(value) if isinstance(value, str) else value
        for key, value in known.items()
        if value is not None and value != ""
    }
    if properties:
        found["properties"] = properties
    return found | _locations(report, entry)


def _message(entry: FindingEntry) -> str:
    values = [
        f"{value.source} = {value.value[:_LONGEST_VALUE]}" for value in entry.values[:_SHOWN_VALUES]
    ]
    return "\n".join([entry.message, *values, *([entry.help] if entry.help else [])])


def _locations(report: Report, entry: FindingEntry) -> dict[str, Any]:
    """Where it is, and where its rule is written. Code scanning takes no result without a place."""
    own = _location(entry.path, entry.line, entry.column, entry.excerpt)
    if own is None:
        return {"locations": [_location(*located(report, entry))]}
    of_rule = _location(entry.spec_path, entry.spec_line)
    if of_rule is None:
        return {"locations": [own]}
    related = {"id": 1, **of_rule, "message": {"text": "the rule"}}
    return {"locations": [own], "relatedLocations": [related]}


def _location(
    path: str, number: int | None, column: int | None = None, excerpt: str = ""
) -> dict[str, Any] | None:
    if not path:
        return None
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(line(path))}}
    if number is not None:
        place["region"] = {"startLine": number}
        if column is not None:
            place["region"]["startColumn"] = column
        if excerpt:
            place["region"]["snippet"] = {"text": block(excerpt[:_LONGEST_VALUE])}
    return {"physicalLocation": place}
