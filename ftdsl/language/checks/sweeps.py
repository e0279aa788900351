"""Sweeps: which settings of a training are varied, how, and what the best has most of."""

from __future__ import annotations

from ftdsl.diagnostics.suggestion import suggest
from ftdsl.language import catalog, tree
from ftdsl.language.catalog.entry import SettingEntry
from ftdsl.language.catalog.training_blocks import OF_METHOD, TARGETS
from ftdsl.language.checks.calls import setting_call
from ftdsl.language.checks.requirements import objective
from ftdsl.language.checks.settings import Settings, constant, read_settings
from ftdsl.language.checks.statements import check_statements, of_type
from ftdsl.language.checks.targets import plain_value
from ftdsl.language.modules import Module
from ftdsl.language.program import Expr, TrainDef, Value
from ftdsl.language.reporting import did_you_mean, one_of
from ftdsl.language.swept import RangeDef, SweepDef
from ftdsl.language.tree import Block, Setting
from ftdsl.language.typing.scope import measure_scope
from ftdsl.language.workspace import Workspace
from ftdsl.record import replace


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
    space = None
    if over is not None and train is not None:
        space = _space(settings, over, train)
    best_node = settings.node("best")
    best = None
    if best_node is not None and None not in ws.evals.values():
        scope = measure_scope(ws, module, block.kind, "a `sweep`", ws.evals.values())
        best = objective(ws, scope, best_node, "`best`")
    numbers = {one: _number(settings, one) for one in ("trials", "time", "money")}
    seeds, finalists = _number(settings, "seeds"), _number(settings, "finalists")
    prune = settings.constant("prune")
    if train is not None:
        _check_training(settings, train)
    if space is not None and space.sampler != "grid" and over is not None:
        _check_budget(settings, over, numbers)
    if ws.report.size > before or space is None or best is None or best_node is None:
        return None
    eval_ = _eval_of(settings, best, best_node)
    if eval_ is None:
        return None
    return replace(
        space,
        best=_without(best, f"{eval_}."),
        span=block.span,
        eval=eval_,
        trials=int(numbers["trials"]) if numbers["trials"] is not None else None,
        seconds=numbers["time"],
        money=numbers["money"],
        seeds=int(seeds or 1),
        finalists=int(finalists or 1),
        prune=bool(prune.value) if prune is not None else bool(settings.default("prune")),
    )


def _number(settings: Settings, name: str) -> float | None:
    """The number given for a setting, else its default."""
    given = settings.constant(name)
    value = given.value if given is not None else settings.default(name)
    return float(value) if isinstance(value, int | float) else None


def _check_training(settings: Settings, train: TrainDef) -> None:
    if train.target != "trl":
        settings.ws.report.add(
            "FT657", f"`{train.name}` trains at a host, where a sweep cannot", settings.header,
            label=f"its target is `{train.target}`",
            help="sweep a training of `target trl`, and give the host the settings that won",
        )  # fmt: skip


def _check_budget(settings: Settings, over: tree.Expr, numbers: dict[str, float | None]) -> None:
    if numbers["trials"] is None:
        settings.ws.report.add(
            "FT107", "a sweep that draws values needs `trials`", over.span,
            label="how many are drawn?", help="add `trials = 20`",
        )  # fmt: skip


def _eval_of(settings: Settings, best: Expr, node: tree.Expr) -> str | None:
    """The one eval whose measures ``best`` reads."""
    evals = settings.ws.evals
    read = {
        name for one in best.walk() if one.op == "measure"
        for name in evals if str(one.value).startswith(f"{name}.")
    }  # fmt: skip
    if len(read) == 1:
        return read.pop()
    settings.ws.report.add(
        "FT657", "`best` reads the measures of one eval", node.span,
        label=f"it reads {one_of(sorted(read)).replace(' or ', ' and ')}" if read
        else "it reads none",
        help="score all that counts in one eval, and weigh its scores",
    )  # fmt: skip
    return None


def _without(expr: Expr, prefix: str) -> Expr:
    """The expression with its measures called as within their eval."""
    args = tuple(_without(one, prefix) for one in expr.args)
    if expr.op == "measure":
        return replace(expr, value=str(expr.value).removeprefix(prefix), args=args)
    return replace(expr, args=args)


def _space(settings: Settings, node: tree.Expr, train: TrainDef) -> SweepDef | None:
    """The settings that vary, as a sweep of which nothing else is known yet."""
    ws, module = settings.ws, settings.module
    entry = settings.entries["over"]
    options = SettingEntry(entry.name, "call:grid|tpe|random", entry.doc)
    call = setting_call(ws, module, options, node)
    if call is None:
        return None
    entries = {one.name: one for one in TARGETS[train.target] if ":" not in one.type}
    if not call.labels:
        ws.report.add(
            "FT107", "the sweep goes over nothing", node.span, label="no setting in it",
            help=f"write it like `{call.entry.example}`",
        )  # fmt: skip
    sampler = call.entry.name
    grid: list[tuple[str, tuple[Value, ...]]] = []
    ranges: list[RangeDef] = []
    given = dict(train.settings)
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
        if label.text in ("method", *_of_other_methods(train, str(given.get("method")))):
            ws.report.add(
                "FT108", f"a sweep cannot vary `{label.text}` of this training", label.span,
                label=f"its rows and settings are those of `method = {given.get('method')}`",
            )  # fmt: skip
            continue
        if isinstance(value, tree.Call) and value.function.text in ("range", "log_range"):
            found = _range(settings, one, value, sampler)
            if found is not None:
                ranges.append(found)
            continue
        values = _grid_values(ws, module, one, value)
        if values is not None:
            grid.append((label.text, values))
    seed = call.value("seed") if sampler != "grid" else 0
    return SweepDef(
        train.name, tuple(grid), sampler=sampler, seed=int(seed or 0), ranges=tuple(ranges)
    )


def _of_other_methods(train: TrainDef, method: str) -> list[str]:
    own = OF_METHOD.get(train.target, {})
    return [name for name, methods in own.items() if method not in methods]


def _range(
    settings: Settings, entry: SettingEntry, node: tree.Call, sampler: str
) -> RangeDef | None:
    ws, module = settings.ws, settings.module
    ends = [one.value for one in node.arguments]
    if sampler == "grid" or entry.type not in ("int", "float", "share") or len(ends) != 2:
        ws.report.add(
            "FT111", f"`{entry.name}` goes over a list of values", node.span,
            label="expected a list", help="`tpe(…)` and `random(…)` draw numbers from ranges"
            if sampler == "grid" else "a range has two numbers: `range(1, 5)`",
        )  # fmt: skip
        return None
    low, high = (constant(ws, module, entry, one) for one in ends)
    if low is None or high is None:
        return None
    least, most = float(str(low.value)), float(str(high.value))
    log = node.function.text == "log_range"
    if least >= most or (log and least <= 0):
        ws.report.add(
            "FT111", "a range goes from a number to a larger one", node.span,
            label="the second is not larger" if least >= most else "it must begin above 0",
        )  # fmt: skip
        return None
    return RangeDef(entry.name, least, most, log, entry.type == "int")


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
