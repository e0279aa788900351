"""Rows made from a template: the error that shows it, and what leaves it out."""

from __future__ import annotations

import os
import random
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spreading import outcome

from ftdsl.data.rows import prompt, read_rows
from ftdsl.dedup import kernel, twin
from ftdsl.dedup.templates import offered_share, shared_text
from ftdsl.engine.local import LocalEngine
from ftdsl.language.program import DedupDef
from ftdsl.plan.steps import DedupStep
from ftdsl.results.models import DedupOutput
from tests.dedup.oracle import stars
from tests.dedup.stage import chat, dataset, dedup, field, near, write


class Blocks(LocalEngine):
    """This process, with the blocks and shards of a cluster."""

    distributed = True
    width = 2


TEMPLATE = (
    "You are given a ticket of a customer. Read it with care and answer in one sentence. "
    "The ticket is: {} Do not repeat the ticket, and be polite to the customer at all times."
)


def templated(count: int, seed: int = 1) -> list[str]:
    draw = random.Random(seed)
    filled = [" ".join(f"w{draw.randrange(900)}" for _ in range(6)) for _ in range(count)]
    return [TEMPLATE.format(one) for one in filled]


@pytest.mark.code("FT415")
def test_a_template_is_an_error_that_shows_it(tmp_path: Path) -> None:
    texts = templated(60)
    texts[7] = texts[3]
    write(tmp_path, [chat(text, "x") for text in texts])
    output = dedup(tmp_path, near(similarity=0.5))
    assert output.verdict == "fail"
    (finding,) = output.findings
    assert (finding.code, finding.severity, finding.line) == ("FT415", "error", 1)
    assert finding.message.startswith("one row stands for 60 rows (100.0%), more than max_cluster")
    assert "You are given a ticket of a customer. Read it with care" in finding.excerpt
    assert "The ticket is … Do not repeat the ticket" in finding.excerpt
    assert "w" not in finding.excerpt.partition("ticket is")[2][:4]
    assert finding.fix == "ignore_shared"
    assert "ignore_shared = 20%" in finding.help
    assert [one.value for one in finding.values] == ["20%"]

    cured = dedup(tmp_path, near(similarity=0.5), ignore_shared=0.2)
    assert (cured.verdict, cured.findings) == ("pass", ())
    assert [(each.line, each.kept_line) for each in cured.removed] == [(8, 4)]
    allowed = dedup(tmp_path, near(similarity=0.5), max_cluster=1.0)
    assert (allowed.verdict, len(allowed.removed)) == ("pass", 59)


def test_ten_rows_are_never_too_many(tmp_path: Path) -> None:
    write(tmp_path, [chat(text, "x") for text in templated(10)])
    assert dedup(tmp_path, near(similarity=0.5)).verdict == "pass"
    write(tmp_path, [chat(text, "x") for text in templated(11)])
    assert dedup(tmp_path, near(similarity=0.5)).verdict == "fail"


def test_without_what_helps_the_finding_says_what_else_does(tmp_path: Path) -> None:
    write(tmp_path, [chat(text, "x") for text in templated(30)])
    (finding,) = dedup(tmp_path, near(similarity=0.3), ignore_shared=1.0).findings
    assert (finding.code, finding.fix) == ("FT415", None)
    assert "lower `ignore_shared`" in finding.help


@given(
    st.lists(
        st.lists(st.sampled_from(["a", "b", "c", "d", "e", "f", "g", "h"]), max_size=9).map(
            " ".join
        ),
        min_size=1,
        max_size=14,
    ),
    st.sampled_from([0.05, 0.2, 0.5, 0.9]),
    st.sampled_from(["0.3", "0.6", "0.9"]),
    st.sampled_from(["exact_join", "minhash"]),
    st.sampled_from(["installed", "twin", "spread"]),
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_what_is_left_out_is_left_out_as_by_brute_force(
    tmp_path_factory: pytest.TempPathFactory,
    texts: list[str],
    share: float,
    similarity: str,
    algorithm: str,
    loops: str,
) -> None:
    root = tmp_path_factory.mktemp("rows")
    write(root, [chat(text, "x") for text in texts])
    drop = near(similarity=float(similarity), algorithm=algorithm, shingle=3, permutations=256)
    before = kernel.loops()
    try:
        if loops == "twin":
            kernel.choose(twin)
        output = _run(root, DedupDef("support", (drop,), ignore_shared=share), loops == "spread")
    finally:
        kernel.choose(before)
    ignored = Fraction(share).limit_denominator(1000)
    wanted = stars(texts, range(len(texts)), similarity, ignored=ignored, width=3)
    found = {each.line - 1: (each.kept_line - 1, each.similarity) for each in output.removed}
    if algorithm == "exact_join":
        assert found == {row: (kept, float(value)) for row, (kept, value) in wanted.items()}
    else:
        assert found.keys() <= wanted.keys()


def _run(root: Path, block: DedupDef, is_spread: bool) -> DedupOutput:
    step = DedupStep(id="dedup.support", name="support", dataset=dataset(), dedup=block)
    return outcome(root, step, Blocks() if is_spread else None)[0]


def test_held_out_rows_are_compared_without_the_template_too(tmp_path: Path) -> None:
    own, held = templated(40), templated(40, seed=2)
    held[5] = own[9]
    write(tmp_path, [chat(text, "x") for text in own])
    write(tmp_path, [chat(text, "x") for text in held], "held.jsonl")
    golden = dataset("golden", "held.jsonl")
    output = dedup(
        tmp_path, near(similarity=0.4, against="golden"), against=(golden,), ignore_shared=0.2
    )
    assert [(each.line, each.kept_line) for each in output.removed] == [(10, 6)]


def test_the_share_that_is_offered_leaves_the_template_out() -> None:
    assert offered_share(60, 60) == 0.2
    assert offered_share(1174, 7673) == 0.1
    assert offered_share(138, 7673) == 0.01
    assert offered_share(11, 10**6) == 0.001


def test_shared_text_is_what_most_rows_have() -> None:
    others = [f"alpha beta gamma {n} delta epsilon zeta {n}" for n in range(10)]
    text = "Alpha beta  gamma one DELTA epsilon zeta two"
    assert shared_text(text, others) == "Alpha beta  gamma … DELTA epsilon zeta …"
    assert shared_text(text, ["nothing of it"]) == ""


@pytest.mark.parametrize("similarity", ["0.8", "0.5"])
def test_gpteacher_keeps_every_row_that_brute_force_keeps(similarity: str, tmp_path: Path) -> None:
    """Instructions that are templates with a short input; with the cure and without."""
    folder = Path(os.environ.get("FTDSL_BENCH_DATA", "")) / "gpteacher"
    files = sorted(folder.glob("*.json")) if os.environ.get("FTDSL_BENCH_DATA") else []
    if not files:
        pytest.skip("needs GPTeacher in FTDSL_BENCH_DATA")
    import json

    rows = [row for file in files for row in json.loads(file.read_text(encoding="utf-8"))][::31]
    texts = [f"{row['instruction']}\n{row.get('input', '')}" for row in rows]
    write(tmp_path, [chat(text, "x") for text in texts])
    some = [prompt(row) for row in read_rows(dataset(), tmp_path)]
    for share in (None, 0.2, 0.01):
        output = dedup(
            tmp_path, near(field("prompt"), similarity=float(similarity)), ignore_shared=share
        )
        ignored = None if share is None else Fraction(str(share))
        wanted = stars(some, range(len(some)), similarity, ignored=ignored)
        assert {each.line - 1 for each in output.removed} == set(wanted)
