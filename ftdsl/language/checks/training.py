"""Trainings: data with a validation split, a target and its settings."""

from __future__ import annotations

from ftdsl.diagnostics.diagnostic import Label
from ftdsl.diagnostics.suggestion import suggest
from ftdsl.language import catalog, tree
from ftdsl.language.catalog.training_blocks import TARGETS, VALIDATED_TARGETS
from ftdsl.language.checks.datasets import find_split
from ftdsl.language.checks.settings import Settings, read_settings
from ftdsl.language.checks.statements import check_statements, of_type
from ftdsl.language.checks.targets import check_rows, check_watching, target_settings
from ftdsl.language.modules import Module
from ftdsl.language.names import find
from ftdsl.language.program import TrainDef
from ftdsl.language.reporting import did_you_mean, one_of
from ftdsl.language.tree import Block, Setting, Target
from ftdsl.language.types import describe
from ftdsl.language.typing.expressions import Typer
from ftdsl.language.typing.scope import constant_scope
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
    values = target_settings(ws, module, target) if target is not None else ()
    if data is not None and target is not None:
        check_rows(settings, dict(values), {"data": data, "validate": validate})
        check_watching(ws, module, target, validated=not here or validate is not None)
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
    if model.provider in ("local", "transformers"):
        return node.text
    ws.report.add(
        "FT168", f"`{node.text}` has no weights here to train", node.span,
        label=f"it is a model of `provider = {model.provider}`",
        help="name a model of `provider = local` or `transformers`, a folder or a hub id",
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
