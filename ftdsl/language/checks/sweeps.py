"""Sweeps: which settings of a training are varied, how, and what the best has most of."""

from __future__ import annotations

from ftdsl.diagnostics.suggestion import suggest
from ftdsl.language import catalog, tree
from ftdsl.language.catalog.entry import SettingEntry
from ftdsl.language.catalog.training_blocks import TARGETS
from ftdsl.language.checks.calls import setting_call
from ftdsl.language.checks.requirements import objective
from ftdsl.language.checks.settings import Settings, constant, read_settings
from ftdsl.language.checks.statements import check_statements, of_type
from ftdsl.language.checks.targets import plain_value
from ftdsl.language.modules import Module
from ftdsl.language.program import SweepDef, TrainDef, Value
from ftdsl.language.reporting import did_you_mean, one_of
from ftdsl.language.tree import Block, Setting
from ftdsl.language.typing.scope import measure_scope
from ftdsl.language.workspace import Workspace


def check_sweep(ws: Workspace, module: Module, block: Block) -> SweepDef | None:
    """A checked sweep of a training; None where it was wrong."""
    before = ws.report.size
    check_statements(ws, block)
    settings = read_settings(
        ws, module, catalog.BLOCKS[block.kind].settings, of_type(block, Setting), block.header,
        "a `sweep`",
    )  # fmt: skip
    train = ws.trains.get(block.subject.text)
    over = settings.node("over")
    grid = None
    if over is not None and train is not None:
        grid = _grid(settings, over, train)
    best_node = settings.node("best")
    best = None
    if best_node is not None and None not in ws.evals.values():
        scope = measure_scope(ws, module, block.kind, "a `sweep`", ws.evals.values())
        best = objective(ws, scope, best_node, "`best`")
    if ws.report.size > before or grid is None or best is None:
        return None
    return SweepDef(block.subject.text, grid, best, block.span)


def _grid(
    settings: Settings, node: tree.Expr, train: TrainDef
) -> tuple[tuple[str, tuple[Value, ...]], ...] | None:
    ws, module = settings.ws, settings.module
    entry = settings.entries["over"]
    call = setting_call(ws, module, SettingEntry(entry.name, f"call:{entry.type}", entry.doc), node)
    if call is None:
        return None
    entries = {one.name: one for one in TARGETS[train.target] if ":" not in one.type}
    if not call.labels:
        ws.report.add(
            "FT107", "the sweep goes over nothing", node.span, label="no setting in it",
            help=f"write it like `{call.entry.example}`",
        )  # fmt: skip
    found: list[tuple[str, tuple[Value, ...]]] = []
    for label, value in call.labels:
        one = entries.get(label.text)
        if one is None:
            help_text, fix = did_you_mean(label.span, suggest(label.text, entries))
            ws.report.add(
                "FT105", f"`target {train.target}` has no setting `{label.text}`", label.span,
                label="unknown setting", help=help_text or f"it takes {one_of(list(entries))}",
                fix=fix,
            )  # fmt: skip
            continue
        values = _grid_values(ws, module, one, value)
        if values is not None:
            found.append((label.text, values))
    return tuple(found)


def _grid_values(
    ws: Workspace, module: Module, entry: SettingEntry, node: tree.Expr
) -> tuple[Value, ...] | None:
    if not isinstance(node, tree.ListExpr) or not node.items:
        ws.report.add(
            "FT111", f"`{entry.name}` goes over a list of values", node.span,
            label="expected a list", help=f"write `[{ws.text(node.span)}, …]`"
            if not isinstance(node, tree.ListExpr) else "",
        )  # fmt: skip
        return None
    values: list[Value] = []
    for item in node.items:
        value = constant(ws, module, entry, item)
        if value is None:
            return None
        plain = plain_value(entry, value.value)
        if plain in values:
            ws.report.add(
                "FT106", f"`{ws.text(item.span)}` is listed twice", item.span, label="here again"
            )
            return None
        values.append(plain)
    return tuple(values)
