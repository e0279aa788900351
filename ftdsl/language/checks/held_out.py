"""What `against` names: a dataset, one split of it, an eval, or a file of its own."""

from __future__ import annotations

from ftdsl.language import tree
from ftdsl.language.checks.datasets import known_split
from ftdsl.language.checks.settings import Settings
from ftdsl.language.checks.sources import no_columns, source
from ftdsl.language.names import find
from ftdsl.language.program import DatasetDef, Expr, FieldDef, SchemaDef, SourceDef
from ftdsl.language.types import TEXT
from ftdsl.language.typing.expressions import Typer
from ftdsl.language.typing.scope import row_scope
from ftdsl.record import record

_KINDS = ("dataset", "eval")


@record
class HeldOut:
    """``name`` as plans and reports show it; ``schema`` of its rows. ``file`` and ``on`` are set
    where the spec names a file."""

    name: str
    schema: SchemaDef | None
    file: DatasetDef | None = None
    on: tuple[Expr, ...] = ()


def held_out(settings: Settings, dataset: DatasetDef, compared: int) -> HeldOut | None:
    """The rows that those of ``dataset`` are held against, of which ``compared`` values are
    compared; None where nothing is named, or it was wrong."""
    node = settings.node("against")
    if node is None:
        return None
    if isinstance(node, tree.Call):
        return _file(settings, node, dataset, compared)
    if not isinstance(node, tree.Path):
        settings.ws.report.add(
            "FT111", "`against` names a dataset, a split, an eval or a file", node.span,
            label="expected a name or a source",
            help='a file is written like `jsonl("data/golden.jsonl")`',
        )  # fmt: skip
        return None
    alias = settings.module.names.get(node.parts[0].text)
    if len(node.parts) == 2 and not isinstance(alias, tree.Import):
        return _split(settings, node)
    return _whole(settings, node, dataset)


def _split(settings: Settings, node: tree.Path) -> HeldOut | None:
    first = tree.Path(node.parts[:1], node.parts[0].span)
    if find(settings.ws, settings.module, first, ("dataset",)) is None:
        return None
    dataset = settings.ws.datasets.get(first.text)
    if dataset is None or known_split(settings.ws, dataset, node) is None:
        return None
    return HeldOut(node.text, dataset.schema)


def _whole(settings: Settings, node: tree.Path, dataset: DatasetDef) -> HeldOut | None:
    ws = settings.ws
    if find(ws, settings.module, node, _KINDS) is None:
        return None
    if node.text == dataset.name:
        splits = [f"`{dataset.name}.{name}`" for name in dataset.split_names]
        ws.report.add(
            "FT166",
            f"every row of `{dataset.name}` is like itself, so this drops all of them",
            node.span,
            label="compared with itself",
            help="leave `against` out to compare the rows with one another"
            + (f", or name a split, such as {splits[-1]}" if splits else ""),
            fix=settings.deletion(settings.given["against"].span, "against"),
        )
        return None
    block = ws.datasets.get(node.text) or ws.evals.get(node.text)
    return HeldOut(node.text, block.schema if block is not None else None)


def _file(
    settings: Settings, node: tree.Call, dataset: DatasetDef, compared: int
) -> HeldOut | None:
    ws = settings.ws
    found = source(ws, settings.module, node)
    if found is None or not no_columns(ws, (found,), ("text",), "rows, not recorded outputs"):
        return None
    column = dict(found.columns).get("text")
    # With a slash or a bracket in it, it is no name of the spec.
    name = found.pattern if "/" in found.pattern else f"./{found.pattern}"
    name += f" ({column})" if column is not None else ""
    plain = SourceDef(found.format, found.pattern, span=found.span)
    if column is None:
        file = DatasetDef(name, dataset.schema, (plain,), span=node.span)
        return HeldOut(name, dataset.schema, file)
    if compared != 1:
        ws.report.add(
            "FT113", f"`text` names one field, and the line compares {compared} values", node.span,
            label="one text against several", help="write a line for each",
        )  # fmt: skip
        return None
    schema = SchemaDef(name, None, (FieldDef(column, TEXT),))
    on = (Expr("field", TEXT, value=column, source=column),)
    return HeldOut(name, schema, DatasetDef(name, schema, (plain,), span=node.span), on)


def check_compared(settings: Settings, held: HeldOut, on: tuple[tree.Expr, ...]) -> None:
    """Say so where the rows of ``against`` do not have what is compared."""
    if held.schema is None or held.on:
        return
    scope = row_scope(settings.ws, settings.module, held.schema, f"a line against `{held.name}`")
    for node in on:
        Typer(settings.ws, scope).type(node)
