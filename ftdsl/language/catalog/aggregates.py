"""Functions over all rows of a dataset: counts, shares, means, diversity."""

from __future__ import annotations

from ftdsl.language.catalog.entry import Cost, FunctionEntry, Parameter, Scope

_NUMBERS = Parameter("value", "rows(number)", "a quantity of each row")
_TEST = Parameter("test", "rows(bool)", "a statement about each row")
_TEXT = Parameter("text", "rows(text)", "a text of each row")


def _sampled(default: int, most: int) -> tuple[Parameter, ...]:
    return (
        _TEXT,
        Parameter(
            "sample", "int", "different texts at most that are looked at", default=default,
            keyword=True, minimum=2, maximum=most,
        ),
        Parameter(
            "seed", "int", "seed of the sample", default=0, keyword=True, minimum=0,
            maximum=2**63 - 1,
        ),
    )  # fmt: skip


_ANY = Parameter("value", "rows(any)", "a value of each row")


def _aggregate(
    name: str,
    parameters: tuple[Parameter, ...],
    result: str,
    doc: str,
    example: str,
    minimum: float | None = None,
    maximum: float | None = None,
) -> FunctionEntry:
    return FunctionEntry(
        name,
        parameters,
        result,
        Scope.DATASET,
        Cost.CHEAP,
        doc,
        example,
        minimum=minimum,
        maximum=maximum,
    )


FUNCTIONS: tuple[FunctionEntry, ...] = (
    _aggregate(
        "count",
        (Parameter("rows", "rows", "the word `rows`"),),
        "int",
        "Number of rows.",
        "expect count(rows) >= 1k",
        0,
    ),
    _aggregate(
        "count_where",
        (_TEST,),
        "int",
        "Number of rows for which the statement holds.",
        'expect count_where(lang == "es") >= 200',
        0,
    ),
    _aggregate(
        "share",
        (_TEST,),
        "ratio",
        "Share of the rows for which the statement holds; 0% where there are no rows.",
        'expect share(lang == "es") >= 15%',
        0,
        1,
    ),
    _aggregate("sum", (_NUMBERS,), "same", "Sum over the rows.", "expect sum(tokens(row)) <= 2m"),
    _aggregate(
        "mean",
        (_NUMBERS,),
        "float",
        "Arithmetic mean over the rows that have the value.",
        "expect mean(words(reply.text)) <= 120",
    ),
    _aggregate(
        "median",
        (_NUMBERS,),
        "float",
        "Median over the rows that have the value.",
        "expect median(words(reply.text)) >= 20",
    ),
    _aggregate(
        "quantile",
        (
            _NUMBERS,
            Parameter("q", "share", "which quantile", keyword=True, minimum=0, maximum=1),
        ),
        "float",
        "Quantile over the rows that have the value, interpolated between neighbours.",
        "expect quantile(tokens(row), q: 95%) <= 2k",
    ),
    _aggregate(
        "min_of",
        (_NUMBERS,),
        "same",
        "Smallest value over the rows.",
        "expect min_of(words(prompt)) >= 3",
    ),
    _aggregate(
        "max_of",
        (_NUMBERS,),
        "same",
        "Largest value over the rows.",
        "expect max_of(tokens(row)) <= 8k",
    ),
    _aggregate(
        "distinct",
        (_ANY,),
        "int",
        "Number of different values over the rows; absent values are not counted.",
        "expect distinct(topic) >= 12",
        0,
    ),
    _aggregate(
        "distinct_n",
        (
            Parameter("text", "rows(text)", "a text of each row"),
            Parameter("n", "int", "words in a run", keyword=True, minimum=1, maximum=10),
        ),
        "float",
        "Different runs of n words over all runs of n words (Li et al. 2016), in [0, 1].",
        "expect distinct_n(reply.text, n: 2) >= 0.4",
        0,
        1,
    ),
    _aggregate(
        "entropy",
        (_ANY,),
        "float",
        "Shannon entropy of the values over the rows, in bits.",
        "expect entropy(topic) >= 2.5",
        0,
    ),
    _aggregate(
        "effective",
        (_ANY,),
        "float",
        "Effective number of values: how many equally frequent ones are as diverse, two to the "
        "entropy.",
        "expect effective(topic) >= 6",
        0,
    ),
    _aggregate(
        "compression_ratio",
        _sampled(1000, 100_000),
        "float",
        "Bytes of the texts over their bytes when compressed: the higher, the more they repeat "
        "(Shaib et al. 2024).",
        "expect compression_ratio(reply.text) <= 4",
        0,
    ),
    _aggregate(
        "self_similarity",
        _sampled(1000, 5_000),
        "float",
        "Mean cosine of a row's text with the nearest of the other rows, by TF-IDF; 1 for copies. "
        "Its cost grows with the square of the sample.",
        "expect self_similarity(prompt) <= 0.5",
        0,
        1,
    ),
    _aggregate(
        "vendi",
        _sampled(500, 2_000),
        "float",
        "Vendi score by TF-IDF: how many texts that share no word are as diverse (Friedman and "
        "Dieng 2023). Its cost grows with the cube of the sample: 0.1 s for 500 texts.",
        "expect vendi(prompt, sample: 500) >= 100",
        0,
    ),
    _aggregate(
        "contradictions",
        (Parameter("row", "rows(row)", "the word `row`"),),
        "int",
        "Number of preferences that other rows turn round: the same prompt and the same two "
        "answers, each preferred once; of kto rows, one answer to one prompt with both labels. "
        "Texts are compared by 64-bit hashes, whatever their case and white space.",
        "expect contradictions(row) == 0",
        0,
    ),
    _aggregate(
        "sign_test",
        (Parameter("value", "rows(number)", "a quantity of each row"),),
        "float",
        "Two-sided p-value of the sign test: how likely so many more rows would be above 0 than "
        "below (or below than above) if both were as likely. Zeros are left out; 1 without rows.",
        "expect sign_test(length(chosen.text) - length(rejected.text)) >= 0.01",
        0,
        1,
    ),
)
