"""The settings of a training's target: which go together, and with which rows."""

from __future__ import annotations

from ftdsl.language import tree
from ftdsl.language.catalog.entry import SettingEntry
from ftdsl.language.catalog.training_blocks import (
    LEARNING_RATES,
    OF_METHOD,
    ROWS_OF_METHOD,
    TARGETS,
)
from ftdsl.language.checks.calls import setting_call
from ftdsl.language.checks.settings import Settings, constant, read_settings
from ftdsl.language.modules import Module
from ftdsl.language.program import Expr, Value
from ftdsl.language.reporting import one_of
from ftdsl.language.tree import Target
from ftdsl.language.workspace import Workspace


def target_settings(ws: Workspace, module: Module, target: Target) -> tuple[tuple[str, Value], ...]:
    entries = TARGETS[target.name.text]
    settings = read_settings(
        ws, module, entries, target.settings, target.name.span, f"`target {target.name.text}`"
    )
    method = _method(settings)
    _forbid_other_methods(settings, target, method)
    other = {key for key, methods in OF_METHOD[target.name.text].items() if method not in methods}
    values: dict[str, Value] = {}
    for entry in entries:
        node = settings.node(entry.name)
        if node is None:
            if entry.default is not None and entry.name not in other:
                values[entry.name] = plain_value(entry, entry.default)
        elif entry.type.startswith("call:"):
            values |= _called(ws, module, entry, node)
        else:
            value = constant(ws, module, entry, node)
            if value is not None:
                values[entry.name] = plain_value(entry, value.value)
    if target.name.text == "trl":
        _check_together(settings, values)
        if settings.node("learning_rate") is None:
            which = (method != "sft", values.get("adapter") != "none")
            values["learning_rate"] = LEARNING_RATES[which]
    return tuple(values.items())


def _method(settings: Settings) -> str:
    node = settings.node("method")
    return node.text if isinstance(node, tree.Path) else "sft"


def _check_together(settings: Settings, values: dict[str, Value]) -> None:
    """Settings of ``target trl`` that have an effect only beside others."""
    if values.get("loss") != "robust":
        settings.forbid(["label_smoothing"], "it goes with `loss = robust`")
    if values.get("adapter") == "none" and values.get("merge"):
        settings.forbid(["merge"], "without an adapter all weights are written anyway")
    batch = settings.node("batch_size")
    if values.get("method") == "kto" and values.get("batch_size") == 1 and batch is not None:
        settings.ws.report.add(
            "FT656", "`method = kto` needs more than one row a batch", batch.span,
            label="answers are compared with those of other rows",
            help="set `batch_size = 2` or more, and lower `accumulation` by as much",
        )  # fmt: skip


def check_watching(ws: Workspace, module: Module, target: Target, *, validated: bool) -> None:
    """What is read from validations has no effect where there are none."""
    if validated:
        return
    given = {one.key.text: one for one in target.settings}
    entries = {one.name: one for one in TARGETS[target.name.text]}
    settings = Settings(ws, module, "the target", entries, given, target.name.span)
    settings.forbid(["eval_every", "early_stopping"], "nothing is validated (`validate = none`)")


def check_rows(
    settings: Settings, values: dict[str, Value], splits: dict[str, tuple[str, str | None] | None]
) -> None:
    """Whether the rows of ``splits`` are those that the objective learns from."""
    method = str(values.get("method", "sft"))
    wanted = ROWS_OF_METHOD.get(method)
    for key, split in splits.items():
        dataset = settings.ws.datasets.get(split[0]) if split is not None else None
        node = settings.node(key)
        if dataset is None or node is None:
            continue
        base = dataset.schema.base or ""
        if (wanted is None and base != "kto") or (wanted is not None and base in wanted):
            continue
        suited = [one for one, rows in ROWS_OF_METHOD.items() if base in rows] or ["sft"]
        settings.ws.report.add(
            "FT654", f"`method = {method}` cannot learn from the rows of `{dataset.name}`",
            node.span, label=f"its rows are `{base or dataset.schema.name}`",
            help=f"it takes {one_of(list(wanted))} rows" if wanted is not None
            else f"answers that are marked bad would be learned too: use `method = {suited[0]}`",
        )  # fmt: skip
        return


def _forbid_other_methods(settings: Settings, target: Target, method: str) -> None:
    """A setting of one objective has no effect under another, so it is refused there."""
    for name, methods in OF_METHOD[target.name.text].items():
        if method not in methods:
            wanted = one_of([f"method = {one}" for one in methods])
            settings.forbid([name], f"it goes with {wanted}")
    if method == "reinforcement" and settings.node("grader") is None:
        settings.report_missing(["grader"], " with `method = reinforcement`")


def plain_value(entry: SettingEntry, value: Value) -> Value:
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
