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
    "select": "rank the candidates of one selection and run what it needs",
    "gate": "run one gate and what it needs",
    "runs": "list the runs of a project, and how scores went over them",
    "rate": "have people judge answers side by side, blind, and take their ratings in",
    "report": "show a finished run again, in any format",
    "compare": "what differs between two runs, case by case",
    "rows": "show the rows that break a rule",
    "sample": "draw a diverse part of a dataset",
    "import": "make a spec of an eval of promptfoo, or of graders of OpenAI",
    "export": "write a training, an eval or a run as files of another tool",
    "explain": "explain a diagnostic code",
    "lock": "record digests, counts and baselines in ftspec.lock",
    "next": "say what to do next: rows to ask for or to mend, a setting, the eval, or to stop",
    "advise": "say what a training's own figures ask of its settings",
    "card": "write a training's model card, with what its model scored",
    "jobs": "list, pause, resume or cancel the jobs of a hosted training",
    "emulate": "serve a hosted fine-tuning API on this machine, to rehearse against",
    "waivers": "list waivers and when they end",
    "doctor": "look at this machine: versions, optional parts, keys present",
    "cache": "show or clear what ftdsl keeps",
}
"""Commands in the order of ``ftdsl --help``."""

LATER = frozenset({"lsp"})
"""Names that are kept for later versions."""


def load(name: str) -> Command:
    """The module of the command ``name``, a key of ``SUMMARIES``. KeyError otherwise."""
    loaded = _spec_command(name) or _run_command(name) or _reading_command(name)
    if loaded is None:
        raise KeyError(name)
    return loaded


def _spec_command(name: str) -> Command | None:
    match name:
        case "check":
            from ftdsl.cli import check

            return check
        case "fmt":
            from ftdsl.cli import fmt

            return fmt
        case "explain":
            from ftdsl.cli import explain

            return explain
        case "init":
            from ftdsl.cli import init

            return init
        case "test":
            from ftdsl.cli import test

            return test
        case "import":
            from ftdsl.cli import importing

            return importing
        case "export":
            from ftdsl.cli import export

            return export
    return None


def _run_command(name: str) -> Command | None:
    match name:
        case "validate":
            from ftdsl.cli import validate

            return validate
        case "plan":
            from ftdsl.cli import plan

            return plan
        case "apply":
            from ftdsl.cli import apply

            return apply
        case "run":
            from ftdsl.cli import run

            return run
        case "train":
            from ftdsl.cli import train

            return train
        case "eval":
            from ftdsl.cli import eval

            return eval
        case "select":
            from ftdsl.cli import select

            return select
        case "gate":
            from ftdsl.cli import gate

            return gate
        case "rate":
            from ftdsl.cli import rate

            return rate
    return None


def _reading_command(name: str) -> Command | None:
    match name:
        case "report":
            from ftdsl.cli import report

            return report
        case "compare":
            from ftdsl.cli import compare

            return compare
        case "runs":
            from ftdsl.cli import runs

            return runs
        case "rows":
            from ftdsl.cli import rows

            return rows
        case "sample":
            from ftdsl.cli import sample

            return sample
        case "lock":
            from ftdsl.cli import lock

            return lock
        case "waivers":
            from ftdsl.cli import waivers

            return waivers
        case "doctor":
            from ftdsl.cli import doctor

            return doctor
        case "cache":
            from ftdsl.cli import cache

            return cache
    return _hosted_command(name)


def _hosted_command(name: str) -> Command | None:
    match name:
        case "advise":
            from ftdsl.cli import advise

            return advise
        case "next":
            from ftdsl.cli import next

            return next
        case "card":
            from ftdsl.cli import card

            return card
        case "jobs":
            from ftdsl.cli import jobs

            return jobs
        case "emulate":
            from ftdsl.cli import emulate

            return emulate
    return None
