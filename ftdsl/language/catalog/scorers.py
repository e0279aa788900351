"""Scorers: what a model's output is worth against what was expected."""

from __future__ import annotations

from ftdsl.language.catalog.entry import Cost, FunctionEntry, Parameter, Scope

_OUTPUT = Parameter("output", "text", "the word `output`: the model's answer")
_EXPECTED = Parameter("expected", "text", "the answer wanted, usually `reply.text`")


def _exact(name: str, doc: str, *more: Parameter) -> FunctionEntry:
    labels = "".join(f", {p.name}: 0.01" for p in more)
    return FunctionEntry(
        name,
        (_OUTPUT, _EXPECTED, *more),
        "bool",
        Scope.SCORE,
        Cost.CHEAP,
        doc,
        f"score s = {name}(output, reply.text{labels})",
    )


def _fuzzy(name: str, doc: str) -> FunctionEntry:
    return FunctionEntry(
        name,
        (_OUTPUT, _EXPECTED),
        "float",
        Scope.SCORE,
        Cost.CHEAP,
        f"{doc}, in [0, 1] (rapidfuzz).",
        f"score s = {name}(output, reply.text)",
        extra="eval",
        minimum=0,
        maximum=1,
    )


FUNCTIONS: tuple[FunctionEntry, ...] = (
    _exact("exact_match", "Output and expected text are the same, white space at the ends aside."),
    _exact("normalized_match", "Both have the same words after NFKC and casefold."),
    _exact("contains_match", "The expected text occurs in the output, after NFKC and casefold."),
    _exact(
        "numeric_match",
        "The last number in the output is the last number in the expected text.",
        Parameter(
            "tolerance",
            "float",
            "largest absolute difference",
            default=0.0,
            keyword=True,
            minimum=0,
        ),
    ),
    FunctionEntry(
        "regex_match",
        (_OUTPUT, Parameter("pattern", "regex", "a regular expression, in linear time")),
        "bool",
        Scope.SCORE,
        Cost.CHEAP,
        "The pattern matches somewhere in the output.",
        'score yes_no = regex_match(output, "^(yes|no)$")',
    ),
    _exact("json_match", "Output and expected text are the same JSON value."),
    _fuzzy("ratio", "Likeness of the two texts by insertions and deletions"),
    _fuzzy("partial_ratio", "Likeness of the shorter text to its best place in the longer"),
    _fuzzy("token_sort_ratio", "Likeness of the two texts with their words sorted"),
    _fuzzy("token_set_ratio", "Likeness of the sets of words of the two texts"),
    FunctionEntry(
        "judge",
        (
            Parameter("rubric", "path", "file with the rubric"),
            Parameter("by", "name:model", "the model that judges", keyword=True),
            Parameter(
                "samples", "int", "verdicts a case", default=1, keyword=True, minimum=1, maximum=25
            ),
        ),
        "float",
        Scope.SCORE,
        Cost.PAID,
        "The mean verdict of a judging model on the output, in [0, 1].",
        'score tone = judge("prompts/tone.md", by: mini, samples: 3)',
        extra="eval",
        minimum=0,
        maximum=1,
    ),
)
