"""Fifty thousand findings: every format keeps to its reader's limit, the worst first, and neither
memory nor time grows with what it leaves out."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from ftdsl.reports.formats import FORMATS, render
from ftdsl.reports.report import Report
from ftdsl.reports.style import Style
from ftdsl.results.artifacts import all_findings
from ftdsl.results.models import CheckOutput, Counts, Finding, RuleOutcome, SubValue
from tests.reports import sample

MANY = 50_000
RARE = 3
"""Findings of a rule that comes last of all."""


def _finding(rule: str, row: int, severity: str = "error") -> Finding:
    return Finding.model_validate(
        {
            "code": "FT350", "rule": rule, "severity": severity, "dataset": "big",
            "message": f"`{rule}` does not hold", "path": "data/big.jsonl", "line": row + 1,
            "row_id": f"{rule}-{row}",
            "values": (SubValue(source="reply.text", value="x" * 300),),
        }
    )  # fmt: skip


def _outcome(rule: str, verdict: str, failing: int) -> RuleOutcome:
    return RuleOutcome.model_validate(
        {
            "rule": rule, "kind": "row", "verdict": verdict, "checked": MANY, "failing": failing,
            "rate": failing / MANY,
        }
    )  # fmt: skip


def large_report(out: Path) -> Report:
    """A run whose artifact below ``out`` holds 20,000 warnings, then the errors."""
    folder = out / "steps/check.big"
    folder.mkdir(parents=True, exist_ok=True)
    weak, common = 20_000, MANY - 20_000 - RARE
    with (folder / "findings.jsonl").open("w", encoding="utf-8") as stream:
        for rule, count in (("weak", weak), ("common", common), ("rare", RARE)):
            severity = "warning" if rule == "weak" else "error"
            stream.writelines(
                _finding(rule, row, severity).model_dump_json() + "\n" for row in range(count)
            )
    output = CheckOutput(
        name="big", counts=Counts(discovered=MANY, checked=MANY), verdict="fail",
        outcomes=(
            _outcome("weak", "warn", weak), _outcome("common", "fail", common),
            _outcome("rare", "fail", RARE),
        ),
    )  # fmt: skip
    step = sample.step("check", "big", output, artifacts="steps/check.big")
    run = sample.full_run().model_copy(update={"steps": (step,)})
    return Report(
        "validate", "fail", spec=run.spec, files=(run.spec,), run=run, out=out,
        all_findings=partial(all_findings, run, out),
    )  # fmt: skip


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return large_report(tmp_path_factory.mktemp("large"))


def test_github_shows_ten_of_each_weight_the_worst_first(large: Report) -> None:
    lines = render(large, "github", Style()).splitlines()
    assert [line.partition(" ")[0] for line in lines] == (
        ["::error"] * 10 + ["::warning"] * 10 + ["::notice"]
    )
    titles = [re.findall(r"title=FT350 (\w+)", line)[0] for line in lines[:4]]
    assert titles == ["common", "rare", "common", "rare"]
    assert lines[-1].endswith(f"+{MANY - 20:,} more: see the report, or run ftdsl on your machine")


def test_azure_shows_ten_of_each_weight(large: Report) -> None:
    lines = render(large, "azure", Style()).splitlines()
    assert len(lines) == 21
    assert f"+{MANY - 20:,} more" in lines[-1]


def test_sarif_holds_25_000_and_says_how_many_it_leaves_out(large: Report) -> None:
    run = json.loads(render(large, "sarif", Style()))["runs"][0]
    assert len(run["results"]) == 25_000
    assert run["properties"] == {"verdict": "fail", "found": MANY, "leftOut": 25_000}
    assert {each["level"] for each in run["results"]} == {"error"}
    assert sum(each["ruleId"] == "FT350/rare" for each in run["results"]) == RARE
    prints = {each["partialFingerprints"]["primaryLocationLineHash"] for each in run["results"]}
    assert len(prints) == 25_000
    for each in run["results"]:
        assert run["tool"]["driver"]["rules"][each["ruleIndex"]]["id"] == each["ruleId"]


def test_a_summary_and_a_comment_have_room_for_it(large: Report) -> None:
    text = render(large, "markdown", Style())
    assert len(text) < 65_536
    assert len(text.encode()) < 1 << 20
    assert f"+{MANY - 25:,} more" in text
    worst = text.partition("### Findings")[2]
    assert worst.index("common") < worst.index("rare")
    assert "weak" not in worst.partition("<details>")[0]


def test_junit_shows_ten_of_a_rule(large: Report) -> None:
    text = render(large, "junit", Style())
    assert len(text) < 100_000
    assert f"+{MANY - 20_000 - RARE - 10:,} more" in text


@pytest.mark.parametrize("format_", ["concise", "json", "jsonl", "gitlab", "rdjson"])
def test_formats_without_a_limit_leave_nothing_out(format_: str, large: Report) -> None:
    text = render(large, format_, Style())
    if format_ in ("json", "gitlab", "rdjson"):
        found = json.loads(text)
        key = {"json": "findings", "rdjson": "diagnostics"}.get(format_)
        assert len(found[key] if key else found) == MANY
    else:
        assert text.count("\n") == MANY + 1


_PROGRAM = """
import resource, sys
from pathlib import Path
from ftdsl.cli.output import write
from ftdsl.reports.formats import FORMATS, chunks
from ftdsl.reports.style import Style
from tests.reports.test_limits import large_report
out = Path(sys.argv[1])
report = large_report(out)
for name in FORMATS:  # what they import, and one pass of each over nothing
    list(chunks(__import__("dataclasses").replace(report, all_findings=lambda: ()), name, Style()))
for name in sys.argv[2:]:
    before = resource.getrusage(resource.RUSAGE_SELF)
    write(out / name, chunks(report, name, Style()))
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(name, (after.ru_maxrss - before.ru_maxrss) // 1024, f"{cpu:.2f}")
"""


QUICK = ("sarif", "junit", "json")
OTHERS = tuple(sorted(set(FORMATS) - {"full", "html", *QUICK}))


@pytest.mark.parametrize("names", [QUICK, pytest.param(OTHERS, marks=pytest.mark.slow)])
def test_memory_and_time_are_bounded(names: tuple[str, ...], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(tmp_path), *names],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line.split() for line in done.stdout.splitlines()]
    assert [name for name, _, _ in lines] == list(names)
    for _, megabytes, seconds in lines:
        assert int(megabytes) <= 32, done.stdout
        assert float(seconds) <= 30, done.stdout
