"""What an expression reads and how it is written: the measures of the run and the extern functions
that it names, its text in the spec, its text spelled out."""

from __future__ import annotations

from collections.abc import Callable

from ftdsl.language import catalog
from ftdsl.language.program import CheckDef, DedupDef, EvalDef, Expr, RuleDef

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


def reads_confidence(*expressions: Expr) -> bool:
    """Whether a score asks how likely the tokens of an answer were."""
    return any(
        node.op == "field" and node.value == "output.confidence"
        for expr in expressions
        for node in expr.walk()
    )


def reads_first_token(*expressions: Expr) -> bool:
    """Whether something is said of the time to the first token of an answer."""
    return any(
        str(node.value).startswith(("first_token.", "output.first_token"))
        for expr in expressions
        for node in expr.walk()
        if node.op in ("field", "measure")
    )


def counts_tokens(expr: Expr) -> bool:
    """Whether ``expr`` counts the tokens of whole rows."""
    of_row = any(one.op == "field" and one.value == "row" for one in expr.args)
    here = expr.op == "call" and expr.value in _COUNTING and of_row
    return here or any(map(counts_tokens, expr.args))


def shifts_in(expr: Expr) -> tuple[str, ...]:
    """What ``expr`` compares with the lock, spelled out, in written order, each once."""
    calls = (one for one in expr.walk() if one.op == "call" and one.value in catalog.OF_LOCK)
    return tuple(dict.fromkeys(spelled(one.args[0]) for one in calls))


def source_of(expr: Expr) -> str:
    """The expression as written in the spec, or spelled out where it stands in none."""
    return expr.source or _text(expr, source_of)


def spelled(expr: Expr) -> str:
    """The expression spelled out: the same text however the spec writes it, another one once a
    function or constant that it uses is another."""
    return _text(expr, spelled)


def _text(expr: Expr, inner: Callable[[Expr], str]) -> str:
    if expr.op == "literal":
        value = expr.value
        return f'"{value}"' if isinstance(value, str) else str(value).lower()
    if expr.op in ("field", "measure"):
        return str(expr.value)
    parts = [inner(one) for one in expr.args]
    if expr.op == "call":
        return f"{expr.value}({', '.join(parts)})"
    if expr.op == "list":
        return f"[{', '.join(parts)}]"
    if expr.op == "not":
        return f"not {parts[0]}"
    return f"-{parts[0]}" if expr.op == "neg" else f"{parts[0]} {expr.op} {parts[1]}"


def rule_expressions(rule: RuleDef) -> tuple[Expr | None, ...]:
    """What a rule says."""
    return rule.where, rule.must, rule.expect


def expects(check: CheckDef | None) -> tuple[Expr, ...]:
    """The statements of a check about its whole dataset."""
    return tuple(rule.expect for rule in check.rules if rule.expect) if check else ()


def dedup_expressions(dedup: DedupDef) -> tuple[Expr | None, ...]:
    """What rows are compared by, and what is best of them."""
    return (*(expr for drop in dedup.drops for expr in drop.on), dedup.keep_by)


def eval_expressions(eval_: EvalDef) -> tuple[Expr, ...]:
    """The scores, slices and clusters of an eval."""
    keys = (*(one.key for one in eval_.slices), *((eval_.cluster,) if eval_.cluster else ()))
    return (*(score.value for score in eval_.scores), *keys)
