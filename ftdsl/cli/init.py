"""``ftdsl init``: a spec with a few rows to begin with, a commit hook and a workflow."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from ftdsl.cli.output import publish, write
from ftdsl.cli.usage import UsageError
from ftdsl.reports.report import Report

DETAILS = """
Nothing is ever overwritten.

examples:
  ftdsl init                 in this folder
  ftdsl init training/       in another one
"""

_TEMPLATES = Path(__file__).with_name("templates")
_FILES = {
    "specs/starter.ftspec": "starter.ftspec.txt",
    "specs/data/starter.jsonl": "starter.jsonl.txt",
    ".pre-commit-config.yaml": "hook.yaml.txt",
    ".github/workflows/ftdsl.yml": "workflow.yml.txt",
}
_MAY_BE_THERE = {".pre-commit-config.yaml", ".github/workflows/ftdsl.yml"}


def configure(parser: ArgumentParser) -> None:
    """Arguments of ``init``."""
    parser.add_argument("folder", nargs="?", default=".", metavar="DIR", help="where (default: .)")


def run(arguments: Namespace) -> int:
    """Write the files that are not there yet."""
    folder = Path(arguments.folder)
    taken = [name for name in _FILES if _there(folder / name)]
    blocking = [name for name in taken if name not in _MAY_BE_THERE]
    if blocking:
        raise UsageError(
            "FT263", f"{folder / blocking[0]} is there already", "`init` overwrites nothing"
        )
    notes = []
    for name, template in _FILES.items():
        text = (_TEMPLATES / template).read_text(encoding="utf-8")
        if name in taken:
            notes += [f"kept {folder / name}; add to it by hand:", "", text]
        else:
            write(folder / name, text)
            notes.append(f"wrote {folder / name}")
    spec = folder / "specs" / "starter.ftspec"
    notes += ["", f"next: ftdsl check {spec} && ftdsl validate {spec}"]
    return publish(Report("init", "pass", notes=tuple(notes)), arguments)


def _there(path: Path) -> bool:
    return path.exists() or path.is_symlink()
