"""Gates on macro F1 and kappa, from a spec to the verdict."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from ftdsl.api import apply, plan
from ftdsl.results.models import GateOutput, Requirement
from tests.evaluation.evals import write_cases

SPEC = """ftspec 1

schema ticket extends chat { id: text }

model tuned { provider = replay  outputs = jsonl("tuned.jsonl", id: "id", output: "output") }
model base { provider = replay  outputs = jsonl("base.jsonl", id: "id", output: "output") }

eval golden {
  schema = ticket
  source = jsonl("cases.jsonl")
  id = id
  score exact = exact_match(output, reply.text)
}

gate release {
  from = tuned
  baseline = base
  eval = golden
  REQUIRE
}
"""
LABELS = ("refund", "delivery", "other")


def decided(
    root: Path, require: str, tuned: Sequence[str], base: Sequence[str], wanted: Sequence[str]
) -> tuple[Requirement, ...]:
    write_cases(root, [(f"ticket {i}", label) for i, label in enumerate(wanted)])
    for name, said in (("tuned", tuned), ("base", base)):
        rows = [{"id": f"c{i}", "output": one} for i, one in enumerate(said)]
        (root / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    spec = SPEC.replace("REQUIRE", require)
    if "baseline" not in require:
        spec = spec.replace("  baseline = base\n", "")
    (root / "a.ftspec").write_text(spec)
    record = apply(plan(root / "a.ftspec", root=root)).result.step("gate.release")
    assert record is not None
    assert isinstance(record.output, GateOutput), record.diagnostics
    return record.output.requirements


def said(wanted: Sequence[str], every: int) -> list[str]:
    """Each label as it is wanted, but every so-manieth one."""
    return [
        LABELS[(LABELS.index(one) + 1) % 3] if i % every == 0 else one.upper()
        for i, one in enumerate(wanted)
    ]


WANTED = [LABELS[i % 3] for i in range(300)]


def test_macro_f1_is_decided_by_its_interval(tmp_path: Path) -> None:
    ask = (
        "require exact.macro_f1 >= 80% with confidence 95%\n"
        "  require exact.macro_f1 >= 89.5% with confidence 95%\n"
        "  require exact.kappa >= 95% with confidence 95%\n"
        "  require exact.macro_f1 >= baseline.exact.macro_f1 with confidence 95%\n"
        "  require 0.5 * exact.macro_f1 + 0.5 * exact.mean >= 40%"
    )
    found = decided(tmp_path, ask, said(WANTED, 10), said(WANTED, 4), WANTED)
    assert [one.verdict for one in found] == ["pass", "inconclusive", "fail", "pass", "pass"]
    assert found[0].estimate == pytest.approx(0.9, abs=0.01)
    assert found[0].low < 0.9 < found[0].high
    assert found[0].method == "BCa bootstrap"
    assert found[1].needed_n is not None
    assert (found[3].paired, found[3].method) == (True, "BCa bootstrap, paired")


def test_a_label_of_few_cases_is_not_decided_on(tmp_path: Path) -> None:
    wanted = [*["refund"] * 60, *["delivery"] * 60, *["other"] * 4]
    ask = "require exact.macro_f1 >= 50% with confidence 95%"
    (found,) = decided(tmp_path, ask, wanted, wanted, wanted)
    assert (found.verdict, found.note) == (
        "inconclusive", "labels with fewer than 10 cases: `other` (4)",
    )  # fmt: skip


def test_texts_that_are_no_labels_have_no_f1(tmp_path: Path) -> None:
    wanted = [f"answer {i}" for i in range(60)]
    ask = "require exact.macro_f1 >= 50% with confidence 95%"
    (found,) = decided(tmp_path, ask, wanted, wanted, wanted)
    assert "60 different expected texts are no labels" in found.note
