"""Blocks that decide between models: gates, selections, ratings."""

from __future__ import annotations

from ftdsl.diagnostics.suggestion import suggest
from ftdsl.language import catalog, tree
from ftdsl.language.catalog.model_blocks import BOUNDS
from ftdsl.language.checks.calls import setting_call
from ftdsl.language.checks.guards import guards
from ftdsl.language.checks.judged import check_judged
from ftdsl.language.checks.labelled import check_labelled
from ftdsl.language.checks.requirements import check_reach, objective, requirements
from ftdsl.language.checks.settings import Settings, constant, names, read_settings
from ftdsl.language.checks.statements import check_statements, of_type
from ftdsl.language.modules import Module
from ftdsl.language.names import find
from ftdsl.language.program import EvalDef, GateDef, RateDef, RequireDef, SelectDef
from ftdsl.language.reporting import did_you_mean, one_of
from ftdsl.language.tree import Block, Bound, Drop, Require, Setting
from ftdsl.language.typing.scope import Scope, measure_scope
from ftdsl.language.workspace import Workspace


def _settings(ws: Workspace, module: Module, block: Block) -> Settings:
    check_statements(ws, block)
    return read_settings(
        ws, module, catalog.BLOCKS[block.kind].settings, of_type(block, Setting), block.header,
        f"a `{block.kind}`",
    )  # fmt: skip


def _models(settings: Settings, name: str) -> tuple[str, ...] | None:
    """The models and trainings that the setting ``name`` lists."""
    node = settings.node(name)
    paths = None if node is None else names(settings.ws, node, name)
    if paths is None:
        return None
    kinds = tuple(settings.entries[name].type.partition(":")[2].split("|"))
    found = [find(settings.ws, settings.module, path, kinds) is not None for path in paths]
    return tuple(path.text for path in paths) if all(found) else None


def _named(settings: Settings, name: str) -> str | None:
    """The block that the setting ``name`` names."""
    node = settings.node(name)
    if node is None:
        return None
    kinds = tuple(settings.entries[name].type.partition(":")[2].split("|"))
    if not isinstance(node, tree.Path):
        settings.ws.report.add(
            "FT111", f"`{name}` is the name of {one_of(kinds)}", node.span,
            label="expected a name",
        )  # fmt: skip
        return None
    return node.text if find(settings.ws, settings.module, node, kinds) is not None else None


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
    candidates = _models(settings, "from")
    name = _named(settings, "eval")
    baseline = _named(settings, "baseline")
    lines = of_type(block, Require)
    if not lines and not of_type(block, Drop):
        ws.report.add(
            "FT129", f"the gate `{block.subject.text}` requires nothing", block.header,
            label="every model passes", help="add a `require` line",
        )  # fmt: skip
    scope = _eval_scope(ws, module, block.kind, name)
    found = requirements(ws, scope[0], lines, scope[1]) if scope is not None else ()
    if scope is not None:
        check_judged(ws, scope[1], [line.condition for line in lines])
        check_labelled(ws, scope[1], [line.condition for line in lines])
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
    candidates = _models(settings, "from")
    name = _named(settings, "eval")
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


def check_rate(ws: Workspace, module: Module, block: Block) -> RateDef | None:
    """A checked rating; None where it was wrong."""
    before = ws.report.size
    settings = _settings(ws, module, block)
    compared = _models(settings, "compare")
    cases = _named(settings, "cases")
    if compared is not None and len(compared) != 2:
        node = settings.node("compare")
        ws.report.add(
            "FT114", f"a rating compares two models, not {len(compared)}",
            node.span if node is not None else block.header, label="expected two",
        )  # fmt: skip
    raters = _raters(ws, module, of_type(block, Bound))
    sample = settings.node("sample")
    call = None
    if sample is not None:
        call = setting_call(ws, module, settings.entries["sample"], sample)
    scope = measure_scope(ws, module, block.kind, "a `rate`", ())
    found = requirements(ws, scope, of_type(block, Require), None)
    if ws.report.size > before or compared is None or cases is None:
        return None
    rows = call.value("count") if call is not None else None
    seed = call.value("seed") if call is not None else 0
    return RateDef(
        block.subject.text,
        compared,
        cases,
        rows if isinstance(rows, int) else None,
        seed if isinstance(seed, int) else 0,
        raters,
        found,
        block.span,
    )


def _raters(ws: Workspace, module: Module, lines: list[Bound]) -> int:
    """How many people at least judge each pair."""
    entries = {one.name: one for one in BOUNDS}
    found: dict[str, int] = {}
    for line in lines:
        name = line.name.text
        if name not in entries:
            help_text, fix = did_you_mean(line.name.span, suggest(name, entries))
            ws.report.add(
                "FT105", f"a `rate` has no quantity `{name}`", line.name.span,
                label=f"expected {one_of(list(entries))}", help=help_text, fix=fix,
            )  # fmt: skip
        elif name in found:
            ws.report.add("FT106", f"`{name}` is bounded twice", line.name.span, label="here again")
        elif line.op != ">=":
            ws.report.add(
                "FT111", f"`{name}` is bounded from below", line.span,
                label=f"expected `{name} >= …`",
            )  # fmt: skip
        else:
            value = constant(ws, module, entries[name], line.value)
            found[name] = value.value if value and isinstance(value.value, int) else 0
    first = BOUNDS[0]
    return found.get(first.name, int(first.default or 0))
