"""Evaluation by the block agrees with evaluation row by row; aggregates merge without a trace."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftdsl.data.rows import Row, row_value
from ftdsl.language.program import Expr, Type
from ftdsl.plan.expressions import source_of
from ftdsl.quality.across.aggregates import AGGREGATES, Distinct, aggregate
from ftdsl.quality.expressions import Block, Evaluator
from ftdsl.quality.statements import Statement, scalar
from tests.data.spec_parts import dataset
from tests.quality.stand_in import BOOL, INT, TEXT, call, field, lit, measure, op

T, N = field("t", Type("text", True)), field("n", Type("int", True))
FIELDS = {"t": Type("text", True), "n": Type("int", True)}
ROWS = st.lists(
    st.builds(
        lambda t, n: row_value({"t": t, "n": n}),
        st.none() | st.text("ab c", max_size=6),
        st.none() | st.integers(-3, 3),
    ),
    max_size=12,
)
numbers = st.sampled_from(
    [
        op("??", N, 0),
        call("length", op("??", T, "none")),
        op("+", op("??", N, 1), call("words", op("??", T, ""))),
        call("max", op("??", N, 0), lit(1)),
        op("*", lit(2), op("??", N, 5)),
        op("/", lit(6), op("??", N, 0)),
    ]
)
atoms = st.one_of(
    st.builds(op, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), numbers, numbers),
    st.sampled_from(
        [
            op("and", call("has", T), call("contains", T, "a")),
            op("or", op("not", call("has", N)), op(">", N, 0)),
            op("in", op("??", T, ""), Expr("list", Type("list"), (lit("a"), lit("b")))),
            call("matches", op("??", T, ""), "a+b"),
            lit(True),
        ]
    ),
)
predicates = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.builds(op, st.just("not"), inner),
        st.builds(op, st.sampled_from(["and", "or"]), inner, inner),
    ),
    max_leaves=6,
)


def one_by_one(expr: Expr, row: Any) -> Any:
    """The value of ``expr`` on one row, in the plainest way."""
    if expr.op == "literal":
        return expr.value
    if expr.op == "field":
        return row.value.get(expr.value)
    if expr.op == "list":
        return [one_by_one(one, row) for one in expr.args]
    first = one_by_one(expr.args[0], row)
    if expr.op == "not":
        return not first
    if expr.op == "call" and expr.value == "has":
        return first is not None
    if expr.op == "??":
        return one_by_one(expr.args[1], row) if first is None else first
    if expr.op in ("and", "or"):
        return one_by_one(expr.args[1], row) if bool(first) == (expr.op == "and") else bool(first)
    second = one_by_one(expr.args[1], row) if len(expr.args) > 1 else None
    if expr.op == "call":
        return {
            "length": lambda: len(first),
            "words": lambda: len(first.split()),
            "max": lambda: max(first, second),
            "contains": lambda: second in first,
            "matches": lambda: "ab" in first,
        }[str(expr.value)]()
    if expr.op == "/":
        return first / second if second else math.nan
    return {
        "<": lambda: first < second,
        "<=": lambda: first <= second,
        ">": lambda: first > second,
        ">=": lambda: first >= second,
        "==": lambda: first == second,
        "!=": lambda: first != second,
        "+": lambda: first + second,
        "*": lambda: first * second,
        "in": lambda: first in second,
    }[expr.op]()


@settings(max_examples=150, deadline=None)
@given(ROWS, st.lists(predicates, min_size=1, max_size=3), st.randoms())
def test_blocks_agree_with_rows(rows: list[Any], exprs: list[Expr], random: Any) -> None:
    evaluator = Evaluator(dataset(base=None, fields=FIELDS))
    block = Block(rows)
    for expr in exprs:
        some = sorted(random.sample(range(len(rows)), len(rows) // 2))
        expected = [one_by_one(expr, row) for row in rows]
        assert evaluator.column(expr, block, some) == [expected[i] for i in some]
        assert evaluator.column(expr, block) == expected


def test_a_sub_expression_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from ftdsl.quality.functions import COLUMNS

    asked: list[int] = []
    words = COLUMNS["words"]

    def counted(column: list[str]) -> list[int]:
        asked.append(len(column))
        return words(column)

    monkeypatch.setitem(COLUMNS, "words", counted)
    evaluator = Evaluator(dataset(base=None))
    text = field("t")
    block = Block([row_value({"t": "a b"}), row_value({"t": "c"})])
    assert evaluator.column(op(">", call("words", text), 1), block) == [True, False]
    assert evaluator.column(op("<", call("words", text), 2), block) == [False, True]
    assert asked == [2]
    guarded = Block(block.rows)
    first = op("and", op("==", text, "c"), op("<", call("words", text), 2))
    assert evaluator.column(first, guarded) == [False, True]
    assert evaluator.column(call("words", text), guarded) == [2, 1]
    assert asked == [2, 1, 1]


def test_null_that_nothing_guards_stays_null() -> None:
    evaluator = Evaluator(dataset(base=None))
    rows = [row_value({"t": None, "n": 2}), row_value({"t": "a", "n": None})]
    assert evaluator.column(call("words", field("t")), rows) == [None, 1]
    assert evaluator.column(op("<", field("n"), 3), rows) == [True, None]
    assert evaluator.column(call("abs", field("n")), rows) == [2, None]
    assert evaluator.column(call("strip", field("t")), rows) == [None, "a"]


def test_a_wrong_program_is_no_null() -> None:
    with pytest.raises(TypeError):
        Evaluator(dataset(base=None)).column(op("<", field("t"), 3), [row_value({"t": "a"})])


def test_given_columns_and_measures() -> None:
    evaluator = Evaluator(dataset(base=None), measures={"locked.count": 2.0})
    block = Block([row_value({"t": "a"}), row_value({"t": "b"})], {"output": ["b", "b"]})
    assert evaluator.column(op("==", field("output"), field("t")), block) == [False, True]
    assert evaluator.column(op("<", lit(1), measure("locked.count")), block) == [True, True]


def test_a_part_that_is_an_expression() -> None:
    rows = [row_value({"t": "ab", "u": "b"}), row_value({"t": "ab", "u": "c"})]
    expr = call("contains", field("t"), field("u"))
    assert Evaluator(dataset(base=None)).column(expr, rows) == [True, False]


def preference(chosen: str, rejected: str) -> Row:
    value = {"prompt": "q", "chosen": chosen, "rejected": rejected}
    return row_value(value, "preference")


quantities = st.none() | st.integers(-(2**40), 2**40) | st.floats(-1e9, 1e9)
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "quantile": (0.3,),
    "distinct_n": (2,),
    "outliers": (3.5,),
    "rare": (0.2,),
    "strays": (0.2,),
}


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(sorted(AGGREGATES)), st.data())
def test_aggregates_do_not_see_how_rows_are_cut(name: str, data: st.DataObject) -> None:
    kinds: dict[str, Any] = {
        "distinct_n": st.none() | st.text("ab ", max_size=12),
        "compression_ratio": st.text("ab ", max_size=12),
        "self_similarity": st.text("ab ", max_size=12),
        "vendi": st.text("ab ", max_size=12),
        "effective": st.none() | st.text("ab", max_size=2),
        "count_where": st.booleans(),
        "share": st.booleans(),
        "distinct": st.none() | st.integers(0, 5) | st.text("ab", max_size=2),
        "repeats": st.none() | st.text("ab", max_size=2),
        "rare": st.none() | st.text("ab", max_size=2),
        "strays": st.none() | st.text("ab", max_size=2),
        "near_misses": st.none() | st.text("ab", max_size=6),
        "conflicts": st.tuples(st.none() | st.text("a", max_size=2), st.sampled_from("xy")),
        "entropy": st.none() | st.integers(0, 5) | st.text("ab", max_size=2),
        "contradictions": st.builds(preference, st.sampled_from("AB"), st.sampled_from("AB")),
    }
    values = data.draw(st.lists(kinds.get(name, quantities), max_size=30))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(values)), max_size=4)))
    whole = aggregate(name, ARGUMENTS.get(name, ()))
    whole.add(values)
    merged = aggregate(name, ARGUMENTS.get(name, ()))
    pieces = [values[a:b] for a, b in zip([0, *cuts], [*cuts, len(values)], strict=True)]
    for piece in reversed(pieces):
        part = aggregate(name, ARGUMENTS.get(name, ()))
        part.add(piece)
        merged.merge(part.dump())
    assert merged.value() == whole.value()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-1000, 1000) | st.floats(-1e6, 1e6), min_size=1, max_size=30))
def test_aggregates_agree_with_statistics(values: list[float]) -> None:
    def of(name: str, *args: Any) -> Any:
        state = aggregate(name, args)
        state.add([*values, None])
        return state.value()

    assert of("sum") == math.fsum(values)
    assert of("mean") == pytest.approx(math.fsum(values) / len(values), rel=1e-15, abs=1e-300)
    assert of("median") == pytest.approx(statistics.median(values))
    assert (of("min_of"), of("max_of")) == (min(values), max(values))
    ranked = sorted(values)
    assert (of("quantile", 0.0), of("quantile", 1.0)) == (ranked[0], ranked[-1])
    assert of("distinct") == len(set(map(repr, values)))
    counts = Counter(map(repr, values)).values()
    bits = -sum(n / len(values) * math.log2(n / len(values)) for n in counts)
    assert of("entropy") == pytest.approx(bits, abs=1e-9)


def test_distinct_runs() -> None:
    state = aggregate("distinct_n", (2,))
    state.add(["a b a b", "A b", "x"])
    assert state.value() == 2 / 4


def test_many_different_values_are_estimated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ftdsl.quality.across.aggregates.DISTINCT", 4096)
    whole, parts = Distinct(), Distinct()
    for start in range(0, 60_000, 10_000):
        part = Distinct()
        part.add(list(range(start, start + 20_000)))
        whole.add(list(range(start, start + 20_000)))
        parts.merge(part.dump())
    assert whole.value() == parts.value()
    assert abs(whole.value() - 70_000) / 70_000 < 0.06


def test_nothing_has_no_mean() -> None:
    evaluator = Evaluator(dataset(base=None))
    statement = Statement(op(">", call("mean", field("n", INT)), 0), evaluator)
    assert statement.value({}) is None
    assert statement.parts({}) == [("mean(n)", None)]
    either = op("or", op(">", call("mean", N), 0), op("==", call("count", field("rows")), 0))
    assert Statement(either, evaluator).value({}) is True


def test_scalars() -> None:
    assert scalar(op(">=", op("*", lit(0.9), measure("a")), 9), {"a": 10}, {}) is True
    assert scalar(op("??", measure("a"), 3), {}, {}) == 3
    assert scalar(call("round", lit(2.4), lit(0)), {}, {}) == 2.0
    assert scalar(op("not", op("in", lit(1), Expr("list", BOOL, (lit(1),)))), {}, {}) is False
    assert scalar(call("has", measure("a")), {}, {}) is False


def test_expressions_are_spelled_out() -> None:
    expr = op(
        "and", op("not", call("contains", field("t"), "x")), op("<", Expr("neg", INT, (N,)), 3)
    )
    assert source_of(expr) == 'not contains(t, "x") and -n < 3'
    assert source_of(Expr("field", TEXT, (), "t", "the.source")) == "the.source"
