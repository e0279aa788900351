"""Every planted fault is found, at its line and byte, and nothing is found in clean files."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
import zstandard

from ftdsl.data.blocks import RowReader, parts
from ftdsl.data.faults import Fault
from ftdsl.data.files import resolve_files
from ftdsl.engine.context import Refused
from tests.data.spec_parts import dataset, write

GOOD = b'{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}'


def read(
    root: Path, base: str | None = "chat", format: str = "jsonl", name: str = "rows.jsonl"
) -> tuple[list[Fault], int, int, int]:
    """Faults, rows, failed and skipped of the dataset's one file."""
    of = dataset(name, base, format)
    faults: list[Fault] = []
    rows = failed = skipped = 0
    for file in resolve_files(of, root):
        for part in parts(file, None):
            for block in RowReader(of).read(part):
                faults += block.faults
                rows += len(block.rows)
                failed += block.failed
                skipped += block.skipped
    return faults, rows, failed, skipped


#: name → (line that is wrong, code, byte index within it, whether the row is lost)
LINES: dict[str, tuple[bytes, str, int, bool]] = {
    "malformed": (b'{"messages": oops}', "FT320", 13, True),
    "text_after": (b'{"messages": []} x', "FT320", 17, True),
    "latin1": (b'{"messages": "caf\xe9"}', "FT322", 17, True),
    "inner_bom": (b"\xef\xbb\xbf" + GOOD, "FT323", 0, True),
    "endless_integer": (b'{"messages": 1' + b"0" * 400 + b"}", "FT325", 13, True),
    "inexact_integer": (GOOD[:-1] + b',"tools":9007199254740993}', "FT326", len(GOOD) + 8, False),
    "wide_integer": (
        GOOD[:-1] + b',"tools":[18446744073709551616]}',
        "FT326",
        len(GOOD) + 9,
        False,
    ),
    "nan": (b'{"messages": NaN}', "FT327", 13, True),
    "minus_infinity": (b'{"messages": -Infinity}', "FT327", 13, True),
    "repeated_key": (GOOD[:-1] + b',"messages":[]}', "FT328", len(GOOD), False),
    "repeated_inner": (
        b'{"messages":[{"role":"user","content":"a \\"q\\"","role" : "user"}]}',
        "FT328",
        48,
        False,
    ),
    "repeated_escaped": (
        b'{"messages":[{"role":"user","content":"\\u0022\\u0022","role":"user"}]}',
        "FT328",
        53,
        False,
    ),
    "array": (b"[1, 2]", "FT330", 0, True),
    "scalar": (b'"text"', "FT330", 0, True),
    "joined": (GOOD + GOOD, "FT331", len(GOOD), True),
    "surrogate": (b'{"messages": "x \\ud83d"}', "FT335", 16, True),
    "deep": (b'{"messages": ' + b"[" * 5000 + b"]" * 5000 + b"}", "FT337", 0, True),
    "escaped_nul": (GOOD.replace(b'"a"', b'"a\\u0000"'), "FT338", 40, False),
    "raw_nul": (b'{"messages": "\x00"}', "FT339", 14, True),
    "raw_escape": (b'{"messages": "\x1b[31m"}', "FT339", 14, True),
    "blank": (b"  ", "FT329", 0, True),
    "wrong_type": (b'{"messages": "hello"}', "FT340", 0, True),
    "absent": (b'{"prompt": "hello"}', "FT341", 0, True),
    "null": (b'{"messages": null}', "FT341", 0, True),
    "turn_without_role": (b'{"messages":[{"content":"x"}]}', "FT343", 0, True),
    "turn_without_content": (b'{"messages":[{"role":"user"}]}', "FT343", 0, True),
    "turn_is_text": (b'{"messages":["x"]}', "FT343", 0, True),
}


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("name", LINES)
def test_a_bad_line_is_found_at_its_place(tmp_path: Path, name: str, ending: bytes) -> None:
    bad, code, at, lost = LINES[name]
    write(tmp_path, GOOD + ending + bad + ending + GOOD + ending)
    faults, rows, failed, skipped = read(tmp_path)
    assert [(f.code, f.line) for f in faults] == [(code, 2)], faults
    assert faults[0].offset == len(GOOD + ending) + at
    assert faults[0].message
    assert rows == (2 if lost else 3)
    assert failed + skipped == lost
    assert skipped == (name == "blank")


@pytest.mark.parametrize("name", ["malformed", "repeated_key", "latin1"])
def test_columns_count_characters(tmp_path: Path, name: str) -> None:
    bad, code, at, _ = LINES[name]
    write(tmp_path, bad + b"\n")
    fault = read(tmp_path)[0][0]
    assert (fault.code, fault.column) == (code, at + 1)


def test_a_column_after_wide_characters(tmp_path: Path) -> None:
    write(tmp_path, '{"é€": "𝄞", x}\n'.encode())
    fault = read(tmp_path)[0][0]
    assert (fault.column, fault.offset) == (13, 18)


def test_clean_files_have_no_findings(tmp_path: Path) -> None:
    odd = '{"messages": [{"role": "user", "content": "\u2028\u0085 \\"x\\" : \\"y\\": \\\\"}]}'
    write(tmp_path, GOOD + b"\r\n" + odd.encode() + b"\n" + GOOD)
    assert read(tmp_path) == ([], 3, 0, 0)


@pytest.mark.parametrize("tail", [GOOD[:30], GOOD[:-1], b'{"messages": "caf\\ud8'])
def test_a_cut_off_last_line(tmp_path: Path, tail: bytes) -> None:
    write(tmp_path, GOOD + b"\n" + tail)
    faults, rows, failed, _ = read(tmp_path)
    assert [(f.code, f.line) for f in faults] == [("FT321", 2)]
    assert (rows, failed) == (1, 1)
    write(tmp_path, GOOD + b"\n" + tail + b"\n")
    assert read(tmp_path)[0][0].code == "FT320"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 3\n", "FT334"),
        (b"outs:\n- md5: ab\n  path: rows.jsonl\n", "FT334"),
        ((GOOD + b"\n").decode().encode("utf-16"), "FT336"),
        ((GOOD + b"\n").decode().encode("utf-16-le"), "FT336"),
        (b"PK\x03\x04" + b"0" * 90, "FT336"),
        (b"PAR1" + b"0" * 90, "FT336"),
        (b"[\n" + GOOD + b"\n]\n", "FT333"),
        (b'{\n "messages": []\n}\n', "FT333"),
        (b"prompt,completion\na,b\n", "FT333"),
    ],
)
def test_a_file_that_is_something_else(tmp_path: Path, data: bytes, code: str) -> None:
    write(tmp_path, data)
    faults, rows, failed, _ = read(tmp_path)
    assert [(f.code, f.line, f.offset) for f in faults] == [(code, 1, 0)]
    assert (rows, failed) == (0, 1)


def test_a_byte_order_mark_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, b"\xef\xbb\xbf" + GOOD + b"\n" + b"{\n")
    faults, rows, failed, _ = read(tmp_path)
    assert [(f.code, f.line) for f in faults] == [("FT324", 1), ("FT320", 2)]
    assert faults[1].offset == 3 + len(GOOD) + 2
    assert (rows, failed) == (1, 1)


def test_an_empty_file_has_no_rows(tmp_path: Path) -> None:
    write(tmp_path, b"")
    assert read(tmp_path) == ([], 0, 0, 0)


def test_a_line_over_the_limit_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ftdsl.data.lines.MAX_LINE", 3 << 20)
    write(tmp_path, GOOD + b"\n" + b'{"messages":"' + b"x" * (5 << 20) + b'"}\n' + GOOD + b"\n")
    faults, rows, failed, _ = read(tmp_path)
    assert [(f.code, f.line, f.offset) for f in faults] == [("FT332", 2, len(GOOD) + 1)]
    assert (rows, failed) == (2, 1)


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress], ids=["gz", "zst"])
def test_packed_files_read_the_same(tmp_path: Path, pack) -> None:  # type: ignore[no-untyped-def]
    body = GOOD + b"\n" + b'{"messages": oops}\n' + GOOD + b"\n"
    write(tmp_path, body)
    plain = read(tmp_path)
    write(tmp_path, pack(body))
    assert read(tmp_path) == plain
    write(tmp_path, pack(body) + pack(GOOD + b"\n"))
    assert read(tmp_path)[1] == 3


def refused(root: Path) -> str:
    with pytest.raises(Refused) as caught:
        read(root)
    assert caught.value.exit_code == 2
    assert caught.value.diagnostic.help
    return caught.value.diagnostic.code


def test_a_decompression_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ftdsl.data.streams.FREE_BYTES", 1 << 20)
    line = GOOD + b" " * (1 << 20) + b"\n"
    for pack in (gzip.compress, zstandard.compress):
        write(tmp_path, pack(line * 20))
        assert refused(tmp_path) == "FT306"


def test_a_damaged_archive(tmp_path: Path) -> None:
    body = gzip.compress(GOOD * 1000)
    write(tmp_path, body[: len(body) // 2])
    assert refused(tmp_path) == "FT307"
    write(tmp_path, zstandard.compress(GOOD * 1000)[:-3])
    assert refused(tmp_path) == "FT307"


def test_places_that_are_no_data_file(tmp_path: Path) -> None:
    assert refused(tmp_path) == "FT300"
    (tmp_path / "rows.jsonl").mkdir()
    assert refused(tmp_path) == "FT302"
    (tmp_path / "rows.jsonl").rmdir()
    outside = tmp_path.parent / f"{tmp_path.name}.outside"
    outside.write_bytes(GOOD)
    (tmp_path / "rows.jsonl").symlink_to(outside)
    assert refused(tmp_path) == "FT304"
    with pytest.raises(Refused) as caught:
        read(tmp_path, name="none/*.jsonl")
    assert caught.value.diagnostic.code == "FT301"
