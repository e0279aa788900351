"""Where rows come from: `jsonl("data/*.jsonl")` and its like."""

from __future__ import annotations

from ftdsl.diagnostics.suggestion import suggest
from ftdsl.language import catalog, tree
from ftdsl.language.modules import Module
from ftdsl.language.program import SourceDef
from ftdsl.language.reporting import did_you_mean, one_of, replace
from ftdsl.language.typing.expressions import Typer
from ftdsl.language.typing.scope import Scope
from ftdsl.language.workspace import Workspace

_ENDINGS = {".json": "json", ".csv": "csv", ".parquet": "parquet"}


def source(ws: Workspace, module: Module, node: tree.Expr) -> SourceDef | None:
    """One source; None after saying what is wrong with it."""
    if not isinstance(node, tree.Call):
        _not_a_call(ws, node)
        return None
    scope = Scope(module, "constant", "a source", {}, catalog.SOURCES)
    if node.function.text not in catalog.SOURCES:
        help_text, fix = did_you_mean(
            node.function.span, suggest(node.function.text, catalog.SOURCES)
        )
        ws.report.add(
            "FT104",
            f"`{node.function.text}` is no file format",
            node.function.span,
            label=f"expected {one_of(list(catalog.SOURCES))}",
            help=help_text,
            fix=fix,
        )
        return None
    call = Typer(ws, scope).type(node)
    if call is None:
        return None
    entry = catalog.SOURCES[str(call.value)]
    values = dict(zip((one.name for one in entry.parameters), call.args, strict=True))
    first, *rest = entry.parameters
    columns = tuple(
        (one.name, str(values[one.name].value)) for one in rest if values[one.name].value
    )
    return SourceDef(entry.name, str(values[first.name].value), columns, node.span)


def sources(ws: Workspace, module: Module, node: tree.Expr) -> tuple[SourceDef, ...] | None:
    """One source or a list of them, no file twice."""
    items = node.items if isinstance(node, tree.ListExpr) else (node,)
    found: list[SourceDef] = []
    good = True
    for item in items:
        one = source(ws, module, item)
        if one is None:
            good = False
        elif any(one.pattern == other.pattern for other in found):
            ws.report.add("FT106", "a source is listed twice", item.span, label="here again")
            good = False
        else:
            found.append(one)
    if not items:
        ws.report.add("FT107", "`source` names no file", node.span, label="the list is empty")
        return None
    return tuple(found) if good else None


_TAKES = {"text": "only a file in `against` takes it"}


def no_columns(
    ws: Workspace,
    given: tuple[SourceDef, ...],
    allowed: tuple[str, ...] = (),
    what: str = "rows, not recorded outputs",
) -> bool:
    """Whether no source names columns but the ``allowed`` ones: ``id`` and ``output`` are of
    recorded outputs, ``text`` is of a file that rows are held against."""
    for one in given:
        found = [name for name, _ in one.columns if name not in allowed]
        if found and one.span is not None:
            ws.report.add(
                "FT113",
                f"{one_of(found)} has no effect: these are {what}",
                one.span,
                label=_TAKES.get(found[0], "only the `outputs` of a replayed model take it"),
                help="" if found[0] == "text" else "the field that names a row is the setting `id`",
            )
            return False
    return True


def _not_a_call(ws: Workspace, node: tree.Expr) -> None:
    fix = None
    help_text = 'write it like `jsonl("data/*.jsonl")`'
    if isinstance(node, tree.Literal) and node.kind == "text":
        ending = next((one for one in _ENDINGS if str(node.value).endswith(one)), ".jsonl")
        meant = f"{_ENDINGS.get(ending, 'jsonl')}({ws.text(node.span)})"
        help_text, fix = f"did you mean `{meant}`?", replace(node.span, meant)
    ws.report.add(
        "FT111",
        "a source says which format its file has",
        node.span,
        label=f"expected {one_of(list(catalog.SOURCES))}",
        help=help_text,
        fix=fix,
    )
