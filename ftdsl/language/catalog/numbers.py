"""Functions over numbers, lists and absent values."""

from __future__ import annotations

from ftdsl.language.catalog.entry import Cost, FunctionEntry, Parameter, Scope

FUNCTIONS: tuple[FunctionEntry, ...] = (
    FunctionEntry(
        "has",
        (Parameter("value", "optional", "a value that may be null"),),
        "bool",
        Scope.ROW,
        Cost.CHEAP,
        "The value is there: the field is written and not null.",
        'each must has(topic) and topic != ""',
    ),
    FunctionEntry(
        "items",
        (Parameter("list", "list(any)", "a list"),),
        "int",
        Scope.ROW,
        Cost.CHEAP,
        "Number of items in the list.",
        "each must items(tags) <= 5",
        minimum=0,
    ),
    FunctionEntry(
        "abs",
        (Parameter("value", "number", "a quantity"),),
        "same",
        Scope.ROW,
        Cost.CHEAP,
        "The quantity without its sign.",
        "each must abs(words(prompt) - words(reply.text)) <= 200",
        minimum=0,
    ),
    FunctionEntry(
        "round",
        (
            Parameter("value", "number", "a quantity"),
            Parameter(
                "digits",
                "int",
                "digits after the point",
                default=0,
                keyword=True,
                minimum=0,
                maximum=12,
            ),
        ),
        "same",
        Scope.ROW,
        Cost.CHEAP,
        "The quantity rounded, halves to the even digit.",
        "each must round(score, digits: 1) >= 0.5",
    ),
    FunctionEntry(
        "min",
        (Parameter("values", "number", "two quantities or more", variadic=True, least=2),),
        "same",
        Scope.ROW,
        Cost.CHEAP,
        "The smallest of the quantities.",
        "each must min(words(prompt), words(reply.text)) > 0",
    ),
    FunctionEntry(
        "max",
        (Parameter("values", "number", "two quantities or more", variadic=True, least=2),),
        "same",
        Scope.ROW,
        Cost.CHEAP,
        "The largest of the quantities.",
        "each must max(words(prompt), words(reply.text)) <= 400",
    ),
)
