"""Blocks that decide between models: gates and selections."""

from __future__ import annotations

from ftdsl.language import catalog
from ftdsl.language.checks.guards import guards
from ftdsl.language.checks.judged import check_judged
from ftdsl.language.checks.labelled import check_labelled
from ftdsl.language.checks.named import models, named
from ftdsl.language.checks.ratings import check_rated, with_ratings
from ftdsl.language.checks.requirements import check_reach, objective, requirements
from ftdsl.language.checks.settings import Settings, read_settings
from ftdsl.language.checks.statements import check_statements, of_type
from ftdsl.language.modules import Module
from ftdsl.language.program import EvalDef, GateDef, RequireDef, SelectDef
from ftdsl.language.tree import Block, Drop, Require, Setting
from ftdsl.language.typing.scope import Scope, measure_scope
from ftdsl.language.workspace import Workspace


def _settings(ws: Workspace, module: Module, block: Block) -> Settings:
    check_statements(ws, block)
    return read_settings(
        ws, module, catalog.BLOCKS[block.kind].settings, of_type(block, Setting), block.header,
        f"a `{block.kind}`",
    )  # fmt: skip


def _eval_scope(
    ws: Workspace, module: Module, kind: str, name: str | None
) -> tuple[Scope, EvalDef] | None:
    """The scores that a requirement may read; None where the eval is unknown or was wrong."""
    eval_ = ws.evals.get(name) if name is not None else None
    if eval_ is None:
        return None
    return measure_scope(ws, module, kind, f"a `{kind}`", [eval_]), eval_


def check_gate(ws: Workspace, module: Module, block: Block) -> GateDef | None:
    """A checked gate; None where it was wrong."""
    before = ws.report.size
    settings = _settings(ws, module, block)
    candidates = models(settings, "from")
    name = named(settings, "eval")
    baseline = named(settings, "baseline")
    lines = of_type(block, Require)
    if not lines and not of_type(block, Drop):
        ws.report.add(
            "FT129", f"the gate `{block.subject.text}` requires nothing", block.header,
            label="every model passes", help="add a `require` line",
        )  # fmt: skip
    scope = _eval_scope(ws, module, block.kind, name)
    found: tuple[RequireDef, ...] = ()
    if scope is not None:
        found = requirements(ws, with_ratings(ws, scope[0]), lines, scope[1])
        check_judged(ws, scope[1], [line.condition for line in lines])
        check_labelled(ws, scope[1], [line.condition for line in lines])
        check_rated(ws, found, candidates or ())
    guarded = guards(ws, module, of_type(block, Drop), scope[1]) if scope is not None else ()
    _check_baseline(ws, settings, candidates, baseline, block)
    if ws.report.size > before or candidates is None or name is None or scope is None:
        return None
    check_reach(ws, found, scope[1])
    return GateDef(block.subject.text, candidates, name, found, baseline, block.span, guarded)


def _check_baseline(
    ws: Workspace,
    settings: Settings,
    candidates: tuple[str, ...] | None,
    baseline: str | None,
    block: Block,
) -> None:
    """A baseline that nothing reads, or that is compared with itself."""
    node = settings.node("baseline")
    if node is None:
        return
    if candidates is not None and baseline in candidates:
        ws.report.add(
            "FT162", f"`{baseline}` is compared with itself", node.span,
            label="it is one of the candidates", help="take it out of `from`",
        )  # fmt: skip
    elif not of_type(block, Drop) and not any(
        "baseline." in ws.text(line.condition.span) for line in of_type(block, Require)
    ):
        settings.forbid(["baseline"], "no requirement reads `baseline.…`")


def check_select(ws: Workspace, module: Module, block: Block) -> SelectDef | None:
    """A checked selection; None where it was wrong."""
    before = ws.report.size
    settings = _settings(ws, module, block)
    candidates = models(settings, "from")
    name = named(settings, "eval")
    lines = of_type(block, Require)
    best_node = settings.node("best")
    if not lines and best_node is None:
        ws.report.add(
            "FT129", f"the selection `{block.subject.text}` decides nothing", block.header,
            label="no `require` and no `best`", help="add `best = max(SCORE.mean)`",
        )  # fmt: skip
    scope = _eval_scope(ws, module, block.kind, name)
    best = None
    found: tuple[RequireDef, ...] = ()
    if scope is not None:
        found = requirements(ws, scope[0], lines, scope[1])
        best = objective(ws, scope[0], best_node, "`best`") if best_node is not None else None
        deciding = [*(line.condition for line in lines), *([best_node] if best_node else [])]
        check_judged(ws, scope[1], deciding, "a selection does not rank by it")
    if ws.report.size > before or candidates is None or name is None or scope is None:
        return None
    return SelectDef(block.subject.text, candidates, name, found, best, block.span)
