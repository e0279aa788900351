"""What operators mean for which units: the types of their results, and every way to misuse them."""

from __future__ import annotations

from ftdsl.diagnostics.diagnostic import Span
from ftdsl.language import tree
from ftdsl.language.program import Expr, Type
from ftdsl.language.reporting import replace
from ftdsl.language.types import (
    BOOL,
    PLAIN_NUMBERS,
    QUANTITIES,
    SAMPLES,
    arithmetic,
    describe,
    join,
    list_of,
    required,
)
from ftdsl.language.typing.ranges import FLIPPED, impossible, interval
from ftdsl.language.typing.units import bare, expected, is_bare_number, kind_help, unit_help
from ftdsl.language.typing.values import fold, literal, number, written
from ftdsl.language.workspace import Workspace

_ORDERED = QUANTITIES | {"date"}
_EQUAL = _ORDERED | {"text", "bool"}
_VERBS = {"+": "added", "-": "subtracted", "*": "multiplied", "/": "divided"}


def not_null(ws: Workspace, expr: Expr, node: tree.Expr) -> bool:
    """Whether ``expr`` is surely there; says how to ask for it where it may be null."""
    if not expr.type.optional:
        return True
    text = ws.text(node.span)
    sample = SAMPLES.get(expr.type.name, "…").replace("…", "none")
    ws.report.add(
        "FT112",
        f"`{text}` may be null",
        node.span,
        label="not every row has it",
        help=f"write `has({text}) and …` before it, or `{text} ?? {sample}` for a stand-in",
    )
    return False


def boolean(ws: Workspace, expr: Expr, node: tree.Expr, place: str) -> bool:
    """Whether ``expr`` is a yes-or-no value that is surely there."""
    if expr.type.name == "bool":
        return not_null(ws, expr, node)
    text = ws.text(node.span)
    help_text = ""
    if expr.type.optional:
        help_text = f"to ask whether it is there, write `has({text})`"
    elif expr.type.name == "text":
        help_text = f'to ask whether there is any text, write `{text} != ""`'
    elif expr.type.name in QUANTITIES:
        help_text = f"compare it, as in `{text} > {SAMPLES.get(expr.type.name, '0')}`"
    ws.report.add(
        "FT111",
        f"{place} is a yes-or-no value, but `{text}` is {describe(expr.type)}",
        node.span,
        label="expected a condition",
        help=help_text,
    )
    return False


def logical(ws: Workspace, node: tree.Binary, left: Expr, right: Expr, source: str) -> Expr | None:
    """``and`` and ``or``."""
    place = f"each side of `{node.op}`"
    good = [boolean(ws, left, node.left, place), boolean(ws, right, node.right, place)]
    return Expr(node.op, BOOL, (left, right), source=source, span=node.span) if all(good) else None


def otherwise(
    ws: Workspace, node: tree.Binary, left: Expr, right: Expr, source: str
) -> Expr | None:
    """``left ?? right``: the right where the left is null."""
    if not left.type.optional:
        gone = Span(node.span.path, node.left.span.end, node.span.end)
        ws.report.add(
            "FT120",
            f"`{ws.text(node.left.span)}` is never null, so `??` has no effect",
            node.op_span,
            label="nothing to stand in for",
            help="leave the stand-in out",
            fix=replace(gone, ""),
        )
        return None
    kind = join(required(left.type), right.type)
    if kind is None:
        ws.report.add(
            "FT111",
            f"`{ws.text(node.left.span)}` is {describe(required(left.type))}, its stand-in is "
            f"{describe(right.type)}",
            node.right.span,
            label=f"expected {describe(required(left.type))}",
        )
        return None
    return Expr("??", kind, (left, right), source=source, span=node.span)


def compare(ws: Workspace, node: tree.Binary, left: Expr, right: Expr, source: str) -> Expr | None:
    """``==``, ``!=``, ``<``, ``<=``, ``>`` and ``>=``."""
    good = [not_null(ws, left, node.left), not_null(ws, right, node.right)]
    if not all(good) or not _comparable(ws, node, left, right):
        return None
    expr = Expr(node.op, BOOL, (left, right), source=source, span=node.span)
    return expr if _decides(ws, node, expr) else None


def _comparable(ws: Workspace, node: tree.Binary, left: Expr, right: Expr) -> bool:
    names = (left.type.name, right.type.name)
    allowed = _EQUAL if node.op in ("==", "!=") else _ORDERED
    if (allowed is _ORDERED and names in (("text", "int"), ("text", "float"))) or (
        allowed is _ORDERED and names[1] == "text" and names[0] in QUANTITIES
    ):
        _mismatch(ws, node, left, right)
        return False
    for side, expr in ((node.left, left), (node.right, right)):
        if expr.type.name not in allowed:
            return _not_ordered(ws, node, side, expr, allowed is _EQUAL)
    if names[0] == names[1] or set(names) <= PLAIN_NUMBERS:
        return _on_scale(ws, node, left, right)
    if set(names) == {"ratio", "float"}:
        number_side = node.left if names[0] == "float" else node.right
        if not is_bare_number(number_side):
            return True
    _mismatch(ws, node, left, right)
    return False


def _not_ordered(
    ws: Workspace, node: tree.Binary, side: tree.Expr, expr: Expr, equality: bool
) -> bool:
    what = describe(expr.type)
    help_text = ""
    if expr.type.name == "list":
        help_text = f"count its items with `items({ws.text(side.span)})`, or ask `… in …`"
    elif expr.type.name in ("row", "rows", "message"):
        help_text = "compare a part of it, such as `reply.text`"
    elif expr.type.name == "text":
        help_text = f"compare its size, as in `words({ws.text(side.span)})`, or use `==`"
    ws.report.add(
        "FT111",
        f"`{ws.text(side.span)}` is {what}, which `{node.op}` cannot compare",
        side.span,
        label="expected a text, a number or a yes-or-no value" if equality
        else "expected a quantity or a date",
        help=help_text,
    )  # fmt: skip
    return False


def _on_scale(ws: Workspace, node: tree.Binary, left: Expr, right: Expr) -> bool:
    """False for `exact.mean >= 82`: a plain number beside a score that ends at 1."""
    for side, given, other in ((node.right, right, left), (node.left, left, right)):
        value = given.value
        low, high = interval(other)
        if (
            other.type.name == "float" and (low, high) == (0.0, 1.0) and is_bare_number(side)
            and isinstance(value, int | float) and 1 < value <= 100
        ):  # fmt: skip
            fixed = f"{number(value)}%"
            ws.report.add(
                "FT110",
                f"`{other.source}` lies between 0 and 1, compared with {number(value)}",
                side.span,
                label=f"expected a score or a ratio such as `{fixed}`",
                help=f"did you mean `{fixed}`?",
                fix=replace(side.span, fixed),
            )
            return False
    return True


def _mismatch(ws: Workspace, node: tree.Binary, left: Expr, right: Expr) -> None:
    """Two values of different kinds; the plain number, or else the right one, is to blame."""
    blamed, wanted, side = right, left, node.right
    texts = left.type.name == "text" and right.type.name in QUANTITIES
    swapped = texts and node.op not in ("==", "!=")
    if swapped or (is_bare_number(node.left) and not is_bare_number(node.right)):
        blamed, wanted, side = left, right, node.left
    text, what = wanted.source, describe(wanted.type)
    if blamed.type.name in QUANTITIES and wanted.type.name in QUANTITIES:
        help_text, fix = unit_help(bare(side), blamed, wanted.type.name)
        plain = "a plain number" if blamed.type.name in PLAIN_NUMBERS else describe(blamed.type)
        ws.report.add(
            "FT110",
            f"`{text}` is {what}, compared with {plain}",
            side.span,
            label=f"expected {expected(wanted.type.name, blamed)}",
            help=help_text,
            fix=fix,
        )
        return
    help_text, fix = kind_help(wanted, blamed, bare(side))
    ws.report.add(
        "FT111",
        f"`{text}` is {what}, compared with {describe(blamed.type)}",
        side.span,
        label=f"expected {what}",
        help=help_text,
        fix=fix,
    )


def _decides(ws: Workspace, node: tree.Binary, expr: Expr) -> bool:
    """Whether the comparison can come out both ways; says so where it cannot."""
    if all(arg.op == "literal" for arg in expr.args):
        outcome = "always" if impossible([(expr, False)]) else "never"
        ws.report.add(
            "FT116" if outcome == "always" else "FT117",
            f"`{expr.source}` {outcome} holds: both sides are constants",
            node.span,
            label="decided before any row is read",
            help="compare something of the data",
        )
        return False
    for code, holds, word in (("FT116", False, "always"), ("FT117", True, "never")):
        if impossible([(expr, holds)]):
            ws.report.add(
                code,
                f"`{expr.source}` {word} holds",
                node.span,
                label=_why(expr),
                help="" if word == "always" else _nearest(expr),
            )
            return False
    return True


def _why(expr: Expr) -> str:
    left, right = expr.args
    term = right if left.op == "literal" else left
    low, high = interval(term)
    shown = f"`{term.source}`" if len(term.source) <= 40 else "the value"
    kind = Type("ratio") if term.type.name == "ratio" else term.type
    if low > float("-inf") and high < float("inf"):
        return f"{shown} lies between {written(low, kind)} and {written(high, kind)}"
    if low > float("-inf"):
        return f"{shown} is never below {written(low, kind)}"
    if high < float("inf"):
        return f"{shown} is never above {written(high, kind)}"
    return "both sides are the same" if left.source == right.source else ""


def _nearest(expr: Expr) -> str:
    left, right = expr.args
    if left.op == "literal":
        left, right = right, left
    op = FLIPPED[expr.op] if expr.args[0].op == "literal" else expr.op
    if right.op != "literal" or op not in ("<", ">"):
        return ""
    low, high = interval(left)
    edge = low if op == "<" else high
    return f"did you mean `{op}= {right.source}`?" if right.value == edge else ""


def member(ws: Workspace, node: tree.Binary, left: Expr, right: Expr, source: str) -> Expr | None:
    """``left in right``."""
    if not not_null(ws, left, node.left) or not not_null(ws, right, node.right):
        return None
    if right.type.name != "list" or right.type.element is None:
        help_text = ""
        if left.type.name == right.type.name == "text":
            help_text = f"to look inside a text, write `contains({right.source}, {left.source})`"
        ws.report.add(
            "FT111",
            f"`in` looks into a list, but `{right.source}` is {describe(right.type)}",
            node.right.span,
            label="expected a list",
            help=help_text,
        )
        return None
    if right.op == "list" and not right.args:
        ws.report.add(
            "FT117", f"`{source}` never holds: the list is empty", node.right.span,
            label="nothing is in it",
        )  # fmt: skip
        return None
    if right.type.element.name != "any" and join(left.type, right.type.element) is None:
        ws.report.add(
            "FT111",
            f"`{left.source}` is {describe(left.type)}, looked for in {describe(right.type)}",
            node.right.span,
            label=f"expected {describe(list_of(left.type))}",
        )
        return None
    return Expr("in", BOOL, (left, right), source=source, span=node.span)


def compute(ws: Workspace, node: tree.Binary, left: Expr, right: Expr, source: str) -> Expr | None:
    """``+``, ``-``, ``*`` and ``/``."""
    good = [not_null(ws, left, node.left), not_null(ws, right, node.right)]
    if not all(good):
        return None
    name = arithmetic(node.op, left.type.name, right.type.name)
    if name is None:
        _no_arithmetic(ws, node, left, right)
        return None
    kind = Type(name)
    if node.op == "/" and right.op == "literal" and not right.value:
        ws.report.add("FT114", "division by zero", node.right.span, label="this is zero")
        return None
    value = fold(node.op, kind, (left, right))
    if value is not None:
        return literal(value, kind, source, node.span)
    if left.op == right.op == "literal":
        ws.report.add(
            "FT114", f"`{source}` is too large to compute", node.span,
            label="out of the range of numbers",
        )  # fmt: skip
        return None
    return Expr(node.op, kind, (left, right), source=source, span=node.span)


def _no_arithmetic(ws: Workspace, node: tree.Binary, left: Expr, right: Expr) -> None:
    what = f"{describe(left.type)} and {describe(right.type)} cannot be {_VERBS[node.op]}"
    if node.op == "-":
        what = f"{describe(right.type)} cannot be subtracted from {describe(left.type)}"
    if not {left.type.name, right.type.name} <= QUANTITIES:
        side = node.left if left.type.name not in QUANTITIES else node.right
        ws.report.add(
            "FT111", what, side.span, label="expected a quantity",
        )  # fmt: skip
        return
    help_text, fix = "", None
    literal_side = bare(node.right)
    if (
        left.type.name in ("ratio", "float") and isinstance(literal_side, tree.Literal)
        and literal_side.kind in ("ratio", "int") and isinstance(right.value, int | float)
    ):  # fmt: skip
        scale = 100 if literal_side.kind == "ratio" else 1
        meant = f"{number(right.value * scale)}pp"
        help_text = f"a difference in points is written `{meant}`"
        fix = replace(literal_side.span, meant)
    ws.report.add(
        "FT110", what, node.span, label=f"`{node.op}` needs the same unit on both sides"
        if node.op in "+-" else "this product has no unit", help=help_text, fix=fix,
    )  # fmt: skip
