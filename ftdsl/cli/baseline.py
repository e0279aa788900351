"""``ftdsl lock --baseline``: from now on only what is new counts."""

from __future__ import annotations

from argparse import Namespace
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace

from ftdsl.api import RefusedError, RunView, refusal
from ftdsl.cli.session import planned, ran
from ftdsl.cli.usage import UsageError
from ftdsl.engine.context import Refused
from ftdsl.plan import baseline
from ftdsl.plan.baseline import Baseline, KnownRows
from ftdsl.reports.numbers import plural
from ftdsl.reports.report import Report
from ftdsl.results.artifacts import all_findings
from ftdsl.results.models import CheckOutput, RuleOutcome, Verdict


def baseline_report(arguments: Namespace) -> Report:
    """Ask every rule as if there were no baseline, and write what fails, or say what would be."""
    told = Namespace(**{**vars(arguments), "no_baseline": True})
    made = planned(arguments.spec, told, ("check",))
    view = ran(made, told)
    if any(step.output is None for step in view.result.steps):
        return replace(view.report, command="lock")
    root, path = made.analysis.root, baseline.baseline_path(made.plan.spec)
    try:
        before = baseline.read(root, path)
        after, left = ratcheted(before, view, accept_new=arguments.accept_new)
        changes = after != before
        if changes and not arguments.check:
            baseline.write(root, path, after)
    except Refused as refused:
        raise RefusedError(refusal("lock", refused, made.analysis)) from refused
    except OSError as error:
        raise UsageError("FT253", f"cannot write {path}: {error.strerror or error}") from error
    state = "is up to date" if not changes else "would change" if arguments.check else "written"
    notes = [f"{path} {state}: {_size(before, after)}"]
    if left:
        them = f"{plural(left, 'new failing row')} not taken in"
        notes.append(f"{them}: mend them, or add --accept-new to know them as well")
    verdict: Verdict = "fail" if changes and arguments.check else "pass"
    return replace(made.analysis.report, command="lock", verdict=verdict, notes=tuple(notes))


def ratcheted(before: Baseline, view: RunView, *, accept_new: bool) -> tuple[Baseline, int]:
    """The baseline after a run without one, and how many failing rows it does not know. A rule that
    is known only loses rows, unless ``accept_new``; a rule that is new is taken as it is."""
    failing: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for finding in all_findings(view.result, view.out):
        if finding.code == "FT350" and finding.row_digest is not None:
            failing[finding.dataset, finding.rule][finding.row_digest] += 1
    datasets: dict[str, dict[str, KnownRows]] = {}
    left = 0
    for step in view.result.steps:
        output = step.output
        if not isinstance(output, CheckOutput):
            continue
        was = {} if accept_new else before.datasets.get(output.name, {})
        for outcome in output.outcomes:
            if outcome.kind == "row":
                rows = failing[output.name, outcome.rule]
                known = _known(outcome, rows, was)
                datasets.setdefault(output.name, {})[outcome.rule] = known
                if outcome.verdict != "pass":
                    left += outcome.failing - known.failing
    return Baseline(datasets=datasets), left


def _known(outcome: RuleOutcome, rows: Counter[str], was: Mapping[str, KnownRows]) -> KnownRows:
    if outcome.verdict == "pass":
        return KnownRows(checked=outcome.checked, failing=0)
    known = was.get(outcome.rule)
    digests = set(rows) if known is None else set(rows) & set(known.rows)
    failing = sum(rows[one] for one in digests)
    if known is not None:
        failing = min(failing, known.failing)
    return KnownRows(checked=outcome.checked, failing=failing, rows=tuple(sorted(digests)))


def _size(before: Baseline, after: Baseline) -> str:
    rules = sum(bool(known.rows) for each in after.datasets.values() for known in each.values())
    told = f"{plural(after.size, 'known row')} of {plural(rules, 'rule')}"
    change = after.size - before.size
    if not before.datasets or not change:
        return told
    return f"{told}, {abs(change)} {'fewer' if change < 0 else 'more'} than before"
