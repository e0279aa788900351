"""The check step end to end: verdicts, findings with their places, waivers, any way of sharing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ftdsl.data.cutting import Cutter
from ftdsl.engine.context import Refused, Stopped
from ftdsl.language.program import DatasetDef, RuleDef, SplitDef, Type, WaiverDef
from ftdsl.plan.steps import CheckStep
from ftdsl.quality.step import run_check
from ftdsl.results.models import CheckOutput
from tests.data.spec_parts import dataset, write
from tests.quality.stand_in import (
    INT,
    PROMPT,
    REPLY,
    ROW,
    TEXT,
    Run,
    call,
    check,
    expect,
    field,
    lit,
    measure,
    must,
    op,
)


def chat(prompt: str, reply: str, **more: Any) -> dict[str, Any]:
    turns = [{"role": "user", "content": prompt}, {"role": "assistant", "content": reply}]
    return {"messages": turns, **more}


def body(*rows: Any) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def run(root: Path, step: CheckStep, workers: int = 1) -> CheckOutput:
    return run_check(step, Run(root, workers))


def test_rules_and_the_places_of_findings(tmp_path: Path) -> None:
    rows = [chat("q", "good answer"), chat("q2", ""), chat("q3", "as an AI, no")]
    write(tmp_path, body(rows[0]) + b"\n" + body(*rows[1:]) + b"{bad}\n")
    refusal = op("not", call("matches", REPLY, "(?i)as an ai"))
    step = check(
        dataset(),
        must("present", op("!=", REPLY, "")),
        must("own_voice", refusal, where=op(">", call("length", REPLY), 0), doc="no boilerplate"),
        must("short", op("<=", call("length", REPLY), 100)),
    )
    output = run(tmp_path, step)
    assert output.verdict == "fail"
    assert output.counts.model_dump() == {"discovered": 5, "checked": 3, "skipped": 1, "failed": 1}
    by_rule = {one.rule: one for one in output.outcomes}
    assert [(n, o.verdict, o.checked, o.failing) for n, o in by_rule.items()] == [
        ("file.readable", "fail", 5, 1),
        ("file.schema", "pass", 5, 0),
        ("present", "fail", 3, 1),
        ("own_voice", "fail", 2, 1),
        ("short", "pass", 3, 0),
    ]
    places = [(f.code, f.rule, f.path, f.line) for f in output.findings]
    assert places == [
        ("FT320", "", "rows.jsonl", 5),
        ("FT329", "", "rows.jsonl", 2),
        ("FT350", "present", "rows.jsonl", 3),
        ("FT350", "own_voice", "rows.jsonl", 4),
    ]
    voice = output.findings[-1]
    assert voice.row_id and len(voice.row_id) == 16
    assert voice.offset == len(body(rows[0])) + 1 + len(body(rows[1]))
    assert [(v.source, v.value) for v in voice.values] == [
        ("length(reply.text)", "12"),
        ("reply.text", '"as an AI, no"'),
        ('matches(reply.text, "(?i)as an ai")', "true (`as an AI`)"),
    ]
    assert "no boilerplate" in voice.message


def test_verdict_lines(tmp_path: Path) -> None:
    write(tmp_path, body(*(chat("q", "x" * n) for n in range(1, 101))))

    def verdict(limit: int, **lines: Any) -> str:
        rule = must("r", op("<=", call("length", REPLY), limit), **lines)
        return run(tmp_path, check(dataset(), rule)).outcomes[-1].verdict

    over = {"fail": op(">", measure("failing"), 0.05)}
    assert verdict(95, **over) == "pass"
    assert verdict(94, **over) == "fail"
    both = {**over, "warn": op(">", measure("failing"), 0.0)}
    assert verdict(100, **both) == "pass"
    assert verdict(95, **both) == "warn"
    only = {"warn": op(">", measure("failing_rows"), 2)}
    assert verdict(98, **only) == "pass"
    assert verdict(1, **only) == "warn"
    assert verdict(99) == "fail"


def test_a_tolerated_finding_is_a_warning(tmp_path: Path) -> None:
    write(tmp_path, body(*(chat("q", "x" * n) for n in range(1, 101))))
    rule = must("r", op("<=", call("length", REPLY), 99), fail=op(">", measure("failing"), 0.5))
    output = run(tmp_path, check(dataset(), rule))
    assert output.verdict == "pass"
    assert [f.severity for f in output.findings] == ["warning"]


def test_statements_about_the_dataset(tmp_path: Path) -> None:
    write(tmp_path, body(*(chat("q", "x" * n) for n in range(1, 11))))
    rows = call("count", field("rows"))
    step = check(
        dataset(),
        expect("enough", op(">=", rows, 10)),
        expect("many", op(">=", rows, 11), warn=op(">", measure("failing"), 0.0)),
        expect("middle", op("==", call("median", call("length", REPLY)), 5.5)),
        expect("kept", op(">=", rows, op("*", lit(0.9), measure("locked.count")))),
        expect("split", op(">", call("share", op(">", call("length", REPLY), 5)), 0.6)),
        locked={"count": 11.0},
    )
    output = run(tmp_path, step)
    verdicts = {o.rule: o.verdict for o in output.outcomes if o.kind == "dataset"}
    assert verdicts == {
        "enough": "pass",
        "many": "warn",
        "middle": "pass",
        "kept": "pass",
        "split": "fail",
    }
    finding = output.findings[-1]
    assert finding.code == "FT351"
    assert finding.values[0].value == "0.5"
    assert output.outcomes[2].value == "count(rows) = 10"


def test_what_was_never_locked_holds(tmp_path: Path) -> None:
    write(tmp_path, body(chat("q", "a")))
    statement = op(">=", call("count", field("rows")), measure("locked.count"))
    output = run(tmp_path, check(dataset(), expect("kept", statement)))
    assert output.verdict == "pass"
    assert "nothing is locked yet" in output.outcomes[-1].value
    failing = run(tmp_path, check(dataset(), expect("kept", statement), locked={"count": 2.0}))
    assert failing.verdict == "fail"


def test_waivers(tmp_path: Path) -> None:
    write(tmp_path, body(*(chat("q", "x" * n, id=f"t{n}") for n in range(1, 6))))
    of = dataset(id="id", fields={"id": TEXT})
    rule = must("short", op("<=", call("length", REPLY), 3))

    def waived(*rows: str) -> WaiverDef:
        return WaiverDef(("d", "short"), "reason", "2027-01-01", rows)

    output = run(tmp_path, check(of, rule, waivers=(waived("t4", "t5"),)))
    assert output.verdict == "pass"
    assert (output.outcomes[-1].failing, output.outcomes[-1].waived) == (0, 2)
    assert output.findings == ()
    output = run(tmp_path, check(of, rule, waivers=(waived("t4", "t1"),)))
    assert output.verdict == "fail"
    assert [(f.code, f.severity, f.row_id) for f in output.findings] == [
        ("FT350", "error", "t5"),
        ("FT352", "warning", None),
    ]
    assert "t1" in output.findings[-1].message
    assert run(tmp_path, check(of, rule, waivers=(waived(),))).outcomes[-1].waived == 2
    output = run(tmp_path, check(of, must("short", lit(True)), waivers=(waived("t1"),)))
    assert [(f.code, f.fix) for f in output.findings] == [("FT352", "delete_idle_waiver")]
    few = expect("few", op("<", call("count", field("rows")), 5))
    waiver = WaiverDef(("d", "few"), "reason", "2027-01-01")
    output = run(tmp_path, check(of, few, waivers=(waiver,)))
    assert (output.verdict, output.outcomes[-1].waived) == ("pass", 1)


def test_no_row_is_a_failure_and_an_empty_split_a_warning(tmp_path: Path) -> None:
    write(tmp_path, b"\n\n")
    output = run(tmp_path, check(dataset()))
    assert output.verdict == "fail"
    assert "FT354" in {f.code for f in output.findings}
    write(tmp_path, body(chat("q", "a", k="x")))
    split = SplitDef("by_hash", "k", (("train", 0.5), ("test", 0.5)), 1)
    output = run(tmp_path, check(dataset(split=split, fields={"k": TEXT})))
    assert sum(output.splits.values()) == 1
    assert [(f.code, f.severity) for f in output.findings] == [("FT355", "warning")]
    assert output.verdict == "pass"


def test_undeclared_fields_are_named_once(tmp_path: Path) -> None:
    write(tmp_path, body(chat("q", "a"), chat("q", "a", source="x"), chat("q", "a", source="y")))
    output = run(tmp_path, check(dataset()))
    assert [(f.code, f.line) for f in output.findings] == [("FT342", 2)]
    assert "2 rows" in output.findings[0].message
    assert output.verdict == "pass"


def test_statistics(tmp_path: Path) -> None:
    write(tmp_path, body(*(chat("qq", "x" * n) for n in range(1, 102))))
    found = run(tmp_path, check(dataset())).statistics
    assert found["length(prompt)"]["max"] == 2
    assert found["length(reply.text)"] == {
        "min": 1.0,
        "mean": 51.0,
        "median": 51.0,
        "p95": 96.0,
        "max": 101.0,
    }


def test_all_findings_are_in_the_artifact(tmp_path: Path) -> None:
    write(tmp_path, body(*(chat("q", "x" * n) for n in range(60))))
    context = Run(tmp_path)
    output = run_check(check(dataset(), must("none", op("<", call("length", REPLY), 0))), context)
    assert len(output.findings) == 20
    lines = (context.work / "findings.jsonl").read_text().splitlines()
    assert [json.loads(line)["line"] for line in lines] == list(range(1, 61))
    assert json.loads(lines[0])["values"] == [
        {"source": "length(reply.text)", "value": "0"},
        {"source": "reply.text", "value": '""'},
    ]
    assert [path.name for path in context.work.iterdir()] == ["findings.jsonl"]
    assert context.bar.closed
    assert context.bar.amount == (tmp_path / "rows.jsonl").stat().st_size


def test_a_stop_leaves_nothing_behind_that_matters(tmp_path: Path) -> None:
    write(tmp_path, body(*(chat("q", "x" * n) for n in range(60))))
    step = check(dataset(), must("none", op("<", call("length", REPLY), 0)))
    with pytest.raises(Stopped):
        run_check(step, Run(tmp_path, stop_after=0))
    assert run(tmp_path, step) == run(tmp_path, step)


ROWS = st.lists(
    st.one_of(
        st.builds(
            chat,
            st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
            st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
            id=st.sampled_from("abcdef"),
            n=st.none() | st.integers(-5, 5) | st.floats(-2, 2),
        ),
        st.just("not an object"),
    ),
    min_size=1,
    max_size=25,
)


def every_rule() -> tuple[RuleDef, ...]:
    number = field("n", Type("float", True))
    return (
        must("present", op("!=", REPLY, "")),
        must("words", op("<=", call("words", REPLY), call("words", PROMPT))),
        must("small", op("<", number, 1), where=call("has", number)),
        must("clean", op("==", call("control_characters", REPLY), 0)),
        expect("sum", op("<", op("??", call("sum", number), 0), 3)),
        expect("mean", op("<", call("mean", number), 0.5)),
        expect("q", op("<", call("quantile", call("length", REPLY), 0.9), 20)),
        expect("kinds", op(">", call("distinct", field("id")), 3)),
        expect("runs", op(">", call("distinct_n", REPLY, 2), 0.5)),
        expect("bits", op(">", call("entropy", field("id")), 1.5)),
    )


def table() -> DatasetDef:
    return dataset(fields={"id": TEXT, "n": Type("float", True)}, id="id")


@contextmanager
def cut_small(size: int, chunk: int = 1 << 18) -> Iterator[None]:
    """Files are cut into chunks of about ``size`` bytes and read ``chunk`` bytes at a time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ftdsl.data.streams.CHUNK", chunk)
        patch.setattr("ftdsl.plan.digests.Cutter", partial(Cutter, size, size, 4 * size))
        yield


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(ROWS, st.integers(1, 200), st.integers(20, 3000))
def test_any_way_of_cutting_gives_the_same(
    tmp_path: Path, rows: list[Any], size: int, chunk: int
) -> None:
    write(tmp_path, body(*rows))
    step = check(table(), *every_rule(), waivers=(WaiverDef(("d", "words"), "r", "x", ("a",)),))
    expected, findings = cold(tmp_path, step)
    with cut_small(size, chunk):
        assert cold(tmp_path, step) == (expected, findings)


def cold(root: Path, step: CheckStep, workers: int = 1) -> tuple[CheckOutput, bytes]:
    """The result and the bytes of all findings, with nothing kept of an earlier pass."""
    shutil.rmtree(root / ".ftdsl", ignore_errors=True)
    return warm(root, step, workers)


def warm(root: Path, step: CheckStep, workers: int = 1) -> tuple[CheckOutput, bytes]:
    """The same with what earlier passes have kept."""
    context = Run(root, workers)
    output = run_check(step, context)
    assert [one.name for one in context.work.iterdir()] == ["findings.jsonl"]
    return output, (context.work / "findings.jsonl").read_bytes()


@pytest.mark.parametrize("workers", [2, 3])
def test_worker_processes_give_the_same(
    tmp_path: Path, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        chat("word " * (n % 7), "x y z " * (n % 5), id=str(n % 11), n=n / 3) for n in range(400)
    ]
    write(tmp_path, body(*rows[:200]) + b"oops\n" + body(*rows[200:]))
    step = check(table(), *every_rule())
    alone = cold(tmp_path, step)
    monkeypatch.setattr("ftdsl.quality.step.SMALL", 0)
    monkeypatch.setattr("ftdsl.quality.step.WORTH", 0)
    with cut_small(2000):
        assert cold(tmp_path, step, workers) == alone


def test_a_worker_refuses_what_the_step_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, b"\x1f\x8b not gzip at all")
    step = check(dataset())
    with pytest.raises(Refused) as alone:
        run(tmp_path, step)
    monkeypatch.setattr("ftdsl.quality.step.SMALL", 0)
    monkeypatch.setattr("ftdsl.quality.step.WORTH", 0)
    with pytest.raises(Refused) as shared:
        run(tmp_path, step, 2)
    assert shared.value.diagnostic == alone.value.diagnostic
    assert shared.value.diagnostic.code == "FT307"


def test_a_stop_ends_the_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, body(*(chat("q", "a") for _ in range(100))))
    monkeypatch.setattr("ftdsl.quality.step.SMALL", 0)
    monkeypatch.setattr("ftdsl.quality.step.WORTH", 0)
    with pytest.raises(Stopped):
        run_check(check(dataset()), Run(tmp_path, 2, stop_after=1))


def test_plain_records(tmp_path: Path) -> None:
    write(tmp_path, body({"q": "a", "n": 3}, {"q": "b", "n": -1}, {"q": 1, "n": 1}))
    of = dataset(base=None, fields={"q": TEXT, "n": INT})
    step = check(
        of,
        must("positive", op(">", field("n", INT), 0)),
        must("t", op("<", call("tokens", ROW), 2)),
    )
    output = run(tmp_path, step)
    assert [(f.code, f.line) for f in output.findings] == [("FT340", 3), ("FT350", 2)]
    assert list(output.statistics) == ["length(q)"]


def test_what_a_sample_leaves_out_is_counted(tmp_path: Path) -> None:
    """Asked and left out together are the rows that the rule is about."""
    write(tmp_path, body(*(chat("q", "x" * n) for n in range(200))))
    inside = call("sampled", REPLY, lit(0.25), 0)
    long = op(">", call("length", REPLY), 100)
    step = check(
        dataset(),
        must("all", op("<", call("length", REPLY), 500), where=inside),
        must("long", op("<", call("length", REPLY), 150), where=op("and", long, inside)),
        must("whole", op("<", call("length", REPLY), 500), where=long),
    )
    found = {o.rule: o for o in run(tmp_path, step).outcomes if o.kind == "row"}
    assert found["all"].checked + found["all"].left_out == 200
    assert found["long"].checked + found["long"].left_out == 99
    assert 20 < found["all"].checked < 80
    assert found["whole"].left_out == 0
    assert found["long"].failing
