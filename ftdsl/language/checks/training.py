"""Trainings and sweeps: data with a validation split, a target and its settings."""

from __future__ import annotations

from ftdsl.diagnostics.diagnostic import Label
from ftdsl.diagnostics.suggestion import suggest
from ftdsl.language import catalog, tree
from ftdsl.language.catalog.entry import SettingEntry
from ftdsl.language.catalog.training_blocks import OF_METHOD, TARGETS, VALIDATED_TARGETS
from ftdsl.language.checks.calls import setting_call
from ftdsl.language.checks.datasets import find_split
from ftdsl.language.checks.requirements import objective
from ftdsl.language.checks.settings import Settings, constant, read_settings
from ftdsl.language.checks.statements import check_statements, of_type
from ftdsl.language.modules import Module
from ftdsl.language.names import find
from ftdsl.language.program import Expr, SweepDef, TrainDef, Value
from ftdsl.language.reporting import did_you_mean, one_of
from ftdsl.language.tree import Block, Setting, Target
from ftdsl.language.types import describe
from ftdsl.language.typing.expressions import Typer
from ftdsl.language.typing.scope import constant_scope, measure_scope
from ftdsl.language.workspace import Workspace

Split = tuple[str, str | None]


def check_train(ws: Workspace, module: Module, block: Block) -> TrainDef | None:
    """A checked training; None where it was wrong."""
    before = ws.report.size
    check_statements(ws, block)
    settings = read_settings(
        ws, module, catalog.BLOCKS[block.kind].settings, of_type(block, Setting), block.header,
        "a `train`",
    )  # fmt: skip
    data = _split(settings, "data")
    target = _target(ws, block)
    here = target is not None and target.name.text in VALIDATED_TARGETS
    base = _base(settings, target)
    validate = _validation(settings, data, here)
    values = _target_settings(ws, module, target) if target is not None else ()
    if ws.report.size > before or data is None or target is None:
        return None
    return TrainDef(
        block.subject.text, data, validate, base, target.name.text, tuple(sorted(values)),
        block.span,
    )  # fmt: skip


def _split(settings: Settings, name: str) -> Split | None:
    node = settings.node(name)
    found = find_split(settings, node, f"`{name}`") if node is not None else None
    return (found[0].name, found[1]) if found is not None else None


def _target(ws: Workspace, block: Block) -> Target | None:
    targets = of_type(block, Target)
    if not targets:
        ws.report.add(
            "FT107", "a `train` needs a `target`", block.header, label="what trains it?",
            help="add `target trl { method = sft  adapter = lora(rank: 16, alpha: 32) }`",
        )  # fmt: skip
        return None
    if len(targets) > 1:
        ws.report.add(
            "FT106", "a `train` has one target", targets[1].name.span, label="a second one",
            related=(Label(targets[0].name.span, "the first"),),
            help="write a `train` block for each",
        )  # fmt: skip
        return None
    target = targets[0]
    if target.name.text in TARGETS:
        return target
    help_text, fix = did_you_mean(target.name.span, suggest(target.name.text, TARGETS))
    ws.report.add(
        "FT125", f"there is no training target `{target.name.text}`", target.name.span,
        label=f"expected {one_of(list(TARGETS))}", help=help_text, fix=fix,
    )  # fmt: skip
    return None


def _base(settings: Settings, target: Target | None) -> str | None:
    """What the training starts from: a declared model's name, a folder or a hub id."""
    if target is None:
        return None
    node = settings.node("base")
    entries = {one.name for one in TARGETS[target.name.text]}
    if "model" in entries:
        settings.forbid(["base"], "this target trains the hosted model that its `model` names")
        return None
    if node is None:
        settings.report_missing(["base"], f" with `target {target.name.text}`")
        return None
    if isinstance(node, tree.Path):
        found = find(settings.ws, settings.module, node, ("model", "let"))
        if found is None:
            return None
        if not isinstance(found[1], tree.Let):
            return _trainable(settings, node)
    expr = Typer(settings.ws, constant_scope(settings.module, "`base`")).type(node)
    if expr is None:
        return None
    if expr.type.name != "text" or not str(expr.value).strip():
        settings.ws.report.add(
            "FT111", f"`base` is a model or a text, not {describe(expr.type)}", node.span,
            label="expected a declared model, a folder or a hub id",
        )  # fmt: skip
        return None
    return str(expr.value)


def _trainable(settings: Settings, node: tree.Path) -> str | None:
    """The name of the model, if its weights are here to be trained."""
    ws = settings.ws
    if node.text not in ws.models or ws.models[node.text] is None:
        return None
    model = ws.models[node.text]
    assert model is not None, "it was looked up"
    if model.provider == "local":
        return node.text
    ws.report.add(
        "FT168", f"`{node.text}` has no weights here to train", node.span,
        label=f"it is a model of `provider = {model.provider}`",
        help="name a model of `provider = local`, a folder or a hub id",
    )  # fmt: skip
    return None


def _validation(settings: Settings, data: Split | None, here: bool) -> Split | None:
    ws, node = settings.ws, settings.node("validate")
    if node is None:
        settings.forbid(["unvalidated"], "it goes with `validate = none`")
        if here and data is not None:
            dataset = ws.datasets.get(data[0])
            others = [one for one in (dataset.split_names if dataset else ()) if one != data[1]]
            ws.report.add(
                "FT170", "a training needs rows to validate on", settings.header,
                label="no `validate`",
                help=f"add `validate = {data[0]}.{others[0]}`" if others
                else f"split `{data[0]}`, and name the split to watch the loss on",
            )  # fmt: skip
        return None
    if isinstance(node, tree.Path) and node.text == "none":
        if settings.node("unvalidated") is None:
            ws.report.add(
                "FT170", "a training without validation says why", node.span,
                label="overfitting would go unseen",
                help='add `unvalidated = "REASON"`, or name a split',
            )  # fmt: skip
        else:
            settings.constant("unvalidated")
        return None
    settings.forbid(["unvalidated"], "the training is validated")
    split = _split(settings, "validate")
    if split is not None and data is not None and split[0] == data[0] and (
        split[1] == data[1] or None in (split[1], data[1])
    ):  # fmt: skip
        ws.report.add(
            "FT166", "the rows to validate on are the rows to learn from", node.span,
            label="the loss would only show what was memorised",
            help="name another split",
        )  # fmt: skip
    return split


# ------------------------------------------------------------------ targets


def _target_settings(
    ws: Workspace, module: Module, target: Target
) -> tuple[tuple[str, Value], ...]:
    entries = TARGETS[target.name.text]
    settings = read_settings(
        ws, module, entries, target.settings, target.name.span, f"`target {target.name.text}`"
    )
    if target.name.text == "openai":
        _forbid_other_methods(settings)
    values: dict[str, Value] = {}
    for entry in entries:
        node = settings.node(entry.name)
        if node is None:
            if entry.default is not None:
                values[entry.name] = _plain(entry, entry.default)
        elif entry.type.startswith("call:"):
            values |= _called(ws, module, entry, node)
        else:
            value = constant(ws, module, entry, node)
            if value is not None:
                values[entry.name] = _plain(entry, value.value)
    return tuple(values.items())


def _forbid_other_methods(settings: Settings) -> None:
    """A setting of one objective has no effect under another, so it is refused there."""
    node = settings.node("method")
    chosen = node.text if isinstance(node, tree.Path) else "sft"
    for method, names in OF_METHOD.items():
        if method != chosen:
            settings.forbid(list(names), f"it goes with `method = {method}`")
    if chosen == "reinforcement" and settings.node("grader") is None:
        settings.report_missing(["grader"], " with `method = reinforcement`")


def _plain(entry: SettingEntry, value: Value) -> Value:
    """A number of a ``float`` setting as a float, so that 3 and 3.0 are one value."""
    if entry.type in ("float", "share") and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def _called(
    ws: Workspace, module: Module, entry: SettingEntry, node: tree.Expr
) -> dict[str, Value]:
    """``adapter = lora(rank: 16)`` as ``adapter``, ``adapter.rank`` …; a list as its items joined
    by commas."""
    if isinstance(node, tree.Path) and node.text in entry.choices:
        return {entry.name: node.text}
    call = setting_call(ws, module, entry, node)
    if call is None:
        return {}
    values: dict[str, Value] = {entry.name: call.entry.name}
    for parameter in call.entry.parameters:
        argument = call.values[parameter.name][0]
        value = _joined(argument)
        if parameter.type == "share" and isinstance(value, int):
            value = float(value)
        values[f"{entry.name}.{parameter.name}"] = value
    return values


def _joined(argument: Expr) -> Value:
    if argument.op == "list":
        return ",".join(str(item.value) for item in argument.args)
    return argument.value


# ------------------------------------------------------------------ sweeps


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
        plain = _plain(entry, value.value)
        if plain in values:
            ws.report.add(
                "FT106", f"`{ws.text(item.span)}` is listed twice", item.span, label="here again"
            )
            return None
        values.append(plain)
    return tuple(values)
