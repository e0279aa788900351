"""An eval as a task of lm-eval, or a finished run as logs that inspect reads."""

from __future__ import annotations

from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path

from ftdsl.api import OUT, AnalysisView, RefusedError, SpecError, refusal
from ftdsl.cli.output import write
from ftdsl.cli.session import analysed
from ftdsl.cli.usage import UsageError, nearest
from ftdsl.diagnostics.diagnostic import Diagnostic
from ftdsl.engine.context import Refused
from ftdsl.engine.runs import read_run
from ftdsl.language.program import DatasetDef, EvalDef
from ftdsl.reports.report import Report
from ftdsl.results.artifacts import cases
from ftdsl.results.models import EvalOutput


def export_evals(arguments: Namespace) -> Report:
    """Write the tasks or the logs."""
    seen = analysed(arguments.spec, arguments)
    if seen.program is None:
        raise SpecError(seen)
    evals = {one.name: one for one in seen.program.evals}
    if arguments.name is not None and arguments.name not in evals:
        near = nearest(arguments.name, list(evals))
        help_line = f"did you mean `{near}`?" if near else f"there are {', '.join(evals)}"
        raise UsageError("FT579", f"there is no eval `{arguments.name}`", help_line)
    chosen = [one for one in evals.values() if arguments.name in (None, one.name)]
    folder = Path(arguments.out)
    if arguments.to == "inspect":
        return _logs(arguments, seen, chosen, folder)
    return _tasks(seen, chosen, folder)


def _tasks(seen: AnalysisView, evals: list[EvalDef], folder: Path) -> Report:
    from ftdsl.data.rows import read_rows
    from ftdsl.interchange.lm_eval import NotSayable, problems, task_files

    wrong = [one for eval_ in evals for one in problems(eval_)]
    if wrong:
        return _unsaid(seen, wrong)
    notes = []
    for eval_ in evals:
        dataset, split = _cases_of(seen, eval_)
        try:
            rows = list(read_rows(dataset, seen.root, split=split))
            files = task_files(eval_, rows, folder.resolve())
        except Refused as refused:
            raise RefusedError(refusal("export", refused, seen)) from refused
        except NotSayable as why:
            span = eval_.span
            assert span is not None, "a checked eval has a place"
            problem = Diagnostic("FT578", str(why), span, label="cannot be exported")
            return _unsaid(seen, [problem])
        for name, text in files.items():
            write(folder / name, text)
            notes.append(f"wrote {folder / name}")
    return Report("export", "pass", seen.path, notes=tuple(notes))


def _unsaid(seen: AnalysisView, wrong: list[Diagnostic]) -> Report:
    return Report("export", "fail", seen.path, diagnostics=tuple(wrong), sources=dict(seen.sources))


def _cases_of(seen: AnalysisView, eval_: EvalDef) -> tuple[DatasetDef, str | None]:
    if eval_.split is None:
        return DatasetDef(eval_.name, eval_.schema, eval_.sources, id=eval_.id), None
    assert seen.program is not None, "a program was checked"
    name, split = eval_.split
    return next(one for one in seen.program.datasets if one.name == name), split


def _logs(arguments: Namespace, seen: AnalysisView, evals: list[EvalDef], folder: Path) -> Report:
    from ftdsl.interchange.inspect_log import log_bytes

    out = results_folder(arguments, seen.root)
    found = read_run(out, "latest")
    names = {one.name for one in evals}
    steps = [
        (step, step.output)
        for step in (found.steps if found is not None and found.spec == seen.path else ())
        if isinstance(step.output, EvalOutput) and step.output.name in names
    ]
    if found is None or not steps:
        raise UsageError(
            "FT257", f"the newest run has no eval of {seen.path}", f"run `ftdsl run {seen.path}`"
        )
    moment = datetime.strptime(found.run_id[:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC).isoformat()
    notes = []
    for step, output in steps:
        path = folder / f"{output.name}-{output.model}.eval"
        write(path, log_bytes(output, list(cases(step, out)), found.run_id, moment))
        notes.append(f"wrote {path}")
    return Report("export", "pass", seen.path, notes=tuple(notes))


def results_folder(arguments: Namespace, root: Path) -> Path:
    """``--results``, else ``.ftdsl`` of the project: here ``--out`` is where the export goes."""
    return Path(arguments.results).resolve() if arguments.results else root / OUT
