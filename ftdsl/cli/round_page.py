"""What the report of a run knows beside the run: earlier runs, advice, and what to do next."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from ftdsl.api import AnalysisView, RunView, analyze
from ftdsl.cli.runs import records_of
from ftdsl.engine.context import Refused
from ftdsl.engine.recording import read_record
from ftdsl.engine.runs import run_folder
from ftdsl.language.program import Program
from ftdsl.reports.html_round import is_round
from ftdsl.reports.report import Report
from ftdsl.results.actions import Advised, NextSteps
from ftdsl.results.models import CheckOutput, EvalOutput
from ftdsl.results.run import RunResult

_SOURCES = ("advice", "evaluation", "rounds", "statistics")
_RUNS = 40
_MOST_ROWS, _MOST_CASES = 20_000, 5_000


def with_round(view: RunView) -> Report:
    """The run's report with all that a round is about. What would take long, or is not known any
    more since the spec changed, is left to `ftdsl next`."""
    report, run = view.report, view.result
    if not is_round(run):
        return report
    older = [one for one in records_of(view.out, run.spec) if one.run_id <= run.run_id]
    report = replace(report, history=tuple(older[:_RUNS]))
    seen = _spec_of(view)
    if seen is None or seen.program is None:
        return report
    advice = tuple(_advice(seen.program, run, view.out))
    next_ = _next(seen, seen.program, run, view.out) if _is_small(run) else None
    return replace(report, advice=advice, next=next_)


def _spec_of(view: RunView) -> AnalysisView | None:
    """The spec that ran; None where it is another by now."""
    if view.analysis is not None:
        return view.analysis
    if view.root is None or not (view.root / view.result.spec).is_file():
        return None
    record = read_record(run_folder(view.out, view.result))
    seen = analyze(view.root / view.result.spec, root=view.root)
    if record is None or seen.program is None:
        return None
    same = all(record.files.get(file.path, file.sha256) == file.sha256
               for file in seen.program.files)  # fmt: skip
    return seen if same else None


def _is_small(run: RunResult) -> bool:
    outputs = [step.output for step in run.steps]
    rows = sum(one.counts.checked for one in outputs if isinstance(one, CheckOutput))
    cases = max((e.n for one in outputs if isinstance(one, EvalOutput)
                 for e in one.scores.values()), default=0)  # fmt: skip
    return rows <= _MOST_ROWS and cases <= _MOST_CASES


def _advice(program: Program, run: RunResult, out: Path) -> list[Advised]:
    from ftdsl.advice.advising import advise
    from ftdsl.advice.reading import evidence_of

    found = []
    for train in program.trains:
        evidence = evidence_of(train, program, [run], out)
        for one in advise(evidence) if evidence is not None else ():
            if one.told.state == "fired":
                told = one.told
                found.append(Advised(train.name, one.rule.code, told.evidence, told.advice))
    return found


def _next(seen: AnalysisView, program: Program, run: RunResult, out: Path) -> NextSteps | None:
    """What to do next: as it was told of a run that came to the same, where there was one."""
    from ftdsl.engine.store import replace_text
    from ftdsl.plan.code import code_digest

    record = read_record(run_folder(out, run))
    if record is None:
        return None
    shape = TypeAdapter(NextSteps)
    rounds = len({one.address for one in records_of(out, run.spec)})
    name = f"{record.address[:32]}-{code_digest(_SOURCES, ())[:16]}-{rounds}.json"
    kept = out / "cache" / "next" / name
    try:
        return replace(shape.validate_json(kept.read_bytes()), run=run.run_id)
    except (OSError, ValidationError):
        found = _asked(seen, program, run, out)
    if found is not None:
        try:
            kept.parent.mkdir(parents=True, exist_ok=True)
            replace_text(kept, shape.dump_json(found).decode("utf-8"))
        except OSError:
            pass  # it is told all the same
    return found


def _asked(seen: AnalysisView, program: Program, run: RunResult, out: Path) -> NextSteps | None:
    from ftdsl.rounds.proposing import next_steps
    from ftdsl.rounds.reading import read_round, subject_in

    subject = subject_in(program, run)
    if subject is None:
        return None
    try:
        return next_steps(read_round(subject, program, seen.root, out))
    except (Refused, ValidationError, OSError):
        return None  # `ftdsl next` says why
