"""What the first bytes of a text file give away: marks, pointers, other encodings and formats."""

from __future__ import annotations

from collections.abc import Iterator

from ftdsl.data.faults import Fault, excerpt
from ftdsl.data.json_lines import BOM

LFS = b"version https://git-lfs.github.com/spec/v1"
DVC = b"outs:\n- md5:"
_ZIP, _PARQUET = b"PK\x03\x04", b"PAR1"


def opened(stream: Iterator[bytes]) -> tuple[Iterator[bytes], int, Fault | None]:
    """The stream without a byte order mark, how many bytes were taken off, and what the head shows.
    A ``fatal`` fault means that the stream is no text of rows at all; do not read on."""
    first = next(stream, b"")
    while first and len(first) < 64 and (more := next(stream, b"")):
        first += more
    fault = _pointer(first) or _encoding(first)
    taken = 0
    if fault is None and first.startswith(BOM):
        first, taken = first[len(BOM) :], len(BOM)
        fault = Fault(
            "FT324",
            "the file starts with a byte order mark",
            1,
            0,
            1,
            "save it as UTF-8 without BOM; it is left out here, and some readers choke on it",
            fatal=False,
            severity="warning",
        )
    return _chain(first, stream), taken, fault


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest


def _pointer(head: bytes) -> Fault | None:
    if head.startswith(LFS):
        message, help = "the file is a Git LFS pointer, not the data", "run `git lfs pull`"
    elif head.startswith(DVC):
        message, help = "the file is a DVC pointer, not the data", "run `dvc pull`"
    else:
        return None
    return Fault("FT334", message, 1, 0, 1, help, excerpt(head))


def _encoding(head: bytes) -> Fault | None:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or (
        len(head) >= 4 and (head[:4:2] == b"\0\0" or head[1:4:2] == b"\0\0")
    ):
        message, help = "the file is UTF-16 or UTF-32, not UTF-8", "save it as UTF-8"
    elif head.startswith(_ZIP):
        message, help = "the file is a ZIP archive", "unpack it; .gz and .zst files are read as is"
    elif head.startswith(_PARQUET):
        message, help = "the file is Parquet", "name it with parquet(…) in the spec"
    else:
        return None
    return Fault("FT336", message, 1, 0, 1, help, excerpt(head))


def as_json_lines(head: bytes) -> Fault | None:
    """Why a file whose first line did not parse was never JSON lines: one array over several
    lines, one pretty-printed object, or a table. None where it may be."""
    start = head.lstrip()
    first = start.split(b"\n", 1)[0].strip()
    if start.startswith(b"[") and start[1:].lstrip()[:1] in (b"{", b""):
        message, help = "the file is one JSON array", "name it with json(…) in the spec"
    elif first == b"{":
        message = "the file holds JSON objects that go over several lines"
        help = "write one object a line: `jq -c . FILE`"
    elif first[:1].isalpha() and (b"," in first or b"\t" in first) and b"{" not in first:
        message, help = "the file is a table, not JSON", "name it with csv(…) in the spec"
    else:
        return None
    return Fault("FT333", message, 1, 0, 1, help, excerpt(head))
