"""Rewrites one data file with its fixes, as a stream, and tells which lines were replaced."""

from __future__ import annotations

import codecs
import gzip
import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from ftdsl.data.files import DataFile, stamp_of
from ftdsl.data.head import as_json_lines, opened
from ftdsl.data.lines import LineBlock, line_blocks
from ftdsl.data.streams import chunks, compression
from ftdsl.fixing.arrays import array_pairs
from ftdsl.fixing.blocks import LineRepair
from ftdsl.fixing.diff import Pair, binary, unified
from ftdsl.fixing.lines import on_one_line, split_joined_rows
from ftdsl.fixing.rows import Applied, Dropped
from ftdsl.language.remedies import fixes_for

WHOLE = 512 << 20
"""Bytes up to which a file that has to be read as a whole is mended."""
_HEAD = 4096


@dataclass(slots=True)
class Mended:
    """What became of one file: how often each fix was applied, whether any byte changed, and why
    it was left alone ("" where it was not)."""

    path: str
    applied: Applied = field(default_factory=Applied)
    changed: bool = False
    left: str = ""


def mend_file(
    file: DataFile,
    repair: LineRepair,
    target: Path,
    diff: IO[bytes],
    dropped: Dropped | None = None,
) -> Mended:
    """Write the mended ``file`` to ``target`` and its unified diff to ``diff``. Lines of the mended
    file that ``dropped`` names are left out. Raises Refused (FT300-FT308)."""
    mended = Mended(file.path)
    mended.left = _unfit(file)
    if mended.left:
        return mended
    with ExitStack() as stack:
        whole = _as_lines(file, repair, target, mended.applied)
        source = whole or file
        kind = _kind(file)
        sink = stack.enter_context(_opened(target, kind))
        written = _written(_pairs(source, repair, mended.applied, dropped or {}), sink, mended)
        if kind or whole is not None:
            for _ in written:
                pass
        else:
            for piece in unified(file.path, written):
                diff.write(piece)
    if whole is not None:
        mended.changed = True
        _replaced_whole(file, target, diff)
        whole.full.unlink()
    elif kind and mended.changed:
        diff.write(binary(file.path))
    file.assert_unchanged()
    return mended


def _unfit(file: DataFile) -> str:
    """Why the fixes do not reach this file."""
    if file.format in ("csv", "parquet"):
        return "fixes are for JSON lines and JSON arrays"
    if file.format == "json" and file.stamp.size > WHOLE:
        return f"a JSON array over {WHOLE >> 20} MiB is not mended"
    return ""


def _kind(file: DataFile) -> str:
    with file.open() as raw:
        return compression(raw.read(4))


def _opened(target: Path, kind: str) -> Any:
    """The file to write, packed as the source is, the same bytes each time."""
    target.parent.mkdir(parents=True, exist_ok=True)
    raw = target.open("wb")
    if kind == "gzip":
        return _Packed(raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0))
    if kind == "zstd":
        import zstandard

        return _Packed(raw, zstandard.ZstdCompressor().stream_writer(raw, closefd=False))
    return raw


class _Packed:
    """A packing stream over a file; both are closed in order."""

    def __init__(self, raw: IO[bytes], stream: Any) -> None:
        self._raw, self._stream = raw, stream

    def write(self, data: bytes) -> None:
        self._stream.write(data)

    def __enter__(self) -> _Packed:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()
        self._raw.close()


def _written(pairs: Iterable[Pair], sink: IO[bytes], mended: Mended) -> Iterator[Pair]:
    """Passes the pairs on while their new lines are written."""
    for line, lines in pairs:
        sink.write(b"".join(lines))
        mended.changed |= len(lines) != 1 or lines[0] != line
        yield line, lines


def _pairs(
    file: DataFile, repair: LineRepair, applied: Applied, dropped: Dropped
) -> Iterable[Pair]:
    if file.format == "json":
        return array_pairs(b"".join(chunks(file)), repair, applied, dropped)
    return _line_pairs(file, repair, applied, dropped)


def _line_pairs(
    file: DataFile, repair: LineRepair, applied: Applied, dropped: Dropped
) -> Iterator[Pair]:
    number = 0
    for block in line_blocks(chunks(file)):
        mended = repair.repaired(block, applied)
        for index, lines in enumerate(mended):
            numbers = range(number + 1, number + 1 + len(lines))
            number += len(lines)
            kept = [one for n, one in zip(numbers, lines, strict=True) if n not in dropped]
            applied.update(dropped[n] for n in numbers if n in dropped)
            last = block.unfinished and index == len(mended) - 1
            yield _with_ends(block, index, kept, last)


def _with_ends(block: LineBlock, index: int, lines: list[bytes], last: bool) -> Pair:
    """Every line ends with a line feed but the file's last, where the old one had none."""
    end = b"" if last else b"\n"
    whole = [one + b"\n" for one in lines[:-1]] + [one + end for one in lines[-1:]]
    return block.lines[index] + end, whole


def _as_lines(
    file: DataFile, repair: LineRepair, target: Path, applied: Applied
) -> DataFile | None:
    """A file beside ``target`` that is UTF-8 with one row a line, where ``file`` is not and a fix
    that is allowed makes it so; None where there is nothing to do."""
    if file.format != "jsonl" or file.stamp.size > WHOLE:
        return None
    stream, _, fault = opened(chunks(file))
    if fault is not None and fault.fatal:
        encoding = "utf-16" if fault.code == "FT336" and _is_utf16(file) else ""
        if not encoding or not _may(repair, "FT336"):
            return None
        text = codecs.decode(b"".join(chunks(file)), encoding, "strict")
        applied["FT336", "to_utf8"] += 1
        return _beside(file, target, text.encode())
    first = next(stream, b"")
    whole = as_json_lines(first[:_HEAD])
    if whole is None or not _may(repair, whole.code) or _reads(first):
        return None
    rows = split_joined_rows(b"".join([first, *stream]))
    if not rows:
        return None
    applied[whole.code, "array_to_lines"] += 1
    return _beside(file, target, b"".join(on_one_line(one).strip() + b"\n" for one in rows))


def _reads(first: bytes) -> bool:
    """Whether the first line is a whole JSON value: then a fix of lines will do."""
    try:
        json.loads(first.split(b"\n", 1)[0])
    except (ValueError, RecursionError):
        return False
    return True


def _is_utf16(file: DataFile) -> bool:
    with file.open() as raw:
        head = raw.read(4)
    utf32 = head in (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")
    return head.startswith((b"\xff\xfe", b"\xfe\xff")) and not utf32


def _may(repair: LineRepair, code: str) -> bool:
    return any(repair.allows(one) for one in fixes_for(code))


def _beside(file: DataFile, target: Path, data: bytes) -> DataFile:
    place = target.with_name(f".{target.name}.lines")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    return replace(file, full=place, stamp=stamp_of(place.stat()))


def _replaced_whole(file: DataFile, target: Path, diff: IO[bytes]) -> None:
    """A diff that takes out every old line and puts in every new one."""
    old = b"".join(chunks(file))
    try:
        old.decode()
    except UnicodeDecodeError:
        diff.write(binary(file.path))
        return
    before, after = _split(old), _split(target.read_bytes())
    pairs: list[Pair] = [(line, []) for line in before]
    if pairs:
        pairs[0] = (pairs[0][0], after)
    diff.writelines(unified(file.path, pairs))


def _split(data: bytes) -> list[bytes]:
    lines = data.split(b"\n")
    return [one + b"\n" for one in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
