"""Writes the reference pages and JSON Schemas from the catalog, the codes, the commands and models.

python -m docs.generate           write them
python -m docs.generate --check   say which are out of date, exit 1 if any
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

from docs.commands import command_page
from docs.json_table import json_page
from docs.schemas import schema_pages
from ftdsl.diagnostics.codes import CODES
from ftdsl.diagnostics.codes.code import Code
from ftdsl.language import catalog
from ftdsl.language.catalog.entry import (
    BlockEntry,
    FixEntry,
    FormatEntry,
    FunctionEntry,
    Parameter,
    SettingEntry,
)
from ftdsl.language.catalog.training_blocks import TARGETS
from ftdsl.reports.formats import FORMATS

REFERENCE = Path(__file__).parent / "reference"
_NOTE = "<!-- Written by `make docs` from the sources: edit those. -->"

_FUNCTION_SECTIONS = (
    ("Of one row", catalog.ROW, "In `each`, `where`, `fn`, drop keys and coverage groups."),
    ("Of all rows", catalog.AGGREGATES, "In `expect`; their arguments are row expressions."),
    ("Coverage groups", catalog.GROUPS, "After `by` in a `coverage` block."),
    ("Scorers", catalog.SCORERS, "In an `eval` block; `output` is what the model answered."),
    ("Sources", catalog.SOURCES, "Where rows come from. Paths are relative to the spec's folder."),
    ("Values of settings", catalog.ARGUMENTS, "Each stands as the value of one setting."),
)

_FORMAT_NOTES = (
    "Worst first means: errors before warnings, and of one weight the first finding of every rule "
    "before the second of any.",
    "",
    "A finding of a row stands at the row's line in the data file and names the line of the spec "
    "that states the rule: `spec_path` and `spec_line` in `json` and `jsonl`, `relatedLocations` "
    "in `sarif`, `other_locations` in `gitlab`, `related_locations` in `rdjson`. A requirement of "
    "a gate that does not hold is a finding with the code `gate` in the formats that know findings "
    "only.",
    "",
    "A fingerprint (`sarif`, `gitlab`) is made of code, rule, dataset and row id: a finding "
    "stays the same one when rows move within a file or to another.",
    "",
    "The JSON Schemas are [report](schemas/report.schema.json) for `json` and "
    "[lines](schemas/lines.schema.json) for a line of `jsonl`. In the tests `sarif` is held to the "
    "OASIS schema; `junit`, `gitlab` and `rdjson` to schemas written from what their readers "
    "document.",
)

_APPLICABILITIES = {
    "safe": "`ftdsl validate SPEC --fix --out DIR` applies them: what was meant stays.",
    "unsafe": "With `--unsafe-fixes` as well: they may change what was meant. Read the diff.",
    "display": "Only told, as help: a person has to choose.",
}

_FAMILIES = {
    "0": "Text and syntax",
    "1": "Names, types and blocks",
    "2": "Command line, plan, lock and engine",
    "3": "Data files, rows and rules",
    "4": "Duplicates, leakage and coverage",
    "5": "Models, evals and gates",
    "6": "Training, hooks and pytest",
    "7": "The loop: runs, ratings, what to do next",
}


def main(arguments: list[str]) -> int:
    """Write every page, or with ``--check`` name those out of date. Returns an exit code."""
    stale = [path for path, text in pages().items() if _read(path) != text]
    if arguments == ["--check"]:
        for path in stale:
            print(f"{path.relative_to(REFERENCE.parent.parent)} is out of date: run `make docs`")
        return 1 if stale else 0
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(pages()[path], encoding="utf-8")
    return 0


def pages() -> dict[Path, str]:
    """Text of every generated file, by its path."""
    texts = {
        "functions.md": functions_page(),
        "blocks.md": blocks_page(),
        "codes.md": codes_page(),
        "fixes.md": fixes_page(),
        "cli.md": f"# The command line\n\n{_NOTE}\n\n{command_page()}",
        "formats.md": formats_page(),
        "json.md": json_page(_NOTE),
    }
    texts |= {f"schemas/{name}": text for name, text in schema_pages().items()}
    return {REFERENCE / name: text for name, text in texts.items()}


def formats_page() -> str:
    """Every output format: who reads it, and where it stops."""
    intro = (
        "`--output FORMAT[=PATH]`, repeatable: one format on standard output, the others in files. "
        "Every command takes them. A file is replaced in one move: the old one or the new one is "
        "there at any moment."
    )
    lines = ["# Output formats", "", _NOTE, "", intro, ""]
    lines += ["| format | for | limit |", "|---|---|---|"]
    lines += [_row(f"`{name}`", each.reader, each.limit) for name, each in FORMATS.items()]
    lines += ["", *_FORMAT_NOTES]
    return _joined(lines)


def functions_page() -> str:
    """Every function, scorer, source and measure of the catalog."""
    lines = ["# Functions and scorers", "", _NOTE, ""]
    for title, entries, intro in _FUNCTION_SECTIONS:
        lines += [f"## {title}", "", intro, ""]
        for entry in entries.values():
            lines += _function(entry)
    lines += ["## Measures", "", "| measure | type | read in | is |", "|---|---|---|---|"]
    lines += [
        f"| `{entry.name}` | {entry.type} | {', '.join(entry.contexts)} | {entry.doc} |"
        for entry in catalog.MEASURES
    ]
    return _joined(lines)


def _function(entry: FunctionEntry) -> Iterator[str]:
    yield f"### `{signature(entry)}`"
    yield ""
    needs = f" Needs the extra `{entry.extra}`." if entry.extra else ""
    cost = "" if entry.cost == "cheap" else f" Cost: {entry.cost}."
    points = " A finding shows the place in the text." if entry.name in catalog.POINTS else ""
    yield entry.doc + cost + needs + points
    yield ""
    if entry.parameters:
        yield "| parameter | type | default | is |"
        yield "|---|---|---|---|"
        yield from (_parameter(parameter) for parameter in entry.parameters)
        yield ""
    if entry.labels:
        yield f"Takes further `name: {entry.labels}` arguments."
        yield ""
    yield from ("```", entry.example, "```", "")


def signature(entry: FunctionEntry) -> str:
    """The entry as one would call it: ``tokens(text: text|row) -> int``."""
    parts = []
    for parameter in entry.parameters:
        default = "" if parameter.default is None else f" = {_value(parameter.default)}"
        dots = "…" if parameter.variadic else ""
        parts.append(f"{parameter.name}: {parameter.type}{default}{dots}")
    return f"{entry.name}({', '.join(parts)}) -> {entry.result}"


def _parameter(parameter: Parameter) -> str:
    default = "required" if parameter.default is None else f"`{_value(parameter.default)}`"
    name = f"{parameter.name}:" if parameter.keyword else parameter.name
    return _row(f"`{name}`", parameter.type, default, parameter.doc + _choices(parameter.choices))


def blocks_page() -> str:
    """Every block with its settings, and the row formats."""
    lines = ["# Blocks and settings", "", _NOTE, ""]
    for block in catalog.BLOCKS.values():
        lines += _block(block)
    lines += ["## Row formats", "", "A `schema` extends one of them.", ""]
    for entry in catalog.FORMATS.values():
        lines += _format(entry)
    return _joined(lines)


def _block(block: BlockEntry) -> Iterator[str]:
    yield f"## `{block.kind}`"
    yield ""
    yield block.doc
    yield ""
    if not block.runs:
        yield "Checked in full; its step cannot run in this version, and `plan` says so."
        yield ""
    yield from ("```", block.example, "```", "")
    if block.settings:
        yield "| setting | takes | default | is |"
        yield "|---|---|---|---|"
        yield from (_setting(setting) for setting in block.settings)
        yield ""
    if "target" in block.statements:
        for name, settings in TARGETS.items():
            yield from (f"### `target {name}`", "", "| setting | takes | default | is |")
            yield "|---|---|---|---|"
            yield from (_setting(setting) for setting in settings)
            yield ""


def _setting(setting: SettingEntry) -> str:
    default = "required" if setting.required else "–"
    if setting.default is not None:
        default = f"`{_value(setting.default)}`"
    return _row(f"`{setting.name}`", setting.type, default, setting.doc + _choices(setting.choices))


def _format(entry: FormatEntry) -> Iterator[str]:
    yield f"### `{entry.name}`"
    yield ""
    yield entry.doc
    yield ""
    yield "| part | type | is |"
    yield "|---|---|---|"
    yield from (_row(f"`{view.name}`", view.type, view.doc) for view in entry.views)
    yield ""


def fixes_page() -> str:
    """Every fix of data files, by how safe it is."""
    lines = ["# Fixes of data files", "", _NOTE, ""]
    for applicability, intro in _APPLICABILITIES.items():
        lines += [f"## {applicability.capitalize()}", "", intro, ""]
        for fix in catalog.FIXES.values():
            if fix.applicability == applicability:
                lines += _fix(fix)
    return _joined(lines)


def _fix(fix: FixEntry) -> Iterator[str]:
    yield f"### {fix.name}"
    yield ""
    yield fix.doc
    yield ""
    yield f"Mends: {', '.join(f'`{one}`' for one in fix.mends)}."
    yield ""
    shown = [("Before", fix.before)]
    shown += [("After", fix.after)] if fix.after != fix.before else []
    for title, text in shown:
        visible = "".join(_visible(one) for one in text)
        yield from (f"{title}:", "", "```", visible.strip("\n"), "```", "")


def _visible(character: str) -> str:
    """Invisible characters, and bytes that are none, by their code in angle brackets."""
    if character == "\n" or (character.isprintable() and not unicodedata.combining(character)):
        return character
    code = ord(character)
    return f"<{code - 0xDC00:02X}>" if 0xDC80 <= code < 0xDD00 else f"<U+{code:04X}>"


def codes_page() -> str:
    """Every diagnostic code with its examples: the text of ``ftdsl explain``."""
    lines = ["# Diagnostic codes", "", _NOTE, ""]
    family = ""
    for code in sorted(CODES.values(), key=lambda code: code.code):
        if code.code[2] != family:
            family = code.code[2]
            lines += [f"## {_FAMILIES[family]}", ""]
        lines += _code(code)
    return _joined(lines)


def _code(code: Code) -> Iterator[str]:
    yield f"### {code.code} {code.name}"
    yield ""
    yield f"{code.summary}"
    yield ""
    yield code.explanation.strip()
    yield ""
    for title, example in (("Fails", code.failing), ("Passes", code.passing)):
        fence = "`" * max(3, _longest_fence(example) + 1)
        yield from (f"{title}:", "", fence, example.strip("\n"), fence, "")


def _longest_fence(text: str) -> int:
    runs = (len(line) - len(line.lstrip("`")) for line in text.splitlines())
    return max(runs, default=0)


def _choices(choices: tuple[str, ...]) -> str:
    return f" ({', '.join(f'`{choice}`' for choice in choices)})" if choices else ""


def _value(value: str | int | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _joined(lines: Iterable[str]) -> str:
    return "\n".join(lines).rstrip("\n") + "\n"


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
