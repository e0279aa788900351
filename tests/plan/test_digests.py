"""Digests are remembered while a file cannot have changed, and for no other file."""

from __future__ import annotations

import gzip
import hashlib
import os
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ftdsl.data.cutting import Cut
from ftdsl.plan.digests import FileDigests


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the data files that are opened for reading, in bytes."""
    found: list[str] = []
    original = Path.open

    def watched(self: Path, *arguments: object, **options: object) -> object:
        if self.suffix == ".jsonl" and arguments[:1] == ("rb",):
            found.append(self.name)
        return original(self, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "open", watched)
    return found


def old_file(tmp_path: Path, body: bytes = b"one\ntwo") -> Path:
    file = tmp_path / "a.jsonl"
    file.write_bytes(body)
    time.sleep(2.1)
    return file


def test_an_old_file_is_read_once(tmp_path: Path, reads: list[str]) -> None:
    file, memory = old_file(tmp_path), tmp_path / "digests.json"
    digests = FileDigests(memory)
    first = digests.facts(file)
    assert first.sha256 == hashlib.sha256(b"one\ntwo").hexdigest()
    assert (first.size, first.lines) == (7, 2)
    digests.save()
    assert FileDigests(memory).facts(file) == first
    assert reads == ["a.jsonl"]


def test_a_file_of_this_moment_is_waited_for(tmp_path: Path, reads: list[str]) -> None:
    """It could change within the clock's tick without its times showing it."""
    file = tmp_path / "a.jsonl"
    file.write_bytes(b"one\n")
    written = file.stat().st_mtime_ns
    digests = FileDigests(tmp_path / "digests.json")
    digests.facts(file)
    assert time.time_ns() - written >= 30_000_000
    digests.facts(file)
    assert reads == ["a.jsonl"]


def test_a_file_with_times_in_whole_seconds_is_read_again(tmp_path: Path, reads: list[str]) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(b"one\n")
    second = time.time_ns() // 10**9 * 10**9
    os.utime(file, ns=(second, second))
    digests = FileDigests(tmp_path / "digests.json")
    digests.facts(file)
    digests.facts(file)
    assert reads == ["a.jsonl", "a.jsonl"]


def test_a_file_of_the_future_is_read_again(tmp_path: Path, reads: list[str]) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(b"one\n")
    later = time.time_ns() + 10**12 + 1
    os.utime(file, ns=(later, later))
    digests = FileDigests(tmp_path / "digests.json")
    digests.facts(file)
    digests.facts(file)
    assert reads == ["a.jsonl", "a.jsonl"]


def test_chunks_are_found_when_asked_for(tmp_path: Path, reads: list[str]) -> None:
    file, memory = old_file(tmp_path), tmp_path / "digests.json"
    digests = FileDigests(memory)
    assert digests.facts(file).chunks is None
    cut = digests.facts(file, cut=True)
    assert cut.chunks == (Cut(7, 2, hashlib.sha256(b"one\ntwo").hexdigest()[:32]),)
    digests.save()
    again = FileDigests(memory)
    assert again.facts(file, cut=True) == again.facts(file) == cut
    assert reads == ["a.jsonl", "a.jsonl"]


def test_a_packed_file_has_no_chunks(tmp_path: Path, reads: list[str]) -> None:
    file = old_file(tmp_path, gzip.compress(b"{}\n"))
    digests = FileDigests(tmp_path / "digests.json")
    first = digests.facts(file, cut=True)
    assert first.chunks is None
    assert digests.facts(file, cut=True) == first
    assert reads == ["a.jsonl"]


def test_the_chunks_of_a_large_file_are_its_bytes(tmp_path: Path) -> None:
    body = b"".join(b"%d\n" % n for n in range(400_000))
    file = old_file(tmp_path, body)
    found = FileDigests(tmp_path / "digests.json").facts(file, cut=True)
    assert found.sha256 == hashlib.sha256(body).hexdigest()
    assert found.lines == 400_000
    at = 0
    for chunk in found.chunks or ():
        digest = hashlib.sha256(body[at : at + chunk.size]).hexdigest()
        assert chunk.digest == digest[:32]
        at += chunk.size
    assert at == len(body)


def test_an_edit_of_the_same_size_with_its_time_put_back_is_seen(tmp_path: Path) -> None:
    file = old_file(tmp_path)
    digests = FileDigests(tmp_path / "digests.json")
    before, status = digests.facts(file), file.stat()
    file.write_bytes(b"ONE\ntwo")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert file.stat().st_mtime_ns == status.st_mtime_ns
    assert digests.facts(file).sha256 != before.sha256


def test_another_file_of_the_same_name_is_seen(tmp_path: Path) -> None:
    file = old_file(tmp_path)
    digests = FileDigests(tmp_path / "digests.json")
    before, status = digests.facts(file), file.stat()
    (tmp_path / "b").write_bytes(b"ONE\ntwo")
    os.utime(tmp_path / "b", ns=(status.st_atime_ns, status.st_mtime_ns))
    (tmp_path / "b").replace(file)
    assert digests.facts(file).sha256 != before.sha256


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'{"schema": "ftdsl.digests/1", "files": {}}',
        b'{"schema": "ftdsl.digests/2", "files": 3}',
        b'{"schema": "ftdsl.digests/2", "files": {"/a": [1, 2]}}',
        b'{"schema": "ftdsl.digests/3", "files": {"/a": [1, 2, 3, 4, 5, "", 1, [[2, 1, ""]]]}}',
        b'{"schema": "ftdsl.digests/3", "files": {"/a": [1, 2, 3, 4, 5, "", 1, [[1, 1]]]}}',
        b"\xff",
    ],
)
def test_a_damaged_memory_is_no_memory(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "digests.json").write_bytes(body)
    file = tmp_path / "a.jsonl"
    file.write_bytes(b"x")
    found = FileDigests(tmp_path / "digests.json").facts(file)
    assert found.sha256 == hashlib.sha256(b"x").hexdigest()


@given(st.binary(max_size=200))
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_lines_are_ends_of_line_and_a_last_line_without_one(tmp_path: Path, body: bytes) -> None:
    file = tmp_path / "a"
    file.write_bytes(body)
    found = FileDigests(tmp_path / "none" / "digests.json").facts(file)
    parts = body.split(b"\n")
    assert found.lines == len(parts) - (parts[-1] == b"")
    assert found.size == len(body)
