"""``ftdsl explain``: what a diagnostic code means, with an example that fails and one that
passes."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from ftdsl.cli.output import publish
from ftdsl.cli.usage import UsageError, nearest
from ftdsl.diagnostics.codes import CODES
from ftdsl.diagnostics.codes.code import Code
from ftdsl.reports.report import Fact, Report

DETAILS = """
examples:
  ftdsl explain FT110          one code
  ftdsl explain                every code, one a line
"""

_PROOF = {"spec": "spec", "rows": "rows (JSONL)", "run": "commands"}


def configure(parser: ArgumentParser) -> None:
    """Arguments of ``explain``."""
    parser.add_argument("code", nargs="?", metavar="CODE", help="such as FT110, or its name")


def run(arguments: Namespace) -> int:
    """Print one code in full, or the list of all."""
    if arguments.code is None:
        facts = tuple(Fact(code.code, code.summary) for _, code in sorted(CODES.items()))
        return publish(Report("explain", "pass", facts=facts), arguments)
    code = _find(arguments.code)
    facts = (Fact(code.code, code.summary),)
    return publish(Report("explain", "pass", facts=facts, notes=_lines(code)), arguments)


def _find(word: str) -> Code:
    by_name = {code.name: code for code in CODES.values()}
    found = CODES.get(word.upper()) or by_name.get(word)
    if found is None:
        near = nearest(word.upper(), list(CODES)) or nearest(word, list(by_name))
        help_line = f"did you mean `{near}`?" if near else "`ftdsl explain` lists all codes"
        raise UsageError("FT256", f"there is no diagnostic code `{word}`", help_line)
    return found


def _lines(code: Code) -> tuple[str, ...]:
    what = _PROOF[code.examples]
    return (
        *code.explanation.strip().splitlines(),
        "",
        f"fails ({what}):",
        *(f"    {line}" for line in code.failing.strip("\n").splitlines()),
        "",
        f"passes ({what}):",
        *(f"    {line}" for line in code.passing.strip("\n").splitlines()),
    )
