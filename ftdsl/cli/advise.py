"""``ftdsl advise``: what a training's own figures say about its settings."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path

from ftdsl.api import AnalysisView, SpecError
from ftdsl.cli.options import add_out_option, add_set_option
from ftdsl.cli.session import analysed, answered, out_folder
from ftdsl.cli.usage import UsageError
from ftdsl.diagnostics.diagnostic import Diagnostic
from ftdsl.language.program import Program, TrainDef
from ftdsl.reports.report import Fact, Report

DETAILS = """
Reads the newest finished run of the spec's trainings and asks every rule of them. A rule fires,
holds, or says that it cannot tell, each with its figures and with who gives this advice. Rules come
in the order in which they are to be listened to, and one change is offered, that of the first: two
at once tell nobody which of them helped. `--patch` writes it as a diff that `git apply` takes.

examples:
  ftdsl advise specs/support.ftspec
  ftdsl advise specs/support.ftspec support_lora -v       rules that hold or cannot tell, as well
  ftdsl advise specs/support.ftspec --patch next.diff && git apply next.diff
"""


def configure(parser: ArgumentParser) -> None:
    """Arguments of ``advise``."""
    parser.add_argument("spec", metavar="SPEC", help="a spec")
    parser.add_argument("train", nargs="?", metavar="TRAIN", help="a train block (default: all)")
    parser.add_argument("--patch", metavar="FILE", help="write the change to try next as a diff")
    add_out_option(parser)
    add_set_option(parser)


def run(arguments: Namespace) -> int:
    """Tell what the rules say."""
    return answered(arguments, _question)


def _question(arguments: Namespace) -> Report:
    seen = analysed(arguments.spec, arguments)
    if seen.program is None:
        raise SpecError(seen)
    found: list[Diagnostic] = []
    facts: list[Fact] = []
    for train in _trains(seen.program, arguments.train):
        told, quiet = _advice(train, seen.program, seen, out_folder(arguments, seen.root))
        found += told
        facts += quiet
    notes = []
    if arguments.patch:
        notes.append(_patched(found, seen, Path(arguments.patch)))
    shown = tuple(facts) if arguments.verbose or not found else ()
    return replace(seen.report, diagnostics=tuple(found), facts=shown, notes=tuple(notes))


def _advice(
    train: TrainDef, program: Program, seen: AnalysisView, out: Path
) -> tuple[list[Diagnostic], list[Fact]]:
    from ftdsl.advice.advising import advise, diagnostics
    from ftdsl.advice.reading import evidence_of
    from ftdsl.engine.runs import read_run, run_ids

    runs = (run for run in (read_run(out, one) for one in run_ids(out)) if run is not None)
    own = (run for run in runs if run.spec == seen.path)
    evidence = evidence_of(train, program, own, out)
    if evidence is None:
        raise UsageError(
            "FT257",
            f"no run has finished the training `{train.name}`",
            f"`ftdsl train {seen.path} {train.name}`",
        )
    asked = advise(evidence)
    facts = [
        Fact(f"{train.name}: {one.rule.name}", f"{one.told.state}: {one.told.evidence}",
             "ok" if one.told.state == "holds" else "")
        for one in asked
        if one.told.state != "fired"
    ]  # fmt: skip
    return list(diagnostics(evidence, asked, seen.sources[seen.path])), facts


def _trains(program: Program, name: str | None) -> tuple[TrainDef, ...]:
    if name is None:
        return program.trains
    found = tuple(train for train in program.trains if train.name == name)
    if not found:
        known = ", ".join(train.name for train in program.trains) or "none"
        raise UsageError("FT251", f"there is no training `{name}`", f"the spec has {known}")
    return found


def _patched(found: list[Diagnostic], seen: AnalysisView, path: Path) -> str:
    from difflib import unified_diff

    from ftdsl.cli.output import write

    source = seen.sources[seen.path]
    fixes = [one.fix for one in found if one.fix is not None]
    if not fixes:
        return "no rule asks for a change of a setting: nothing was written"
    changed = source.text
    for edit in sorted(fixes[0].edits, key=lambda each: each.span.start, reverse=True):
        changed = changed[: edit.span.start] + edit.replacement + changed[edit.span.end :]
    diff = unified_diff(
        source.text.splitlines(keepends=True),
        changed.splitlines(keepends=True),
        f"a/{seen.path}",
        f"b/{seen.path}",
    )
    write(path, iter(["".join(diff)]))
    return f"{fixes[0].title}: {path}"
