"""Values of `let`s that were given on the command line, checked like those of the spec."""

from __future__ import annotations

from ftdsl.diagnostics.diagnostic import Span
from ftdsl.diagnostics.suggestion import suggest
from ftdsl.language.declarations import let_value
from ftdsl.language.modules import Module
from ftdsl.language.parsing.parser import parse
from ftdsl.language.program import Expr
from ftdsl.language.reporting import one_of
from ftdsl.language.source import Source
from ftdsl.language.tree import Let
from ftdsl.language.types import TEXT, assignable, describe
from ftdsl.language.typing.expressions import Typer
from ftdsl.language.typing.scope import constant_scope
from ftdsl.language.typing.values import is_constant, literal
from ftdsl.language.workspace import Workspace


def apply_overrides(ws: Workspace, main: Module) -> None:
    """Put the given values in the place of the program's own `let`s, if they are of their types."""
    for name, text in ws.overrides.items():
        item = main.names.get(name)
        if not isinstance(item, Let):
            _unknown(ws, main, name)
            continue
        own = let_value(ws, main, item)
        if own is None:
            continue
        value = _value(ws, main, name, text, own)
        if value is None or not assignable(own.type, value.type):
            what = "no constant" if value is None else describe(value.type)
            ws.report.add(
                "FT149",
                f"`{name}` is {describe(own.type)}, and the value given for it is {what}",
                item.value.span,
                label=f"set to {text} from outside",
                help=f"give it a value like `{own.source}`",
            )
            continue
        ws.lets[main.path, name] = value


def _unknown(ws: Workspace, main: Module, name: str) -> None:
    lets = main.of_kind("let")
    near = suggest(name, lets)
    help_text = f"did you mean `{near}`?" if near else ""
    if not help_text:
        help_text = f"it declares {one_of(lets)}" if lets else "it declares none"
    ws.report.add(
        "FT149",
        f"{main.path} has no `let` called `{name}` to set",
        Span(main.path, 0, 0),
        help=help_text,
    )


def _value(ws: Workspace, main: Module, name: str, text: str, own: Expr) -> Expr | None:
    """The constant that ``text`` writes; for a text, the quotes may be left out."""
    source = Source(f"--set {name}", f"ftspec 1\nlet {name} = {text}\n")
    parsed = parse(source)
    items = parsed.spec.items
    if not parsed.diagnostics and len(items) == 1 and isinstance(items[0], Let):
        inner = Workspace(ws.root, ws.today, {})
        inner.sources[source.path] = source
        value = Typer(inner, constant_scope(main, "a value")).type(items[0].value)
        if value is not None and is_constant(value):
            return value
    if own.type == TEXT and "\n" not in text and '"' not in text:
        return literal(text, TEXT, f'"{text}"', own.span)
    return None
