"""Every data code's examples: the failing one gives the code, the passing one gives nothing."""

from __future__ import annotations

import gzip
import os
import sys
from pathlib import Path

import pytest
import zstandard

from ftdsl.data.rows import read_rows
from ftdsl.diagnostics.codes.data import CODES
from ftdsl.engine.context import Refused
from ftdsl.quality.step import run_check
from tests.data.spec_parts import dataset, write
from tests.quality.stand_in import Run, check

GOOD = next(code.passing for code in CODES if code.examples == "rows").encode()
ROWS = {code.code: code for code in CODES if code.examples == "rows"}


def codes(root: Path, base: str = "chat", format: str = "jsonl") -> set[str]:
    """The codes of a check of the one file under ``root``."""
    step = check(dataset("rows.*", base, format))
    try:
        return {finding.code for finding in run_check(step, Run(root)).findings} - {"FT354"}
    except Refused as refused:
        return {refused.diagnostic.code}


@pytest.mark.parametrize("code", ROWS)
def test_the_failing_example_fails_and_the_passing_one_passes(tmp_path: Path, code: str) -> None:
    write(tmp_path, ROWS[code].failing.encode())
    assert codes(tmp_path) == {code}
    write(tmp_path, ROWS[code].passing.encode())
    assert codes(tmp_path) == set()


def test_codes_are_named_once_and_in_order() -> None:
    assert [code.code for code in CODES] == sorted({code.code for code in CODES})
    assert len({code.name for code in CODES}) == len(CODES)


@pytest.mark.code("FT300")
def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="does not exist"):
        list(read_rows(dataset(), tmp_path))


@pytest.mark.code("FT301")
def test_no_file_matches(tmp_path: Path) -> None:
    assert codes(tmp_path) == {"FT301"}


@pytest.mark.code("FT302")
def test_no_ordinary_file(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").mkdir()
    with pytest.raises(Refused) as caught:
        list(read_rows(dataset(), tmp_path))
    assert caught.value.diagnostic.code == "FT302"


@pytest.mark.code("FT303")
def test_file_not_readable(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").symlink_to(tmp_path / "rows.jsonl")
    with pytest.raises(Refused) as caught:
        list(read_rows(dataset(), tmp_path))
    assert caught.value.diagnostic.code == "FT303"


@pytest.mark.code("FT304")
def test_file_outside_root(tmp_path: Path) -> None:
    outside = write(tmp_path, GOOD, "elsewhere/rows.jsonl")
    root = tmp_path / "project"
    root.mkdir()
    (root / "rows.jsonl").symlink_to(outside)
    assert codes(root) == {"FT304"}


@pytest.mark.code("FT305")
def test_file_changed(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD * 3)
    reading = read_rows(dataset(), tmp_path)
    next(reading)
    path.write_bytes(GOOD * 2)
    with pytest.raises(Refused) as caught:
        list(reading)
    assert caught.value.diagnostic.code == "FT305"


@pytest.mark.code("FT306")
def test_decompression_bomb(tmp_path: Path) -> None:
    write(tmp_path, gzip.compress(b" " * 99_999_999))
    assert codes(tmp_path) == {"FT306"}


@pytest.mark.code("FT307")
def test_damaged_file(tmp_path: Path) -> None:
    write(tmp_path, gzip.compress(GOOD)[:20])
    assert codes(tmp_path) == {"FT307"}


@pytest.mark.code("FT308")
def test_missing_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, zstandard.compress(GOOD))
    assert codes(tmp_path) == set()
    monkeypatch.setitem(sys.modules, "zstandard", None)
    assert codes(tmp_path) == {"FT308"}


@pytest.mark.code("FT309")
def test_file_name_not_utf_8(tmp_path: Path) -> None:
    write(tmp_path, GOOD, os.fsdecode(b"rows.caf\xe9"))
    assert codes(tmp_path) == {"FT309"}


@pytest.mark.code("FT322")
def test_row_not_utf_8(tmp_path: Path) -> None:
    write(tmp_path, GOOD.replace(b"hello", "grüße".encode("latin-1")))
    assert codes(tmp_path) == {"FT322"}


@pytest.mark.code("FT323")
def test_inner_byte_order_mark(tmp_path: Path) -> None:
    write(tmp_path, GOOD + b"\xef\xbb\xbf" + GOOD)
    assert codes(tmp_path) == {"FT323"}


@pytest.mark.code("FT324")
def test_byte_order_mark(tmp_path: Path) -> None:
    write(tmp_path, b"\xef\xbb\xbf" + GOOD)
    assert codes(tmp_path) == {"FT324"}


@pytest.mark.code("FT332")
def test_line_too_long(tmp_path: Path) -> None:
    write(tmp_path, b'{"messages": "' + b"y" * 99_999_999)
    assert codes(tmp_path) == {"FT332"}


@pytest.mark.code("FT336")
def test_other_encoding(tmp_path: Path) -> None:
    write(tmp_path, GOOD.decode().encode("utf-16"))
    assert codes(tmp_path) == {"FT336"}


@pytest.mark.code("FT346")
def test_malformed_table_row(tmp_path: Path) -> None:
    write(tmp_path, b"prompt,completion\na,b,c\n", "rows.csv")
    assert codes(tmp_path, "completion", "csv") == {"FT346"}
    write(tmp_path, b'prompt,completion\n"a,b",c\n', "rows.csv")
    assert codes(tmp_path, "completion", "csv") == set()
