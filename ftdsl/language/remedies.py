"""Which fixes a rule's predicate and a fault's code name."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from ftdsl.language import catalog
from ftdsl.language.catalog.entry import FixEntry
from ftdsl.language.program import Expr, RuleDef
from ftdsl.record import record

FORMS = frozenset({"strip", "lower", "upper", "nfc"})
"""Functions that give a text another form: a rule may say that a text has it, ``f(x) == x``."""


@record
class Remedy:
    """A fix that a rule names, and the fields and views that it is about. ``function`` is the
    function of the predicate that named it, ``choices`` the values that it allows, where it lists
    them."""

    fix: FixEntry
    views: tuple[str, ...]
    function: str
    choices: tuple[str, ...] = ()


def remedies(rule: RuleDef) -> tuple[Remedy, ...]:
    """The fixes that the predicate of a row rule names, safe ones first."""
    if rule.must is None:
        return ()
    found: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    named: list[tuple[str, str, tuple[str, ...]]] = [(*one, ()) for one in _blamed(rule.must)]
    for function, view, choices in [*named, *_listed(rule.must)]:
        for fix in _by_mend().get(function, ()):
            views = found.setdefault((fix.name, function, choices), [])
            if view not in views:
                views.append(view)
    order = ("safe", "unsafe", "display")
    made = [Remedy(catalog.FIXES[name], tuple(v), f, c) for (name, f, c), v in found.items()]
    return tuple(sorted(made, key=lambda one: order.index(one.fix.applicability)))


def fixes_for(mended: str) -> tuple[FixEntry, ...]:
    """The fixes of a fault's code, or of a drop line (``drop exact``), safe ones first."""
    return _by_mend().get(mended, ())


def fix_name(fixes: tuple[FixEntry, ...]) -> str | None:
    """The name of the first of ``fixes`` that can be applied; None where none can."""
    return next((one.name for one in fixes if one.applicability != "display"), None)


def display_doc(fixes: tuple[FixEntry, ...]) -> str:
    """What to tell where a person has to choose; "" where there is nothing to tell."""
    return next((one.doc for one in fixes if one.applicability == "display"), "")


@cache
def _by_mend() -> dict[str, tuple[FixEntry, ...]]:
    found: dict[str, list[FixEntry]] = {}
    for applicability in ("safe", "unsafe", "display"):
        for fix in catalog.FIXES.values():
            for mended in fix.mends if fix.applicability == applicability else ():
                found.setdefault(mended, []).append(fix)
    return {mended: tuple(fixes) for mended, fixes in found.items()}


def _blamed(expr: Expr) -> Iterator[tuple[str, str]]:
    """(function, field or view) of every call that may be to blame. A function of ``FORMS`` counts
    only where its result is compared with its argument, and a comparison with the empty text counts
    as ``empty_turns``: both say that a blank text is not wanted."""
    if expr.op in ("==", "!=") and len(expr.args) == 2:
        for one, other in (expr.args, expr.args[::-1]):
            inner = one.args[0] if one.op == "call" and one.value in FORMS else one
            if expr.op == "==" and inner is not one and _same(inner, other):
                yield from ((str(one.value), view) for view in _fields(inner))
            if expr.op == "!=" and other.op == "literal" and other.value == "":
                yield from (("empty_turns", view) for view in _fields(inner))
    if expr.op == "call" and expr.value not in FORMS:
        yield from ((str(expr.value), view) for one in expr.args[:1] for view in _fields(one))
    for one in expr.args:
        yield from _blamed(one)


def _listed(expr: Expr) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """("in", field, values) of every field that must have one of some written texts."""
    if expr.op == "in":
        asked, known = expr.args
        field = asked.args[0] if asked.op == "??" else asked
        values = tuple(one.value for one in known.args if isinstance(one.value, str))
        if field.op == "field" and known.op == "list" and len(values) == len(known.args):
            yield "in", str(field.value), values
    for one in expr.args:
        yield from _listed(one)


def _same(one: Expr, other: Expr) -> bool:
    return one.op == other.op == "field" and one.value == other.value


def _fields(expr: Expr) -> Iterator[str]:
    if expr.op == "field":
        yield str(expr.value)
    for one in expr.args:
        yield from _fields(one)
