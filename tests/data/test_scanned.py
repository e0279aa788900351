"""Rows that are read as they lie in the bytes are those that are read record by record."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ftdsl.data import cutting, lines, scanned, views
from ftdsl.data.blocks import RowReader, parts
from ftdsl.data.files import resolve_files
from ftdsl.data.row import Row
from ftdsl.language.program import DatasetDef, SplitDef, Type
from ftdsl.quality.expressions import Block
from ftdsl.quality.fields import field_columns
from ftdsl.quality.functions import COLUMNS, EACH, PACKED, PLAIN
from ftdsl.quality.measures import casing
from ftdsl.quality.texts import PackedTexts, Texts
from tests.data.spec_parts import dataset

compiled = pytest.mark.skipif(scanned.compiled is None, reason="nothing is compiled here")

words = st.text(max_size=12) | st.sampled_from(
    [
        "",
        " ",
        "\n\t",
        "\u00a0",
        "\u2003\u3000",
        "naïve café",
        "日本 語",
        "🦊 x",
        "a_b-c 1²",
        "As an AI model",
    ]
)
several = st.lists(words, max_size=6).map(" ".join)
turns = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["system", "user", "assistant", "tool", "developer"]),
        "content": words,
    }
)
others = st.dictionaries(
    st.sampled_from(["id", "källa", "n", "x"]),
    st.none()
    | st.booleans()
    | st.integers(-(10**14), 10**14)
    | words
    | st.sampled_from([0.5, -1.25]),
    max_size=3,
)
plain = st.builds(
    lambda said, more: {"messages": said, **more}, st.lists(turns, max_size=5), others
)


def both(root: Path, body: bytes, of: DatasetDef) -> tuple[list[Any], list[Any], bool]:
    """What either way of reading finds, and whether some block was read as it lies."""
    (root / "rows.jsonl").write_bytes(body)
    (file,) = resolve_files(of, root)
    found, fast = [], False
    for read in (RowReader.read, RowReader.read_fast):
        blocks = [block for part in parts(file, None) for block in read(RowReader(of), part)]
        fast |= any(isinstance(block.rows, scanned.ScannedRows) for block in blocks)
        rows = [row for block in blocks for row in block.rows]
        notes: dict[Any, list[int]] = {}
        for block in blocks:
            for key, (line, count) in [*block.unknown.items(), *block.kinds.items()]:
                notes.setdefault(key, [line, 0])[1] += count
        found.append(
            [
                [(r.path, r.line, r.offset, r.value, r.split, r.row_id, r.digest) for r in rows],
                [fault for block in blocks for fault in block.faults],
                [sum(b.failed for b in blocks), sum(b.skipped for b in blocks)],
                notes,
            ]
        )
    return found[0], found[1], fast


def written(rows: list[Any], ascii: bool, end: str = "\n") -> bytes:
    return "".join(json.dumps(row, ensure_ascii=ascii) + end for row in rows).encode()


@compiled
@settings(deadline=None, max_examples=60)
@given(st.lists(plain, min_size=1, max_size=6), st.booleans(), st.sampled_from(["\n", " \r\n"]))
def test_plain_rows_are_the_same(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Any], ascii: bool, end: str
) -> None:
    root = tmp_path_factory.getbasetemp()
    slow, fast, as_they_lie = both(root, written(rows, ascii, end), dataset())
    assert fast == slow
    escaped_key = ascii and any("källa" in row for row in rows)
    assert as_they_lie == ("\\x00" not in repr(rows) and not escaped_key)


DAMAGES = (
    b'{"messages": [{"role": "user", "content": "a"}]} x',
    b'{"messages": [{"role": "user", "content": "a"}], "messages": []}',
    b'{"messages": [{"role": "user", "content": "a", "content": "b"}]}',
    b'{"messages": [{"role": "user", "content": "\\ud800"}]}',
    b'{"messages": [{"role": "user", "content": "\\u0000"}]}',
    b'{"messages": [{"role": "user", "content": "\x01"}]}',
    b'{"messages": [{"role": "user", "content": "\xff"}]}',
    b'{"messages": [{"role": "user", "content": "\xed\xa0\x80"}]}',
    b'{"messages": [{"role": "user", "content": "\xc0\xaf"}]}',
    b'{"messages": [{"role": "user", "content": "\\x"}]}',
    b'{"messages": [{"role": "user", "content": null}]}',
    b'{"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}]}]}',
    b'{"messages": [{"role": "narrator", "content": "x"}]}',
    b'{"messages": [{"role": "user"}]}',
    b'{"messages": [{"role": "user", "content": "x", "weight": 1}]}',
    b'{"messages": {"role": "user", "content": "x"}}',
    b'{"messages": "x"}',
    b'{"messages": null}',
    b'{"messages": [], "tools": "[]"}',
    b'{"messages": [], "n": 12345678901234567890}',
    b'{"messages": [], "n": 1e400}',
    b'{"messages": [], "n": -0}',
    b'{"messages": [], "n": 01}',
    b'{"messages": [], "n": 1.}',
    b'{"messages": [], "n": NaN}',
    b'{"messages": [], "n": [1, 2]}',
    b'{"messages": [], "n": {"a": 1, "a": 2}}',
    b'{"messages": [], "n": 1, "n": 2}',
    b'{"messages": [], "n": 1,}',
    b'{"messages": [],}',
    b'{"messages": [}',
    b'{"messages": [{"role": "user", "content": "x"},]}',
    b'{"messages": [{"role": "user", "content": "x"}',
    b'{"other": 1}',
    b"{}",
    b"",
    b"  ",
    b"[]",
    b'"x"',
    b"\xef\xbb\xbf{}",
)
GOOD = b'{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}'


@pytest.mark.parametrize("damage", DAMAGES, ids=range(len(DAMAGES)))
@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_row_that_is_not_plain_is_read_record_by_record(
    tmp_path: Path, damage: bytes, at: int
) -> None:
    found = [GOOD, GOOD]
    found.insert(at, damage)
    for end in (b"\n", b""):
        slow, fast, as_they_lie = both(tmp_path, b"\n".join(found) + end, dataset())
        assert fast == slow
        # A last line without an end is a block of its own.
        assert not as_they_lie or not end


@compiled
@settings(deadline=None, max_examples=100)
@given(st.lists(plain, min_size=1, max_size=3), st.binary(max_size=3), st.integers(0, 400))
@example([{"messages": []}], b"\n", 400)
def test_any_damage_is_read_record_by_record(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Any], damage: bytes, at: int
) -> None:
    root = tmp_path_factory.getbasetemp()
    body = written(rows, ascii=False)
    slow, fast, _ = both(root, body[:at] + damage + body[at + len(damage) :], dataset())
    assert fast == slow


@compiled
def test_declared_fields_and_splits(tmp_path: Path) -> None:
    split = SplitDef(kind="by_hash", key="id", seed=3, shares=(("train", 0.5), ("test", 0.5)))
    fields = {"id": Type("text"), "n": Type("int", optional=True)}
    of = dataset(fields=fields, split=split)
    rows = [{"messages": [], "id": f"r{i}", **({"n": i} if i % 2 else {})} for i in range(40)]
    slow, fast, as_they_lie = both(tmp_path, written(rows, ascii=True), of)
    assert fast == slow
    assert as_they_lie
    for wrong in (
        {"messages": [], "id": 5},
        {"messages": []},
        {"messages": [], "id": "x", "n": "1"},
    ):
        slow, fast, as_they_lie = both(tmp_path, written([*rows, wrong], ascii=True), of)
        assert fast == slow
        assert not as_they_lie


@compiled
def test_sharegpt_rows(tmp_path: Path) -> None:
    said = [("system", "s"), ("human", "q"), ("gpt", "a"), ("observation", "o"), ("model", "b")]
    row = {"conversations": [{"from": who, "value": what} for who, what in said]}
    slow, fast, as_they_lie = both(tmp_path, written([row], ascii=True), dataset(base="sharegpt"))
    assert fast == slow
    assert as_they_lie
    found = rows_of("sharegpt", [row])
    assert found.by_roles(list) == [[one["role"] for one in views.messages(found[0])]]
    row["conversations"].append({"from": "function_call", "value": "{}"})
    slow, fast, as_they_lie = both(tmp_path, written([row], ascii=True), dataset(base="sharegpt"))
    assert fast == slow
    assert not as_they_lie


def rows_of(base: str, rows: list[Any]) -> scanned.ScannedRows:
    body = written(rows, ascii=False)
    place = scanned.Place("rows.jsonl", base, None, None)
    found = scanned.scanned(lines.LineBlock(1, 0, body[:-1]), scanned.LAYOUTS[base], place)
    assert found is not None
    return found


NAMES = ("prompt", "reply.text", "system", "turns", "messages", "id", "x", "row")


@compiled
@settings(deadline=None, max_examples=60)
@given(st.lists(plain, min_size=1, max_size=6).filter(lambda rows: "\\x00" not in repr(rows)))
def test_columns_and_measures_are_the_same(rows: list[Any]) -> None:
    lie = rows_of("chat", rows)
    made = [Row("rows.jsonl", 0, 0, one, "chat") for one in rows]
    for name in NAMES[:-1]:
        packed = field_columns(name, "chat", lie)[name]
        assert list(packed) == list(field_columns(name, "chat", made)[name]), name
    for name, of_plain in PLAIN.items():
        slow = [EACH[name](row) for row in made]
        assert list(of_plain(lie)) == slow, name
    turns_packed = field_columns("messages", "chat", lie)["messages"]
    turns_made = field_columns("messages", "chat", made)["messages"]
    for name in ("known_roles", "alternates", "system_first", "first_role", "last_role"):
        assert COLUMNS[name](turns_packed) == COLUMNS[name](turns_made), name
    assert COLUMNS["role_count"](turns_packed, "user") == COLUMNS["role_count"](turns_made, "user")


CONSTANTS: dict[str, tuple[Any, ...]] = {
    "matches": ("(?i)as an ai|\\s+x|é?",),
    "count_matches": ("a+|語",),
    "misspelled": (("teh",),),
}


@compiled
@settings(deadline=None, max_examples=60)
@given(st.lists(words, min_size=1, max_size=8))
def test_measures_of_packed_texts_are_the_same(texts: list[str]) -> None:
    plain_texts = Texts(texts)
    sizes = np.array([len(one) for one in texts], np.int32)
    packed = PackedTexts(plain_texts.joined, plain_texts.ends, sizes)
    assert list(packed) == texts
    assert packed.characters == [len(one) for one in texts]
    assert packed.utf8 == plain_texts.utf8
    for one in (*texts, "", "missing"):
        assert packed.equal(one) == [one == other for other in texts]
    for name in sorted(PACKED):
        further = CONSTANTS.get(name, ())
        assert COLUMNS[name](packed, *further) == COLUMNS[name](texts, *further), name


@given(st.lists(words, max_size=6).map("<|".join))
def test_pairs_have_a_twin(text: str) -> None:
    data, follows = text.encode(), bytes(code in b"| <" for code in range(256))
    seen = [i for i in range(len(data) - 1) if data[i] in b"<|" and data[i + 1] in b"| <"]
    assert sorted(scanned.pairs(data, b"<|", follows).tolist()) == seen
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scanned, "compiled", None)
        assert sorted(scanned.pairs(data, b"<|", follows).tolist()) == seen


def test_nothing_compiled_changes_no_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanned, "compiled", None)
    slow, fast, as_they_lie = both(tmp_path, GOOD + b"\n", dataset())
    assert fast == slow
    assert not as_they_lie


def test_a_block_of_rows_takes_any_sequence() -> None:
    assert len(Block([Row("", 0, 0, {})])) == 1


@compiled
def test_no_index_is_followed_out_of_the_buffer() -> None:
    scan = scanned.compiled
    names = (b"user", b"assistant")
    assert scan.scan(GOOD, b"messages", b"role", b"content", names) is not None
    for end in range(len(GOOD)):
        assert scan.scan(GOOD[:end], b"messages", b"role", b"content", names) is None
    counts = np.array([1], np.int32).tobytes()
    far = np.array([10**6], np.int32).tobytes()
    for starts, stops in ((far, far), (counts, far), (np.array([-1], np.int32).tobytes(), counts)):
        with pytest.raises(ValueError, match="not the arrays"):
            scan.texts(b"abc", counts, b"\2", starts, stops, b"\0", 1)
    with pytest.raises(ValueError, match="not the ends"):
        scan.words(b"abc", np.array([10**6], np.int64), bytes(256))
    with pytest.raises(ValueError, match="256"):
        scan.pairs(b"abc", b"a", b"")


@compiled
@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.binary(max_size=30), max_size=12).map(b"\n".join),
    st.integers(0, 3),
    st.integers(1, 60),
    st.sampled_from([1, 7, 1 << 18]),
)
def test_choosing_and_counting_have_twins(data: bytes, at: int, left: int, mean: int) -> None:
    start = min(at, len(data))
    state = (start, 12345, 6, mean, left)
    assert scanned.compiled.choose(data, *state) == cutting.choose(data, *state)
    assert scanned.compiled.count(data, 10) == data.count(b"\n")


@compiled
def test_long_runs_are_counted() -> None:
    assert scanned.compiled.count(b"\n" * 100_003, 10) == 100_003
    assert scanned.compiled.count(b"a\n" * 70_001 + b"b", 10) == 70_001


@given(several, several)
@example("The cat", "the  CAT!")
@example("a" * 500 + " b", "A" * 500 + " c")
@example("e\u0301 " * 80, "\u00e9 " * 80)
def test_texts_are_the_same_after_normalize_as_their_first_words_tell(one: str, two: str) -> None:
    assert casing.same_words(one, two) == (casing.normalize(one) == casing.normalize(two))
    assert casing.same_words(one, one.upper().lower()) == (
        casing.normalize(one) == casing.normalize(one.upper().lower())
    )
    plain = " ".join(re.findall(r"\w+", unicodedata.normalize("NFKC", one).casefold()))
    assert casing.normalize(one) == plain
