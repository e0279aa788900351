"""Functions over pairs of a preferred and a rejected answer."""

from __future__ import annotations

from ftdsl.language.catalog.entry import Cost, FunctionEntry, Parameter, Scope

_ROW = Parameter("row", "row", "the whole row")

FUNCTIONS: tuple[FunctionEntry, ...] = (
    FunctionEntry(
        "same_replies",
        (
            _ROW,
            Parameter(
                "normalized",
                "bool",
                "compare words alone, as `normalize` gives them",
                default=False,
                keyword=True,
            ),
        ),
        "bool",
        Scope.ROW,
        Cost.CHEAP,
        "The preferred and the rejected answer are the same, tool calls included.",
        "each must not same_replies(row)",
    ),
    FunctionEntry(
        "blank_replies",
        (_ROW,),
        "int",
        Scope.ROW,
        Cost.CHEAP,
        "Number of the row's answers (two of a pair, one of a kto row) that neither say anything "
        "nor call a tool.",
        "each must blank_replies(row) == 0",
        minimum=0,
    ),
    FunctionEntry(
        "replies_answer",
        (_ROW,),
        "bool",
        Scope.ROW,
        Cost.CHEAP,
        "Both answers follow the same prompt, and what follows is the assistant's.",
        "each must replies_answer(row)",
    ),
)
