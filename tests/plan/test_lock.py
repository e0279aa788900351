"""The lock file: the same lock is the same text, branches merge, and a damaged one is refused."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftdsl.engine.context import Policy, Refused
from ftdsl.engine.run import Execute, run_plan
from ftdsl.plan.lock import lock_path, locked_of, parse, read, update, write
from ftdsl.plan.lock_model import Lock, LockedBaseline, LockedDataset, LockedScore, SpecLock
from ftdsl.plan.lock_text import render
from ftdsl.plan.planner import build_plan
from ftdsl.plan.steps import EvalStep, GateStep
from ftdsl.results.models import EvalOutput, GateOutput, Verdict
from tests.engine.steps import answer, quick
from tests.plan.programs import program, write_project

SPEC = "specs/support.ftspec"

words = st.text(max_size=12)
numbers = st.floats(allow_nan=False, allow_infinity=False)
scores = st.builds(
    LockedScore,
    mean=numbers,
    low=numbers,
    high=numbers,
    n=st.integers(0, 2**40),
    confidence=numbers,
    method=words,
)
spec_locks = st.builds(
    SpecLock,
    datasets=st.dictionaries(
        words,
        st.builds(
            LockedDataset,
            digest=words,
            rows=st.none() | st.integers(0, 2**40),
            kept=st.none() | st.integers(0, 2**40),
            splits=st.dictionaries(words, st.integers(0, 2**40), max_size=2),
            files=st.dictionaries(words, words, max_size=2),
        ),
        max_size=2,
    ),
    models=st.dictionaries(
        words, st.dictionaries(words, words, min_size=1, max_size=2), max_size=2
    ),
    trains=st.dictionaries(
        words, st.dictionaries(words, words, min_size=1, max_size=2), max_size=2
    ),
    baselines=st.dictionaries(
        words,
        st.builds(
            LockedBaseline,
            model=words,
            eval=words,
            scores=st.dictionaries(words, scores, max_size=2),
        ),
        max_size=2,
    ),
)
#: A spec for which nothing is locked leaves no trace, and reads back as none.
locks = st.builds(
    Lock,
    specs=st.dictionaries(words, spec_locks.filter(lambda found: found != SpecLock()), max_size=2),
)


@given(locks)
@settings(max_examples=60, deadline=None)
def test_a_lock_reads_back_whatever_its_names_are(lock: Lock) -> None:
    text = render(lock)
    assert parse(text.encode("utf-8")) == lock
    assert render(parse(text.encode("utf-8"))) == text
    assert text.isascii() or text.encode("utf-8").decode("utf-8") == text


def test_one_fact_a_line_in_sorted_order() -> None:
    dataset = LockedDataset(digest="d", rows=2, files={"data/b.jsonl": "2", "data/a.jsonl": "1"})
    text = render(Lock(specs={"s.ftspec": SpecLock(datasets={"support": dataset})}))
    assert text.splitlines() == [
        "# What `ftdsl lock` recorded for the specs of this folder. Commit it; do not edit it.",
        'schema = "ftdsl.lock/1"',
        "",
        '[specs."s.ftspec".datasets.support]',
        'digest = "d"',
        "rows = 2",
        "",
        '[specs."s.ftspec".datasets.support.files]',
        '"data/a.jsonl" = "1"',
        '"data/b.jsonl" = "2"',
    ]


def test_branches_that_lock_different_specs_merge(tmp_path: Path) -> None:
    base = Lock(specs={"m.ftspec": SpecLock(datasets={"d": LockedDataset(digest="0")})})
    one = Lock(specs={**base.specs, "a.ftspec": SpecLock(models={"x": {"name": "1"}})})
    two = Lock(specs={**base.specs, "z.ftspec": SpecLock(models={"y": {"name": "2"}})})
    for name, lock in (("base", base), ("one", one), ("two", two)):
        (tmp_path / name).write_text(render(lock))
    merged = subprocess.run(
        ["git", "merge-file", "-p", "one", "base", "two"],
        cwd=tmp_path,
        capture_output=True,
        check=True,
    ).stdout
    assert parse(merged) == Lock(specs={**one.specs, **two.specs})


def test_there_is_no_lock_at_first_and_writing_the_same_changes_nothing(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    assert read(root, SPEC) == Lock()
    lock = Lock(specs={"support.ftspec": SpecLock(models={"m": {"name": "x"}})})
    assert write(root, SPEC, lock) is True
    assert write(root, SPEC, lock) is False
    assert read(root, SPEC) == lock
    assert lock_path(SPEC) == "specs/ftspec.lock"
    assert [file.name for file in (root / "specs").iterdir() if file.name.startswith(".")] == []


@pytest.mark.code("FT203")
@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<<<<<<< HEAD\n", "line 1 is an unresolved merge conflict"),
        (b'schema = "ftdsl.lock/1"\n=======\n', "line 2 is an unresolved merge conflict"),
        (b"schema = ", "Invalid"),
        (b'schema = "ftdsl.lock/2"\n', "`schema`"),
        (b'schema = "ftdsl.lock/1"\nextra = 1\n', "`extra`"),
        (b'schema = "ftdsl.lock/1"\n[specs.a.datasets.d]\ndigest = "x"\nrows = -1\n', "rows"),
        (b'schema = "ftdsl.lock/1"\n[specs.a.datasets.d]\ndigest = "x"\nrows = "2"\n\xff', "UTF-8"),
        (b"x" * ((16 << 20) + 1), "larger than 16 MiB"),
    ],
)
def test_a_damaged_lock_is_never_taken_for_an_empty_one(
    tmp_path: Path, body: bytes, words: str
) -> None:
    root = write_project(tmp_path)
    (root / "specs" / "ftspec.lock").write_bytes(body)
    with pytest.raises(Refused) as refused:
        build_plan(program(), root, root / ".ftdsl", Policy())
    diagnostic = refused.value.diagnostic
    assert diagnostic.code == "FT203"
    assert words in diagnostic.message
    assert diagnostic.span.path == "specs/ftspec.lock"
    assert "git checkout -- specs/ftspec.lock" in diagnostic.help
    (root / "specs" / "ftspec.lock").unlink()
    assert build_plan(program(), root, root / ".ftdsl", Policy()).steps


def test_a_lock_that_is_a_folder_or_leads_outside_is_refused(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project")
    (tmp_path / "ftspec.lock").write_text('schema = "ftdsl.lock/1"\n')
    (root / "specs" / "ftspec.lock").symlink_to(tmp_path / "ftspec.lock")
    with pytest.raises(Refused, match="leads out of the project"):
        read(root, SPEC)
    (root / "specs" / "ftspec.lock").unlink()
    (root / "specs" / "ftspec.lock").mkdir()
    with pytest.raises(Refused, match="Is a directory"):
        read(root, SPEC)


def locked(root: Path, execute: Execute = quick, before: Lock | None = None) -> Lock:
    out = root / ".ftdsl"
    plan = build_plan(program(), root, out, Policy())
    result = run_plan(plan, root, out, execute=execute)
    return update(before or Lock(), plan, result)


def test_a_run_locks_data_counts_models_training_and_baseline(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    found = locked(root).specs["support.ftspec"]
    support = found.datasets["support"]
    assert support.rows == 20
    assert support.splits == {"train": 16}
    assert set(support.files) == {"data/a.jsonl"}
    assert found.models["old"]["provider"] == "replay"
    assert found.trains["lora"]["tokenizer"] == "t" * 64
    assert found.trains["lora"]["chat_template"] == "c" * 64
    release = found.baselines["release"]
    assert (release.model, release.eval) == ("lora", "golden")
    assert release.scores["exact"].mean == 0.9
    read_by_steps = locked_of(locked(root), SPEC)
    assert read_by_steps.counts == {"support": 20, "golden": 20}
    assert read_by_steps.baselines["release"] == {
        "exact.mean": 0.9,
        "exact.low": 0.8,
        "exact.high": 1.0,
        "exact.n": 20.0,
    }


def judged(verdict: Verdict, mean: float) -> Execute:
    def execute(step: object, context: object) -> object:
        if isinstance(step, GateStep):
            return GateOutput(name=step.name, eval="golden", requirements=(), verdict=verdict)
        if isinstance(step, EvalStep) and step.train is not None:
            output = answer(step)
            assert isinstance(output, EvalOutput)
            score = output.scores["exact"].model_copy(update={"mean": mean})
            return output.model_copy(update={"scores": {"exact": score}})
        return quick(step, context)  # type: ignore[arg-type]

    return execute  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("verdict", "mean", "expected"),
    [("pass", 0.7, 0.7), ("fail", 0.1, 0.9), ("inconclusive", 0.1, 0.9)],
)
def test_only_a_gate_that_passes_moves_its_baseline(
    tmp_path: Path, verdict: Verdict, mean: float, expected: float
) -> None:
    before = locked(write_project(tmp_path / "first"))
    after = locked(write_project(tmp_path / "second"), judged(verdict, mean), before)
    release = after.specs["support.ftspec"].baselines["release"]
    assert release.scores["exact"].mean == expected


def test_a_gate_that_failed_at_first_has_no_baseline(tmp_path: Path) -> None:
    found = locked(write_project(tmp_path), judged("fail", 0.1))
    assert found.specs["support.ftspec"].baselines == {}


def test_a_run_of_a_part_keeps_the_rest_and_a_whole_one_drops_what_is_gone(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    gone = LockedDataset(digest="d", rows=1)
    other = SpecLock(models={"m": {"name": "x"}})
    before = locked(root)
    spec = before.specs["support.ftspec"]
    spec = spec.model_copy(update={"datasets": {**spec.datasets, "gone": gone}})
    before = Lock(specs={"support.ftspec": spec, "other.ftspec": other})
    out = root / ".ftdsl"
    part = build_plan(program(), root, out, Policy(), only=["dataset.golden"])
    after = update(before, part, run_plan(part, root, out, execute=quick))
    assert after == before, "the same bytes keep the counts of the earlier run"
    whole = locked(root, before=before)
    assert "gone" not in whole.specs["support.ftspec"].datasets
    assert whole.specs["other.ftspec"] == other


def test_the_head_says_what_the_file_is() -> None:
    assert tomllib.loads(render(Lock())) == {"schema": "ftdsl.lock/1"}
