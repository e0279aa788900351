"""From the files of a spec to its typed program: each block checked, each after those it names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from ftdsl.diagnostics.diagnostic import Label
from ftdsl.language.checks.coverage import check_coverage
from ftdsl.language.checks.datasets import check_dataset
from ftdsl.language.checks.decisions import check_gate, check_select
from ftdsl.language.checks.duplicates import check_dedup
from ftdsl.language.checks.evals import check_eval, check_leaks
from ftdsl.language.checks.models import check_model
from ftdsl.language.checks.ratings import check_rate
from ftdsl.language.checks.rules import check_rules, ruleset_rules
from ftdsl.language.checks.sweeps import check_sweep
from ftdsl.language.checks.training import check_train
from ftdsl.language.checks.waivers import check_together, check_waiver
from ftdsl.language.declarations import function_value, let_value, schema_named, schema_value
from ftdsl.language.modules import Module
from ftdsl.language.names import find, report_unused
from ftdsl.language.program import DatasetDef, Program, RulesetDef, SpecFile
from ftdsl.language.tree import Block, Function, Let, Schema
from ftdsl.language.workspace import Workspace

D = TypeVar("D")
Check = Callable[[Workspace, Module, Block], D | None]
DataCheck = Callable[[Workspace, Module, Block, DatasetDef], D | None]


def lower(ws: Workspace) -> Program:
    """Check every file that was read, and every block of the program; the program of what was
    good. It is whole only if nothing was reported as an error."""
    for module in ws.modules.values():
        _check_declarations(ws, module)
    main = ws.program_file
    ws.datasets.update(_named(ws, main, "dataset", check_dataset))
    ws.models.update(_named(ws, main, "model", check_model))
    ws.evals.update(_named(ws, main, "eval", check_eval))
    ws.checks.update({one.dataset: one for one in _about(ws, main, "check", check_rules)})
    ws.dedups.extend(_about(ws, main, "dedup", check_dedup))
    ws.coverages.extend(_about(ws, main, "coverage", check_coverage))
    ws.trains.update(_named(ws, main, "train", check_train))
    ws.selects.extend(_good(_named(ws, main, "select", check_select)))
    ws.rates.extend(_good(_named(ws, main, "rate", check_rate)))
    ws.gates.extend(_good(_named(ws, main, "gate", check_gate)))
    _check_sweeps(ws, main)
    for block in main.blocks("waive"):
        waiver = check_waiver(ws, main, block)
        if waiver is not None:
            ws.waivers.append(waiver)
    check_together(ws)
    check_leaks(ws)
    report_unused(ws)
    return _program(ws, main)


def _check_declarations(ws: Workspace, module: Module) -> None:
    """All that a file declares for others, used or not."""
    for item in module.spec.items:
        if isinstance(item, Let):
            let_value(ws, module, item)
        elif isinstance(item, Function):
            function = function_value(ws, module, item)
            if function is not None and function.extern is not None and module is ws.main:
                ws.externs.setdefault(function.extern.name, function.extern)
        elif isinstance(item, Schema):
            schema_value(ws, module, item)
    for block in module.blocks("ruleset"):
        if module.names.get(block.subject.text) is block:
            ruleset_rules(ws, module, block)


def _ruleset(ws: Workspace, module: Module, block: Block) -> RulesetDef | None:
    """A checked ruleset; None where it was wrong."""
    rules = ruleset_rules(ws, module, block)
    schema = schema_named(ws, module, block.target_schema) if block.target_schema else None
    if rules is None or schema is None:
        return None
    return RulesetDef(block.subject.text, schema[1], rules, block.span)


def _named(ws: Workspace, main: Module, kind: str, check: Check[D]) -> dict[str, D | None]:
    """The checked blocks of one kind by the name they declare; wrong ones are None."""
    found: dict[str, D | None] = {}
    for block in main.blocks(kind):
        value = check(ws, main, block)
        found.setdefault(block.subject.text, value)
    return found


def _good(found: Mapping[str, D | None]) -> list[D]:
    return [one for one in found.values() if one is not None]


def _about(ws: Workspace, main: Module, kind: str, check: DataCheck[D]) -> list[D]:
    """The checked blocks of one kind that are about a dataset, at most one for each."""
    found: list[D] = []
    seen: dict[str, Block] = {}
    for block in main.blocks(kind):
        name = block.subject.text
        if find(ws, main, block.subject, ("dataset",)) is None:
            continue
        if name in seen:
            _second(ws, block, seen[name])
            continue
        seen[name] = block
        dataset = ws.datasets.get(name)
        value = check(ws, main, block, dataset) if dataset is not None else None
        if value is not None:
            found.append(value)
    return found


def _second(ws: Workspace, block: Block, first: Block) -> None:
    ws.report.add(
        "FT101",
        f"there are two `{block.kind}` blocks for `{block.subject.text}`",
        block.header,
        label="here again",
        related=(Label(first.header, "the first"),),
        help="join them",
    )


def _check_sweeps(ws: Workspace, main: Module) -> None:
    seen: dict[str, Block] = {}
    for block in main.blocks("sweep"):
        if find(ws, main, block.subject, ("train",)) is None:
            continue
        first = seen.setdefault(block.subject.text, block)
        if first is not block:
            _second(ws, block, first)
            continue
        sweep = check_sweep(ws, main, block)
        if sweep is not None:
            ws.sweeps.append(sweep)


def _program(ws: Workspace, main: Module) -> Program:
    return Program(
        main.path,
        main.spec.edition,
        tuple(SpecFile(one.path, one.sha256) for one in ws.modules.values()),
        tuple(_good(ws.datasets)),
        tuple(ws.checks.values()),
        tuple(ws.dedups),
        tuple(ws.coverages),
        tuple(_good(ws.models)),
        tuple(_good(ws.evals)),
        tuple(ws.selects),
        tuple(_good(ws.trains)),
        tuple(ws.sweeps),
        tuple(ws.gates),
        tuple(ws.rates),
        tuple(ws.waivers),
        tuple(ws.externs.values()),
        tuple(_good(_named(ws, main, "ruleset", _ruleset))),
    )
