"""The dedup step over real rows with planted duplicates, leaks, short and wordless texts."""

from __future__ import annotations

import json
import random
import shutil
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ftdsl.data.rows import prompt, read_rows, reply
from ftdsl.dedup import step as step_module
from ftdsl.dedup.near import NearComparer
from ftdsl.dedup.removals import read_removals, removed_rows
from ftdsl.dedup.step import run_dedup
from ftdsl.engine.context import Refused, Stopped
from ftdsl.language.program import DedupDef, SplitDef
from ftdsl.plan.steps import DedupStep
from ftdsl.results.models import DedupOutput
from tests.dedup.oracle import stars
from tests.dedup.stage import (
    ROWS,
    call,
    chat,
    context,
    dataset,
    dedup,
    exact,
    field,
    literal,
    near,
    write,
)

# Planted row → the row it was made from, by line (``rows/README.md``).
EXACT = {22: 4, 47: 11, 49: 12, 83: 12}
NEAR = {36: 6, 59: 7, 65: 28, 71: 10}
LEAKED = {16: 5, 78: 8}

NORMALIZED = call("normalize", field("prompt"), field("reply.text"))
OWN = dataset(pattern="word_problems.jsonl", id="text")
HELD_OUT = dataset("golden", "held_out.jsonl", id="text")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for path in ROWS.glob("*.jsonl"):
        shutil.copy(path, tmp_path)
    return tmp_path


def pairs(output: DedupOutput) -> dict[int, int]:
    return {each.line: each.kept_line for each in output.removed}


def of(output: DedupOutput, clause: str) -> dict[int, int]:
    return {each.line: each.kept_line for each in output.removed if each.clause == clause}


def texts(root: Path, name: str = "word_problems.jsonl") -> list[str]:
    return [prompt(row) for row in read_rows(dataset(pattern=name), root)]


def test_planted_rows_go_and_no_others(root: Path) -> None:
    output = dedup(
        root,
        exact(NORMALIZED),
        near(similarity=0.85),
        near(against="golden", similarity=0.6),
        own=OWN,
        against=(HELD_OUT,),
    )
    assert of(output, "exact on normalize(prompt, reply.text)") == EXACT
    assert of(output, "near on prompt") == NEAR
    assert of(output, "near on prompt against golden") == LEAKED
    assert output.rows == 93
    assert output.kept == 93 - len(EXACT) - len(NEAR) - len(LEAKED)
    assert output.verdict == "pass"
    first = output.removed[0]
    assert (first.row_id, first.kept_row_id, first.kept_path) == ("l1", "h04", "held_out.jsonl")
    assert first.similarity == 1.0
    assert first.excerpt == first.kept_excerpt != ""
    assert sum(output.by_method.values()) == len(output.removed)


@pytest.mark.parametrize("algorithm", ["auto", "minhash", "exact_join"])
@pytest.mark.parametrize("name", ["word_problems.jsonl", "tool_templates.jsonl"])
@pytest.mark.parametrize("similarity", ["0.3", "0.6", "0.85"])
def test_removals_are_those_of_brute_force(
    root: Path, algorithm: str, name: str, similarity: str
) -> None:
    drop = near(similarity=float(similarity), algorithm=algorithm)
    output = dedup(root, drop, own=dataset(pattern=name))
    some = texts(root, name)
    wanted = stars(some, range(len(some)), similarity)
    found = {each.line - 1: (each.kept_line - 1, each.similarity) for each in output.removed}
    assert found == {row: (kept, float(value)) for row, (kept, value) in wanted.items()}
    if name == "tool_templates.jsonl" and similarity == "0.3":
        assert len(found) == 149


def test_short_texts_are_compared_and_wordless_ones_are_nobodys_duplicate(tmp_path: Path) -> None:
    prompts = ["Hi", "hi!", "Thank you", "thank  YOU.", "thank me", "?", "?", "", ""]
    prompts += ["a b c", "A b, c"]
    write(tmp_path, [chat(one, "answer") for one in prompts])
    for algorithm in ("minhash", "exact_join"):
        output = dedup(tmp_path, near(similarity=0.5, algorithm=algorithm))
        assert pairs(output) == {2: 1, 4: 3, 11: 10}
    assert pairs(dedup(tmp_path, exact(call("normalize", field("prompt"))))) == {2: 1, 4: 3, 11: 10}
    assert pairs(dedup(tmp_path, exact())) == {7: 6}


def test_keep_decides_which_row_stays(tmp_path: Path) -> None:
    write(
        tmp_path,
        [
            chat("What is the capital of France, please?", "Paris."),
            chat("What is the capital of France, please?", "It is Paris, on the Seine."),
            chat("What is the capital of France, please?", "Paris!"),
        ],
    )
    assert pairs(dedup(tmp_path, near())) == {2: 1, 3: 1}
    assert pairs(dedup(tmp_path, near(), keep="longest")) == {1: 2, 3: 2}
    ends = call("ends_with", field("reply.text"), literal("!", "text"), kind="bool")
    assert pairs(dedup(tmp_path, near(), keep="best", keep_by=ends)) == {1: 3, 2: 3}


def test_exact_tells_columns_apart(tmp_path: Path) -> None:
    write(tmp_path, [chat("ab", "c"), chat("a", "bc"), chat("ab", "c"), chat("ab", "C")])
    assert pairs(dedup(tmp_path, exact(field("prompt"), field("reply.text")))) == {3: 1}


def test_absent_values_are_nobodys_duplicate(tmp_path: Path) -> None:
    rows = [chat("a", "b"), chat("c", "d"), chat("e", "f"), chat("g", "h")]
    write(tmp_path, [*rows[:2], *({**row, "topic": "x"} for row in rows[2:])])
    own = dataset(topic="text?")
    for drop in (exact(field("topic")), near(field("topic"))):
        assert pairs(dedup(tmp_path, drop, own=own)) == {4: 3}


def test_removed_and_kept_rows_are_all_rows(root: Path) -> None:
    step = DedupStep(
        id="dedup.support",
        name="support",
        dataset=OWN,
        dedup=DedupDef("support", (near(similarity=0.3),)),
    )
    stage = context(root)
    output = run_dedup(step, stage)
    gone = removed_rows(stage.work)
    kept = list(read_rows(OWN, root, exclude=gone))
    every = {(row.path, row.line) for row in read_rows(OWN, root)}
    assert {(row.path, row.line) for row in kept} | gone == every
    assert len(kept) == output.kept
    assert {(each.path, each.line) for each in output.removed} == gone
    assert {(each.kept_path, each.kept_line) for each in output.removed}.isdisjoint(gone)
    assert read_removals(stage.work) == output.removed
    assert [path.name for path in stage.work.iterdir()] == ["removed.jsonl"]
    assert not stars([prompt(row) for row in kept], range(len(kept)), "0.3")


@given(st.randoms(use_true_random=False))
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_longest_depends_on_the_rows_and_not_on_their_order(
    tmp_path_factory: pytest.TempPathFactory, draw: random.Random
) -> None:
    root = tmp_path_factory.mktemp("rows")
    lines = ROWS.joinpath("word_problems.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    # No two rows are of one length, so that their order is that of the lengths alone.
    for number, row in enumerate(rows):
        row["messages"][1]["content"] += " " * (number * 1000)
    draw.shuffle(rows)
    write(root, rows)
    output = dedup(root, near(similarity=0.5), own=dataset(id="text"), keep="longest")
    found = {(each.row_id, each.kept_row_id) for each in output.removed}
    assert {("p005", "n1"), ("p006", "n2"), ("p009", "n3"), ("p003", "x1")} <= found
    assert len(found) == 8


def test_an_eval_that_reads_a_split_is_compared_with_that_split_alone(tmp_path: Path) -> None:
    split = SplitDef("by_hash", "id", (("train", 0.5), ("test", 0.5)), 3)
    rows = [chat(f"Question number {n} of thirty?", f"{n}", id=str(n)) for n in range(30)]
    rows += [{**row, "id": f"{row['id']}-again"} for row in rows]
    write(tmp_path, rows)
    whole = dataset(id="text")
    own = type(whole)(whole.name, whole.schema, whole.sources, split, whole.id)
    held = {row.line for row in read_rows(own, tmp_path, split="test")}
    drop = exact(against="golden")
    output = dedup(tmp_path, drop, own=own, against=(own,), splits=("test",))
    removed = pairs(output)
    assert removed
    assert set(removed.values()) <= held
    assert not set(removed) & held
    assert set(removed) == {
        line for line in range(1, 61) if line not in held and (line + 29) % 60 + 1 in held
    }


def test_every_removal_is_in_the_result_and_excerpts_in_the_first(tmp_path: Path) -> None:
    write(tmp_path, [chat("The very same words in each row", "x") for _ in range(260)])
    output = dedup(tmp_path, near())
    assert len(output.removed) == 259
    assert [bool(each.excerpt) for each in output.removed] == [True] * 200 + [False] * 59
    assert output.largest_cluster == 260


@pytest.mark.code("FT400")
def test_too_much_dropped_fails(root: Path) -> None:
    drops = (near(similarity=0.85),)
    some = dedup(root, *drops, own=OWN, max_dropped=0.02)
    assert some.verdict == "fail"
    assert [finding.code for finding in some.findings] == ["FT400"]
    assert "of 93 rows" in some.findings[0].message
    assert "max_dropped = 2%" in some.findings[0].message
    exactly = len(some.removed) / some.rows
    assert dedup(root, *drops, own=OWN, max_dropped=exactly).verdict == "pass"


@pytest.mark.code("FT401")
def test_leaked_rows_are_told(root: Path) -> None:
    drop = near(against="golden", similarity=0.6)
    output = dedup(root, drop, own=OWN, against=(HELD_OUT,))
    (finding,) = output.findings
    assert (finding.code, finding.severity, finding.line) == ("FT401", "warning", 16)
    assert finding.message.startswith("2 rows were dropped for being like a row of `golden`")
    assert "held_out.jsonl:5" in finding.message
    clean = dedup(root, exact(field("reply.text"), against="golden"), own=HELD_OUT, against=(OWN,))
    assert {each.line for each in clean.removed} == {5, 8}


@pytest.mark.code("FT402")
def test_one_row_for_very_many_is_told(tmp_path: Path) -> None:
    write(tmp_path, [chat("The very same words in each row", "x") for _ in range(20)])
    (finding,) = dedup(tmp_path, near()).findings
    assert (finding.code, finding.severity) == ("FT402", "warning")
    write(tmp_path, [chat(f"The words of row {n} and no other", "x") for n in range(20)])
    assert dedup(tmp_path, near(similarity=0.9)).findings == ()


@pytest.mark.code("FT403")
def test_a_short_signature_is_told(root: Path) -> None:
    drop = near(similarity=0.1, permutations=16, algorithm="minhash")
    codes = {finding.code: finding for finding in dedup(root, drop, own=OWN).findings}
    assert "probability 0.81" in codes["FT403"].message
    full = near(similarity=0.1, permutations=128, algorithm="minhash")
    assert "FT403" not in {finding.code for finding in dedup(root, full, own=OWN).findings}


@pytest.mark.code("FT404")
def test_similarity_zero_is_refused(root: Path) -> None:
    with pytest.raises(Refused) as refused:
        dedup(root, near(similarity=0.0), own=OWN)
    assert refused.value.diagnostic.code == "FT404"
    assert dedup(root, near(similarity=0.8), own=OWN).verdict == "pass"


@pytest.mark.code("FT405")
def test_fuzzy_without_its_library_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fuzzy = near(similarity=0.9)
    fuzzy = type(fuzzy)("fuzzy", fuzzy.on, similarity=0.9)
    output = dedup(root, fuzzy, own=OWN)
    assert set(EXACT) | set(NEAR) <= {each.line for each in output.removed}
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(Refused) as refused:
        dedup(root, fuzzy, own=OWN)
    assert refused.value.diagnostic.code == "FT405"


@pytest.mark.code("FT406")
def test_fuzzy_over_too_many_texts_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fuzzy = type(near())("fuzzy", (field("prompt"),), similarity=0.9)
    monkeypatch.setattr(step_module, "FUZZY_TEXTS", 50)
    with pytest.raises(Refused) as refused:
        dedup(root, fuzzy, own=OWN)
    assert refused.value.diagnostic.code == "FT406"
    monkeypatch.setattr(step_module, "FUZZY_TEXTS", 500)
    assert dedup(root, fuzzy, own=OWN).removed


def test_a_stop_is_answered_between_blocks(root: Path) -> None:
    step = DedupStep(
        id="dedup.support", name="support", dataset=OWN, dedup=DedupDef("support", (near(),))
    )
    stage = context(root)
    stage.stop.signal = 2
    with pytest.raises(Stopped):
        run_dedup(step, stage)
    stage.stop.signal = None
    assert run_dedup(step, stage).removed


def test_minhash_finds_the_same_here_and_is_used_only_where_it_is_named(root: Path) -> None:
    joined = dedup(root, near(similarity=0.6), own=OWN)
    hashed = dedup(root, near(similarity=0.6, algorithm="minhash"), own=OWN)
    assert hashed.removed == joined.removed
    assert NearComparer(0.6).recall == 1.0 > NearComparer(0.6, algorithm="minhash").recall


def test_memory_stays_below_the_texts(tmp_path: Path) -> None:
    """3,000 rows of 20 kB: 60 MB of text, of which no more than the shingles' digests stay."""
    draw = random.Random(2)
    vocabulary = [f"{draw.randrange(10**9)}" for _ in range(5000)]
    with tmp_path.joinpath("rows.jsonl").open("w", encoding="utf-8") as file:
        for _ in range(3000):
            file.write(json.dumps(chat(" ".join(draw.choices(vocabulary, k=2000)), "x")) + "\n")
    tracemalloc.start()
    output = dedup(tmp_path, near(algorithm="minhash"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert output.rows == 3000
    assert peak < 200_000_000


def test_replies_are_read_as_views(root: Path) -> None:
    output = dedup(root, exact(field("reply.text")), own=OWN)
    some = [reply(row) for row in read_rows(OWN, root)]
    assert all(some[line - 1] == some[kept - 1] for line, kept in pairs(output).items())
    assert len(output.removed) == len([one for one in some if one.strip()]) - len(
        {one for one in some if one.strip()}
    )
