"""Files as wholes: bytes that stay, a diff that applies, convergence, arrays and packed files."""

from __future__ import annotations

import gzip
import subprocess
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fixing.stand_in import Project, row

_PIECES = [
    "plain words", "cafÃ©", "â€™s", "I recieve teh acces", "\u200b", "\u202e", " ", "\n",
    "```\ncode", "```", "cafe\u0301", "<|im_end|>", "<|im<s>_end|>", "HI", "\ufffd", "\x85", "é",
    "",
]  # fmt: skip
_TEXTS = st.lists(st.sampled_from(_PIECES), max_size=4).map("".join)
_ROLES = st.sampled_from(["user", "assistant", "human", "gpt", "system", "narrator", " User"])
_TURN = st.builds(lambda r, t: {"role": r, "content": t}, _ROLES, _TEXTS)
_LEGACY = st.builds(lambda r, t: {"from": r, "value": t}, st.sampled_from(["human", "gpt"]), _TEXTS)
_ROW = st.one_of(
    st.builds(lambda a, b: row(a, b).encode(), _TEXTS, _TEXTS),
    st.lists(st.one_of(_TURN, _LEGACY), min_size=1, max_size=3).map(
        lambda turns: orjson.dumps({"messages": turns})
    ),
)
_ODD = st.sampled_from(
    [
        b"", b"  ", b"\xef\xbb\xbf" + row("a", "b").encode(), b'{"messages": 1}', b"nonsense",
        b'["a"]', row("a", "b").encode() + row("c", "d").encode(),
        b"[" + row("a", "b").encode() + b"]",
        b'{"messages": [], "a": NaN}', b'{"a": 1, "a": 1, "messages": []}', b'{"a": 1, "a": 2}',
        row("tab", "x").encode().replace(b"tab", b"t\tb"), b'{"messages": "\\ud800 \\u0000"}',
        row("caf", "x").encode().replace(b"caf", b"caf\xe9"), row("cr", "x").encode() + b"\r",
        b'{"messages": [{"role": "us', b"[", b"{",
    ]
)  # fmt: skip
_FILES = st.builds(
    lambda lines, end: b"\n".join(lines) + end,
    st.lists(st.one_of(_ROW, _ROW, _ODD), max_size=12),
    st.sampled_from([b"", b"\n", b"\n\n"]),
)
_LENIENT = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@given(data=_FILES, unsafe=st.booleans())
@_LENIENT
def test_fixing_converges(project: Project, data: bytes, unsafe: bool) -> None:
    once, _, _ = project.mended(data, unsafe=unsafe)
    twice, diff, mended = project.mended(once, unsafe=unsafe)
    assert twice == once
    assert diff == b""
    assert not mended.changed
    assert not mended.applied


@given(data=_FILES, unsafe=st.booleans())
@_LENIENT
def test_what_was_fixed_is_not_found_again(project: Project, data: bytes, unsafe: bool) -> None:
    """Each applied fix means one finding less of what it mends; lines that become readable may
    bring findings of their own."""
    before = project.broken(data)
    once, _, mended = project.mended(data, unsafe=unsafe)
    after = project.broken(once)
    if mended.applied and not any(code.startswith("FT") for code, _ in mended.applied):
        for rule, count in after.items():
            assert count <= before.get(rule, 0)
        for rule in {rule for rule, _ in mended.applied}:
            assert after.get(rule, 0) < before[rule]


@given(data=_FILES)
@_LENIENT
def test_rows_without_a_finding_keep_their_bytes(project: Project, data: bytes) -> None:
    once, _, mended = project.mended(data)
    if ("FT333", "array_to_lines") in mended.applied:
        return
    kept = once.split(b"\n")
    for line in data.split(b"\n"):
        if line and not project.broken(line + b"\n"):
            assert line in kept


@given(data=_FILES)
@_LENIENT
def test_the_diff_applies(project: Project, data: bytes) -> None:
    once, diff, _ = project.mended(data)
    place = project.root / "applied"
    place.mkdir(exist_ok=True)
    (place / "rows.jsonl").write_bytes(data)
    (place / "d").write_bytes(diff)
    if b"Binary files" in diff:
        return
    if diff:
        words = ["patch", "-p1", "--binary", "-s", "-i", "d"]
        done = subprocess.run(words, cwd=place, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        if not once:
            return
    assert (place / "rows.jsonl").read_bytes() == once


def test_git_takes_the_diff(project: Project) -> None:
    rows = [row(f"q{n}", f"a{n}").encode() for n in range(40)]
    rows[3] = row("q3", "a3 ").encode()
    rows[9] = row("q9", "a9 ").encode()
    rows[30] = b""
    data = b"\n".join(rows)
    once, diff, _ = project.mended(data)
    assert diff.count(b"@@ -") == 2
    (project.root / "rows.jsonl").write_bytes(data)
    subprocess.run(["git", "init", "-q"], cwd=project.root, check=True)
    words = ["git", "apply", "--whitespace=nowarn", "-"]
    subprocess.run(words, cwd=project.root, input=diff, check=True)
    assert (project.root / "rows.jsonl").read_bytes() == once


def test_lines_keep_their_style(project: Project) -> None:
    """Spaces, escapes, the order of keys and a carriage return are the line's own."""
    line = (
        '{"messages": [{"content": "\\u00e9", "role": "user"},  {"role":"assistant", '
        '"content" : "ok\\u00e9 "}]}\r\n'
    )
    found, _, _ = project.mended(line.encode())
    assert found.decode() == line.replace('\\u00e9 "', '\\u00e9"')


def test_an_array_keeps_its_layout(tmp_path: Path) -> None:
    project = Project(tmp_path, 'json("rows.json")')
    rows = [row("a", "b "), row("c", "d"), row("e", ""), row("f", "g")]
    text = "[\n  " + ",\n  ".join(rows) + "\n]\n"
    found, diff, mended = project.mended(text.encode())
    kept = [row("a", "b"), row("c", "d"), row("f", "g")]
    assert found.decode() == "[\n  " + ",\n  ".join(kept) + "\n]\n"
    assert mended.applied == {("trimmed", "trim"): 1, ("no_empty_turn", "drop_blank_row"): 1}
    (tmp_path / "rows.json").write_text(text)
    subprocess.run(["patch", "-p1", "-s"], cwd=tmp_path, input=diff, check=True)
    assert (tmp_path / "rows.json").read_bytes() == found
    assert project.mended(found)[0] == found


def test_the_last_rows_of_an_array(tmp_path: Path) -> None:
    project = Project(tmp_path, 'json("rows.json")')
    blank, good = row("a", ""), row("c", "d")
    for rows, kept in (
        ([good, blank, blank], f"[{good}]"),
        ([blank, blank], "[]"),
        ([blank, good], f"[{good}]"),
        ([good, blank, good], f"[{good}, {good}]"),
    ):
        found, _, _ = project.mended(f"[{', '.join(rows)}]".encode())
        assert found.decode() == kept


def test_objects_over_several_lines(project: Project) -> None:
    pretty = orjson.dumps(orjson.loads(row("a\nb", "c")), option=orjson.OPT_INDENT_2)
    found, _, mended = project.mended(pretty + b"\n" + pretty + b"\n")
    assert [orjson.loads(one) for one in found.splitlines()] == [orjson.loads(pretty)] * 2
    assert mended.applied == {("FT333", "array_to_lines"): 1}


def test_a_packed_file_stays_packed(project: Project) -> None:
    data = f"{row('a', 'b ')}\n".encode()
    found, diff, _ = project.mended(gzip.compress(data))
    assert gzip.decompress(found) == f"{row('a', 'b')}\n".encode()
    assert diff == b"Binary files a/rows.jsonl and b/rows.jsonl differ\n"
    assert project.mended(gzip.compress(data))[0] == found


def test_a_table_is_left_alone(tmp_path: Path) -> None:
    project = Project(tmp_path, 'csv("rows.csv")')
    (step,) = project.steps
    from ftdsl.fixing.project import Mending
    from ftdsl.fixing.stage import Stage

    (tmp_path / "rows.csv").write_text("messages\nx\n")
    fixed = Mending([step], tmp_path, unsafe=True).mend(Stage(tmp_path / "work", tmp_path))
    assert fixed.files["rows.csv"].left == "fixes are for JSON lines and JSON arrays"
    assert fixed.changed == ()
