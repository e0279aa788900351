"""Functions over all rows that compare them with what ``ftspec.lock`` holds of them."""

from __future__ import annotations

from ftdsl.language.catalog.entry import Cost, FunctionEntry, Parameter, Scope

OF_LOCK = frozenset({"psi", "ks"})
"""Functions that read the lock, and so stand in `check` alone."""

_AGAINST = Parameter("against", "locked", "the word `locked`")

FUNCTIONS: tuple[FunctionEntry, ...] = (
    FunctionEntry(
        "psi",
        (Parameter("value", "rows(number|text|bool)", "a value of each row"), _AGAINST),
        "float",
        Scope.DATASET,
        Cost.CHEAP,
        "Population stability index against the locked rows: the sum of (now - locked) x "
        "ln(now / locked) over shares of rows; of a quantity in the tenths of the locked rows, of "
        "anything else by value. Usual reading: below 0.1 as before, from 0.2 or 0.25 another "
        "population. Holds while nothing is locked. Names the parts that moved most.",
        "expect psi(length(reply.text), locked) <= 0.2",
        minimum=0,
    ),
    FunctionEntry(
        "ks",
        (Parameter("value", "rows(number)", "a quantity of each row"), _AGAINST),
        "float",
        Scope.DATASET,
        Cost.CHEAP,
        "Distance of Kolmogorov and Smirnov from the locked rows: the largest difference between "
        "the shares of rows at or below a value. Exact where up to 100 different values were "
        "locked, otherwise too small by 0.01 at most. Holds while nothing is locked.",
        "expect ks(length(reply.text), locked) <= 0.1",
        minimum=0,
        maximum=1,
    ),
)
