"""Calls that stand as the value of a setting, such as `by_hash(…)`, `lora(…)` and `ids(…)`."""

from __future__ import annotations

from collections.abc import Callable

from ftdsl.diagnostics.suggestion import suggest
from ftdsl.language import catalog, tree
from ftdsl.language.catalog.entry import FunctionEntry, Parameter, SettingEntry
from ftdsl.language.modules import Module
from ftdsl.language.program import Expr, Value
from ftdsl.language.reporting import did_you_mean, one_of
from ftdsl.language.typing.arguments import type_argument
from ftdsl.language.typing.calls import bind
from ftdsl.language.typing.expressions import Typer
from ftdsl.language.typing.scope import Scope, constant_scope
from ftdsl.language.workspace import Workspace
from ftdsl.record import record, replace

Reader = Callable[[Parameter, tree.Expr], Expr | None]


@record
class SettingCall:
    """``values`` are the arguments by parameter, a tuple for a variadic one; ``labels`` the
    further ``NAME: value`` arguments."""

    entry: FunctionEntry
    node: tree.Call
    values: dict[str, tuple[Expr, ...]]
    labels: tuple[tuple[tree.Name, tree.Expr], ...]

    def value(self, name: str) -> Value:
        """The constant of one parameter."""
        return self.values[name][0].value


def setting_call(
    ws: Workspace,
    module: Module,
    setting: SettingEntry,
    node: tree.Expr,
    scope: Scope | None = None,
    special: Reader | None = None,
) -> SettingCall | None:
    """The call that is the value of ``setting``; ``special`` reads parameters that are no values,
    such as the name of a field. None after saying what is wrong."""
    options = setting.type.removeprefix("call:").split("|")
    if not isinstance(node, tree.Call) or node.function.text not in options:
        _not_one_of(ws, setting, options, node)
        return None
    entry = catalog.ARGUMENTS[node.function.text]
    own = {one.name for one in entry.parameters}
    labels = [
        (one.label, one.value)
        for one in node.arguments
        if entry.labels and one.label is not None and one.label.text not in own
    ]
    rest = tuple(
        one for one in node.arguments
        if not (entry.labels and one.label is not None and one.label.text not in own)
    )  # fmt: skip
    typer = Typer(ws, scope or constant_scope(module, f"`{entry.name}`"))
    bound = bind(typer, replace(node, arguments=rest), entry)
    if bound is None or not _distinct(ws, labels):
        return None
    values: dict[str, tuple[Expr, ...]] = {}
    for parameter, argument in bound:
        if argument is None:
            expr: Expr | None = _default(parameter)
        elif special is not None and parameter.type == "field":
            expr = special(parameter, argument.value)
        else:
            expr = type_argument(typer, entry, parameter, argument.value, frozenset())
        if expr is None:
            return None
        values[parameter.name] = (*values.get(parameter.name, ()), expr)
    return SettingCall(entry, node, values, tuple(labels))


def _default(parameter: Parameter) -> Expr:
    from ftdsl.language.types import parse_type
    from ftdsl.language.typing.values import literal

    return literal(parameter.default, parse_type(parameter.type.partition("|")[0]))


def _distinct(ws: Workspace, labels: list[tuple[tree.Name, tree.Expr]]) -> bool:
    seen: set[str] = set()
    good = True
    for label, _ in labels:
        if label.text in seen:
            good = False
            ws.report.add("FT113", f"`{label.text}` is given twice", label.span, label="here again")
        seen.add(label.text)
    return good


def _not_one_of(ws: Workspace, setting: SettingEntry, options: list[str], node: tree.Expr) -> None:
    allowed = [*setting.choices, *(f"{one}(…)" for one in options)]
    span, word = node.span, ws.text(node.span)
    candidates = list(setting.choices)
    if isinstance(node, tree.Call):
        span, word, candidates = node.function.span, node.function.text, options
    help_text, fix = did_you_mean(span, suggest(word, candidates))
    if not help_text:
        example = next(catalog.ARGUMENTS[one].example for one in options)
        help_text = f"write it like `{example}`"
    ws.report.add(
        "FT125",
        f"`{setting.name}` cannot be `{word}`",
        span,
        label=f"expected {one_of(allowed)}",
        help=help_text,
        fix=fix,
    )
