"""A path is one of a pattern's files exactly where ``glob``, which reads the data, finds it."""

from __future__ import annotations

import glob
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ftdsl.language.analyze import analyze
from ftdsl.language.reads import matches, reads_of, touched

NAMES = [
    "a.jsonl",
    "b.jsonl",
    "ab.csv",
    ".h.jsonl",
    "a[1].jsonl",
    "z-.txt",
    "ä.jsonl",
    "a.jsonl.gz",
]
FOLDERS = ["", "d", "d/e", "d/e/f", ".dot", "dd"]
PARTS = st.sampled_from(["**", "*", "d", "?", "d*", "[de]", "[!d]", ".dot", ".*"])
LAST = st.sampled_from(
    [*NAMES, "*", "*.jsonl", "?.jsonl", "[ab].jsonl", "[!a]*", "**", ".*", "a[[]1].*", "[z-]*"]
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tree")
    for folder in FOLDERS:
        (root / folder).mkdir(parents=True, exist_ok=True)
        for name in NAMES:
            (root / folder / name).touch()
    return root


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(parts=st.lists(PARTS, max_size=3), last=LAST)
def test_it_is_what_glob_finds(tree: Path, parts: list[str], last: str) -> None:
    pattern = "/".join([*parts, last])
    every = [path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file()]
    found = {
        path
        for path in glob.glob(pattern, root_dir=tree, recursive=True)  # noqa: PTH207
        if (tree / path).is_file()
    }
    assert {path for path in every if matches(pattern, path) and path != pattern} == found - {
        pattern
    }


SPEC = """ftspec 1

schema s extends chat { topic: text }

dataset a {
  schema = s
  source = jsonl("data/a/*.jsonl")
  split  = by_hash(topic, train: 90%, holdout: 10%, seed: 7)
}

dataset b { schema = s  source = jsonl("data/b.jsonl") }

check a {
  rule said { each must reply.text != ""  rejects jsonl("rows/blank.jsonl") }
}

dedup b { drop near on prompt { against = golden  similarity = 0.6 } }

eval golden {
  schema = s
  source = jsonl("data/golden.jsonl")
  score exact = exact_match(output, reply.text)
}
"""


def test_what_a_spec_names_and_whom_it_reaches(tmp_path: Path) -> None:
    path = tmp_path / "specs/x.ftspec"
    path.parent.mkdir()
    path.write_text(SPEC)
    program = analyze(path, tmp_path).program
    assert program is not None
    reads = reads_of(program)

    def reached(name: str) -> set[tuple[str, tuple[str, ...]]]:
        return {(read.kind, read.reached) for read in touched(reads, [name])}

    assert reached("specs/data/a/1.jsonl") == {("dataset", ("a",))}
    assert reached("specs/data/b.jsonl") == {("dataset", ("b",))}
    assert reached("specs/data/golden.jsonl") == {("eval", ("b",))}
    assert reached("specs/rows/blank.jsonl") == {("example", ())}
    assert reached("specs/data/a/deep/1.jsonl") == set()
    assert reached("data/b.jsonl") == set()
