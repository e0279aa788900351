"""``ftdsl test``: runs the rules' ``accepts`` and ``rejects`` examples, without the dataset."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ftdsl.api import AnalysisView, SpecError
from ftdsl.cli.options import add_set_option
from ftdsl.cli.session import analysed, answered
from ftdsl.cli.specs import spec_paths
from ftdsl.data.rows import Row, read_rows
from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Refused
from ftdsl.language.program import DatasetDef, ExampleDef, Program, RuleDef
from ftdsl.quality.expressions import Block, Evaluator
from ftdsl.quality.rules import RowRule
from ftdsl.reports.inert import shortened
from ftdsl.reports.numbers import plural
from ftdsl.reports.report import Report
from ftdsl.results.models import Verdict

DETAILS = """
examples:
  ftdsl test specs/support.ftspec
  ftdsl test specs/
"""


@dataclass(slots=True)
class Tried:
    """What the examples of one spec came to."""

    rows: int = 0
    rules: int = 0
    unreadable: bool = False


def configure(parser: ArgumentParser) -> None:
    """Arguments of ``test``."""
    parser.add_argument("specs", nargs="+", metavar="SPEC", help="a spec, or a folder of specs")
    add_set_option(parser)


def run(arguments: Namespace) -> int:
    """Run every example; exit 1 when a rule does not do what its examples say."""
    return answered(arguments, _question)


def _question(arguments: Namespace) -> Report:
    tried = Tried()
    found: list[Diagnostic] = []
    seen = [analysed(str(path), arguments) for path in spec_paths(arguments.specs)]
    for view in seen:
        found.extend(_examples(view, tried))
    verdict: Verdict = "error" if tried.unreadable else "fail" if found else "pass"
    told = f"{plural(tried.rows, 'example row')} of {plural(tried.rules, 'rule')} tried"
    return Report(
        "test",
        verdict,
        spec=seen[0].path if len(seen) == 1 else "",
        files=tuple(view.path for view in seen),
        diagnostics=tuple(dict.fromkeys(found)),
        sources={name: source for view in seen for name, source in view.sources.items()},
        notes=(told if tried.rules else "no rule has examples",),
    )


def _examples(view: AnalysisView, tried: Tried) -> Iterator[Diagnostic]:
    if not view.ok or view.program is None:
        raise SpecError(view)
    datasets = {dataset.name: dataset for dataset in view.program.datasets}
    for check in view.program.checks:
        for rule in check.rules:
            if rule.examples and rule.must is not None:
                tried.rules += 1
                dataset = datasets[check.dataset]
                yield from _rule(rule, dataset, view.root, view.program, tried)


def _rule(
    rule: RuleDef, dataset: DatasetDef, root: Path, program: Program, tried: Tried
) -> Iterator[Diagnostic]:
    for example in rule.examples:
        place = example.span or rule.span or Span(program.path, 0, 0)
        rows = _rows(example, dataset, root)
        if isinstance(rows, str):
            tried.unreadable = True
            yield Diagnostic(
                "FT269", f"no row of `{example.source.pattern}` can be read: {rows}", place
            )
            continue
        tried.rows += len(rows)
        yield from _verdicts(rule, example, dataset, root, rows, place)


def _rows(example: ExampleDef, dataset: DatasetDef, root: Path) -> list[Row] | str:
    """The example's rows in the dataset's schema, or why there are none."""
    alone = replace(dataset, sources=(example.source,), split=None)
    try:
        return list(read_rows(alone, root)) or "the file has no rows"
    except Refused as refused:
        return refused.diagnostic.message


def _verdicts(
    rule: RuleDef,
    example: ExampleDef,
    dataset: DatasetDef,
    root: Path,
    rows: list[Row],
    place: Span,
) -> Iterator[Diagnostic]:
    tester = RowRule(rule, Evaluator(dataset, root))
    block = Block(rows)
    failing = set(tester.ask(block).failing)
    accepts = example.kind == "accepts"
    wrong = [i for i in range(len(rows)) if (i in failing) == accepts]
    for i in wrong:
        verb = "breaks" if accepts else "passes"
        values = tester.evidence(block, [i])[0] if i in failing else []
        notes = tuple(f"{each['source']} = {shortened(each['value'], 100)}" for each in values)
        where = f"{rows[i].path}:{rows[i].line}"
        yield Diagnostic(
            "FT267" if accepts else "FT268",
            f"{where} {verb} `{rule.name}`, which must {example.kind[:-1]} it",
            place,
            label=f"row {shortened(rows[i].row_id, 40)}",
            notes=notes,
            help="mend the rule, or the row",
        )
