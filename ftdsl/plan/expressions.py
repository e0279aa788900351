"""What an expression reads: the measures of the run, and the extern functions, that it names."""

from __future__ import annotations

from ftdsl.language.program import Expr

_COUNTING = frozenset({"tokens", "rendered_tokens", "trainable_tokens"})


def measures_in(*expressions: Expr) -> tuple[str, ...]:
    """``locked.count``, ``exact.mean``, ``baseline.exact.mean`` …, in written order, each once."""
    return tuple(
        dict.fromkeys(
            str(node.value) for expr in expressions for node in expr.walk() if node.op == "measure"
        )
    )


def externs_in(externs: frozenset[str], *expressions: Expr | None) -> tuple[str, ...]:
    """The names among ``externs`` that the expressions call, in written order, each once."""
    return tuple(
        dict.fromkeys(
            str(node.value)
            for expr in expressions
            if expr is not None
            for node in expr.walk()
            if node.op == "call" and node.value in externs
        )
    )


def counts_tokens(expr: Expr) -> bool:
    """Whether ``expr`` counts the tokens of whole rows."""
    of_row = any(one.op == "field" and one.value == "row" for one in expr.args)
    here = expr.op == "call" and expr.value in _COUNTING and of_row
    return here or any(map(counts_tokens, expr.args))
