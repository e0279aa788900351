"""Whatever bytes a data file holds: an answer, counts that add up, and no crash."""

from __future__ import annotations

import gzip
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ftdsl.data.blocks import RowBlock, RowReader
from ftdsl.data.files import resolve_files
from ftdsl.data.rows import Part, parts
from ftdsl.engine.context import Refused
from ftdsl.quality.step import run_check
from tests.data.catalogue import ROW, validate
from tests.data.spec_parts import dataset, write
from tests.data.test_readers import cuts
from tests.quality.stand_in import Run, check

VALID = {
    "jsonl": (ROW + ROW.replace(b'"b"', '"é\u2028\\ud83d\\ude00 \\"q\\""'.encode())) * 3,
    "json": b"[\n" + ROW.replace(b"\n", b",\n") * 4 + ROW + b"]\n",
    "csv": b'messages,n\n"a, ""b""\nc",1\n' + "é,\n".encode() * 3,
}
ODD = [b"", b"\n", b"\r", b"\0", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b'"', b"\\", b"{", b"}"]
ODD += [b"[", b"]", b",", b":", b"\\ud800", b"NaN", b"-0", b"1e999", b"9" * 30, b"[" * 300, b"\t"]
DAMAGE = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 12), st.sampled_from(ODD) | st.binary(max_size=4)),
    min_size=1,
    max_size=4,
)
MANY = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def damaged(body: bytes, damage: list[tuple[float, int, bytes]]) -> bytes:
    """``body`` with some bytes of it replaced."""
    for where, length, new in damage:
        at = int(where * len(body))
        body = body[:at] + new + body[at + length :]
    return body


def answered(root: Path, body: bytes, format: str, size: int) -> None:
    """Read it in parts and as a whole, and check it."""
    write(root, body, "rows")
    of = dataset("rows", "chat" if format != "csv" else None, format)
    try:
        found = []
        for file in resolve_files(of, root):
            for cut in (list(parts(file, cuts(file, size))), [Part(file)]):
                blocks = list(_until_the_end(RowReader(of), cut))
                rows = [(row.line, row.row_id) for block in blocks for row in block.rows]
                faults = [one for block in blocks for one in block.faults]
                failed = sum(block.failed for block in blocks)
                fatal = sum(one.fatal and one.code != "FT329" for one in faults)
                assert failed == fatal
                found.append((rows, failed, sum(block.skipped for block in blocks)))
        assert found[0] == found[1] or b"\n" not in body
        counts = run_check(check(of), Run(root)).counts
        assert counts.discovered == counts.checked + counts.skipped + counts.failed
        assert counts.failed == found[1][1]
    except Refused as refused:
        assert refused.diagnostic.code in {"FT306", "FT307"}


def _until_the_end(reader: RowReader, cut: list[Part]) -> Iterator[RowBlock]:
    """A block may tell that the file is not what it was taken for: none after it counts."""
    for part in cut:
        for block in reader.read(part):
            yield block
            if block.ends:
                return


@MANY
@given(st.sampled_from(sorted(VALID)), DAMAGE, st.integers(1, 400))
@example("jsonl", [(0.5, 3, b"\xff")], 100)
@example("jsonl", [(0.0, 12, b"")], 1)
def test_damage_is_answered(
    tmp_path: Path, format: str, damage: list[tuple[float, int, bytes]], size: int
) -> None:
    answered(tmp_path, damaged(VALID[format], damage), format, size)


@settings(MANY, max_examples=60)
@given(DAMAGE)
def test_damage_of_a_packed_file_is_answered(
    tmp_path: Path, damage: list[tuple[float, int, bytes]]
) -> None:
    answered(tmp_path, damaged(gzip.compress(VALID["jsonl"], mtime=0), damage), "jsonl", 1 << 20)


@pytest.mark.parametrize("seed", range(4))
def test_random_bytes_through_the_command_line(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    for number in range(6):
        body = VALID["jsonl"]
        for _ in range(chance.randrange(1, 20)):
            at = chance.randrange(len(body))
            body = body[:at] + bytes([chance.randrange(256)]) + body[at + chance.randrange(3) :]
        assert validate(tmp_path / str(number), body).exit_code in (0, 1, 2)
