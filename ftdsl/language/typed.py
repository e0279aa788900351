"""Typed expressions: what the checker makes of an expression of a spec."""

from __future__ import annotations

from collections.abc import Iterator

from ftdsl.diagnostics.diagnostic import Span
from ftdsl.record import record


@record
class Type:
    """``name`` is one of ``text int float ratio points duration money size date bool list row rows
    message null``; ``element`` is set for lists. ``optional`` means null is possible."""

    name: str
    optional: bool = False
    element: Type | None = None

    def __str__(self) -> str:
        inner = f"({self.element})" if self.element else ""
        return f"{self.name}{inner}{'?' if self.optional else ''}"


@record
class Expr:
    """One typed expression. User functions are inlined and ``let`` constants folded in.

    ``op`` and what it means:
      ``literal``   ``value`` is the constant (units already applied: ratio 0.95, seconds, bytes)
      ``field``     ``value`` is the row path: ``lang``, ``reply.text``, ``prompt``, ``row``
      ``call``      ``value`` is the catalog name; ``args`` in catalog parameter order, defaults
                    filled in; an aggregate's row argument is an Expr over the row
      ``measure``   ``value`` is a quantity of the run: ``failing``, ``failing_rows``,
                    ``locked.count``, ``exact.mean``, ``baseline.exact.mean``, ``latency.p95`` …
      ``list``, ``not``, ``neg``, ``and``, ``or``, ``??``, ``==``, ``!=``, ``<``, ``<=``, ``>``,
      ``>=``, ``in``, ``+``, ``-``, ``*``, ``/``: as written, over ``args``
    ``source`` is the expression's own text in the spec, for reports.
    """

    op: str
    type: Type
    args: tuple[Expr, ...] = ()
    value: str | int | float | bool | None = None
    source: str = ""
    span: Span | None = None

    def walk(self) -> Iterator[Expr]:
        """This expression and all its parts, each before what stands after it in the spec."""
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(reversed(node.args))
