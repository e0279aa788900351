"""The commands: what each is for, and where its code lives. Only the chosen one is imported."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Protocol


class Command(Protocol):
    """What a command's module offers. ``DETAILS`` may hold several paragraphs and examples."""

    DETAILS: str

    def configure(self, parser: ArgumentParser) -> None: ...

    def run(self, arguments: Namespace) -> int: ...


SUMMARIES: dict[str, str] = {
    "init": "scaffold a spec, a commit hook and a workflow",
    "check": "check specs: names, types, units, impossible thresholds; reads no data",
    "fmt": "format specs",
    "test": "run the rules' accepts and rejects examples",
    "validate": "run data rules, dedup and coverage",
    "plan": "show what would run, why, and what it would cost",
    "apply": "run a saved plan",
    "run": "plan and apply in one",
    "train": "run one train block and what it needs",
    "eval": "run one eval block and what it needs",
    "gate": "run one gate and what it needs",
    "report": "show a finished run again, in any format",
    "rows": "show the rows that break a rule",
    "explain": "explain a diagnostic code",
    "lock": "record digests, counts and baselines in ftspec.lock",
    "waivers": "list waivers and when they end",
    "doctor": "look at this machine: versions, optional parts, keys present",
    "cache": "show or clear what ftdsl keeps",
}
"""Commands in the order of ``ftdsl --help``."""

LATER = frozenset({"select", "export", "compare", "advise", "next", "rate", "lsp"})
"""Names that are kept for later versions."""


def load(name: str) -> Command:
    """The module of the command ``name``, a key of ``SUMMARIES``. KeyError otherwise."""
    if name in {"check", "fmt", "explain", "init", "test"}:
        return _load_spec_command(name)
    if name in {"validate", "plan", "apply", "run", "train", "eval", "gate"}:
        return _load_run_command(name)
    return _load_reading_command(name)


def _load_spec_command(name: str) -> Command:
    match name:
        case "check":
            from ftdsl.cli import check as command
        case "fmt":
            from ftdsl.cli import fmt as command
        case "explain":
            from ftdsl.cli import explain as command
        case "init":
            from ftdsl.cli import init as command
        case _:
            from ftdsl.cli import test as command
    return command


def _load_run_command(name: str) -> Command:
    match name:
        case "validate":
            from ftdsl.cli import validate as command
        case "plan":
            from ftdsl.cli import plan as command
        case "apply":
            from ftdsl.cli import apply as command
        case "run":
            from ftdsl.cli import run as command
        case "train":
            from ftdsl.cli import train as command
        case "eval":
            from ftdsl.cli import eval as command
        case _:
            from ftdsl.cli import gate as command
    return command


def _load_reading_command(name: str) -> Command:
    match name:
        case "report":
            from ftdsl.cli import report as command
        case "rows":
            from ftdsl.cli import rows as command
        case "lock":
            from ftdsl.cli import lock as command
        case "waivers":
            from ftdsl.cli import waivers as command
        case "doctor":
            from ftdsl.cli import doctor as command
        case "cache":
            from ftdsl.cli import cache as command
        case _:
            raise KeyError(name)
    return command
