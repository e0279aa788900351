"""What the first bytes of a text file give away: marks, pointers, other encodings and formats."""

from __future__ import annotations

from collections.abc import Iterator

from ftdsl.data.faults import Fault, excerpt
from ftdsl.data.json_lines import BOM

LFS = b"version https://git-lfs.github.com/spec/v1"
DVC = b"outs:\n- md5:"
_UNPACK = "unpack it; .gz and .zst files are read as they are"
_FETCH = "fetch the data itself, as JSON lines, JSON, CSV or Parquet"
_MAGIC = (
    (b"PK\x03\x04", "a ZIP archive", _UNPACK),
    (b"PAR1", "Parquet", "name it with parquet(…) in the spec"),
    (b"BZh", "packed with bzip2", _UNPACK),
    (b"\xfd7zXZ\0", "packed with xz", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (b"ARROW1", "an Arrow file", "write it as Parquet and name it with parquet(…)"),
    (b"SQLite format 3\0", "an SQLite database", "export its rows as JSON lines"),
    (b"\x93NUMPY", "a NumPy array", _FETCH),
    (b"\x89HDF\r\n", "an HDF5 file", _FETCH),
    (b"\x80\x04\x95", "a Python pickle, which is never read", _FETCH),
    (b"\x89PNG\r\n", "a picture", _FETCH),
    (b"\xff\xd8\xff", "a picture", _FETCH),
    (b"%PDF-", "a PDF", _FETCH),
    (b"\x7fELF", "a program", _FETCH),
)
"""How files that hold no rows begin, what they are, and what to do."""
_MARKUP = (b"<!doctype", b"<html", b"<?xml")


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
    message, help = "", ""
    if head and not head.strip(b"\0"):
        message = "the file holds nothing but NUL bytes where its rows should begin"
        help = "writing was cut off, as by a crash; write the file again"
    elif head.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")) or head[:3] == b"\0\0\0":
        message, help = "the file is UTF-32, not UTF-8", "`iconv -f UTF-32 -t UTF-8 FILE`"
    elif head.startswith((b"\xff\xfe", b"\xfe\xff")) or (
        len(head) >= 4 and (head[:4:2] == b"\0\0" or head[1:4:2] == b"\0\0")
    ):
        if head[1:4] == b"\0\0\0":
            message, help = "the file is UTF-32, not UTF-8", "`iconv -f UTF-32LE -t UTF-8 FILE`"
        else:
            message, help = "the file is UTF-16, not UTF-8", "`iconv -f UTF-16 -t UTF-8 FILE`"
    else:
        for magic, what, remedy in _MAGIC:
            if head.startswith(magic):
                message, help = f"the file is {what}", remedy
                break
    return Fault("FT336", message, 1, 0, 1, help, excerpt(head)) if message else None


def as_json_lines(head: bytes) -> Fault | None:
    """Why a file whose first line did not parse was never JSON lines: one array over several
    lines, one pretty-printed object, a table, or another language. None where it may be."""
    start = head.lstrip()
    first = start.split(b"\n", 1)[0].strip()
    if start.startswith(b"[") and start[1:].lstrip()[:1] in (b"{", b""):
        message = "the file is one JSON array"
        help = "name it with json(…) in the spec, or write one object a line: `jq -c '.[]' FILE`"
    elif first == b"{" and start[1:].lstrip()[:1] == b'"':
        message = "the file holds JSON objects that go over several lines"
        help = "write one object a line: `jq -c . FILE`"
    elif _is_table(first):
        what = "tab-separated" if b"\t" in first else "comma-separated"
        message = f"the file is a {what} table, not JSON"
        help = "name it with csv(…) in the spec"
    elif start[:64].lower().startswith(_MARKUP):
        message, help = "the file is HTML or XML, not JSON", "fetch the data itself"
    elif first.startswith((b"- ", b"---")):
        message, help = "the file is YAML, not JSON", "write one JSON object a line"
    else:
        return None
    return Fault("FT333", message, 1, 0, 1, help, excerpt(head))


def _is_table(first: bytes) -> bool:
    """Whether a first line reads like the header of a table: names, quoted or not, in columns."""
    if b"\t" in first:
        return not first.startswith((b"{", b"[", b'"\t')) and b"{" not in first
    plain = first.replace(b'"', b"")
    quoted = first.startswith(b'"') and b'","' in first
    return (first[:1].isalpha() or quoted) and b"," in plain and b"{" not in plain
