"""What the readers say of every case of JSONTestSuite: the table of ``reference/json.md``."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ftdsl.data.blocks import RowReader
from ftdsl.data.faults import Fault
from ftdsl.data.files import resolve_files
from ftdsl.data.rows import Part
from ftdsl.language.program import DatasetDef, SchemaDef, SourceDef

SUITE = Path(__file__).parents[1] / "tests" / "data" / "suites" / "json_test_suite.json"
_FRAMES = {
    "jsonl": (b'{"v": 1}\n{"v": ', b"}\n"),
    "json": (b'[\n{"v": ', b"}\n]\n"),
}
"""A case as the second line of JSON lines, and as the first row of an array, also on line 2."""
LINE = 2
_MUST = {"y": "accept", "n": "reject", "i": "either"}

_INTRO = """JSON has one grammar and many readers. [JSONTestSuite](https://github.com/nst/JSONTestSuite)
has {y} texts that every reader must accept, {n} that every reader must reject, and {i} that the
standard leaves open. Each is put into a row, `{{"v": TEXT}}`, of a file of JSON lines and of a JSON
array, and read as any data file is. A dash stands where a line end in the text would end the row.

| | accepted | rejected |
|---|---|---|
{counts}

Rejected texts are findings at their own line, and the rows around them are read. Two rules are
stricter than the grammar, and told apart from it: a repeated key is an error (FT328) of a row that
is read, and a NUL character, `-0` or an integer beyond 2^53 a warning (FT338, FT319, FT326). Of the
open cases, UTF-16, invalid UTF-8, lone surrogates, numbers beyond every double, and more than
some 250 levels are rejected; numbers that are too small are read as 0.
"""


@dataclass(frozen=True, slots=True)
class Told:
    """Whether the text was accepted as a value, and the faults of its row."""

    accepted: bool
    faults: tuple[Fault, ...]


def cases() -> dict[str, bytes]:
    """Every text of the suite, by its name."""
    stored = json.loads(SUITE.read_text(encoding="utf-8"))
    return {name: _bytes(one) for name, one in stored.items()}


def _bytes(stored: str | dict[str, str | list[str | int]]) -> bytes:
    if isinstance(stored, str):
        return stored.encode()
    if "hex" in stored:
        return bytes.fromhex(str(stored["hex"]))
    text, times = stored["repeat"]
    return (str(text) * int(times) + str(stored.get("after", ""))).encode()


def told(text: bytes, format: str, folder: Path) -> Told | None:
    """What is said of ``text`` in a row of a file of this format; None where it cannot be one."""
    if format == "jsonl" and b"\n" in text:
        return None
    before, after = _FRAMES[format]
    (folder / "rows").write_bytes(before + text + after)
    dataset = DatasetDef("d", SchemaDef("record", None), (SourceDef(format, "rows"),))
    (file,) = resolve_files(dataset, folder)
    blocks = list(RowReader(dataset).read(Part(file)))
    lines = [row.line for block in blocks for row in block.rows]
    faults = tuple(one for block in blocks for one in block.faults)
    return Told(LINE in lines and not any(one.fatal for one in faults), faults)


@cache
def json_page(note: str) -> str:
    """The page ``reference/json.md``."""
    suite = cases()
    with tempfile.TemporaryDirectory() as folder:
        found = {
            name: {format: told(text, format, Path(folder)) for format in _FRAMES}
            for name, text in suite.items()
        }
    sizes = {kind: sum(name[0] == kind for name in suite) for kind in _MUST}
    counts = "\n".join(_counts(found))
    lines = ["# JSON", "", note, "", _INTRO.format(**sizes, counts=counts)]
    lines += ["| text | must | JSON lines | JSON array |", "|---|---|---|---|"]
    lines += [
        f"| `{name[2:]}` | {_MUST[name[0]]} | {_cell(each['jsonl'])} | {_cell(each['json'])} |"
        for name, each in sorted(found.items(), key=lambda one: ("yni".index(one[0][0]), one[0]))
    ]
    return "\n".join(lines) + "\n"


def _counts(found: dict[str, dict[str, Told | None]]) -> Iterator[str]:
    for kind, must in _MUST.items():
        for format in _FRAMES:
            tried = [each[format] for name, each in found.items() if name[0] == kind]
            there = [one for one in tried if one is not None]
            accepted = sum(one.accepted for one in there)
            yield f"| {must}, {format} | {accepted} | {len(there) - accepted} |"


def _cell(one: Told | None) -> str:
    if one is None:
        return "–"
    codes = ", ".join(dict.fromkeys(fault.code for fault in one.faults))
    word = "accepted" if one.accepted else "rejected"
    return f"{word}, {codes}" if codes else word
