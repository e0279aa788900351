"""Rows of every file format stand where the file has them, and agree with Python's own reader."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ftdsl.data.blocks import RowReader, parts
from ftdsl.data.cutting import Cut, Cutter, is_packed
from ftdsl.data.files import DataFile, resolve_files
from ftdsl.data.rows import chunks, read_rows, reply
from ftdsl.data.shape import fits
from ftdsl.engine.context import Refused
from ftdsl.language.program import SourceDef, SplitDef, Type
from tests.data.spec_parts import dataset, write

ONCE_A_RUN = settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(-1e15, 1e15).map(lambda one: one + 0.0)  # a zero without a sign
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(texts, values, max_size=4)
spellings = st.sampled_from(
    [
        {"ensure_ascii": True},
        {"ensure_ascii": False},
        {"separators": (",", ":")},
        {"separators": (" , ", " :\t")},
    ]
)


def cuts(file: DataFile, size: int) -> tuple[Cut, ...] | None:
    """``file`` in chunks of about ``size`` bytes."""
    body = file.full.read_bytes()
    if file.format != "jsonl" or is_packed(body):
        return None
    cutter = Cutter(size, 1, size)
    cutter.feed(body)
    return cutter.end()


def found(root: Path, format: str = "jsonl", size: int = 16 << 20) -> tuple[list[Any], list[Any]]:
    """(path, line, offset, value) of every row, and the faults."""
    of = dataset("rows.*", None, format)
    rows: list[Any] = []
    faults: list[Any] = []
    for file in resolve_files(of, root):
        for part in parts(file, cuts(file, size)):
            for block in RowReader(of).read(part):
                rows += [(row.path, row.line, row.offset, row.value) for row in block.rows]
                faults += block.faults
    return rows, faults


@ONCE_A_RUN
@given(st.lists(objects, min_size=1, max_size=8), spellings, st.sampled_from(["\n", "\r\n"]))
def test_json_lines_agree_with_json(
    tmp_path: Path, rows: list[Any], spelling: dict[str, Any], ending: str
) -> None:
    lines = [json.dumps(row, **spelling) for row in rows]
    body = "".join(line + ending for line in lines).encode()
    write(tmp_path, body)
    got, faults = found(tmp_path)
    assert faults == []
    assert [row[3] for row in got] == [json.loads(line) for line in lines] == rows
    assert [row[1] for row in got] == list(range(1, len(rows) + 1))
    assert all(
        body[row[2] :].startswith(line.encode()) for row, line in zip(got, lines, strict=True)
    )


@ONCE_A_RUN
@given(st.lists(objects, min_size=1, max_size=8), st.sampled_from([None, 1, 4]))
def test_a_json_array_agrees_with_json_lines(
    tmp_path: Path, rows: list[Any], indent: int | None
) -> None:
    body = json.dumps(rows, indent=indent, ensure_ascii=False)
    write(tmp_path, body.encode(), "rows.json")
    got, faults = found(tmp_path, "json")
    assert faults == []
    assert [row[3] for row in got] == rows
    data = body.encode()
    for _, line, offset, value in got:
        assert data[:offset].count(b"\n") + 1 == line
        assert json.JSONDecoder().raw_decode(data[offset:].decode())[0] == value


def test_elements_across_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"t": "é" * n, "n": n} for n in range(1, 60)]
    body = json.dumps(rows, indent=1, ensure_ascii=False).encode()
    write(tmp_path, body, "rows.json")
    whole = found(tmp_path, "json")
    for chunk in (7, 64, 1000):
        monkeypatch.setattr("ftdsl.data.streams.CHUNK", chunk)
        assert found(tmp_path, "json") == whole
    assert [row[3] for row in whole[0]] == rows


@pytest.mark.parametrize(
    ("body", "code", "line", "at"),
    [
        (b'[\n {"a": 1},\n {"a": x},\n {"a": 3}\n]', "FT320", 3, b"x}"),
        (b'[\n {"a": 1}\n {"a": 2}\n]', "FT320", 3, b'{"a": 2}'),
        (b'[\n {"a": 1},\n {"a": 2', "FT321", 3, b""),
        (b'[\n {"a": 1}\n', "FT321", 3, b""),
        (b'[\n {"a": 1}\n]\n[]', "FT320", 4, b"[]"),
        (b'{"a": 1}\n{"a": 2}\n', "FT333", 1, b'{"a": 1}'),
        (b'[\n {"a": 1},\n {"b": 1, "b": 2}\n]', "FT328", 3, b'"b": 2'),
        (b'[\n {"a": 1},\n 7\n]', "FT330", 3, b"7"),
        (b'[\n {"a": 1},\n {"a": "\xff"}\n]', "FT322", 3, b"\xff"),
        (b'[\n {"a": 1},\n {"a": NaN}\n]', "FT327", 3, b"NaN"),
    ],
)
def test_faults_of_an_array(tmp_path: Path, body: bytes, code: str, line: int, at: bytes) -> None:
    write(tmp_path, body, "rows.json")
    _, faults = found(tmp_path, "json")
    assert [(f.code, f.line) for f in faults] == [(code, line)]
    assert faults[0].offset == (body.index(at) if at else len(body))


@ONCE_A_RUN
@given(st.lists(objects, min_size=1, max_size=30), st.integers(1, 300), st.booleans())
def test_parts_make_up_the_file(tmp_path: Path, rows: list[Any], size: int, blank: bool) -> None:
    lines = [json.dumps(row) for row in rows] + ([""] if blank else []) + ["nope"]
    write(tmp_path, "\n".join(lines).encode())
    assert found(tmp_path, size=size) == found(tmp_path)


def test_parts_are_cut_at_lines(tmp_path: Path) -> None:
    body = b"".join(b'{"n": %d}\n' % n for n in range(200))
    write(tmp_path, body)
    whole = found(tmp_path)
    file = resolve_files(dataset(base=None), tmp_path)[0]
    cut = list(parts(file, cuts(file, 100)))
    assert len(cut) > 5
    assert [part.start for part in cut[1:]] == [part.end for part in cut[:-1]]
    assert all(body[part.start - 1 : part.start] == b"\n" for part in cut[1:])
    assert found(tmp_path, size=100) == whole
    assert len(whole[0]) == 200


def test_a_packed_file_is_one_part(tmp_path: Path) -> None:
    write(tmp_path, gzip.compress(b'{"n": 1}\n' * 5000, 0))
    files = resolve_files(dataset(base=None), tmp_path)
    (part,) = chunks(files, tmp_path / "cache")
    assert (part.digest, part.end) == ("", None)


def test_csv_cells_take_the_declared_types(tmp_path: Path) -> None:
    body = 'id,text,n,ok,score,tags\n1,"a, ""b""\nc",7,true,0.5,"[""x""]"\n2,é,,no,,\n'
    write(tmp_path, body.encode(), "rows.csv")
    fields = {
        "id": Type("text"),
        "text": Type("text"),
        "n": Type("int", True),
        "ok": Type("bool"),
        "score": Type("float", True),
        "tags": Type("list", True, Type("text")),
    }
    rows = list(read_rows(dataset("rows.csv", None, "csv", fields), tmp_path))
    assert [row.value for row in rows] == [
        {"id": "1", "text": 'a, "b"\nc', "n": 7, "ok": True, "score": 0.5, "tags": ["x"]},
        {"id": "2", "text": "é", "n": None, "ok": False, "score": None, "tags": None},
    ]
    assert [(row.line, row.offset) for row in rows] == [(2, 24), (4, 60)]


@pytest.mark.parametrize(
    ("body", "code", "line", "rows"),
    [
        (b"a,b\n1,2\n1,2,3\n4,5\n", "FT346", 3, 2),
        (b'a,b\n1,2\n"x"y,2\n4,5\n', "FT346", 3, 2),
        (b"a,b\n1,2\n\xff,2\n4,5\n", "FT322", 3, 2),
        (b"a,b\n1,2\n\n4,5\n", "FT329", 3, 2),
        (b"\xef\xbb\xbfa,b\n1,2\n4,5\n", "FT324", 1, 2),
    ],
)
def test_faults_of_csv(tmp_path: Path, body: bytes, code: str, line: int, rows: int) -> None:
    write(tmp_path, body, "rows.csv")
    got, faults = found(tmp_path, "csv")
    assert [(f.code, f.line) for f in faults] == [(code, line)]
    assert [row[3] for row in got] == [{"a": "1", "b": "2"}, {"a": "4", "b": "5"}][:rows]


def test_parquet_rows(tmp_path: Path) -> None:
    rows = [{"a": "x", "n": 1, "l": [1, 2]}, {"a": "é", "n": None, "l": []}] * 1500
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "rows.parquet")
    got, faults = found(tmp_path, "parquet")
    assert faults == []
    assert [row[3] for row in got] == rows
    assert [row[1] for row in got] == list(range(1, 3001))


def test_a_damaged_parquet_file(tmp_path: Path) -> None:
    write(tmp_path, b"PAR1 nothing", "rows.parquet")
    with pytest.raises(Refused) as caught:
        found(tmp_path, "parquet")
    assert caught.value.diagnostic.code == "FT307"


def test_splits_by_hash_keep_keys_together(tmp_path: Path) -> None:
    body = b"".join(b'{"k": "g%d", "n": %d}\n' % (n % 400, n) for n in range(2000))
    write(tmp_path, body)
    split = SplitDef("by_hash", "k", (("train", 0.9), ("test", 0.1)), 7)
    of = dataset(base=None, split=split, fields={"k": Type("text"), "n": Type("int")})
    rows = list(read_rows(of, tmp_path))
    by_key: dict[str, set[str | None]] = {}
    for row in rows:
        by_key.setdefault(row.row_id, set()).add(row.split)
    assert len(by_key) == 400
    assert all(len(splits) == 1 for splits in by_key.values())
    share = sum(row.split == "test" for row in rows) / len(rows)
    assert 0.05 < share < 0.15
    test = list(read_rows(of, tmp_path, split="test"))
    assert [r.line for r in test] == [r.line for r in rows if r.split == "test"]
    left = read_rows(of, tmp_path, exclude=frozenset({("rows.jsonl", 2)}))
    assert [r.line for r in left][:3] == [1, 3, 4]


def test_given_splits_read_their_own_files(tmp_path: Path) -> None:
    write(tmp_path, b'{"n": 1}\n', "train.jsonl")
    write(tmp_path, b'{"n": 2}\n', "test.jsonl")
    sources = tuple((n, SourceDef("jsonl", f"{n}.jsonl")) for n in ("train", "test"))
    of = dataset(base=None, split=SplitDef("given", sources=sources))
    assert [(r.value["n"], r.split) for r in read_rows(of, tmp_path)] == [(1, "train"), (2, "test")]
    assert [r.value["n"] for r in read_rows(of, tmp_path, split="test")] == [2]


def test_ids(tmp_path: Path) -> None:
    write(tmp_path, b'{"n": 1, "k": "a"}\r\n{"k": "a", "n": 1}\n')
    first, second = read_rows(dataset(base=None), tmp_path)
    assert first.row_id == second.row_id
    assert len(first.row_id) == 16
    assert [r.row_id for r in read_rows(dataset(base=None, id="n"), tmp_path)] == ["1", "1"]


ROWS: dict[str, tuple[dict[str, Any], str]] = {
    "chat": (
        {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]},
        "a",
    ),
    "completion": ({"prompt": "q", "completion": "a"}, "a"),
    "alpaca": ({"instruction": "q", "input": "", "output": "a", "history": [["x", "y"]]}, "a"),
    "sharegpt": (
        {"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]},
        "a",
    ),
    "preference": ({"prompt": "q", "chosen": "a", "rejected": "b"}, "a"),
    "kto": ({"prompt": "q", "completion": "a", "label": True}, "a"),
}


@pytest.mark.parametrize("base", ROWS)
def test_every_format_reads_and_names_its_missing_field(tmp_path: Path, base: str) -> None:
    value, answer = ROWS[base]
    lines = [value] + [{k: v for k, v in value.items() if k != gone} for gone in value]
    write(tmp_path, "\n".join(json.dumps(line) for line in lines).encode())
    of = dataset(base=base)
    faults = [
        fault
        for file in resolve_files(of, tmp_path)
        for part in parts(file, None)
        for block in RowReader(of).read(part)
        for fault in block.faults
    ]
    rows = list(read_rows(of, tmp_path))
    assert reply(rows[0]) == answer
    optional = {"input", "history"} | ({"completion"} if base == "kto" else set())
    assert len(rows) == 1 + len(optional & value.keys())
    assert [fault.code for fault in faults] == ["FT341"] * len(value.keys() - optional)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (Type("text"), ["", "a"], [1, None, ["a"]]),
        (Type("text", True), ["a", None], [1]),
        (Type("int"), [1, -1], [1.0, True, "1"]),
        (Type("float"), [1, 1.5], [True, "1"]),
        (Type("bool"), [True], [1, "true"]),
        (Type("date"), ["2026-11-23"], ["23.11.2026", 1]),
        (Type("list", element=Type("text")), [[], ["a"]], [["a", 1], "a"]),
    ],
)
def test_types(kind: Type, good: list[Any], bad: list[Any]) -> None:
    assert all(fits(kind, value) for value in good)
    assert not any(fits(kind, value) for value in bad)


def test_a_file_that_changes_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, b'{"n": 1}\n' * 10)
    reading = read_rows(dataset(base=None), tmp_path)
    next(reading)
    path.write_bytes(b'{"n": 1}\n' * 11)
    with pytest.raises(Refused) as caught:
        list(reading)
    assert caught.value.diagnostic.code == "FT305"
