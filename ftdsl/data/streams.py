"""A data file's bytes as a stream of chunks: plain, gzip or Zstandard, told by magic bytes."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from ftdsl.data.faults import refusal
from ftdsl.data.files import DataFile
from ftdsl.engine.context import Refused

CHUNK = 1 << 18
"""Bytes read at a time: the rows of one chunk fit the processor's cache, which halves the time."""
GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"

MAX_RATIO = 200
"""How many times its own size a file may grow to, once it is past ``FREE_BYTES``."""
FREE_BYTES = 64 << 20
MAX_BYTES = 64 << 30
MAX_WINDOW = 128 << 20
_ZSTD_FEED = 1 << 10


def compression(head: bytes) -> str:
    """``gzip``, ``zstd`` or "", from a file's first bytes."""
    if head.startswith(GZIP):
        return "gzip"
    return "zstd" if head.startswith(ZSTD) else ""


def chunks(
    file: DataFile, start: int = 0, end: int | None = None, size: int = CHUNK
) -> Iterator[bytes]:
    """The decompressed bytes of ``file`` in order. ``start`` and ``end`` are byte offsets and may
    be given for a plain file only, which is read ``size`` bytes at a time. Raises Refused: FT303
    for a file that goes away while it is read, FT306 for a bomb, FT307 for a corrupt file."""
    with file.open() as raw:
        try:
            kind = compression(raw.read(4))
            raw.seek(start)
            if kind == "":
                yield from _plain(raw, None if end is None else end - start, size)
            else:
                expand = _gunzip(raw, file) if kind == "gzip" else _unzstd(raw, file)
                yield from _capped(expand, file)
        except OSError as error:
            # A file on a network drive, or a disk that fails, goes away while it is read.
            raise file.unreadable(error) from None


def _plain(raw: BinaryIO, left: int | None, size: int) -> Iterator[bytes]:
    while left is None or left > 0:
        chunk = raw.read(size if left is None else min(size, left))
        if not chunk:
            return
        if left is not None:
            left -= len(chunk)
        yield chunk


def _capped(pieces: Iterator[bytes], file: DataFile) -> Iterator[bytes]:
    limit = min(MAX_BYTES, max(FREE_BYTES, file.stamp.size * MAX_RATIO))
    total = 0
    for piece in pieces:
        total += len(piece)
        if total > limit:
            raise refusal(
                "FT306",
                f"`{file.path}` unpacks to over {limit >> 20} MiB from {file.stamp.size} bytes",
                file.span,
                "it looks like a decompression bomb; unpack it yourself if you trust it",
                file.path,
            )
        yield piece


def _gunzip(raw: BinaryIO, file: DataFile) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=raw) as stream:
        while True:
            try:
                piece = stream.read(CHUNK)
            except (gzip.BadGzipFile, EOFError, zlib.error) as error:
                raise _corrupt(file, str(error)) from None
            if not piece:
                return
            yield piece


def _unzstd(raw: BinaryIO, file: DataFile) -> Iterator[bytes]:
    """All frames, fed in small pieces: four input bytes can stand for 128 KiB of output."""
    try:
        import zstandard
    except ImportError:
        raise missing_library(file, "zstandard") from None
    decompressor = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW)
    frame = decompressor.decompressobj()
    ended = False
    while data := raw.read(_ZSTD_FEED):
        while data:
            try:
                piece = frame.decompress(data)
            except zstandard.ZstdError as error:
                raise _corrupt(file, str(error)) from None
            yield piece
            data = b""
            ended = frame.eof
            if ended:
                data, frame = frame.unused_data, decompressor.decompressobj()
    if not ended:
        raise _corrupt(file, "it ends in the middle of a frame")


def missing_library(file: DataFile, library: str) -> Refused:
    """FT308: an optional package is needed to read ``file``."""
    return refusal(
        "FT308",
        f"reading `{file.path}` needs the package {library}",
        file.span,
        "pip install 'ftdsl[data]'",
        file.path,
    )


def _corrupt(file: DataFile, why: str) -> Refused:
    return refusal(
        "FT307",
        f"`{file.path}` cannot be unpacked: {why}",
        file.span,
        "the file is damaged or incomplete; fetch it again",
        file.path,
    )
