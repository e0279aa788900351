"""An index that outlives the run, in a real Redis."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracle import jaccard, shingles
from redis_server import redis_server
from spreading import texts
from stage import chat, context, dataset, near, write
from test_spread import Blocks

from ftdsl.dedup.minhash import signatures
from ftdsl.dedup.shingles import shingle_sets
from ftdsl.dedup.step import run_dedup
from ftdsl.dedup.stored.index import StoredIndex, StoredRow
from ftdsl.engine.context import Engine, Policy, Refused
from ftdsl.engine.engines import Engines
from ftdsl.language.program import DedupDef, DropDef
from ftdsl.plan.steps import DedupStep
from ftdsl.results.models import DedupOutput

redis = pytest.importorskip("redis")
_NAMES = count()


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with redis_server(tmp_path_factory.mktemp("redis")) as address:
        yield address


@pytest.fixture
def name() -> str:
    """An index that no other test has."""
    return f"seen-{next(_NAMES)}"


def stored(name: str, **settings: Any) -> DropDef:
    return near(algorithm="minhash", similarity=0.7, index=name, **settings)


def run(
    root: Path, url: str, pattern: str, *drops: DropDef, engine: Engine | None = None
) -> DedupOutput:
    """Dedup of the files that ``pattern`` names."""
    own = dataset("own", pattern, id="text")
    step = DedupStep(
        id="dedup.own", name="own", dataset=own, dedup=DedupDef("own", drops), against=()
    )
    made = context(root, f"{step.id}-{next(_NAMES)}")
    policy = Policy(index=url, engine="local" if engine is None else "ray")
    engines = Engines()
    if engine is not None:
        engines.have("ray", engine)
    return run_dedup(step, replace(made, policy=policy, engines=engines))


def write_texts(root: Path, name: str, every: list[str]) -> None:
    write(root, [chat(text, "x", id=f"{name}{at}") for at, text in enumerate(every)], name)


def removed(output: DedupOutput) -> list[tuple[int, str, int]]:
    return [(one.line, one.kept_path, one.kept_line) for one in output.removed]


@pytest.mark.code("FT434")
@pytest.mark.parametrize("engine", [None, Blocks(2)], ids=["here", "blocks"])
def test_rows_of_later_files_are_held_against_those_of_earlier_ones(
    url: str, name: str, engine: Engine | None, tmp_path: Path
) -> None:
    every = list(texts(240, 3))
    write_texts(tmp_path, "one.jsonl", every[:120])
    write_texts(tmp_path, "two.jsonl", every[120:])
    line = stored(name)
    first = run(tmp_path, url, "one.jsonl", line, engine=engine)
    assert (first.removed, first.findings) == ((), ())
    second = run(tmp_path, url, "two.jsonl", line, engine=engine)
    sets = [shingles(text) for text in every]
    # At the threshold a pair is found with probability 0.997; all that is found is a pair.
    wanted = {
        at - 119: max(jaccard(sets[at], one) for one in sets[:120] if one)
        for at in range(120, len(every))
        if sets[at] and max(jaccard(sets[at], one) for one in sets[:120] if one) >= 0.7
    }
    found = {one.line: one.similarity for one in second.removed}
    assert len(found) > 10
    assert found == {line: float(value) for line, value in wanted.items()}
    for one in second.removed:
        assert one.kept_path == "one.jsonl"
        alike = jaccard(sets[119 + one.line], sets[one.kept_line - 1])
        assert float(alike) == one.similarity
        assert one.kept_excerpt == ""
    assert [finding.code for finding in second.findings] == ["FT434"]
    again = run(tmp_path, url, "two.jsonl", line, engine=engine)
    assert removed(again) == removed(second), "a run that is repeated comes to the same"


def test_an_index_follows_the_files(url: str, name: str, tmp_path: Path) -> None:
    long = "the parcel that was sent on monday has not arrived in lisbon yet"
    other = "please tell me how a password is changed on the new page of the shop"
    write_texts(tmp_path, "one.jsonl", [long, other])
    write_texts(tmp_path, "two.jsonl", [other + " today", long])
    line = stored(name)
    run(tmp_path, url, "one.jsonl", line)
    assert removed(run(tmp_path, url, "two.jsonl", line)) == [
        (1, "one.jsonl", 2), (2, "one.jsonl", 1),
    ]  # fmt: skip
    write_texts(tmp_path, "one.jsonl", ["hello", "a row that came later", long])
    assert run(tmp_path, url, "one.jsonl", line).removed == (), "its own rows are decided anew"
    assert removed(run(tmp_path, url, "two.jsonl", line)) == [(2, "one.jsonl", 3)]
    # Where the row itself goes, so does what was stored of it.
    write_texts(tmp_path, "one.jsonl", ["hello"])
    run(tmp_path, url, "one.jsonl", line)
    assert run(tmp_path, url, "two.jsonl", line).removed == ()


def test_both_files_at_once_are_no_copies_of_themselves(
    url: str, name: str, tmp_path: Path
) -> None:
    every = [text for text in texts(80, 5) if text.strip()]
    write_texts(tmp_path, "a-1.jsonl", every[:40])
    write_texts(tmp_path, "a-2.jsonl", every[40:])
    block = (near(similarity=0.7), stored(name))
    run(tmp_path, url, "a-1.jsonl", *block)
    whole = run(tmp_path, url, "a-*.jsonl", *block)
    assert {one.clause for one in whole.removed} == {"near on prompt"}


def test_datasketch_reads_what_is_stored(url: str, name: str, tmp_path: Path) -> None:
    from datasketch import MinHash, MinHashLSH

    text = "the parcel that was sent on monday has not arrived in lisbon yet"
    write_texts(tmp_path, "one.jsonl", [text])
    line = stored(name)
    run(tmp_path, url, "one.jsonl", line)
    bands = StoredIndex(url, line).bands
    host, port = url.removeprefix("redis://").split(":")
    lsh = MinHashLSH(
        num_perm=128,
        params=(bands.count, bands.rows),
        prepickle=False,
        storage_config={
            "type": "redis",
            "basename": f"ftdsl:{name}:lsh".encode(),
            "redis": {"host": host, "port": int(port)},
        },
    )
    marks = signatures(shingle_sets([text, "quite another text of several words"]), 128, 1)
    asked = [MinHash(num_perm=128, seed=1, hashvalues=one, scheme="affine32") for one in marks]
    (key,) = lsh.query(asked[0])
    assert lsh.query(asked[1]) == []
    assert StoredIndex(url, line).rows([key]) == {key: StoredRow("own", "one.jsonl", 1)}
    assert [len(one) for one in StoredIndex(url, line).candidates(marks)] == [1, 0]


class Trap:
    """Unpickled, it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def test_nothing_that_is_stored_is_unpickled(url: str, name: str, tmp_path: Path) -> None:
    import pickle

    text = "the parcel that was sent on monday has not arrived in lisbon yet"
    write_texts(tmp_path, "one.jsonl", [text])
    write_texts(tmp_path, "two.jsonl", [text])
    line = stored(name)
    run(tmp_path, url, "one.jsonl", line)
    client = redis.Redis.from_url(url)
    trap = pickle.dumps(Trap(tmp_path / "sprung"))
    values = []
    for key in client.scan_iter(f"ftdsl:{name}:*"):
        kind = client.type(key)
        if kind == b"set":
            values += client.smembers(key)
            client.sadd(key, trap)
    assert values
    assert not [one for one in values if one.startswith(pickle.dumps(b"")[:2])]
    assert removed(run(tmp_path, url, "two.jsonl", line)) == [(1, "one.jsonl", 1)]
    assert not (tmp_path / "sprung").exists()
    client.close()


def test_what_a_killed_run_left_is_nothing_yet(url: str, name: str, tmp_path: Path) -> None:
    text = "the parcel that was sent on monday has not arrived in lisbon yet"
    write_texts(tmp_path, "one.jsonl", [text])
    write_texts(tmp_path, "two.jsonl", [text])
    line = stored(name)
    run(tmp_path, url, "one.jsonl", line)
    client = redis.Redis.from_url(url)
    assert client.delete(f"ftdsl:{name}:rows") == 1, "killed before the rows were written"
    assert run(tmp_path, url, "two.jsonl", replace(line)).removed == ()
    client.delete(f"ftdsl:{name}:rows")
    run(tmp_path, url, "one.jsonl", line)
    assert removed(run(tmp_path, url, "two.jsonl", line)) == [(1, "one.jsonl", 1)]
    client.close()


def test_rows_that_break_the_block_are_not_stored(url: str, name: str, tmp_path: Path) -> None:
    write_texts(tmp_path, "one.jsonl", ["a row of some six words here"] * 9)
    forbid = replace(near(), forbids=True)
    assert run(tmp_path, url, "one.jsonl", forbid, stored(name)).verdict == "fail"
    assert run(tmp_path, url, "one.jsonl", near(), stored(name)).verdict == "pass"
    client = redis.Redis.from_url(url)
    assert client.hlen(f"ftdsl:{name}:rows") == 1
    client.close()


@pytest.mark.code("FT433")
def test_an_index_of_another_kind_is_refused(url: str, name: str, tmp_path: Path) -> None:
    write_texts(tmp_path, "one.jsonl", ["a row of some six words here"])
    run(tmp_path, url, "one.jsonl", stored(name))
    with pytest.raises(Refused) as caught:
        run(tmp_path, url, "one.jsonl", stored(name, shingle=3))
    assert caught.value.diagnostic.code == "FT433"
    assert "shingle 5 (here 3)" in caught.value.diagnostic.message
    client = redis.Redis.from_url(url)
    for value in (b"no JSON", b'{"a":1}'):
        for key in client.hkeys(f"ftdsl:{name}:rows"):
            client.hset(f"ftdsl:{name}:rows", key, value)
        write_texts(tmp_path, "two.jsonl", ["a row of some six words here"])
        with pytest.raises(Refused) as caught:
            run(tmp_path, url, "two.jsonl", stored(name))
        assert caught.value.diagnostic.code == "FT433"
    client.close()


@pytest.mark.code("FT430", "FT431")
def test_an_index_that_cannot_be_asked(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_texts(tmp_path, "one.jsonl", ["a row of some six words here"])
    for place, told in (("", "this run was given none"), ("redis://127.0.0.1:9", "127.0.0.1:9")):
        with pytest.raises(Refused) as caught:
            run(tmp_path, place, "one.jsonl", stored(name))
        assert caught.value.diagnostic.code == "FT431"
        assert told in caught.value.diagnostic.message
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(Refused) as caught:
        run(tmp_path, "redis://127.0.0.1:10", "one.jsonl", stored(name))
    assert caught.value.diagnostic.code == "FT430"


def test_the_password_is_the_operators(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_texts(tmp_path, "one.jsonl", ["a row of some six words here"])
    with redis_server(tmp_path, "--requirepass", "canary-8231") as place:
        with pytest.raises(Refused) as caught:
            run(tmp_path, place, "one.jsonl", stored(name))
        assert caught.value.diagnostic.code == "FT431"
        monkeypatch.setenv("FTDSL_INDEX_PASSWORD", "canary-8231")
        output = run(tmp_path, place, "one.jsonl", stored(name))
        assert output.verdict == "pass"
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not [one for one in written if b"canary-8231" in one]


def test_sets_of_a_block_are_compared_as_whole_sets(url: str, name: str) -> None:
    index = StoredIndex(url, stored(name))
    assert index.candidates(np.zeros((0, 128), dtype=np.uint32)) == []
    assert index.rows([]) == {}
