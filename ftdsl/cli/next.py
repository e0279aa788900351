"""``ftdsl next``: what to do after the last run, with the evidence and a ready change."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path

from ftdsl.api import AnalysisView, RefusedError, SpecError, refusal
from ftdsl.cli.options import add_out_option, add_set_option
from ftdsl.cli.session import analysed, answered, out_folder
from ftdsl.cli.usage import UsageError
from ftdsl.engine.context import Refused
from ftdsl.language.program import Program
from ftdsl.reports.report import Report
from ftdsl.results.actions import Action, NextSteps

DETAILS = """
Reads the last run of the spec that asked a model, the rows it learned from and the rounds before,
and proposes at most five actions, those first that gain most for an hour of work: rows to ask for,
rows to mend, a setting, something of the eval itself. It may say that it is not the data, or that
it is time to stop. Nothing is asked of a model and nothing is changed without `--apply`.

`--apply` makes the change of one action: new files in the folder `rounds/` beside the spec, and the
spec with one edit. It never touches a file of data, and writes over no file.

examples:
  ftdsl next specs/support.ftspec
  ftdsl next specs/support.ftspec --apply              the first action
  ftdsl next specs/support.ftspec --action 2 --patch next.diff
  ftdsl next specs/support.ftspec --model support_lora --eval golden --output markdown=next.md
"""


def configure(parser: ArgumentParser) -> None:
    """Arguments of ``next``."""
    parser.add_argument("spec", metavar="SPEC", help="a spec")
    parser.add_argument("--model", metavar="MODEL", help="the model (default: the trained one)")
    parser.add_argument("--eval", metavar="EVAL", help="the eval (default: that of a gate)")
    parser.add_argument("--score", metavar="SCORE", help="the score (default: the eval's first)")
    parser.add_argument("--apply", action="store_true", help="make the change of one action")
    parser.add_argument("--patch", metavar="FILE", help="write the edit of the spec as a diff")
    parser.add_argument(
        "--action", type=int, metavar="N", help="the action to apply (default: the first with one)"
    )
    add_out_option(parser)
    add_set_option(parser)


def run(arguments: Namespace) -> int:
    """Tell what to do, and do it where asked."""
    return answered(arguments, _question)


def _question(arguments: Namespace) -> Report:
    seen = analysed(arguments.spec, arguments)
    if seen.program is None:
        raise SpecError(seen)
    out = out_folder(arguments, seen.root)
    steps, dataset = steps_of(seen, seen.program, out, arguments)
    notes: list[str] = []
    if arguments.apply or arguments.patch:
        action = _chosen(steps, arguments.action)
        notes = _changed(seen, seen.program, steps, action, dataset, arguments)
    return replace(seen.report, verdict="pass", next=steps, notes=tuple(notes))


def steps_of(
    seen: AnalysisView, program: Program, out: Path, arguments: Namespace
) -> tuple[NextSteps, str]:
    """What to do next, and the dataset that it is about. UsageError (FT703) without a round."""
    from ftdsl.rounds.proposing import next_steps
    from ftdsl.rounds.reading import read_round, subject_of

    subject = subject_of(
        program, seen.path, out, model=arguments.model, eval_=arguments.eval, score=arguments.score
    )
    if subject is None:
        raise UsageError(
            "FT703",
            f"no kept run of {seen.path} has scores of such a model",
            f"run it: `ftdsl run {seen.path}`",
        )
    try:
        found = read_round(subject, program, seen.root, out)
    except Refused as refused:
        raise RefusedError(refusal("next", refused, seen)) from refused
    train = subject.train or (program.trains[0] if program.trains else None)
    first = program.datasets[0].name if program.datasets else ""
    return next_steps(found), train.data[0] if train is not None else first


def _chosen(steps: NextSteps, number: int | None) -> Action:
    if number is not None and not 1 <= number <= len(steps.actions):
        raise UsageError("FT251", f"there is no action {number}: there are {len(steps.actions)}")
    if number is not None:
        return steps.actions[number - 1]
    ready = [one for one in steps.actions if one.kind not in ("stop", "not-data")]
    if not ready or (steps.actions and steps.actions[0].kind == "stop"):
        raise UsageError(
            "FT704", "there is nothing to apply", "choose an action by its number: `--action 2`"
        )
    return ready[0]


def _changed(
    seen: AnalysisView,
    program: Program,
    steps: NextSteps,
    action: Action,
    dataset: str,
    arguments: Namespace,
) -> list[str]:
    from ftdsl.cli.output import write
    from ftdsl.rounds.change import change_of

    source = seen.sources[seen.path]
    change = change_of(steps, action, program, source, dataset)
    if arguments.patch:
        if not change.spec:
            raise UsageError("FT704", f"`{action.title}` edits no line of {seen.path}")
        write(Path(arguments.patch), _diff(seen.path, source.text, change.spec))
        if not arguments.apply:
            return [f"wrote {arguments.patch}"]
    there = [name for name in change.files if (seen.root / name).exists()]
    if there:
        raise UsageError(
            "FT705",
            f"{there[0]} is there already",
            "it was applied before: fill it in, or delete the folder and apply again",
        )
    for name, text in change.files.items():
        write(seen.root / name, text)
    if change.spec:
        write(seen.root / seen.path, change.spec)
    edited = [f"edited {seen.path}"] if change.spec else []
    return [*(f"wrote {name}" for name in change.files), *edited]


def _diff(path: str, before: str, after: str) -> str:
    from difflib import unified_diff

    old, new = (one.splitlines(keepends=True) for one in (before, after))
    return "".join(unified_diff(old, new, f"a/{path}", f"b/{path}"))
