"""From a spec to what its raters are shown, and from what they send back to the project's files."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ftdsl.api import RefusedError, RunView, refusal
from ftdsl.cli.session import analysed, planned, ran, reported
from ftdsl.cli.usage import UsageError, nearest
from ftdsl.diagnostics.diagnostic import Diagnostic
from ftdsl.engine.context import Refused
from ftdsl.language.source import Source
from ftdsl.plan.steps import RateStep
from ftdsl.reports.report import Report
from ftdsl.results.artifacts import cases

if TYPE_CHECKING:
    from ftdsl.rating.batch import Batch
    from ftdsl.rating.exports import Turns
    from ftdsl.rating.opinions import Said
    from ftdsl.results.models import Case


@dataclass(frozen=True, slots=True)
class Prepared:
    """A rating whose answers are there. ``view`` is the run that has them."""

    spec: str
    step: RateStep
    view: RunView
    batch: Batch

    @property
    def root(self) -> Path:
        return self.view.root or Path()


def prepared(arguments: Namespace) -> Prepared | Report:
    """Have every compared model answer, if it has not yet, and put the answers together; the report
    of the run where it did not come to an end."""
    from ftdsl.rating.batch import batch_of

    step = _rate_step(arguments)
    evals = tuple(f"eval.{step.eval.name}.{name}" for name in step.rate.compare)
    view = ran(planned(arguments.spec, arguments, evals), arguments)
    found: dict[str, Sequence[Case]] = {}
    for name, step_id in zip(step.rate.compare, evals, strict=True):
        record = view.result.step(step_id)
        if record is None or record.output is None:
            return reported(view, arguments)
        found[name] = list(cases(record, view.out))
    try:
        batch = batch_of(step, found, view.root or Path())
    except Refused as refused:
        raise RefusedError(refusal("rate", refused, view.analysis)) from refused
    return Prepared(arguments.spec, step, view, batch)


def _rate_step(arguments: Namespace) -> RateStep:
    seen = analysed(arguments.spec, arguments)
    names = [one.name for one in seen.program.rates] if seen.program is not None else []
    if seen.program is not None and arguments.name not in names:
        near = nearest(arguments.name, names)
        known = f"there are {', '.join(names)}" if names else "it has no `rate` block"
        help_line = f"did you mean `{near}`?" if near else known
        raise UsageError("FT730", f"the spec has no rating `{arguments.name}`", help_line)
    made = planned(arguments.spec, arguments, (f"rate.{arguments.name}",))
    found = made.plan.step(f"rate.{arguments.name}")
    assert found is not None and isinstance(found.step, RateStep), "the block has a step"
    return found.step


def taken(first: Prepared, files: Sequence[Source]) -> Mapping[str, int] | Report:
    """Check what raters sent back beside what the project holds, and add what is new to it; all or
    nothing. The report of what is wrong where something is. Raises ``Refused``."""
    from ftdsl.rating.checks import counted, problems
    from ftdsl.rating.keeping import keep
    from ftdsl.rating.rows import read_ratings
    from ftdsl.rating.step import all_ratings

    held, wrong = all_ratings(first.step, first.root)
    new, sources = [], {}
    for source in files:
        placed, bad = read_ratings(source)
        sources[source.path] = source
        new += placed
        wrong += bad
    every = [*counted(first.batch, held), *new]
    wrong += [problem for _, problem in problems(first.batch, every)]
    if wrong:
        return _report(first, wrong, sources)
    return keep(first.root, first.step.rate.ratings, new)


def said_of(first: Prepared) -> Said | Report:
    """What the ratings of the project say. Raises ``Refused``."""
    from ftdsl.rating.checks import counted, problems
    from ftdsl.rating.opinions import Said
    from ftdsl.rating.rows import effective, unique
    from ftdsl.rating.step import all_ratings

    held, wrong = all_ratings(first.step, first.root)
    kept = counted(first.batch, held)
    wrong += [problem for _, problem in problems(first.batch, kept)]
    if wrong:
        return _report(first, wrong, {})
    return Said.of(first.batch, effective(unique(kept)))


def turns_of(first: Prepared) -> Turns:
    """The turns that each case was asked with, masked as answers are. Raises ``Refused``."""
    from ftdsl.data.rows import messages, read_rows
    from ftdsl.privacy.masking import masked, masked_name

    step, found = first.step, {}
    for row in read_rows(step.cases, first.root, split=step.split):
        if row.base is None:
            continue
        said = messages(row)
        while said and said[-1]["role"] == "assistant":
            said = said[:-1]
        turns = [
            {"role": one["role"], "content": masked(one["content"])}
            for one in said
            if isinstance(one.get("content"), str)
        ]
        if len(turns) == len(said):
            found[masked_name(row.row_id)] = turns
    return found


def _report(first: Prepared, wrong: Sequence[Diagnostic], sources: Mapping[str, Source]) -> Report:
    analysis = first.view.analysis
    known = dict(analysis.sources) if analysis is not None else {}
    for one in wrong:
        path = first.root / one.span.path
        if one.span.path not in sources and path.is_file():
            known[one.span.path] = Source(one.span.path, path.read_bytes())
    return Report(
        "rate",
        "error",
        spec=first.view.result.spec,
        files=(first.view.result.spec,),
        diagnostics=tuple(wrong),
        sources={**known, **sources},
        notes=("nothing was kept",),
    )
