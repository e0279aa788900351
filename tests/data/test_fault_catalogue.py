"""Bad data files of every known kind: each gives its code, place and exit status, and no crash."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from ftdsl.data.files import DataFile
from tests.data.catalogue import GOOD, ROW, Place, validate

N = len(ROW)


def reply(text: bytes) -> bytes:
    """A good row with ``text`` as the bytes of its reply."""
    return GOOD.replace(b'"b"', b'"' + text + b'"') + b"\n"


def extra(value: bytes) -> bytes:
    """A good row with ``tools`` after its messages."""
    return GOOD[:-1] + b',"tools":' + value + b"}\n"


TOOLS = len(GOOD[:-1] + b',"tools":')
REPLY = GOOD.index(b'"b"') + 1


@dataclass(frozen=True, slots=True)
class Case:
    """``places`` are (code, line, column, offset) in order; ``counts`` discovered, checked,
    skipped, failed; every word of ``says`` stands in the report."""

    rows: bytes | Callable[[Path], object]
    exit_code: int
    places: tuple[Place, ...] = ()
    counts: tuple[int, int, int, int] | None = None
    says: tuple[str, ...] = ()
    source: str = 'jsonl("rows.jsonl")'


def refused(code: str, *says: str, source: str = 'jsonl("rows.jsonl")') -> Callable[..., Case]:
    """A case in which nothing can be read: the finding points at the source in the spec."""

    def made(rows: bytes | Callable[[Path], object]) -> Case:
        return Case(rows, 2, ((code, 5, 12, None),), (0, 0, 0, 0), says, source)

    return made


def whole(code: str, *says: str) -> Callable[[bytes], Case]:
    """A case in which the file is no file of rows: one finding at its start."""
    return lambda rows: Case(rows, 2, ((code, 1, 1, 0),), (1, 0, 0, 1), says)


def socket_at(root: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        here = Path.cwd()
        os.chdir(root)
        made.bind("rows.jsonl")
        os.chdir(here)


LATIN = '{"messages":[{"role":"user","content":"grüße"},{"role":"assistant","content":"b"}]}\n'
DEEP = b'{"messages": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n"

CASES: dict[str, Case] = {
    # 22-23: places that hold no data
    "22-missing": refused("FT300", "does not exist")(lambda _: None),
    "22-glob": refused("FT301", "--allow-empty", source='jsonl("data/*.jsonl")')(lambda _: None),
    "23-directory": refused("FT302", "directory")(lambda root: (root / "rows.jsonl").mkdir()),
    "23-fifo": refused("FT302", "special file")(lambda root: os.mkfifo(root / "rows.jsonl")),
    "23-socket": refused("FT302", "special file")(socket_at),
    "23-dev-zero": refused("FT304", "outside the project root")(
        lambda root: (root / "rows.jsonl").symlink_to("/dev/zero")
    ),
    # 24: pointers
    "24-lfs": whole("FT334", "git lfs pull")(
        b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 3\n"
    ),
    "24-dvc": whole("FT334", "dvc pull")(b"outs:\n- md5: ab\n  path: rows.jsonl\n"),
    # 25: nothing, and blank lines
    "25-empty": Case(b"", 1, (), (0, 0, 0, 0), ("FT354",)),
    "25-blank": Case(
        ROW + b"\n  \n" + ROW,
        0,
        (("FT329", 2, 1, N), ("FT329", 3, 1, N + 1)),
        (4, 2, 2, 0),
    ),
    "25-only-blank": Case(b"\n", 1, (("FT329", 1, 1, 0),), (1, 0, 1, 0), ("FT354",)),
    # 26: byte order marks
    "26-start": Case(b"\xef\xbb\xbf" + ROW, 0, (("FT324", 1, 1, 0),), (1, 1, 0, 0)),
    "26-inside": Case(ROW + b"\xef\xbb\xbf" + ROW + ROW, 1, (("FT323", 2, 1, N),), (3, 2, 0, 1)),
    # 27-28: encodings
    "27-bad-utf8": Case(
        ROW + reply(b"caf\xff") + ROW,
        1,
        (("FT322", 2, REPLY + 4, N + REPLY + 3),),
        (3, 2, 0, 1),
        ("63 61 66 [FF] 22 7D",),
    ),
    "27-cut-character": Case(
        reply(b"\xe2\x82") + ROW, 1, (("FT322", 1, REPLY + 1, REPLY),), (2, 1, 0, 1)
    ),
    "28-latin1": Case(
        ROW + LATIN.encode("latin-1") + ROW,
        1,
        (("FT322", 2, 42, N + 41),),
        (3, 2, 0, 1),
        ("Latin-1", "grüße", "iconv"),
    ),
    "28-windows-1252": Case(
        reply("“naïve”".encode("cp1252")),
        1,
        (("FT322", 1, REPLY + 1, REPLY),),
        (1, 0, 0, 1),
        ("Windows-1252", "“naïve”"),
    ),
    "28-utf16": whole("FT336", "UTF-16", "iconv")(ROW.decode().encode("utf-16")),
    "28-utf16-no-mark": whole("FT336", "UTF-16")(ROW.decode().encode("utf-16-be")),
    "28-utf32": whole("FT336", "UTF-32")(ROW.decode().encode("utf-32")),
    # 29-33: characters
    "29-surrogate": Case(
        ROW + reply(b"x \\ud83d"), 1, (("FT335", 2, REPLY + 3, N + REPLY + 2),), (2, 1, 0, 1)
    ),
    "30-nul": Case(
        ROW + reply(b"b\\u0000"), 0, (("FT338", 2, REPLY + 2, N + REPLY + 1),), (2, 2, 0, 0)
    ),
    "30-raw-nul": Case(reply(b"\0") + ROW, 1, (("FT339", 1, REPLY + 1, REPLY),), (2, 1, 0, 1)),
    "30-hole": whole("FT336", "NUL bytes")(b"\0" * 5000),
    "31-control": Case(
        ROW + reply(b"b\x1b[31m"), 1, (("FT339", 2, REPLY + 2, N + REPLY + 1),), (2, 1, 0, 1)
    ),
    "32-separators": Case(reply("\u2028\u2029\u0085".encode()) + ROW, 0, (), (2, 2, 0, 0)),
    "32-bare-cr": Case(
        reply(b"b\rc") + ROW, 1, (("FT339", 1, REPLY + 2, REPLY + 1),), (2, 1, 0, 1)
    ),
    "33-crlf": Case((ROW + ROW).replace(b"\n", b"\r\n"), 0, (), (2, 2, 0, 0)),
    # 34-36: lines that are not one object each
    "34-cut-off": Case(ROW + GOOD[:40], 1, (("FT321", 2, 39, N + 38),), (2, 1, 0, 1)),
    "34-malformed": Case(ROW + GOOD[:40] + b"\n", 1, (("FT320", 2, 39, N + 38),), (2, 1, 0, 1)),
    "36-array": whole("FT333", "json(…)", "jq -c '.[]' FILE")(b"[\n" + GOOD + b",\n" + GOOD + b"]"),
    "36-array-one-line": whole("FT333", "jq -c '.[]' FILE")(b"[" + GOOD + b"," + GOOD + b"]\n"),
    "36-pretty": whole("FT333", "jq -c . FILE")(b'{\n  "messages": []\n}\n'),
    "36-joined": Case(
        ROW + GOOD + ROW, 1, (("FT331", 2, N, N + N - 1),), (2, 1, 0, 1), ("jq -c . FILE",)
    ),
    # 37-40: values
    "37-nan": Case(extra(b"NaN"), 1, (("FT327", 1, TOOLS + 1, TOOLS),), (1, 0, 0, 1)),
    "37-infinity": Case(
        extra(b"[1,-Infinity]"), 1, (("FT327", 1, TOOLS + 4, TOOLS + 3),), (1, 0, 0, 1)
    ),
    "37-too-large": Case(extra(b"1e999"), 1, (("FT327", 1, TOOLS + 1, TOOLS),), (1, 0, 0, 1)),
    "37-negative-zero": Case(
        ROW + extra(b"[-1, -0.0]"), 0, (("FT319", 2, TOOLS + 6, N + TOOLS + 5),), (2, 2, 0, 0)
    ),
    "38-beyond-2-53": Case(
        extra(b"9007199254740993"), 0, (("FT326", 1, TOOLS + 1, TOOLS),), (1, 1, 0, 0)
    ),
    "38-endless": Case(
        extra(b"1" + b"0" * 400), 1, (("FT325", 1, TOOLS + 1, TOOLS),), (1, 0, 0, 1)
    ),
    "39-repeated-key": Case(
        ROW + extra(b'1,"tools":2'), 1, (("FT328", 2, TOOLS + 3, N + TOOLS + 2),), (2, 2, 0, 0)
    ),
    "39-repeated-same": Case(
        extra(b'1,"tools":1'), 1, (("FT328", 1, TOOLS + 3, TOOLS + 2),), (1, 1, 0, 0)
    ),
    "40-deep": Case(ROW + DEEP + ROW, 1, (("FT337", 2, 1, N),), (3, 2, 0, 1)),
    "40-deep-and-open": Case(b"[" * 100_000 + b"\n" + ROW, 1, (("FT337", 1, 1, 0),), (2, 1, 0, 1)),
    # 42: tables
    "42-csv": whole("FT333", "comma-separated", "csv(…)")(b"prompt,completion\na,b\n"),
    "42-csv-quoted": whole("FT333", "csv(…)")(b'"prompt","completion"\n"a","b"\n'),
    "42-tsv": whole("FT333", "tab-separated", "csv(…)")(b"prompt\tcompletion\na\tb\n"),
    "42-html": whole("FT333", "HTML")(b"<!DOCTYPE html>\n<html></html>\n"),
    "42-yaml": whole("FT333", "YAML")(b"- messages:\n  - role: user\n"),
    # 45-46: packed files
    "45-cut-off": refused("FT307", "cannot be unpacked")(gzip.compress(ROW * 200)[:60]),
    "45-wrong-sum": refused("FT307", "CRC")(
        (packed := gzip.compress(ROW * 9))[:-8] + bytes(4) + packed[-4:]
    ),
    "45-members": Case(gzip.compress(ROW) + gzip.compress(ROW + ROW), 0, (), (3, 3, 0, 0)),
    "45-second-cut": refused("FT307")(gzip.compress(ROW) + gzip.compress(ROW * 90)[:40]),
    "45-garbage-after": refused("FT307")(gzip.compress(ROW) + b"garbage"),
    "45-bomb": refused("FT306", "bomb")(gzip.compress(b" " * 70_000_000, 1)),
    "46-zst": Case(zstandard.compress(ROW + ROW), 0, (), (2, 2, 0, 0)),
    "46-cut-off": refused("FT307")(zstandard.compress(ROW * 90)[:-3]),
    "46-window": refused("FT307", "memory")(
        zstandard.ZstdCompressor(
            compression_params=zstandard.ZstdCompressionParameters(window_log=28)
        ).compress(ROW * 10)[:4]
        + b"\x00\xa0"
        + b"\x00" * 40
    ),
    # 47: names that mislead
    "47-gzip": Case(gzip.compress(ROW), 0, (), (1, 1, 0, 0)),
    "47-zip": whole("FT336", "ZIP")(b"PK\x03\x04" + b"0" * 90),
    "47-parquet": whole("FT336", "parquet(…)")(b"PAR1" + b"0" * 90),
    "47-bzip2": whole("FT336", "bzip2")(bz2.compress(ROW)),
    "47-xz": whole("FT336", "xz")(lzma.compress(ROW)),
    "47-sqlite": whole("FT336", "SQLite")(b"SQLite format 3\0" + b"0" * 90),
    "47-pickle": whole("FT336", "pickle")(b"\x80\x04\x95" + b"0" * 90),
    "47-picture": whole("FT336", "picture")(b"\x89PNG\r\n\x1a\n" + b"0" * 90),
    # 50: a file that the system will not give
    "50-endless-link": refused("FT303", "symbolic links")(
        lambda root: (root / "rows.jsonl").symlink_to("rows.jsonl")
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_bad_file(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    answer = validate(tmp_path, case.rows, case.source)
    assert answer.places == list(case.places)
    assert answer.exit_code == case.exit_code
    assert case.counts is None or answer.counts == case.counts
    for words in case.says:
        assert words in answer.text
    for one in answer.report["findings"]:
        assert one["help"] or one["code"] == "FT350"


def test_22_nothing_is_fine_where_the_operator_says_so(tmp_path: Path) -> None:
    none = 'jsonl("data/*.jsonl")'
    assert validate(tmp_path, b"", none).exit_code == 2
    assert validate(tmp_path, b"", none, "chat", "--allow-empty").exit_code == 0
    assert validate(tmp_path, b"").exit_code == 1
    assert validate(tmp_path, b"", 'jsonl("rows.jsonl")', "chat", "--allow-empty").exit_code == 0
    assert validate(tmp_path, b"", 'jsonl("gone.jsonl")', "chat", "--allow-empty").exit_code == 2
    assert validate(tmp_path, b"{\n", 'jsonl("*.jsonl")', "chat", "--allow-empty").exit_code == 1


def test_29_half_a_character_is_written_nowhere(tmp_path: Path) -> None:
    rows = reply(b"x \\ud83d") + reply(b'\\udc00\\u0000 \\"') + ROW
    for format in ("full", "concise", "html", "markdown", "github", "json"):
        words = ("--output", f"{format}=out.{format}")
        assert validate(tmp_path, rows, 'jsonl("rows.jsonl")', "chat", *words).exit_code == 1
        (tmp_path / f"out.{format}").read_text(encoding="utf-8")


def test_32_and_33_line_endings_change_no_row(tmp_path: Path) -> None:
    from ftdsl.data.rows import read_rows
    from tests.data.spec_parts import dataset

    rows = reply("a\u2028b\u0085c".encode()) + reply(b"d\\r\\ne") + ROW
    ids = []
    for body in (rows, rows.replace(b"\n", b"\r\n"), rows.rstrip(b"\n"), b"\xef\xbb\xbf" + rows):
        (tmp_path / "rows.jsonl").write_bytes(body)
        ids.append([row.row_id for row in read_rows(dataset(), tmp_path)])
    assert len(ids[0]) == 3
    assert all(one == ids[0] for one in ids)


_LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, ({limit}, {limit}))
from ftdsl.cli.main import main
code = main(["validate", "s.ftspec", "--workers", "1", "--output", "json"])
# Of this program alone: what getrusage tells begins with the memory of the process that started it.
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print("peak", status["VmHWM"].split()[0], file=sys.stderr)
sys.exit(code)
"""


def limited(root: Path, limit: int) -> subprocess.CompletedProcess[bytes]:
    """A process of its own that may map ``limit`` bytes."""
    (root / ".ftdsl-root").write_text("")
    spec = 'ftspec 1\n\ndataset d {\n  schema = chat\n  source = jsonl("rows.jsonl*")\n}\n'
    (root / "s.ftspec").write_text(spec)
    code = _LIMITED.format(limit=limit)
    words = [sys.executable, "-c", code]
    return subprocess.run(words, cwd=root, capture_output=True, timeout=120, check=False)


def test_35_a_line_without_end_takes_bounded_memory(tmp_path: Path) -> None:
    """A sparse file of 1 GiB without a line end, in a process that could not hold it."""
    with (tmp_path / "rows.jsonl").open("wb") as file:
        file.write(ROW + b'{"messages": "')
        file.truncate(1 << 30)
        file.seek(0, os.SEEK_END)
        file.write(b"\n" + ROW)
    done = limited(tmp_path, 1500 << 20)
    assert done.returncode == 1, done.stderr[-2000:]
    assert b"FT332" in done.stdout
    assert b"64 MiB" in done.stdout
    assert int(done.stderr.split()[-1]) < 500_000


DRIFT = b'{"messages": {"role": "user"}}\n'


def test_41_a_late_row_of_another_type_is_named_with_the_first(tmp_path: Path) -> None:
    answer = validate(tmp_path, b"\n" + ROW * 20_000 + DRIFT)
    found = answer.finding("FT340")
    assert (found["line"], found["offset"]) == (20_002, 1 + 20_000 * N)
    assert "first row that fits is on line 2" in found["help"]
    assert answer.exit_code == 1


def test_41_an_undeclared_field_that_changes_its_type(tmp_path: Path) -> None:
    rows = (ROW[:-2] + b',"meta":"x"}\n') * 3000 + ROW[:-2] + b',"meta":{"a":1}}\n'
    answer = validate(tmp_path, rows)
    found = answer.finding("FT385")
    assert (found["line"], found["severity"]) == (3001, "warning")
    assert "`meta`" in found["message"]
    assert "an object in 1 row" in found["message"]
    assert "a text in 3000 rows, first at rows.jsonl:1" in found["message"]


CHAT = """
import "std/chat.ftspec" as std_chat
import "std/tools.ftspec" as std_tools

check d {
  use std_chat.well_formed
  use std_tools.well_formed
}
"""
TURNS = b'{"messages":[%s,{"role":"assistant","content":"b"}]}\n'
CALL = b'{"role":"user","content":"a"},{"role":"assistant","tool_calls":[{"type":"function",%s}]}'


@pytest.mark.parametrize(
    ("turns", "rule"),
    [
        (b'{"role":"usr","content":"a"}', "known_roles"),
        (b'{"role":"user","content":" "}', "no_empty_turn"),
        (b'{"role":"user","content":"a"},{"role":"system","content":"s"}', "system_first"),
        (CALL % b'"function":{"name":"f","arguments":"{"}', "arguments_parse"),
        (
            CALL % b'"function":{"name":"f","arguments":"{}"}'
            + b',{"role":"tool","tool_call_id":"zz","content":"1"}',
            "results_paired",
        ),
    ],
)
def test_43_turns_that_break_a_rule(tmp_path: Path, turns: bytes, rule: str) -> None:
    answer = validate(tmp_path, ROW + TURNS % turns, more=CHAT)
    assert rule in {one["rule"] for one in answer.report["findings"]}
    assert {one["line"] for one in answer.report["findings"]} == {2}
    assert answer.exit_code == 1


@pytest.mark.parametrize(
    "text",
    ["\u202eevil", "\x1b]8;;http://x\x07", "<script>alert(1)</script>", "=cmd()", "::error::x"],
)
def test_44_what_rows_hold_is_inert_in_reports(tmp_path: Path, text: str) -> None:
    import json

    row = json.dumps({"messages": text}).encode() + b"\n"
    words = [w for f in ("html", "github", "markdown") for w in ("--output", f"{f}=out.{f}")]
    answer = validate(tmp_path, row, 'jsonl("rows.jsonl")', "chat", *words)
    assert answer.places == [("FT340", 1, None, 0)]
    written = [answer.text, *((tmp_path / f"out.{f}").read_text() for f in ("html", "github"))]
    for one in written:
        assert not {"\u202e", "\x1b"} & set(one)
        assert not any(line.startswith("::error::x") for line in one.splitlines())
    assert "<script>alert" not in (tmp_path / "out.html").read_text()


def test_46_a_library_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zstandard", None)
    answer = validate(tmp_path, zstandard.compress(ROW))
    assert (answer.exit_code, answer.places) == (2, [("FT308", 5, 12, None)])
    assert "pip install 'ftdsl[data]'" in answer.text


PARQUET = 'parquet("rows.parquet")'
RECORD = "schema line { text: text? }\n\n"


def parquet(table: pa.Table, cut: int = 0, **options: Any) -> Callable[[Path], None]:
    """Writes ``table`` as ``rows.parquet``, less its last ``cut`` bytes."""

    def made(root: Path) -> None:
        path = root / "rows.parquet"
        pq.write_table(table, path, **options)
        if cut:
            path.write_bytes(path.read_bytes()[:-cut])

    return made


TEXTS = pa.table({"text": ["a", "b", None]})


def unknown_codec(root: Path) -> None:
    """The codec in the footer's column metadata (thrift field 4, zigzag) becomes 60."""
    path = root / "rows.parquet"
    pq.write_table(TEXTS, path, compression="snappy")
    data = path.read_bytes()
    at = data.rindex(b"\x19\x18\x04text\x15\x02") + len(b"\x19\x18\x04text\x15")
    path.write_bytes(data[:at] + b"\x78" + data[at + 1 :])


class _Own(pa.ExtensionType):
    def __init__(self) -> None:
        super().__init__(pa.string(), "tests.own")

    def __arrow_ext_serialize__(self) -> bytes:
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage: pa.DataType, serialized: bytes) -> _Own:
        del storage, serialized
        return cls()


def extension(nested: bool) -> Callable[[Path], None]:
    """A column of an extension type, by itself or inside a struct."""

    def made(root: Path) -> None:
        pa.register_extension_type(_Own())
        try:
            values = pa.ExtensionArray.from_storage(_Own(), pa.array(["a"]))
            if nested:
                values = pa.StructArray.from_arrays([values], ["inner"])
            pq.write_table(pa.table({"text": values}), root / "rows.parquet")
        finally:
            if not nested:
                pa.unregister_extension_type("tests.own")

    return made


@pytest.mark.parametrize(
    "made",
    [parquet(TEXTS, 3), parquet(TEXTS, 60), unknown_codec, extension(nested=True)],
    ids=["no-end", "no-footer", "codec", "extension"],
)
def test_48_parquet_that_is_refused(tmp_path: Path, made: Callable[[Path], None]) -> None:
    try:
        answer = validate(tmp_path, made, PARQUET, "line", more=RECORD)
    finally:
        if made.__qualname__.startswith("extension"):
            pa.unregister_extension_type("tests.own")
    assert (answer.exit_code, answer.places) == (2, [("FT307", 5, 12, None)])


def test_48_parquet_that_is_read(tmp_path: Path) -> None:
    import datetime

    times = [datetime.datetime(2026, 11, 25, tzinfo=datetime.UTC).replace(tzinfo=None)] * 3
    table = pa.table(
        {
            "text": pa.array(["a", "b", None]).dictionary_encode(),
            "at": pa.array(times, pa.timestamp("ns")),
            "deep": [[{"x": [1]}], [], None],
        }
    )
    made = parquet(table, use_deprecated_int96_timestamps=True)
    more = "schema line { text: text?  at: text  deep: list(text)? }\n"
    answer = validate(tmp_path, made, PARQUET, "line", more=more)
    assert answer.counts == (3, 2, 0, 1)
    assert answer.places == [("FT340", 1, None, 0)]


def test_49_a_file_that_changes_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ftdsl.data import streams

    read = streams._plain

    def growing(raw: IO[bytes], left: int | None, size: int) -> Any:
        with (tmp_path / "rows.jsonl").open("ab") as file:
            file.write(ROW)
        yield from read(raw, left, size)  # type: ignore[arg-type]

    monkeypatch.setattr(streams, "_plain", growing)
    answer = validate(tmp_path, ROW)
    assert (answer.exit_code, answer.places) == (2, [("FT305", 5, 12, None)])
    assert "changed while it was read" in answer.text


class _Stale:
    """A file on a drive that has gone: it opens, and gives nothing."""

    def __init__(self, opened: IO[bytes]) -> None:
        self._opened = opened

    def __enter__(self) -> _Stale:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def read(self, _size: int = -1) -> bytes:
        import errno

        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))


def test_50_a_drive_that_goes_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = DataFile.open
    monkeypatch.setattr(DataFile, "open", lambda self: _Stale(opened(self)))
    answer = validate(tmp_path, ROW)
    assert (answer.exit_code, answer.places) == (2, [("FT303", 5, 12, None)])
    assert "Stale file handle" in answer.text


def test_50_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.open

    def denied(path: Any, *words: Any, **named: Any) -> int:
        if str(path).endswith("rows.jsonl"):
            raise PermissionError(13, "Permission denied")
        return real(path, *words, **named)

    monkeypatch.setattr(os, "open", denied)
    answer = validate(tmp_path, ROW)
    assert (answer.exit_code, answer.places) == (2, [("FT303", 5, 12, None)])
    assert "Permission denied" in answer.text


def test_51_many_small_files_need_few_open_ones(tmp_path: Path) -> None:
    def made(root: Path) -> None:
        (root / "data").mkdir()
        for number in range(300):
            (root / "data" / f"{number:05}.jsonl").write_bytes(ROW if number else b"{\n")

    low, high = resource.getrlimit(resource.RLIMIT_NOFILE)
    in_use = max(int(one.name) for one in Path("/proc/self/fd").iterdir())
    resource.setrlimit(resource.RLIMIT_NOFILE, (in_use + 24, high))
    try:
        answer = validate(tmp_path, made, 'jsonl("data/*.jsonl")')
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (low, high))
    assert answer.counts == (300, 299, 0, 1), answer.text[-600:]
    assert answer.finding("FT320")["path"] == "data/00000.jsonl"


NAMES = {
    "spaces": "a b  c.jsonl",
    "newline": "a\n::error::b.jsonl",
    "nfc": "caf\u00e9.jsonl",
    "nfd": "cafe\u0301.jsonl",
    "dash": "--output.jsonl",
    "quote": "a\"'`$x.jsonl",
    "long": "x" * 249 + ".jsonl",
    "bracket": "a[1].jsonl",
    "escape": "\x1b[31m.jsonl",
}


@pytest.mark.parametrize("name", NAMES)
def test_52_odd_names(tmp_path: Path, name: str) -> None:
    path = NAMES[name]

    def made(root: Path) -> None:
        (root / path).write_bytes(ROW + b"{\n")

    words = [w for f in ("concise", "html", "github") for w in ("--output", f"{f}=out.{f}")]
    answer = validate(tmp_path, made, 'jsonl("*.jsonl")', "chat", *words)
    assert answer.places == [("FT320", 2, 2, N + 1)]
    assert (answer.exit_code, answer.counts) == (1, (2, 1, 0, 1))
    for format in ("concise", "html", "github"):
        text = (tmp_path / f"out.{format}").read_text(encoding="utf-8")
        assert not any(line.startswith("::error::b") for line in text.splitlines())
        assert "\x1b" not in text


def test_52_a_name_that_no_report_can_hold(tmp_path: Path) -> None:
    path = os.fsdecode(b"caf\xe9.jsonl")
    answer = validate(tmp_path, lambda root: (root / path).write_bytes(ROW), 'jsonl("*.jsonl")')
    assert (answer.exit_code, answer.places) == (2, [("FT309", 5, 12, None)])
    assert "caf\\xe9.jsonl" in answer.text


def test_52_a_name_that_is_written_out(tmp_path: Path) -> None:
    for name in ("caf\u00e9.jsonl", "cafe\u0301.jsonl", "--x y.jsonl"):
        root = tmp_path / name
        answer = validate(root, lambda r, n=name: (r / n).write_bytes(ROW), f'jsonl("{name}")')
        assert (answer.exit_code, answer.counts) == (0, (1, 1, 0, 0))
