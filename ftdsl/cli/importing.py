"""``ftdsl import``: a spec made of an eval that another tool runs."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from ftdsl.cli.output import publish, write
from ftdsl.cli.specs import existing
from ftdsl.cli.usage import UsageError
from ftdsl.interchange.imported import Imported
from ftdsl.reports.report import Report

DETAILS = """
Every assertion and every grader is said in the spec, or refused with its line: nothing is guessed.
While one is refused nothing is written, unless `--partial` leaves its tests out. Nothing is
overwritten. promptfoo's YAML needs PyYAML: pip install 'ftdsl[interchange]'.

examples:
  ftdsl import promptfoo promptfooconfig.yaml --out imported/
  ftdsl import promptfoo promptfooconfig.yaml --judge openai:gpt-4.1-mini --partial
  ftdsl import openai-grader eval.json --out imported/ --cases data/items.jsonl
"""

_KINDS = ("promptfoo", "openai-grader")


def configure(parser: ArgumentParser) -> None:
    """Arguments of ``import``."""
    parser.add_argument("kind", choices=_KINDS, help="what the file is")
    parser.add_argument("file", metavar="FILE", help="a config, or a JSON of graders")
    parser.add_argument(
        "--out", dest="folder", default="imported", metavar="DIR",
        help="where the spec goes (default: imported)",
    )  # fmt: skip
    parser.add_argument(
        "--partial", action="store_true", help="leave out what cannot be said, and write the rest"
    )
    parser.add_argument(
        "--judge", default="", metavar="PROVIDER",
        help="for promptfoo: who grades `llm-rubric` where the config does not say it",
    )  # fmt: skip
    parser.add_argument(
        "--cases", default="cases.jsonl", metavar="FILE",
        help="for graders: the file with the items (default: cases.jsonl)",
    )  # fmt: skip


def run(arguments: Namespace) -> int:
    """Write the spec and the files that it names."""
    path = existing(Path(arguments.file))
    folder = Path(arguments.folder)
    found = _imported(arguments, path)
    if not found.files or (found.refused and not arguments.partial):
        help_ = () if not found.files else ("nothing is written: --partial leaves these out",)
        report = Report(
            "import", "fail", diagnostics=tuple(found.problems), sources=found.sources, notes=help_
        )
        return publish(report, arguments)
    taken = next((folder / name for name in found.files if (folder / name).exists()), None)
    if taken is not None:
        raise UsageError("FT263", f"{taken} is there already", "`import` overwrites nothing")
    for name, text in found.files.items():
        write(folder / name, text)
    notes = [f"wrote {folder / name}" for name in found.files]
    if found.left_out:
        notes.append(f"left out {found.left_out} cases")
    notes.append(f"next: ftdsl check {folder / next(iter(found.files))}")
    return publish(
        Report(
            "import",
            "fail" if found.refused else "pass",
            diagnostics=tuple(found.problems),
            sources=found.sources,
            notes=tuple(notes),
        ),
        arguments,
    )


def _imported(arguments: Namespace, path: Path) -> Imported:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("FT254", f"{path} cannot be read as text: {error}") from None
    if arguments.kind == "openai-grader":
        from ftdsl.interchange.openai_graders import import_graders

        return import_graders(text, path.name, arguments.cases)
    from ftdsl.interchange.promptfoo import import_promptfoo

    try:
        return import_promptfoo(text, path.name, path.parent, arguments.judge)
    except ModuleNotFoundError as error:
        if error.name != "yaml":
            raise
        raise UsageError(
            "FT209", "YAML is read by PyYAML, which is not installed",
            "install it with `pip install 'ftdsl[interchange]'`",
        ) from None  # fmt: skip
