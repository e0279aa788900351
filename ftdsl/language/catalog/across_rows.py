"""Functions over all rows that compare them with one another, and name those they mean."""

from __future__ import annotations

from ftdsl.language.catalog.entry import Cost, FunctionEntry, Parameter, Scope

_ANY = Parameter("value", "rows(any)", "a value of each row")

OF_DUPLICATES = frozenset({"disagreements", "near_conflicts"})
"""Functions that need groups of duplicates, and so stand in `coverage` alone."""

FUNCTIONS: tuple[FunctionEntry, ...] = (
    FunctionEntry(
        "repeats",
        (_ANY,),
        "int",
        Scope.DATASET,
        Cost.CHEAP,
        "Number of rows whose value an earlier row has. Names the first ten, each with that row.",
        "expect repeats(normalize(prompt)) == 0",
        minimum=0,
    ),
    FunctionEntry(
        "conflicts",
        (
            Parameter("key", "rows(any)", "what rows have in common, such as the prompt"),
            Parameter("value", "rows(any)", "what they should then agree on"),
        ),
        "int",
        Scope.DATASET,
        Cost.CHEAP,
        "Number of keys whose rows have different values. Names the first row that contradicts an "
        "earlier one, for ten keys.",
        "expect conflicts(normalize(prompt), topic) == 0",
        minimum=0,
    ),
    FunctionEntry(
        "disagreements",
        (Parameter("value", "rows(any)", "what a row and its duplicate should agree on"),),
        "int",
        Scope.DATASET,
        Cost.CHEAP,
        "Number of rows that the `dedup` block removes although their value is another than that "
        "of the row kept in their place: label disagreement within near-duplicates. Names the "
        "first ten pairs. In `coverage` alone, whose dataset has a `dedup` block.",
        "expect disagreements(topic) == 0",
        minimum=0,
    ),
    FunctionEntry(
        "near_misses",
        (Parameter("value", "rows(text)", "a label of each row"),),
        "int",
        Scope.DATASET,
        Cost.CHEAP,
        "Number of rows whose value is likely a slip: the same as a more frequent one but for case "
        "and white space, or one edit in four letters away from one that ten times as many rows "
        "have. Other digits are no slip, and values over 60 characters are no labels. Names the "
        "first ten, each with what was likely meant.",
        "expect near_misses(topic) == 0",
        minimum=0,
    ),
    FunctionEntry(
        "near_conflicts",
        (
            Parameter("text", "rows(text)", "what near-identical rows have in common: the prompt"),
            Parameter("value", "rows(any)", "what they should then agree on: the answer"),
            Parameter(
                "similarity",
                "share",
                "from which Jaccard of word shingles texts are one",
                default=0.8,
                keyword=True,
                minimum=0.1,
                maximum=1,
            ),
            Parameter(
                "agreement",
                "share",
                "share of their words from which two texts agree",
                default=1.0,
                keyword=True,
                minimum=0,
                maximum=1,
            ),
        ),
        "int",
        Scope.DATASET,
        Cost.HEAVY,
        "Number of rows whose text is nearly that of an earlier row and whose value is another: "
        "conflicting answers to near-identical prompts. Rows are grouped as `drop near` does it, "
        "over all rows of the dataset, and none is removed; each is compared with the first of its "
        "group. Texts agree that share at least `agreement` of their words (Dice), other values "
        "that are equal. Names the first ten pairs. In `coverage` alone.",
        "expect near_conflicts(prompt, reply.text, agreement: 50%) == 0",
        minimum=0,
    ),
    FunctionEntry(
        "outliers",
        (
            Parameter("value", "rows(number)", "a quantity of each row"),
            Parameter(
                "z", "float", "robust deviations from the median", 3.5, keyword=True, minimum=0
            ),
        ),
        "int",
        Scope.DATASET,
        Cost.CHEAP,
        "Number of rows that lie more than `z` robust deviations from the median: "
        "0.6745 |x - median| / MAD (Iglewicz and Hoaglin 1993); where the MAD is 0, the mean "
        "absolute deviation times 1.2533 stands for MAD / 0.6745. Names the ten farthest.",
        "expect outliers(words(reply.text), z: 10) == 0",
        minimum=0,
    ),
    FunctionEntry(
        "strays",
        (
            _ANY,
            Parameter("below", "share", "share of the rows", keyword=True, minimum=0, maximum=1),
        ),
        "int",
        Scope.DATASET,
        Cost.CHEAP,
        "Number of rows that break a convention: whose value is not the one that nearly all rows "
        "have. 0 where `below` of the rows or more have another, for then there is no convention. "
        "Names the first ten.",
        "expect strays(opening(reply.text), below: 10%) == 0",
        minimum=0,
    ),
    FunctionEntry(
        "rare",
        (
            _ANY,
            Parameter("below", "share", "share of the rows", keyword=True, minimum=0, maximum=1),
        ),
        "int",
        Scope.DATASET,
        Cost.CHEAP,
        "Number of rows whose value fewer than `below` of the rows have, such as a stray language "
        "or a label with a slip. Names the first ten.",
        "expect rare(topic, below: 1%) == 0",
        minimum=0,
    ),
)
