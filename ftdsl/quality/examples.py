"""A rule's ``accepts`` and ``rejects`` rows, tried without the dataset.

Those of a rule about rows are judged one by one, those of one about the whole dataset together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ftdsl.data.rows import Row, read_rows
from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Refused
from ftdsl.language.catalog import FORMATS
from ftdsl.language.program import (
    CheckDef,
    DatasetDef,
    ExampleDef,
    Program,
    RuleDef,
    RulesetDef,
)
from ftdsl.privacy.masking import masked_name
from ftdsl.quality.expressions import Block, Evaluator
from ftdsl.quality.rules import RowRule, shown
from ftdsl.quality.statements import Statement

_USUAL = "chat"
"""The row format of the examples of a rule set for all conversations."""
_LONGEST_VALUE = 100
_LONGEST_ID = 40


@dataclass(frozen=True, slots=True)
class Example:
    """One ``accepts`` or ``rejects`` line of a rule of ``check``."""

    check: CheckDef
    rule: RuleDef
    example: ExampleDef
    dataset: DatasetDef

    @property
    def place(self) -> Span | None:
        """Where it is written."""
        return self.example.span or self.rule.span


@dataclass(frozen=True, slots=True)
class Tried:
    """What an example came to: ``found`` is FT267 and FT268 for rows that the rule judges wrongly,
    or FT269 where no row can be read (then ``rows`` is 0)."""

    example: Example
    rows: int
    found: tuple[Diagnostic, ...]


def examples_of(program: Program) -> Iterator[Example]:
    """Every example of every rule, in written order; of rule sets those whose rules no check
    here brings in, with a stand-in for the dataset."""
    datasets = {dataset.name: dataset for dataset in program.datasets}
    seen: set[Span | None] = set()
    for check in program.checks:
        seen.update(rule.span for rule in check.rules)
        yield from _of_check(check, datasets[check.dataset])
    for ruleset in program.rulesets:
        rules = tuple(rule for rule in ruleset.rules if rule.span not in seen)
        seen.update(rule.span for rule in rules)
        yield from _of_check(CheckDef(ruleset.name, rules), _stand_in(ruleset))


def _of_check(check: CheckDef, dataset: DatasetDef) -> Iterator[Example]:
    for rule in check.rules:
        for example in rule.examples:
            yield Example(check, rule, example, dataset)


def _stand_in(ruleset: RulesetDef) -> DatasetDef:
    schema = ruleset.schema
    if schema.base is not None and FORMATS[schema.base].abstract:
        schema = replace(schema, base=_USUAL)
    return DatasetDef(ruleset.name, schema, ())


def tried(one: Example, root: Path) -> Tried:
    """Run the rule over the example's rows."""
    place = one.place or Span("", 0, 0)
    rows = _rows(one, root)
    if isinstance(rows, str):
        message = f"no row of `{one.example.source.pattern}` can be read: {rows}"
        return Tried(one, 0, (Diagnostic("FT269", message, place),))
    judge = _misjudged if one.rule.must is not None else _misjudged_together
    return Tried(one, len(rows), tuple(judge(one, root, rows, place)))


def _rows(one: Example, root: Path) -> list[Row] | str:
    """The example's rows in the dataset's schema, or why there are none."""
    alone = replace(one.dataset, sources=(one.example.source,), split=None)
    try:
        return list(read_rows(alone, root)) or "the file has no rows"
    except Refused as refused:
        return refused.diagnostic.message


def _misjudged(one: Example, root: Path, rows: list[Row], place: Span) -> Iterator[Diagnostic]:
    tester = RowRule(one.rule, Evaluator(one.dataset, root))
    block = Block(rows)
    failing = set(tester.ask(block).failing)
    accepts = one.example.kind == "accepts"
    wrong = [i for i in range(len(rows)) if (i in failing) == accepts]
    for i in wrong:
        verb = "breaks" if accepts else "passes"
        values = tester.evidence(tester.values(block, [i])[0]) if i in failing else []
        notes = tuple(
            f"{each['source']} = {_shortened(each['value'], _LONGEST_VALUE)}" for each in values
        )
        where = f"{rows[i].path}:{rows[i].line}"
        yield Diagnostic(
            "FT267" if accepts else "FT268",
            f"{where} {verb} `{one.rule.name}`, which must {one.example.kind[:-1]} it",
            place,
            label=f"row {_shortened(masked_name(rows[i].row_id), _LONGEST_ID)}",
            notes=notes,
            help="mend the rule, or the row",
        )


def _misjudged_together(
    one: Example, root: Path, rows: list[Row], place: Span
) -> Iterator[Diagnostic]:
    """FT267 or FT268 for all rows of the file as one dataset."""
    assert one.rule.expect is not None, "a rule is about rows or about all of them"
    statement = Statement(one.rule.expect, Evaluator(one.dataset, root))
    statement.add(Block(rows))
    holds, accepts = bool(statement.value({})), one.example.kind == "accepts"
    if holds == accepts:
        return
    notes = tuple(f"{source} = {shown(value)}" for source, value in statement.parts({}))
    yield Diagnostic(
        "FT267" if accepts else "FT268",
        f"the {len(rows)} rows of {rows[0].path} {'pass' if holds else 'break'} `{one.rule.name}`, "
        f"which must {one.example.kind[:-1]} them",
        place,
        notes=notes,
        help="mend the rule, or the rows",
    )


def _shortened(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
