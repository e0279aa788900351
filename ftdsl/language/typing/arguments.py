"""One argument of a catalog function: its type, its range, its constant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ftdsl.diagnostics.suggestion import suggest
from ftdsl.language import tree
from ftdsl.language.catalog.entry import FunctionEntry, Parameter
from ftdsl.language.names import find
from ftdsl.language.paths import project_path
from ftdsl.language.program import Expr, Type
from ftdsl.language.reporting import did_you_mean, one_of
from ftdsl.language.types import TEXT, describe, fits, join, list_of, parse_type
from ftdsl.language.typing.operators import not_null
from ftdsl.language.typing.ranges import rising
from ftdsl.language.typing.units import expected, unit_help
from ftdsl.language.typing.values import is_constant, literal, number, written
from ftdsl.language.workspace import Workspace
from ftdsl.record import replace

_NO_REAL_BOUND = 1e9
"""Upper bounds from here on only keep out what no machine could do."""

if TYPE_CHECKING:
    from ftdsl.language.typing.expressions import Typer


def type_argument(
    typer: Typer, entry: FunctionEntry, parameter: Parameter, node: tree.Expr, known: frozenset[str]
) -> Expr | None:
    """The typed argument, or None after saying what is wrong with it."""
    if parameter.type.startswith("name:"):
        return _declared_name(typer, parameter, node)
    if parameter.type.startswith("names:"):
        return _declared_names(typer, parameter, node)
    wanted = parameter.type
    if wanted == "rows" or not wanted.startswith("rows("):
        expr = typer.type(node, known)
    else:
        expr = _of_each_row(typer, entry, node, known)
        wanted = wanted[5:-1]
    if expr is None or not _fitting(typer.ws, entry, parameter, wanted, expr, node):
        return None
    if parameter.type == "regex" and not _pattern(typer.ws, entry, expr, node):
        return None
    if parameter.type == "path":
        return _path(typer, entry, expr, node)
    if parameter.choices and not _chosen(typer.ws, parameter, expr, node):
        return None
    return expr if in_range(typer.ws, parameter.name, parameter, expr, node) else None


def _of_each_row(
    typer: Typer, entry: FunctionEntry, node: tree.Expr, known: frozenset[str]
) -> Expr | None:
    """A row argument of a function over all rows, typed in the scope of a row."""
    from ftdsl.language.typing.expressions import Typer as RowTyper

    row = typer.scope.row
    if row is None:
        return typer.type(node, known)
    if isinstance(node, tree.Path) and node.text == "rows":
        typer.ws.report.add(
            "FT111",
            f"`{entry.name}` wants a value of each row, not all rows",
            node.span,
            label=f"expected {entry.parameters[0].doc}",
            help=f"write it like `{entry.example}`",
        )
        return None
    return RowTyper(typer.ws, row).type(node, known)


def _fitting(
    ws: Workspace,
    entry: FunctionEntry,
    parameter: Parameter,
    wanted: str,
    expr: Expr,
    node: tree.Expr,
) -> bool:
    if wanted == "optional" and not expr.type.optional and expr.type.name != "rows":
        ws.report.add(
            "FT120",
            f"`{expr.source}` is never null, so `{entry.name}({expr.source})` always holds",
            node.span,
            label="every row has it",
            help="leave the question out",
        )
        return False
    if not fits(wanted, expr):
        _misfit(ws, entry, parameter, wanted, expr, node)
        return False
    # A mean or a count of values leaves out the rows that have none; a test decides every row.
    over_rows = parameter.type.startswith("rows(") and wanted not in ("bool", "row")
    return wanted == "optional" or over_rows or not_null(ws, expr, node)


def _misfit(
    ws: Workspace,
    entry: FunctionEntry,
    parameter: Parameter,
    wanted: str,
    expr: Expr,
    node: tree.Expr,
) -> None:
    first = {"share": "ratio", "regex": "text", "path": "text"}.get(
        wanted, wanted.partition("|")[0]
    )
    kind = Type("number") if first == "number" else parse_type(first)
    words = " or ".join(describe(parse_type(one)) for one in wanted.split("|"))
    help_text, fix = unit_help(node, expr, first)
    quantity = expr.type.name in ("int", "float") and first in ("ratio", "duration", "money")
    if not help_text and expr.type.name in ("row", "rows") and first == "text":
        help_text = "name one text of it, such as `reply.text`"
    if not help_text and expr.type.name == "row" and first == "list(message)":
        help_text = "write `messages`"
    ws.report.add(
        "FT110" if quantity else "FT111",
        f"`{parameter.name}` of `{entry.name}` is {words}, not {describe(expr.type)}",
        node.span,
        label=f"expected {words if '|' in wanted or kind.element else expected(kind.name, expr)}",
        help=help_text,
        fix=fix,
    )


def in_range(ws: Workspace, name: str, bounds: Parameter, expr: Expr, node: tree.Expr) -> bool:
    """Whether a constant lies within the parameter's bounds, and a list of constants rises."""
    items = expr.args if expr.op == "list" else (expr,)
    if bounds.rising and not _rises(ws, name, expr, node):
        return False
    if (bounds.minimum is None and bounds.maximum is None) or expr.op == "list":
        return True
    for item in items:
        if item.op != "literal" or isinstance(item.value, bool | str) or item.value is None:
            ws.report.add(
                "FT121",
                f"`{name}` must be a constant",
                node.span,
                label="not known before the data is read",
                help="write the number itself, or a `let`",
            )
            return False
        if outside(item.value, bounds.minimum, bounds.maximum):
            report_outside(ws, name, item, bounds.minimum, bounds.maximum, node)
            return False
    return True


def outside(value: int | float, minimum: float | None, maximum: float | None) -> bool:
    """Whether ``value`` lies outside the bounds."""
    return (minimum is not None and value < minimum) or (maximum is not None and value > maximum)


def report_outside(
    ws: Workspace,
    name: str,
    item: Expr,
    minimum: float | None,
    maximum: float | None,
    node: tree.Expr,
) -> None:
    """Say that a constant is too small or too large, and what would do."""
    ws.report.add(
        "FT114",
        f"`{name}` is {item.source}, which is out of its range",
        node.span,
        label=f"expected {range_words(minimum, maximum, item.type)}",
    )


def range_words(minimum: float | None, maximum: float | None, kind: Type) -> str:
    """``1 to 50``, ``at least 1`` or ``at most 50``, in the unit of ``kind``."""

    def show(value: float) -> str:
        whole = int(value) if float(value).is_integer() else value
        return written(whole, kind) if kind.name != "text" else number(whole)

    if maximum is not None and maximum >= _NO_REAL_BOUND:
        maximum = None
    if minimum is not None and maximum is not None:
        return f"{show(minimum)} to {show(maximum)}"
    if minimum is not None:
        return f"at least {show(minimum)}"
    return f"at most {show(maximum)}" if maximum is not None else "a number"


def _rises(ws: Workspace, name: str, expr: Expr, node: tree.Expr) -> bool:
    if not is_constant(expr):
        ws.report.add(
            "FT121", f"`{name}` must be constants", node.span,
            label="not known before the data is read",
        )  # fmt: skip
        return False
    values = [float(item.value) for item in expr.args if isinstance(item.value, int | float)]
    if values and rising(values):
        return True
    ws.report.add(
        "FT114",
        f"`{name}` must rise from one to the next" if values else f"`{name}` is empty",
        node.span,
        label="not in rising order" if values else "expected at least one",
    )
    return False


def _pattern(ws: Workspace, entry: FunctionEntry, expr: Expr, node: tree.Expr) -> bool:
    """Whether the constant is a pattern that can be searched for in linear time."""
    if expr.op != "literal":
        ws.report.add(
            "FT121",
            f"the pattern of `{entry.name}` must be a constant",
            node.span,
            label="not known before the data is read",
            help="write the pattern itself; for a text of the row use `contains`",
        )
        return False
    from ftdsl.language.typing.patterns import pattern_fault

    fault = pattern_fault(str(expr.value))
    if fault is None:
        return True
    ws.report.add("FT122", fault.message, node.span, label=fault.label, help=fault.help)
    return False


def _chosen(ws: Workspace, parameter: Parameter, expr: Expr, node: tree.Expr) -> bool:
    """Whether the constant is one of the parameter's few words."""
    if expr.op == "literal" and expr.value in parameter.choices:
        return True
    word = suggest(str(expr.value), parameter.choices) if expr.op == "literal" else None
    help_text, fix = did_you_mean(node.span, f'"{word}"' if word else None)
    known = [f'"{choice}"' for choice in parameter.choices]
    ws.report.add(
        "FT125", f"`{parameter.name}` cannot be `{ws.text(node.span)}`", node.span,
        label=f"expected {one_of(known)}",
        help=help_text, fix=fix,
    )  # fmt: skip
    return False


def _path(typer: Typer, entry: FunctionEntry, expr: Expr, node: tree.Expr) -> Expr | None:
    if expr.op != "literal":
        typer.ws.report.add(
            "FT121", f"the path of `{entry.name}` must be a constant", node.span,
            label="not known before the data is read",
        )  # fmt: skip
        return None
    path = project_path(typer.ws, typer.scope.module, str(expr.value), node.span)
    return replace(expr, value=path) if path is not None else None


def _declared_name(typer: Typer, parameter: Parameter, node: tree.Expr) -> Expr | None:
    kinds = tuple(parameter.type.partition(":")[2].split("|"))
    if not isinstance(node, tree.Path):
        typer.ws.report.add(
            "FT111",
            f"`{parameter.name}` is the name of {one_of(kinds)}",
            node.span,
            label="expected a name",
        )
        return None
    found = find(typer.ws, typer.scope.module, node, kinds)
    return literal(node.text, TEXT, node.text, node.span) if found else None


def _declared_names(typer: Typer, parameter: Parameter, node: tree.Expr) -> Expr | None:
    """Two or more names of declared blocks, each once."""
    items = node.items if isinstance(node, tree.ListExpr) else (node,)
    found = [_declared_name(typer, parameter, one) for one in items]
    good = [one for one in found if one is not None]
    if len(good) < len(found):
        return None
    for place, one in enumerate(good):
        if one.value in [other.value for other in good[:place]]:
            typer.ws.report.add(
                "FT106", f"`{one.value}` is listed twice", one.span or node.span, label="here again"
            )
            return None
    if len(good) < 2:
        typer.ws.report.add(
            "FT114",
            f"`{parameter.name}` lists {'one' if good else 'none'}, and {parameter.doc} are two "
            "at least",
            node.span,
            label="expected a list such as `[mini, local]`",
        )
        return None
    return Expr("list", list_of(TEXT), tuple(good), source=typer.ws.text(node.span), span=node.span)


def join_numbers(
    typer: Typer, entry: FunctionEntry, node: tree.Call, args: list[Expr]
) -> Type | None:
    """The one unit that all ``number`` arguments share."""
    kind: Type | None = None
    kinds = [one.type for one in entry.parameters]
    for position, expr in enumerate(args):
        declared = kinds[min(position, len(kinds) - 1)]
        if "number" not in declared:
            continue
        joined = expr.type if kind is None else join(kind, expr.type)
        if joined is None:
            typer.ws.report.add(
                "FT110",
                f"`{entry.name}` compares {describe(kind or expr.type)} with {describe(expr.type)}",
                expr.span or node.span,
                label="another unit than the first",
            )
            return None
        kind = joined
    return Type(kind.name) if kind is not None else None
