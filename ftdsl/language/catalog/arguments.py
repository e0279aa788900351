"""Calls that stand as the value of one setting: splits, samples, adapters, methods."""

from __future__ import annotations

from ftdsl.language.catalog.entry import Cost, FunctionEntry, Parameter, Scope


def _setting(
    name: str, parameters: tuple[Parameter, ...], doc: str, example: str, labels: str = ""
) -> FunctionEntry:
    return FunctionEntry(
        name, parameters, name, Scope.SETTING, Cost.CHEAP, doc, example, labels=labels
    )


_SEED = Parameter("seed", "int", "seed", default=0, keyword=True, minimum=0, maximum=2**63 - 1)
_DRAWN = Parameter("k", "int", "answers drawn", keyword=True, minimum=1, maximum=100)

_ENDS = (Parameter("low", "number", "the least"), Parameter("high", "number", "the most"))
_LORA = (
    Parameter("rank", "int", "rank", default=16, keyword=True, minimum=1, maximum=1024),
    Parameter(
        "alpha", "int", "scale is alpha / rank", default=32, keyword=True, minimum=1, maximum=4096
    ),
    Parameter("dropout", "share", "dropout", default=0.0, keyword=True, minimum=0, maximum=1),
    Parameter(
        "targets",
        "text|list(text)",
        "modules that get an adapter",
        default="all-linear",
        keyword=True,
    ),
)

FUNCTIONS: tuple[FunctionEntry, ...] = (
    _setting(
        "by_hash",
        (Parameter("key", "field", "field whose value decides the split"), _SEED),
        "Splits rows by a hash of the key; rows with one key always stay together.",
        "split = by_hash(ticket_id, train: 95%, holdout: 5%, seed: 7)",
        labels="ratio",
    ),
    _setting(
        "given",
        (),
        "The splits are files of their own.",
        'split = given(train: jsonl("data/train.jsonl"), test: jsonl("data/test.jsonl"))',
        labels="source",
    ),
    _setting(
        "ids",
        (Parameter("ids", "text", "row ids", variadic=True),),
        "Rows by their ids.",
        'rows = ids("t-8841", "t-9002")',
    ),
    _setting(
        "rows",
        (Parameter("count", "int", "how many rows", minimum=1), _SEED),
        "A random sample of rows.",
        "sample = rows(50, seed: 3)",
    ),
    _setting(
        "scale",
        (Parameter("points", "int", "the best grade; the worst is 1", minimum=2, maximum=7),),
        "A grade for one answer.",
        "ask = scale(5)",
    ),
    _setting(
        "pass_at",
        (_DRAWN,),
        "The chance that at least one of k answers is right (pass@k).",
        "reduce = pass_at(k: 3)",
    ),
    _setting(
        "pass_all",
        (_DRAWN,),
        "The chance that all of k answers are right (pass^k).",
        "reduce = pass_all(k: 3)",
    ),
    _setting(
        "lora",
        _LORA,
        "Low-rank adapters (Hu et al. 2021).",
        "adapter = lora(rank: 16, alpha: 32)",
    ),
    _setting(
        "qlora",
        _LORA,
        "Low-rank adapters over a base held in 4 bits (NF4, Dettmers et al. 2023).",
        "adapter = qlora(rank: 16, alpha: 32)",
    ),
    _setting(
        "minhash",
        (
            Parameter(
                "shingle",
                "int",
                "words in a shingle",
                default=5,
                keyword=True,
                minimum=1,
                maximum=50,
            ),
            Parameter(
                "permutations",
                "int",
                "length of a signature",
                default=128,
                keyword=True,
                minimum=16,
                maximum=1024,
            ),
            Parameter("seed", "int", "seed", default=1, keyword=True, minimum=0, maximum=2**32 - 1),
        ),
        "MinHash with banding; every candidate pair is verified exactly (Broder 1997).",
        "method = minhash(shingle: 5, permutations: 128, seed: 1)",
    ),
    _setting(
        "exact_join",
        (
            Parameter(
                "shingle",
                "int",
                "words in a shingle",
                default=5,
                keyword=True,
                minimum=1,
                maximum=50,
            ),
        ),
        "All pairs, exactly.",
        "method = exact_join(shingle: 5)",
    ),
    _setting(
        "best",
        (Parameter("value", "number", "a quantity of the row; the largest is kept"),),
        "Keeps the row of a group with the largest value.",
        "keep = best(words(reply.text))",
    ),
    _setting(
        "grid",
        (),
        "Every combination of the listed values of the target's settings.",
        "over = grid(learning_rate: [1e-4, 2e-4], n_epochs: [2, 3])",
        labels="list",
    ),
    _setting(
        "tpe",
        (_SEED,),
        "Values that Optuna's tree-structured Parzen estimator proposes from those tried before.",
        "over = tpe(learning_rate: log_range(1e-5, 1e-3), n_epochs: [1, 2, 3], seed: 1)",
        labels="list",
    ),
    _setting(
        "random",
        (_SEED,),
        "Values drawn at random.",
        "over = random(learning_rate: log_range(1e-5, 1e-3), seed: 1)",
        labels="list",
    ),
    _setting(
        "range",
        _ENDS,
        "All numbers between two, in a sweep that draws them.",
        "over = random(n_epochs: range(1, 5))",
    ),
    _setting(
        "log_range",
        _ENDS,
        "All numbers between two; as many are drawn from 1e-5 to 1e-4 as from 1e-4 to 1e-3.",
        "over = random(learning_rate: log_range(1e-5, 1e-3))",
    ),
)
