"""Datasets: schema, files, splits and the field that names a row."""

from __future__ import annotations

import math

from ftdsl.diagnostics.diagnostic import Span
from ftdsl.diagnostics.suggestion import suggest
from ftdsl.language import catalog, tree
from ftdsl.language.catalog.entry import Parameter
from ftdsl.language.checks.calls import SettingCall, setting_call
from ftdsl.language.checks.settings import Settings, read_settings
from ftdsl.language.checks.sources import no_columns, source, sources
from ftdsl.language.checks.statements import check_statements, of_type
from ftdsl.language.declarations import concrete, schema_named
from ftdsl.language.modules import Module
from ftdsl.language.names import find
from ftdsl.language.program import DatasetDef, Expr, SchemaDef, SourceDef, SplitDef
from ftdsl.language.reporting import did_you_mean, one_of
from ftdsl.language.tree import Block, Setting
from ftdsl.language.types import RATIO, TEXT, describe
from ftdsl.language.typing.expressions import Typer
from ftdsl.language.typing.scope import constant_scope
from ftdsl.language.typing.units import expected, unit_help
from ftdsl.language.typing.values import literal, number
from ftdsl.language.workspace import Workspace

_NAMING_TYPES = ("text", "int")


def check_dataset(ws: Workspace, module: Module, block: Block) -> DatasetDef | None:
    """A checked dataset; None where it was wrong."""
    entries = catalog.BLOCKS[block.kind].settings
    check_statements(ws, block)
    settings = read_settings(
        ws, module, entries, of_type(block, Setting), block.header, "a `dataset`"
    )
    schema = schema_of(settings)
    given = _files(settings)
    split = _split(settings, schema)
    name = row_name(settings, schema)
    tokenizer = settings.constant("tokenizer")
    template = settings.constant("template")
    wrong = (
        (settings.node("split") is not None and split is None)
        or (settings.node("id") is not None and name is None)
        or (settings.node("tokenizer") is not None and tokenizer is None)
        or (settings.node("template") is not None and template is None)
    )
    if schema is None or given is None or wrong:
        return None
    default = str(settings.default("tokenizer"))
    return DatasetDef(
        block.subject.text,
        schema,
        given,
        split,
        name,
        str(tokenizer.value) if tokenizer is not None else default,
        block.span,
        template=str(template.value) if template is not None else None,
    )


def schema_of(settings: Settings) -> SchemaDef | None:
    """The schema that the setting `schema` names."""
    node = settings.node("schema")
    if node is None:
        return None
    if not isinstance(node, tree.Path):
        settings.ws.report.add(
            "FT111", "`schema` is the name of a schema", node.span,
            label="expected a schema or a row format",
        )  # fmt: skip
        return None
    found = schema_named(settings.ws, settings.module, node)
    if found is None or not concrete(settings.ws, node, found[1]):
        return None
    return found[1]


def _files(settings: Settings) -> tuple[SourceDef, ...] | None:
    """The files; none of them where the split has its own."""
    node = settings.node("source")
    splits_are_files = _splits_are_files(settings.node("split"))
    if node is None:
        if splits_are_files:
            return ()
        if "schema" in settings.given:
            settings.report_missing(["source"])
        return None
    if splits_are_files:
        settings.forbid(["source"], "the splits are files of their own")
        return None
    given = sources(settings.ws, settings.module, node)
    return given if given is not None and no_columns(settings.ws, given) else None


def _splits_are_files(node: tree.Expr | None) -> bool:
    entry = catalog.ARGUMENTS.get(node.function.text) if isinstance(node, tree.Call) else None
    return entry is not None and entry.labels == "source"


def row_name(settings: Settings, schema: SchemaDef | None) -> str | None:
    """The field that names a row, by the setting `id`."""
    node = settings.node("id")
    return None if node is None or schema is None else field_name(settings.ws, schema, node, "`id`")


def field_name(ws: Workspace, schema: SchemaDef, node: tree.Expr, what: str) -> str | None:
    """The field of ``schema`` that ``node`` names: one whose value can tell rows apart."""
    if not isinstance(node, tree.Path):
        ws.report.add("FT111", f"{what} is the name of a field", node.span, label="expected a name")
        return None
    fields = {one.name: one for one in schema.fields}
    found = fields.get(node.text)
    if found is None and schema.span is not None and ws.report.in_incomplete(schema.span):
        return None
    if found is None:
        usable = [name for name, one in fields.items() if one.type.name in _NAMING_TYPES]
        help_text, fix = did_you_mean(node.span, suggest(node.text, usable))
        if not help_text and usable:
            help_text = f"its fields are {one_of(usable)}"
        ws.report.add(
            "FT100",
            f"`{schema.name}` declares no field `{node.text}`",
            node.span,
            label="unknown field",
            help=help_text or f"declare it: `schema NAME extends {schema.name} {{ … }}`",
            fix=fix,
        )
        return None
    if found.type.name not in _NAMING_TYPES or found.type.optional:
        ws.report.add(
            "FT111",
            f"{what} is a field that every row has, of text or whole numbers",
            node.span,
            label=f"`{node.text}` is {describe(found.type)}",
        )
        return None
    return node.text


# ------------------------------------------------------------------ splits


def _split(settings: Settings, schema: SchemaDef | None) -> SplitDef | None:
    node = settings.node("split")
    if node is None:
        return None
    ws = settings.ws

    def key(_: Parameter, value: tree.Expr) -> Expr | None:
        if schema is None:
            return None
        name = field_name(ws, schema, value, "the key of a split")
        return literal(name, TEXT) if name is not None else None

    call = setting_call(ws, settings.module, settings.entries["split"], node, special=key)
    if call is None:
        return None
    if not call.labels:
        ws.report.add(
            "FT107", "the split has no parts", node.span, label="no parts",
            help=f"write it like `{call.entry.example}`",
        )  # fmt: skip
        return None
    if call.entry.labels == "source":
        return _given(settings, call)
    return _by_hash(settings, call)


def _by_hash(settings: Settings, call: SettingCall) -> SplitDef | None:
    shares: list[tuple[str, float]] = []
    for label, value in call.labels:
        share = _share(settings.ws, settings.module, label, value)
        if share is None:
            return None
        shares.append((label.text, share))
    total = math.fsum(share for _, share in shares)
    if not math.isclose(total, 1, abs_tol=1e-9):
        _not_whole(settings, call, total)
        return None
    seed = call.value("seed")
    return SplitDef(
        call.entry.name,
        str(call.value("key")),
        tuple(shares),
        seed if isinstance(seed, int) else 0,
        span=call.node.span,
    )


def _not_whole(settings: Settings, call: SettingCall, total: float) -> None:
    first, last = call.labels[0][0].span, call.labels[-1][1].span
    settings.ws.report.add(
        "FT165",
        f"the shares of the split add up to {number(total * 100)}%, not 100%",
        Span(first.path, first.start, last.end),
        label=f"{number(abs(1 - total) * 100)}% too {'much' if total > 1 else 'little'}",
        help="change one of the shares" if total > 1 else "raise a share, or add a part",
    )


def _share(ws: Workspace, module: Module, label: tree.Name, node: tree.Expr) -> float | None:
    expr = Typer(ws, constant_scope(module, "a split")).type(node)
    if expr is None:
        return None
    if expr.type != RATIO or expr.op != "literal" or not isinstance(expr.value, float):
        help_text, fix = unit_help(node, expr, "ratio")
        ws.report.add(
            "FT110" if expr.type.name in ("int", "float") else "FT111",
            f"the share of `{label.text}` is a ratio, not {describe(expr.type)}",
            node.span,
            label=f"expected {expected('ratio', expr)}",
            help=help_text,
            fix=fix,
        )
        return None
    if not 0 < expr.value <= 1:
        ws.report.add(
            "FT114",
            f"the share of `{label.text}` is {expr.source}, which is out of its range",
            node.span,
            label="expected more than 0% and at most 100%",
        )
        return None
    return expr.value


def _given(settings: Settings, call: SettingCall) -> SplitDef | None:
    ws = settings.ws
    parts: list[tuple[str, SourceDef]] = []
    good = True
    for label, value in call.labels:
        one = source(ws, settings.module, value)
        if one is None:
            good = False
            continue
        twin = next((name for name, other in parts if other.pattern == one.pattern), None)
        if twin is not None:
            ws.report.add(
                "FT166",
                f"`{label.text}` reads the same file as `{twin}`",
                value.span,
                label="the same rows in both parts",
                help="give each part files of its own",
            )
            good = False
        parts.append((label.text, one))
    if not good or not no_columns(ws, tuple(one for _, one in parts)):
        return None
    return SplitDef(call.entry.name, sources=tuple(parts), span=call.node.span)


def find_split(
    settings: Settings, node: tree.Expr, what: str
) -> tuple[DatasetDef, str | None] | None:
    """The dataset and split that ``support.train`` or ``support`` names; None where there is
    none, or the dataset was wrong."""
    ws = settings.ws
    if not isinstance(node, tree.Path) or len(node.parts) > 2:
        ws.report.add(
            "FT111", f"{what} is a dataset, or one split of it", node.span,
            label="expected `DATASET.SPLIT`",
        )  # fmt: skip
        return None
    first = tree.Path(node.parts[:1], node.parts[0].span)
    if find(ws, settings.module, first, ("dataset",)) is None:
        return None
    dataset = ws.datasets.get(first.text)
    if dataset is None:
        return None
    if len(node.parts) == 2:
        return known_split(ws, dataset, node)
    if dataset.split_names:
        splits = [f"{first.text}.{name}" for name in dataset.split_names]
        ws.report.add(
            "FT167",
            f"`{first.text}` is split, and {what} names no split of it",
            node.span,
            label="which split?",
            help=f"there are {one_of(splits)}" if len(splits) > 1 else f"there is {one_of(splits)}",
        )
        return None
    return dataset, None


def known_split(
    ws: Workspace, dataset: DatasetDef, node: tree.Path
) -> tuple[DatasetDef, str | None] | None:
    """The split of ``dataset`` that ``support.train`` names; None where there is none."""
    name = node.parts[1]
    if name.text in dataset.split_names:
        return dataset, name.text
    if not dataset.split_names and dataset.span and ws.report.in_incomplete(dataset.span):
        return None
    help_text, fix = did_you_mean(name.span, suggest(name.text, dataset.split_names))
    if not help_text:
        help_text = (
            f"there are {one_of(dataset.split_names)}" if dataset.split_names
            else "add a `split` to the dataset"
        )  # fmt: skip
    ws.report.add(
        "FT167",
        f"`{dataset.name}` has no split called `{name.text}`",
        name.span,
        label="unknown split" if dataset.split_names else "the dataset is not split",
        help=help_text,
        fix=fix,
    )
    return None
