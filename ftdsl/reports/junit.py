"""JUnit XML: a block of the spec is a test suite, and each of its rules a test case.

What readers of the format agree on is written: a rule that fails is a ``failure`` with its findings
as text, a question without an answer an ``error``, a step that did not run ``skipped``. A warning
fails nothing and stands in the suite's ``system-out``.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from ftdsl.reports.inert import block, line
from ftdsl.reports.junit_cases import Case, suites_of
from ftdsl.reports.report import Report

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class _Counts:
    tests: int
    failures: int
    errors: int
    skipped: int

    @classmethod
    def of(cls, cases: Iterable[Case]) -> _Counts:
        kinds = [case.kind for case in cases]
        return cls(len(kinds), kinds.count("failure"), kinds.count("error"), kinds.count("skipped"))

    def attributes(self) -> str:
        pairs = ("tests", self.tests), ("failures", self.failures), ("errors", self.errors)
        told = " ".join(f'{name}="{value}"' for name, value in pairs)
        return f'{told} skipped="{self.skipped}"'


def chunks(report: Report) -> Iterator[str]:
    """The document, a suite at a time."""
    suites = suites_of(report)
    whole = _Counts.of(case for suite in suites for case in suite.cases)
    seconds = sum(suite.seconds for suite in suites)
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<testsuites name="ftdsl {_bare(report.command)}" {whole.attributes()} '
    yield f'time="{seconds:.3f}">\n'
    for number, suite in enumerate(suites):
        name, package = _attribute(suite.name), _attribute(report.spec or "ftdsl")
        yield f'  <testsuite name={name} package={package} id="{number}" hostname="localhost" '
        yield f'timestamp="{_timestamp(report)}" {_Counts.of(suite.cases).attributes()} '
        yield f'time="{suite.seconds:.3f}">\n    <properties/>\n'
        yield from (_case(suite.name, case) for case in suite.cases)
        yield f"    <system-out>{_text(suite.warnings)}</system-out>\n"
        yield "    <system-err></system-err>\n  </testsuite>\n"
    yield "</testsuites>\n"


def _case(suite: str, case: Case) -> str:
    head = f'    <testcase name={_attribute(case.name)} classname={_attribute(suite)} time="0"'
    if case.kind == "passed":
        return f"{head}/>\n"
    if case.kind == "skipped":
        return f"{head}>\n      <skipped message={_attribute(case.message)}/>\n    </testcase>\n"
    told = f"message={_attribute(case.message)} type={_attribute(case.type)}"
    body = f"      <{case.kind} {told}>{_text(case.text)}</{case.kind}>\n"
    return f"{head}>\n{body}    </testcase>\n"


def _timestamp(report: Report) -> str:
    """When the run began, by its id; else now. UTC, as the format wants it: without a zone."""
    run_id = report.run.run_id if report.run is not None else ""
    found = re.match(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)-", run_id)
    if found is None:
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
    return "{}-{}-{}T{}:{}:{}".format(*found.groups())


def _bare(text: str) -> str:
    return _NOT_XML.sub("\ufffd", line(text)).strip() or "-"


def _attribute(text: str) -> str:
    return quoteattr(" ".join(_bare(text).split()))


def _text(text: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", block(text)))
