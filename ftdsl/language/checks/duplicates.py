"""Dedup blocks: what is compared, with what, and which row stays."""

from __future__ import annotations

from ftdsl.diagnostics.suggestion import suggest
from ftdsl.language import catalog, tree
from ftdsl.language.catalog.data_blocks import DROP_SETTINGS
from ftdsl.language.checks.calls import setting_call
from ftdsl.language.checks.settings import Settings, read_settings
from ftdsl.language.checks.statements import check_statements, of_type
from ftdsl.language.modules import Module
from ftdsl.language.names import find
from ftdsl.language.program import DatasetDef, DedupDef, DropDef, Expr
from ftdsl.language.reporting import did_you_mean
from ftdsl.language.tree import Block, Drop, Setting
from ftdsl.language.types import describe
from ftdsl.language.typing.expressions import Typer
from ftdsl.language.typing.operators import not_null
from ftdsl.language.typing.ranges import key
from ftdsl.language.typing.scope import row_scope
from ftdsl.language.workspace import Workspace

METHODS = ("exact", "near", "fuzzy")
_KEYS = ("text", "int", "float", "bool")


def check_dedup(
    ws: Workspace, module: Module, block: Block, dataset: DatasetDef
) -> DedupDef | None:
    """A checked dedup block; None where it was wrong."""
    before = ws.report.size
    check_statements(ws, block)
    settings = read_settings(
        ws, module, catalog.BLOCKS[block.kind].settings, of_type(block, Setting), block.header,
        "a `dedup`",
    )  # fmt: skip
    lines = of_type(block, Drop)
    if not lines:
        ws.report.add(
            "FT129", f"the `dedup` of `{dataset.name}` drops nothing", block.header,
            label="no `drop` line",
            help="add a `drop`, as in `drop exact on normalize(prompt)`",
        )  # fmt: skip
    drops = [_drop(ws, module, line, dataset) for line in lines]
    keep, keep_by = _keep(settings, dataset)
    most = settings.constant("max_dropped")
    _check_twins(ws, [drop for drop in drops if drop is not None])
    if ws.report.size > before or any(drop is None for drop in drops):
        return None
    return DedupDef(
        dataset.name,
        tuple(drop for drop in drops if drop is not None),
        keep,
        keep_by,
        float(most.value) if most is not None and isinstance(most.value, float) else None,
        block.span,
    )


def _keep(settings: Settings, dataset: DatasetDef) -> tuple[str, Expr | None]:
    node, entry = settings.node("keep"), settings.entries["keep"]
    if node is None:
        return str(entry.default), None
    if isinstance(node, tree.Path) and node.text in entry.choices:
        return node.text, None
    scope = row_scope(settings.ws, settings.module, dataset.schema, "`keep`")
    call = setting_call(settings.ws, settings.module, entry, node, scope)
    if call is None:
        return str(entry.default), None
    value = next(iter(call.values.values()))[0]
    return call.entry.name, value


def _drop(ws: Workspace, module: Module, line: Drop, dataset: DatasetDef) -> DropDef | None:
    before = ws.report.size
    method = line.method.text
    if method not in METHODS:
        help_text, fix = did_you_mean(line.method.span, suggest(method, METHODS))
        ws.report.add(
            "FT125", f"rows cannot be dropped by `{method}`", line.method.span,
            label="expected `exact`, `near` or `fuzzy`", help=help_text, fix=fix,
        )  # fmt: skip
    scope = row_scope(ws, module, dataset.schema, "a `drop` line")
    on = [_key(ws, Typer(ws, scope), node, texts=method != "exact") for node in line.on]
    settings = read_settings(
        ws, module, DROP_SETTINGS, line.settings, line.method.span, "a `drop` line"
    )
    if method == "exact":
        settings.forbid(("method", "similarity"), "`drop exact` compares for equality")
    elif method == "fuzzy":
        settings.forbid(("method",), "`drop fuzzy` compares texts with a ratio of their words")
    against = _against(settings, dataset)
    if ws.report.size > before:
        return None
    return _built(settings, line, tuple(one for one in on if one is not None), against)


def _built(
    settings: Settings, line: Drop, on: tuple[Expr, ...], against: str | None
) -> DropDef | None:
    similarity = settings.constant("similarity")
    node = settings.node("method")
    call = None
    if node is not None:
        call = setting_call(settings.ws, settings.module, settings.entries["method"], node)
        if call is None:
            return None
    if settings.node("similarity") is not None and similarity is None:
        return None
    base = DropDef(line.method.text, on, against, span=line.span)
    wanted = settings.default("similarity") if similarity is None else similarity.value
    numbers = {name: args[0].value for name, args in call.values.items()} if call else {}

    def number(name: str, default: int) -> int:
        value = numbers.get(name, default)
        return value if isinstance(value, int) else default

    return DropDef(
        base.method,
        on,
        against,
        call.entry.name if call is not None else base.algorithm,
        number("shingle", base.shingle),
        number("permutations", base.permutations),
        number("seed", base.seed),
        float(wanted) if isinstance(wanted, int | float) else base.similarity,
        line.span,
    )


def _key(ws: Workspace, typer: Typer, node: tree.Expr, *, texts: bool) -> Expr | None:
    expr = typer.type(node)
    if expr is None:
        return None
    if texts and expr.type.name != "text":
        ws.report.add(
            "FT111", f"rows are alike by a text, and `{expr.source}` is {describe(expr.type)}",
            node.span, label="expected a text",
            help="name a text of the row, such as `prompt`",
        )  # fmt: skip
        return None
    if expr.type.name not in _KEYS:
        ws.report.add(
            "FT111", f"rows cannot be compared by {describe(expr.type)}", node.span,
            label="expected a text or a number",
            help="name a text of the row, such as `prompt`",
        )  # fmt: skip
        return None
    return expr if not_null(ws, expr, node) else None


def _against(settings: Settings, dataset: DatasetDef) -> str | None:
    ws, node = settings.ws, settings.node("against")
    if node is None:
        return None
    kinds = tuple(settings.entries["against"].type.removeprefix("name:").split("|"))
    if not isinstance(node, tree.Path):
        ws.report.add(
            "FT111", "`against` names a dataset or an eval", node.span, label="expected a name"
        )
        return None
    if find(ws, settings.module, node, kinds) is None:
        return None
    if node.text == dataset.name:
        ws.report.add(
            "FT166",
            f"every row of `{dataset.name}` is like itself, so this drops all of them",
            node.span,
            label="compared with itself",
            help="leave `against` out to compare the rows with one another",
            fix=settings.deletion(settings.given["against"].span, "against"),
        )
    return node.text


def _check_twins(ws: Workspace, drops: list[DropDef]) -> None:
    seen: set[tuple[object, ...]] = set()
    for drop in drops:
        same = (drop.method, drop.against, *(key(one) for one in drop.on))
        if same in seen and drop.span is not None:
            ws.report.add(
                "FT132", "this line drops the same rows as an earlier one", drop.span,
                label="has no effect of its own", help="delete one of them",
            )  # fmt: skip
        seen.add(same)
