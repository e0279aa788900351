"""Calls: which function is meant, and which argument is which parameter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ftdsl.diagnostics.diagnostic import Edit, Fix, Span
from ftdsl.diagnostics.suggestion import suggest
from ftdsl.language import catalog, tree
from ftdsl.language.catalog.entry import FunctionEntry, Parameter, Scope
from ftdsl.language.declarations import function_value
from ftdsl.language.modules import kind_of
from ftdsl.language.names import a
from ftdsl.language.program import Expr, Type
from ftdsl.language.reporting import did_you_mean, one_of
from ftdsl.language.tree import Function
from ftdsl.language.types import assignable, describe, parse_type
from ftdsl.language.typing.arguments import join_numbers, type_argument
from ftdsl.language.typing.inlining import MAX_DEPTH, substitute
from ftdsl.language.typing.operators import not_null
from ftdsl.language.typing.units import expected, unit_help
from ftdsl.language.typing.values import literal
from ftdsl.language.workspace import FunctionValue

if TYPE_CHECKING:
    from ftdsl.language.typing.expressions import Typer

_SCOPES = {
    Scope.ROW: "a condition on one row",
    Scope.DATASET: "an `expect`",
    Scope.GROUP: "a `by` of a coverage block",
    Scope.SCORE: "a `score` of an eval",
    Scope.SOURCE: "a `source`",
    Scope.SETTING: "a setting",
}
_ALONE = dict.fromkeys(catalog.OF_LOCK, "check") | dict.fromkeys(catalog.OF_DUPLICATES, "coverage")
"""The one block that may call the function."""


def type_call(typer: Typer, node: tree.Call, known: frozenset[str]) -> Expr | None:
    """The typed form of a call: of the catalog, or a spec's own function, which is inlined."""
    name = node.function.text
    entry = typer.scope.functions.get(name)
    if entry is not None:
        return _catalog_call(typer, node, entry, known)
    found = _own_function(typer, node)
    if found is not None:
        return _own_call(typer, node, found, known)
    return None


def _own_function(typer: Typer, node: tree.Call) -> FunctionValue | None:
    """The spec's own function that is called; None where there is none, or it was wrong."""
    module = typer.scope.module
    owner = typer.owner(node.function)
    name = node.function.parts[-1].text
    item = owner.names.get(name) if owner is not None else None
    if owner is None or item is None:
        broken = module.broken | (owner.broken if owner else frozenset())
        if name not in broken and not typer.failed_import(node.function):
            _unknown_function(typer, node)
        return None
    if not isinstance(item, Function):
        typer.ws.report.add(
            "FT109",
            f"`{node.function.text}` is {a(kind_of(item))}, not a function",
            node.function.span,
            label="cannot be called",
        )
        return None
    owner.used.add(name)
    if typer.scope.level in ("dataset", "measures"):
        typer.ws.report.add(
            "FT115",
            f"`{node.function.text}` works on one row, and cannot stand in {typer.scope.place}",
            node.function.span,
            label="a function of one row",
            help=_wrap_help(typer, f"{node.function.text}(…)"),
        )
        return None
    return function_value(typer.ws, owner, item)


def _unknown_function(typer: Typer, node: tree.Call) -> None:
    name, scope = node.function.text, typer.scope
    entry = {**catalog.FUNCTIONS, **catalog.SOURCES, **catalog.ARGUMENTS}.get(name)
    if entry is not None:
        where = _SCOPES[entry.scope]
        over_all = entry.scope is Scope.DATASET
        typer.ws.report.add(
            "FT115",
            f"`{name}` cannot stand in {scope.place}",
            node.function.span,
            label="it works on one row" if entry.scope is Scope.ROW
            else f"it stands in a `{_ALONE[name]}` block alone" if name in _ALONE
            else f"it works on all rows, in {where}" if over_all else f"it stands in {where}",
            help=_wrap_help(typer, typer.ws.text(node.span)) if entry.scope is Scope.ROW else "",
        )  # fmt: skip
        return
    if name in scope.names:
        typer.ws.report.add(
            "FT100",
            f"`{name}` is not a function",
            node.function.span,
            label="it is a value",
            help=f"write `{name}` alone",
        )
        return
    if _unknown_elsewhere(typer, node):
        return
    known = [*scope.functions]
    if scope.level == "row":
        known += scope.module.of_kind("fn")
    help_text, fix = did_you_mean(node.function.span, suggest(name, known))
    typer.ws.report.add(
        "FT104",
        f"unknown function `{name}`",
        node.function.span,
        label=f"no function of {scope.place} has this name" if known
        else f"no function can be called in {scope.place}",
        help=help_text,
        fix=fix,
    )  # fmt: skip


def _unknown_elsewhere(typer: Typer, node: tree.Call) -> bool:
    """Says that an imported file has no such function; False where no import is meant."""
    owner = typer.owner(node.function)
    if owner is None or owner is typer.scope.module:
        return False
    name = node.function.parts[-1]
    help_text, fix = did_you_mean(name.span, suggest(name.text, owner.of_kind("fn")))
    typer.ws.report.add(
        "FT104",
        f"unknown function `{node.function.text}`",
        name.span,
        label=f"{owner.path} declares no `fn` of this name",
        help=help_text,
        fix=fix,
    )
    return True


def _wrap_help(typer: Typer, text: str) -> str:
    if typer.scope.row is None:
        return ""
    return f"take it over all rows, as in `mean({text})` or `share({text} > 10)`"


# ------------------------------------------------------------------ functions of the catalog


def _catalog_call(
    typer: Typer, node: tree.Call, entry: FunctionEntry, known: frozenset[str]
) -> Expr | None:
    bound = bind(typer, node, entry)
    if bound is None:
        return None
    typed: list[Expr] = []
    good = True
    for parameter, argument in bound:
        if argument is None:
            typed.append(literal(parameter.default, parse_type(parameter.type.partition("|")[0])))
            continue
        expr = type_argument(typer, entry, parameter, argument.value, known)
        if expr is None:
            good = False
        else:
            typed.append(expr)
    if not good:
        return None
    kind = (
        parse_type(entry.result)
        if entry.result != "same"
        else join_numbers(typer, entry, node, typed)
    )
    if kind is None:
        return None
    source = typer.ws.text(node.span)
    return Expr("call", kind, tuple(typed), entry.name, source, node.span)


def bind(
    typer: Typer, node: tree.Call, entry: FunctionEntry
) -> list[tuple[Parameter, tree.Argument | None]] | None:
    """Each parameter with its argument, or with None where its default stands; a variadic one once
    for each argument. None where the call is wrong: that has been said."""
    labelled: dict[str, tree.Argument] = {}
    positional: list[tree.Argument] = []
    keywords = {one.name for one in entry.parameters if one.keyword}
    good = True
    for argument in node.arguments:
        if argument.label is None:
            positional.append(argument)
        elif argument.label.text not in keywords:
            good = _bad_label(typer, entry, argument, keywords)
        elif argument.label.text in labelled:
            typer.ws.report.add(
                "FT113",
                f"`{argument.label.text}` is given twice",
                argument.label.span,
                label="here again",
            )
            good = False
        else:
            labelled[argument.label.text] = argument
    return _placed(typer, node, entry, positional, labelled) if good else None


def _placed(
    typer: Typer,
    node: tree.Call,
    entry: FunctionEntry,
    positional: list[tree.Argument],
    labelled: dict[str, tree.Argument],
) -> list[tuple[Parameter, tree.Argument | None]] | None:
    bound: list[tuple[Parameter, tree.Argument | None]] = []
    waiting = list(positional)
    missing: list[Parameter] = []
    for parameter in entry.parameters:
        if parameter.keyword:
            found = labelled.get(parameter.name)
            if found is None and parameter.default is None:
                missing.append(parameter)
            bound.append((parameter, found))
        elif parameter.variadic:
            if len(waiting) < parameter.least:
                missing.append(parameter)
            bound.extend((parameter, argument) for argument in waiting)
            waiting = []
        elif waiting:
            bound.append((parameter, waiting.pop(0)))
        else:
            missing.append(parameter)
    if waiting:
        _too_many(typer, entry, waiting, missing)
        return None
    if missing:
        _too_few(typer, node, entry, missing)
        return None
    return bound


def _bad_label(
    typer: Typer, entry: FunctionEntry, argument: tree.Argument, keywords: set[str]
) -> bool:
    label = argument.label
    assert label is not None, "only labelled arguments come here"
    plain = [one.name for one in entry.parameters if not one.keyword]
    if label.text in plain:
        gap = Span(label.span.path, label.span.start, argument.value.span.start)
        typer.ws.report.add(
            "FT113",
            f"`{label.text}` of `{entry.name}` is given by its place, without its name",
            label.span,
            label="leave the name out",
            fix=Fix("leave the name out", (Edit(gap, ""),)),
        )
        return False
    help_text, fix = did_you_mean(label.span, suggest(label.text, keywords))
    if not help_text and keywords:
        help_text = f"it takes {one_of(sorted(keywords))}"
    typer.ws.report.add(
        "FT113",
        f"`{entry.name}` has no parameter `{label.text}`",
        label.span,
        label="unknown parameter",
        help=help_text,
        fix=fix,
    )
    return False


def _too_many(
    typer: Typer, entry: FunctionEntry, extra: list[tree.Argument], missing: list[Parameter]
) -> None:
    fix = None
    help_text = f"write it like `{entry.example}`"
    if len(extra) == 1 and len(missing) == 1 and missing[0].keyword:
        span, name = extra[0].span, missing[0].name
        help_text = f"`{name}` is given by its name: `{name}: {typer.ws.text(span)}`"
        fix = Fix(
            f"write `{name}:` before it",
            (Edit(Span(span.path, span.start, span.start), f"{name}: "),),
        )
    count = sum(1 for one in entry.parameters if not one.keyword)
    words = {0: "no argument", 1: "one argument"}.get(count, f"{count} arguments")
    typer.ws.report.add(
        "FT113",
        f"`{entry.name}` takes {words} without a name" if entry.parameters and any(
            one.keyword for one in entry.parameters) else f"`{entry.name}` takes {words}",
        extra[0].span.to(extra[-1].span),
        label="one too many" if len(extra) == 1 else f"{len(extra)} too many",
        help=help_text,
        fix=fix,
    )  # fmt: skip


def _too_few(typer: Typer, node: tree.Call, entry: FunctionEntry, missing: list[Parameter]) -> None:
    first = missing[0]
    at = Span(node.span.path, node.span.end - 1, node.span.end)
    typer.ws.report.add(
        "FT113",
        f"`{entry.name}` needs {one_of([one.name for one in missing]).replace(' or ', ' and ')}",
        at,
        label=f"missing: {first.doc}",
        help=f"write it like `{entry.example}`",
    )


# ------------------------------------------------------------------ functions of the spec


def _own_call(
    typer: Typer, node: tree.Call, function: FunctionValue, known: frozenset[str]
) -> Expr | None:
    arguments = _own_arguments(typer, node, function, known)
    if arguments is None or not typer.ws.spend(function.nodes, node.span):
        return None
    if function.depth > MAX_DEPTH:
        typer.ws.report.add(
            "FT126",
            f"`{function.name}` is {function.depth} levels deep once its functions are expanded",
            node.span,
            label=f"at most {MAX_DEPTH} levels are allowed",
            help="let the functions call one another less",
        )
        return None
    source = typer.ws.text(node.span)
    if function.extern is not None:
        typer.ws.externs[function.extern.name] = function.extern
        args = tuple(arguments.values())
        return Expr("call", function.result, args, function.extern.name, source, node.span)
    assert function.body is not None, "a function is extern or has a body"
    body = substitute(function.body, arguments)
    return Expr(body.op, function.result, body.args, body.value, source, node.span)


def _own_arguments(
    typer: Typer, node: tree.Call, function: FunctionValue, known: frozenset[str]
) -> dict[str, Expr] | None:
    if any(argument.label is not None for argument in node.arguments):
        label = next(one.label for one in node.arguments if one.label is not None)
        typer.ws.report.add(
            "FT113",
            f"arguments of `{function.name}` are given by their place, without a name",
            label.span,
            label="leave the name out",
        )
        return None
    wanted = len(function.parameters)
    if len(node.arguments) != wanted:
        names = ", ".join(f"{name}: {kind}" for name, kind in function.parameters)
        typer.ws.report.add(
            "FT113",
            f"`{function.name}` takes {wanted} argument{'s' * (wanted != 1)}, "
            f"not {len(node.arguments)}",
            node.span,
            label=f"`{function.name}({names})`",
        )
        return None
    arguments: dict[str, Expr] = {}
    for (name, kind), argument in zip(function.parameters, node.arguments, strict=True):
        expr = typer.type(argument.value, known)
        if expr is not None and _passable(typer, function, name, kind, expr, argument):
            arguments[name] = expr
    return arguments if len(arguments) == wanted else None


def _passable(
    typer: Typer,
    function: FunctionValue,
    name: str,
    kind: Type,
    expr: Expr,
    argument: tree.Argument,
) -> bool:
    if assignable(kind, expr.type):
        return True
    if expr.type.optional and not kind.optional and assignable(
        kind, Type(expr.type.name, element=expr.type.element)
    ):  # fmt: skip
        return not_null(typer.ws, expr, argument.value)
    units = kind.name in ("ratio", "points", "duration", "money", "size")
    help_text, fix = unit_help(argument.value, expr, kind.name)
    typer.ws.report.add(
        "FT110" if units and expr.type.name in ("int", "float") else "FT111",
        f"`{name}` of `{function.name}` is {describe(kind)}, not {describe(expr.type)}",
        argument.value.span,
        label=f"expected {expected(kind.name, expr) if not kind.optional else describe(kind)}",
        help=help_text,
        fix=fix,
    )
    return False
