"""Chunks that the compiled loops read by themselves give the rows of the reader, always."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftdsl.data import cutting
from ftdsl.data.rows import chunks, resolve_files
from ftdsl.dedup import kernel
from ftdsl.dedup.near import NearComparer
from ftdsl.dedup.parts import RowParts
from ftdsl.dedup.scanning import Scanner, layout_of
from ftdsl.dedup.values import compared_texts
from ftdsl.language.program import DatasetDef, Expr, FieldDef, SchemaDef, SourceDef, Type
from ftdsl.quality.expressions import Block, Evaluator
from tests.dedup.stage import dataset, field

needs_compiler = pytest.mark.skipif(kernel.compiled is None, reason="the kernel is not compiled")

TURN = '{"role": "user", "content": "a b c d e"}'
UNUSUAL = [
    "",
    "   ",
    "[]",
    "3",
    "{",
    "{}",
    '{"messages": []}',
    '{"messages": null}',
    '{"messages": [' + TURN + ',]}',
    '{"messages": [' + TURN + ']} x',
    '{"messages": [' + TURN + '], "messages": []}',
    '{"messages": [' + TURN + '], "a": 1, "a": 2}',
    '{"messages": [{"role": "user"}]}',
    '{"messages": [{"role": 3, "content": "x"}]}',
    '{"messages": [{"role": "user", "content": null}]}',
    '{"messages": [{"role": "user", "content": [{"type": "text", "text": "one two three"}]}]}',
    '{"messages": [{"role": "assistant", "content": null, "tool_calls": [{}]}]}',
    '{"messages": [{"role": "user", "role": "assistant", "content": "x y z"}]}',
    '{"messages": [{"r\\u006fle": "user", "content": "x y z"}]}',
    '{"messages": [{"role": "us\\u0065r", "content": "x y z"}]}',
    '{"messages": [{"role": "user", "content": "\\ud800"}]}',
    '{"messages": [{"role": "user", "content": "\\ud83d\\ude00 \\u00e9 \\n\\t\\"q\\" \\/ \\\\"}]}',
    '{"messages": [{"role": "user", "content": "\\x"}]}',
    '{"messages": [{"role": "user", "content": "tab\there"}]}',
    '{"messages": [{"role": "user", "content": "e\u0301 क्षत्रिय \u0e01\u0e38\u0e48 \u212b"}]}',
    '{"messages": [' + TURN + '], "n": -0}',
    '{"messages": [' + TURN + '], "n": 01}',
    '{"messages": [' + TURN + '], "n": 12345678901234567890}',
    '{"messages": [' + TURN + '], "n": 1e999}',
    '{"messages": [' + TURN + '], "n": tru}',
    '{"messages": [' + TURN + '], "parallel_tool_calls": 3}',
    '{"messages": [' + TURN + '], "deep": ' + "[" * 300 + "]" * 300 + "}",
    '{"messages": [' + TURN + '], "deep": ' + "[" * 60 + "]" * 60 + "}",
    '  {"messages" :\t[ ' + TURN + ' ]\r}  \r',
    '{"messages": [' + TURN + ']}\x00',
    '{"messages": [{"role": "system", "content": "s"}, ' + TURN + ', {"role": "developer", '
    '"content": "d"}, {"role": "assistant", "content": "first"}, ' + TURN + ', {"role": '
    '"assistant", "content": "last", "name": "n"}, {"role": "tool", "content": "after"}]}',
]  # fmt: skip

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False)
    | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)  # fmt: skip
roles = st.sampled_from(["user", "assistant", "system", "developer", "tool", "é"])
turns = st.fixed_dictionaries(
    {"role": roles, "content": st.text(max_size=30)},
    optional={"name": json_values, "tool_calls": json_values},
)
rows = st.fixed_dictionaries(
    {"messages": st.lists(turns, max_size=4)},
    optional={"tools": json_values, "topic": json_values, "score": json_values, "x": json_values},
)
lines = st.one_of(
    st.sampled_from(UNUSUAL),
    st.tuples(rows, st.booleans()).map(lambda one: json.dumps(one[0], ensure_ascii=one[1])),
    json_values.map(json.dumps),
)


def scanned(root: Path, data: DatasetDef, on: Expr) -> tuple[object, object, int]:
    """The sets of all rows by scanning and by reading, and how many lines were scanned."""
    layout = layout_of(data, (on,))
    assert layout is not None
    parts = RowParts(data, root, root / "cache")
    evaluator, comparer = Evaluator(data, root), NearComparer(0.8)
    scanner = Scanner(parts, (on,), layout, comparer, evaluator)
    one, two, count = [], [], 0
    for part in chunks(resolve_files(data, root), root / "cache"):
        if not Scanner.fits(part):
            continue
        found = scanner.scan(part)
        sets = (found.arrays["counts"].tolist(), found.arrays["values"].tolist())
        one.append((found.lines.tolist(), found.offsets.tolist(), sets))
        read = [row for block in parts._reader.read(part) for row in block.rows]
        texts = compared_texts(evaluator, (on,), Block(read))
        arrays = comparer.prepare(texts)
        sets = (arrays["counts"].tolist(), arrays["values"].tolist())
        two.append(([row.line for row in read], [row.offset for row in read], sets))
        count += len(found.lines)
    return one, two, count


@needs_compiler
@given(st.lists(lines, min_size=1, max_size=8), st.sampled_from(["prompt", "reply.text"]))
@settings(max_examples=100, deadline=None)
def test_scanned_rows_are_those_of_the_reader(
    tmp_path_factory: pytest.TempPathFactory, some: list[str], view: str
) -> None:
    root = tmp_path_factory.mktemp("rows")
    with pytest.MonkeyPatch.context() as patched:
        # The first line is a chunk of its own, for what begins a file is never scanned.
        patched.setattr(cutting.Cutter.__init__, "__defaults__", (1, 1, 1))
        data = "".join(
            one.replace("\n", " ") + "\n" for one in [json.dumps({"messages": []}), *some]
        )
        root.joinpath("rows.jsonl").write_bytes(data.encode("utf-8", "surrogatepass"))
        one, two, _ = scanned(root, dataset(topic="text?", score="float?"), field(view))
    assert one == two


@needs_compiler
def test_every_unusual_line_is_read_as_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cutting.Cutter.__init__, "__defaults__", (1, 1, 1))
    plain = [
        json.dumps({"messages": [{"role": "user", "content": f"row {n} of many"}]})
        for n in range(9)
    ]
    data = "\n".join([*plain, *UNUSUAL, *plain]).encode("utf-8", "surrogatepass")
    tmp_path.joinpath("rows.jsonl").write_bytes(data + b"\n\xff\xfe\n" + plain[0].encode())
    one, two, count = scanned(tmp_path, dataset(), field("prompt"))
    assert one == two
    assert count > 20


@needs_compiler
def test_a_declared_text_is_scanned_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting.Cutter.__init__, "__defaults__", (1, 1, 1))
    kinds = {"text": "text", "n": "int", "flag": "bool?", "score": "float?"}
    fields = tuple(FieldDef(k, Type(v.rstrip("?"), v.endswith("?"))) for k, v in kinds.items())
    data = DatasetDef("rows", SchemaDef("line", None, fields), (SourceDef("jsonl", "rows.jsonl"),))
    draw, values = random.Random(1), [1, 1.5, None, True, "x", "é x y", [], {}, 10**17, 'a\n"b"']
    found = [{"text": "first", "n": 1}]
    for _ in range(400):
        found.append({key: draw.choice(values) for key in kinds if draw.random() < 0.8})
        found.append(
            {
                "text": f"some words, {draw.random()}",
                "n": draw.randrange(9),
                "z": draw.choice(values),
            }
        )
    tmp_path.joinpath("rows.jsonl").write_text("\n".join(map(json.dumps, found)), encoding="utf-8")
    one, two, count = scanned(tmp_path, data, field("text"))
    assert one == two
    assert count > 400


def test_what_cannot_be_scanned_has_no_layout() -> None:
    assert layout_of(dataset(), (field("prompt"), field("reply.text"))) is None
    assert layout_of(dataset(day="date"), (field("prompt"),)) is None
    assert layout_of(dataset(topic="text?"), (field("topic"),)) is None
    assert layout_of(dataset(), (Expr("call", Type("text"), (field("prompt"),), "lower"),)) is None
