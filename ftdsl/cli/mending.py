"""``ftdsl validate --fix`` and ``--diff``: fixed copies of the data files, never the files."""

from __future__ import annotations

import tempfile
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ftdsl.api import PlanView, RefusedError, RunView, SpecError, data_selectors, plan, refusal
from ftdsl.cli.session import analysed, answered, policy_of, ran
from ftdsl.cli.specs import chosen_specs
from ftdsl.cli.usage import UsageError
from ftdsl.cli.validation import planned
from ftdsl.engine.context import Refused
from ftdsl.fixing.diff import unified
from ftdsl.fixing.files import Mended
from ftdsl.fixing.project import Fixed, Mending
from ftdsl.fixing.rows import Applied
from ftdsl.fixing.spec import SpecEdits
from ftdsl.fixing.stage import Stage, assert_fit, publish
from ftdsl.fixing.templates import templated
from ftdsl.fixing.waivers import idle_waivers
from ftdsl.language import catalog
from ftdsl.plan.lock import lock_path
from ftdsl.plan.steps import CheckStep
from ftdsl.privacy.masking import masked
from ftdsl.reports.numbers import plural
from ftdsl.reports.report import Fact, Report
from ftdsl.results.models import CheckOutput, DedupOutput

_MOST_SHOWN = 200_000
_PREFIX = ".ftdsl-fixing-"


def mended_report(arguments: Namespace) -> int:
    """Publish what is left of one spec's findings after its fixes, and return the exit code. The
    results go to the project's own folder: --out is for the copies."""
    paths = chosen_specs(arguments)
    if len(paths) != 1:
        raise UsageError("FT375", f"fixes are for one spec at a time, not {len(paths)}")

    def question(_: Namespace) -> Report:
        told = Namespace(**{**vars(arguments), "out": None})
        seen = analysed(str(paths[0]), told)
        if not seen.ok or seen.program is None:
            raise SpecError(seen)
        chosen = tuple(arguments.only) or data_selectors(seen.program)
        made = planned(seen, chosen, told)
        return mended(ran(made, told), made, arguments, work)

    with workplace(arguments) as work:
        return answered(arguments, question)


@contextmanager
def workplace(arguments: Namespace) -> Iterator[Path]:
    """A folder that is gone afterwards: beside the fixed copies, so that they can be moved there in
    one step. UsageError (FT253, FT376) where nothing can be
    written."""
    parent = Path(arguments.out) if arguments.fix else None
    try:
        if parent is not None:
            assert_fit(parent, (), Path())
            parent.mkdir(parents=True, exist_ok=True)
        made = tempfile.TemporaryDirectory(prefix=_PREFIX, dir=parent)
    except Refused as refused:
        why = refused.diagnostic
        raise UsageError(why.code, why.message, why.help) from refused
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError("FT253", f"cannot write {parent}: {reason}", "choose another") from error
    with made as folder:
        yield Path(folder).resolve()


def mended(before: RunView, made: PlanView, arguments: Namespace, work: Path) -> Report:
    """Mend the data that ``made`` reads, look at it again, and report on that. A run that could not
    answer is reported as it is: there is nothing to be fixed."""
    if any(step.output is None for step in before.result.steps):
        return before.report
    try:
        stage = Stage(work, made.analysis.root)
        edits = _edits(before, made) if arguments.unsafe_fixes else SpecEdits()
        fixed = _fixed(before, made, arguments, stage)
        after = ran(_staged(made, arguments, stage, made.plan.only, edits), arguments)
        if edits:
            _mend_spec(made, edits, stage, fixed)
        return _report(after, fixed, arguments, stage)
    except Refused as refused:
        raise RefusedError(refusal("validate", refused, made.analysis)) from refused


def _fixed(before: RunView, made: PlanView, arguments: Namespace, stage: Stage) -> Fixed:
    inputs = (name for each in made.plan.steps for name in each.inputs)
    stage.bring(name.removeprefix("file ") for name in inputs if name.startswith("file "))
    stage.bring([*(file.path for file in made.plan.files), lock_path(made.plan.spec)])
    stage.bring(made.analysis.sources)
    checks = [p.step for p in made.plan.steps if isinstance(p.step, CheckStep)]
    mending = Mending(checks, made.analysis.root, arguments.unsafe_fixes)
    fixed = mending.mend(stage)
    view = before
    if fixed.changed and any(isinstance(s.output, DedupOutput) for s in before.result.steps):
        view = ran(_staged(made, arguments, stage, ("dedup",)), arguments)
    removed = [s.output for s in view.result.steps if isinstance(s.output, DedupOutput)]
    return mending.mend(stage, removed) if any(each.removed for each in removed) else fixed


def _staged(
    made: PlanView,
    arguments: Namespace,
    stage: Stage,
    only: tuple[str, ...],
    edits: SpecEdits | None = None,
) -> PlanView:
    """The same plan over the files on the stage, with the spec edited."""
    program = made.analysis.program
    if edits and program is not None:
        program = edits.applied(program)
    seen = replace(made.analysis, root=stage.root, program=program)
    return plan(seen, out=stage.out, only=only, policy=policy_of(arguments))


def _edits(before: RunView, made: PlanView) -> SpecEdits:
    """What fixes make of the spec."""
    program, source = made.analysis.program, made.analysis.sources[made.plan.spec]
    outputs = [step.output for step in before.result.steps]
    if program is None:
        return SpecEdits()
    checks = (one for one in outputs if isinstance(one, CheckOutput))
    dedups = (one for one in outputs if isinstance(one, DedupOutput))
    return SpecEdits(
        idle_waivers(program.waivers, source, checks), templated(program.dedups, source, dedups)
    )


def _mend_spec(made: PlanView, edits: SpecEdits, stage: Stage, fixed: Fixed) -> None:
    path, program = made.plan.spec, made.analysis.program
    assert program is not None
    pairs = edits.lines(program, made.analysis.sources[path])
    stage.mended(path).write_bytes(b"".join(b"".join(lines) for _, lines in pairs))
    stage.accept(path)
    with stage.diff.open("ab") as diff:
        diff.writelines(unified(path, pairs))
    fixed.files[path] = Mended(path, Applied(edits.counts()), changed=True)


def _report(after: RunView, fixed: Fixed, arguments: Namespace, stage: Stage) -> Report:
    notes = [_sum(fixed, after, hint=not arguments.unsafe_fixes)]
    notes += [
        f"{each.path} is not fixed: {each.left}" for each in fixed.files.values() if each.left
    ]
    if arguments.fix and fixed.changed:
        notes += _published(fixed, arguments, stage)
    if arguments.diff:
        notes.insert(0, _shown(stage))
    facts = tuple(
        Fact(name, f"{count} of {where} ({catalog.FIXES[name].applicability})", "ok")
        for (where, name), count in sorted(fixed.applied.items())
    )
    report = after.report
    would_change = arguments.diff and bool(fixed.changed) and report.verdict == "pass"
    run = after.result
    if would_change:
        run = run.model_copy(update={"verdict": "fail", "exit_code": 1})
    return replace(
        report,
        verdict="fail" if would_change else report.verdict,
        command="validate",
        run=run,
        notes=tuple(notes),
        facts=facts,
    )


def _sum(fixed: Fixed, after: RunView, *, hint: bool) -> str:
    found = list(after.findings)
    unsafe = sum(
        1
        for one in found
        if (fix := catalog.FIXES.get(str(one["fix"]))) and fix.applicability == "unsafe"
    )
    told = f"{plural(sum(fixed.applied.values()), 'finding')} fixed, {len(found)} left"
    return f"{told}; --unsafe-fixes may fix {unsafe} of them" if unsafe and hint else told


def _published(fixed: Fixed, arguments: Namespace, stage: Stage) -> list[str]:
    out = Path(arguments.out)
    assert_fit(out, fixed.changed, stage.project)
    try:
        written = publish(stage, out, fixed.changed)
    except OSError as error:
        raise UsageError("FT253", f"cannot write {out}: {error.strerror or error}") from error
    return [f"written: {path}" for path in written]


def _shown(stage: Stage) -> str:
    """The diff for a reader: personal data and secrets are masked, and characters that act on a
    terminal are shown as signs, so it is not for `patch`; the file that --fix writes is."""
    with stage.diff.open("rb") as file:
        text = masked(file.read(_MOST_SHOWN + 1).decode("utf-8", "backslashreplace"))
    if len(text) > _MOST_SHOWN:
        text = text[:_MOST_SHOWN].rpartition("\n")[0] + "\n… --fix writes all of it to fixes.diff"
    return text.rstrip("\n")
