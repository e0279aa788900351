"""From an expression as written to a typed one: names, literals, lists and operators."""

from __future__ import annotations

from collections.abc import Callable

from ftdsl.diagnostics.suggestion import suggest
from ftdsl.language import catalog, tree
from ftdsl.language.declarations import let_value
from ftdsl.language.modules import Module, kind_of
from ftdsl.language.names import a
from ftdsl.language.program import Expr, Type
from ftdsl.language.reporting import did_you_mean, one_of, replace
from ftdsl.language.tree import Import, Let
from ftdsl.language.types import BOOL, QUANTITIES, TEXT, describe, join, list_of
from ftdsl.language.typing import operators
from ftdsl.language.typing.calls import type_call
from ftdsl.language.typing.facts import present
from ftdsl.language.typing.ranges import COMPARISONS
from ftdsl.language.typing.scope import Scope
from ftdsl.language.typing.values import fold, literal
from ftdsl.language.workspace import Workspace

_NOTHING = frozenset({"null", "none", "nil", "None", "undefined"})
_TRUTHS = {"True": "true", "False": "false", "TRUE": "true", "FALSE": "false"}


class Typer:
    """Types expressions of one scope. A mistake is reported once, where it is, and gives None; an
    expression around it stays silent."""

    def __init__(self, ws: Workspace, scope: Scope) -> None:
        self.ws = ws
        self.scope = scope

    def type(self, node: tree.Expr, known: frozenset[str] = frozenset()) -> Expr | None:
        """The typed form of ``node``. ``known`` are the names that are surely not null here."""
        if isinstance(node, tree.Paren):
            return self.type(node.inner, known)
        if isinstance(node, tree.Literal):
            return literal(node.value, Type(node.kind), self.ws.text(node.span), node.span)
        if isinstance(node, tree.Path):
            return self.name(node, known)
        if isinstance(node, tree.ListExpr):
            return self.list(node, known)
        if isinstance(node, tree.Call):
            return type_call(self, node, known)
        if isinstance(node, tree.Unary):
            return self.unary(node, known)
        return self.binary(node, known)

    def condition(
        self, node: tree.Expr, place: str, known: frozenset[str] = frozenset()
    ) -> Expr | None:
        """``node`` as a yes-or-no value; ``place`` begins the sentence of the complaint."""
        expr = self.type(node, known)
        if expr is None or not operators.boolean(self.ws, expr, node, place):
            return None
        return expr

    def list(self, node: tree.ListExpr, known: frozenset[str]) -> Expr | None:
        typed = [self.type(item, known) for item in node.items]
        items = [item for item in typed if item is not None]
        if len(items) < len(typed):
            return None
        kind = Type("any")
        for item, written in zip(items, node.items, strict=True):
            if not operators.not_null(self.ws, item, written):
                return None
            joined = item.type if kind.name == "any" else join(kind, item.type)
            if joined is None:
                self.ws.report.add(
                    "FT111",
                    f"a list holds one kind of value: it begins with {describe(kind)}",
                    written.span,
                    label=f"this is {describe(item.type)}",
                )
                return None
            kind = joined
        source = self.ws.text(node.span)
        return Expr("list", list_of(kind), tuple(items), source=source, span=node.span)

    def unary(self, node: tree.Unary, known: frozenset[str]) -> Expr | None:
        operand = self.type(node.operand, known)
        if operand is None:
            return None
        source = self.ws.text(node.span)
        if node.op == "not":
            if not operators.boolean(self.ws, operand, node.operand, "what `not` turns round"):
                return None
            return Expr("not", BOOL, (operand,), source=source, span=node.span)
        if not operators.not_null(self.ws, operand, node.operand):
            return None
        if operand.type.name not in QUANTITIES:
            self.ws.report.add(
                "FT111",
                f"`-` turns a quantity round, but `{operand.source}` is {describe(operand.type)}",
                node.operand.span,
                label="expected a quantity",
            )
            return None
        value = fold("neg", operand.type, (operand,))
        if value is not None:
            return literal(value, operand.type, source, node.span)
        return Expr("neg", operand.type, (operand,), source=source, span=node.span)

    def binary(self, node: tree.Binary, known: frozenset[str]) -> Expr | None:
        left = self.type(node.left, known)
        if node.op == "and":
            right = self.type(node.right, known | present(left, True))
        elif node.op == "or":
            right = self.type(node.right, known | present(left, False))
        else:
            right = self.type(node.right, known)
        if left is None or right is None:
            return None
        build: Callable[[Workspace, tree.Binary, Expr, Expr, str], Expr | None]
        if node.op in ("and", "or"):
            build = operators.logical
        elif node.op == "??":
            build = operators.otherwise
        elif node.op in COMPARISONS:
            build = operators.compare
        elif node.op == "in":
            build = operators.member
        else:
            build = operators.compute
        return build(self.ws, node, left, right, self.ws.text(node.span))

    # ------------------------------------------------------------------ names

    def name(self, node: tree.Path, known: frozenset[str]) -> Expr | None:
        found = self.scope.names.get(node.text)
        if found is not None:
            if isinstance(self.scope.module.names.get(node.text), Let):
                return None  # two meanings: that is reported at the `let`
            kind = found.type
            if kind.optional and node.text in known:
                kind = Type(kind.name, element=kind.element)
            return Expr(found.op, kind, value=node.text, source=node.text, span=node.span)
        owner = self.owner(node)
        if owner is not None:
            name = node.parts[-1].text
            item = owner.names.get(name)
            if isinstance(item, Let):
                owner.used.add(name)
                value = let_value(self.ws, owner, item)
                return value and Expr(
                    value.op, value.type, value.args, value.value, node.text, node.span
                )
            if name in owner.broken:
                return None
        if node.parts[0].text in self.scope.module.broken:
            return None
        if self.scope.complete and not self.failed_import(node):
            self.unknown(node)
        return None

    def owner(self, node: tree.Path) -> Module | None:
        """The file whose declaration ``node`` may name."""
        module = self.scope.module
        if len(node.parts) == 1:
            return module
        alias = module.names.get(node.parts[0].text)
        if len(node.parts) == 2 and isinstance(alias, Import):
            module.used.add(node.parts[0].text)
            return module.imports.get(node.parts[0].text)
        return None

    def failed_import(self, node: tree.Path) -> bool:
        """Whether ``node`` names something of a file that could not be had."""
        module = self.scope.module
        first = node.parts[0].text
        alias = module.names.get(first)
        return (
            len(node.parts) > 1 and isinstance(alias, Import) and module.imports.get(first) is None
        )

    def unknown(self, node: tree.Path) -> None:
        """Say why ``node`` means nothing here, in the most helpful of the known ways."""
        scope, report, text = self.scope, self.ws.report, node.text
        if scope.row is not None and text in scope.row.names:
            example = _over_rows(scope.row.names[text].type, text)
            report.add(
                "FT115",
                f"`{text}` is a part of one row, and {scope.place} is about all rows",
                node.span,
                label="which row?",
                help=f"take it over all rows, as in `{example}`",
            )
            return
        if text in scope.elsewhere or text == "rows":
            where = scope.elsewhere.get(text, "an `expect`")
            report.add(
                "FT115",
                f"`{text}` cannot stand in {scope.place}",
                node.span,
                label=f"it is known only in {where}",
            )
            return
        declared = scope.module.names.get(text)
        if declared is not None:
            kind = kind_of(declared)
            report.add(
                "FT109",
                f"`{text}` is {a(kind)}, not a value",
                node.span,
                label="expected a value",
                help=f"call it: `{text}(…)`" if kind == "fn" else "",
            )
            return
        self.unheard(node)

    def unheard(self, node: tree.Path) -> None:
        """A name that means nothing anywhere."""
        text = node.text
        if text in _TRUTHS:
            self.ws.report.add(
                "FT100", f"unknown name `{text}`", node.span, label="not a name of this spec",
                help=f"did you mean `{_TRUTHS[text]}`?", fix=replace(node.span, _TRUTHS[text]),
            )  # fmt: skip
            return
        if text in _NOTHING:
            self.ws.report.add(
                "FT100", f"unknown name `{text}`", node.span, label="there is no null to write",
                help="to ask whether a field is there, write `has(field)`",
            )  # fmt: skip
            return
        lets = self.scope.module.of_kind("let") if self.scope.level != "measures" else []
        imported = [
            f"{alias}.{name}"
            for alias, other in self.scope.module.imports.items() if other is not None
            for name in other.of_kind("let")
        ]  # fmt: skip
        names = [*self.scope.names, *lets, *imported]
        parts = [name for name in names if name.startswith(f"{text}.")]
        word = parts[0] if len(parts) == 1 else suggest(text, names) if not parts else None
        help_text, fix = did_you_mean(node.span, word)
        if len(parts) > 1:
            help_text = f"say which part of it: {one_of(parts)}"
        if not help_text and text in {**catalog.FUNCTIONS, **self.scope.functions}:
            help_text = f"`{text}` is a function: `{text}(…)`"
        self.ws.report.add(
            "FT100",
            f"unknown name `{text}`",
            node.span,
            label=f"not known in {self.scope.place}",
            help=help_text or self.listing(),
            fix=fix,
        )

    def listing(self) -> str:
        """The names that would have been known, where they are few."""
        names = [name for name in self.scope.names if name != "row"]
        if not names or len(names) > 16:
            return ""
        return f"known here: {', '.join(f'`{name}`' for name in names)}"


def _over_rows(kind: Type, text: str) -> str:
    """A sensible function over the rows for a part of a row."""
    if kind.name == "bool":
        return f"share({text})"
    if kind.name in QUANTITIES:
        return f"mean({text})"
    if kind.name == TEXT.name:
        return f'share({text} == "…")'
    return "count(rows)"
