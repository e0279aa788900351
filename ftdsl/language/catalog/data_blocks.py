"""Blocks that say what the data must be: datasets, rules, duplicates, coverage, waivers."""

from __future__ import annotations

from ftdsl.language.catalog.entry import BlockEntry, SettingEntry

RULE_SETTINGS = (
    SettingEntry("waivable", "bool", "whether a `waive` block may excuse rows", default=True),
)

DROP_SETTINGS = (
    SettingEntry(
        "method",
        "call:minhash|exact_join",
        "how near pairs are found; by the number of rows when left out",
    ),
    SettingEntry(
        "similarity",
        "share",
        "from which similarity a row is found: Jaccard of the word shingles (`near`), ratio of the "
        "letters (`fuzzy`), share of the other text's n-grams (`ngram`, where it is 0.5), cosine "
        "(`paraphrase`)",
        default=0.8,
        minimum=0,
        maximum=1,
    ),
    SettingEntry("n", "int", "words of an n-gram, for `ngram`", default=13, minimum=2, maximum=50),
    SettingEntry(
        "false_flags",
        "ratio",
        "share of honest rows that `paraphrase` may find: sets its threshold",
        default=0.01,
        minimum=0.0001,
        maximum=0.5,
    ),
    SettingEntry(
        "embeddings",
        "path",
        "compare what texts mean, by this sentence encoder: for `paraphrase`, which compares words "
        "where it is left out. `minilm`, or a folder with `model.onnx` and `tokenizer.json`",
        choices=("minilm",),
    ),
    SettingEntry(
        "against",
        "held",
        "compare with the rows of this dataset, split, eval or file, and not with one another",
    ),
    SettingEntry(
        "index",
        "text",
        "for `near`: compare with the rows that earlier runs stored under this name in the index "
        "that `--index` gives, and store there those that are kept",
    ),
)

SLICE_SETTINGS = (
    SettingEntry(
        "min_rows",
        "int",
        "smaller slices are shown and never decide",
        default=20,
        minimum=1,
        maximum=1e9,
    ),
)

GUARD_SETTINGS = (
    SettingEntry("score", "name:score", "which yes-or-no scores; all of them when left out"),
)

BLOCKS: tuple[BlockEntry, ...] = (
    BlockEntry(
        "dataset",
        "Where rows are, what they look like and how they are split.",
        (
            SettingEntry("schema", "name:schema", "schema of every row", required=True),
            SettingEntry("source", "sources", "files, or a list of them"),
            SettingEntry("split", "call:by_hash|given", "how rows are split"),
            SettingEntry("id", "field", "field that names a row"),
            SettingEntry(
                "tokenizer",
                "path",
                "what `tokens(…)` counts with: o200k_base, cl100k_base or a tokenizer.json",
                default="o200k_base",
                choices=("o200k_base", "cl100k_base"),
            ),
            SettingEntry(
                "template",
                "path",
                "chat template (a Jinja file) that `renders(…)`, `rendered_tokens(…)` and "
                "`trainable_tokens(…)` use",
            ),
        ),
        (),
        'dataset support {\n  schema = chat\n  source = jsonl("data/*.jsonl")\n}',
    ),
    BlockEntry(
        "check",
        "Rules over the rows of a dataset.",
        (),
        ("rule", "use"),
        'check support {\n  rule answered { each must reply.text != "" }\n}',
        subject="dataset",
    ),
    BlockEntry(
        "ruleset",
        "Rules that a check brings in with `use`.",
        (),
        ("rule", "use"),
        'ruleset voice for chat {\n  rule answered { each must reply.text != "" }\n}',
    ),
    BlockEntry(
        "dedup",
        "Which rows go because another is alike.",
        (
            SettingEntry(
                "keep",
                "call:best",
                "which row of a group stays",
                default="first",
                choices=("first", "longest"),
            ),
            SettingEntry(
                "max_dropped", "ratio", "largest share of rows that may go", minimum=0, maximum=1
            ),
            SettingEntry(
                "max_cluster",
                "ratio",
                "largest share of rows that one row may stand for as a near-duplicate",
                default=0.01,
                minimum=0,
                maximum=1,
            ),
            SettingEntry(
                "ignore_shared",
                "ratio",
                "share of the rows beyond which a shingle is left out: the text of a template",
                minimum=0,
                maximum=1,
            ),
        ),
        ("drop", "forbid"),
        "dedup support {\n  drop exact on normalize(prompt)\n}",
        subject="dataset",
    ),
    BlockEntry(
        "coverage",
        "What the rows must cover, in shares or counts.",
        (),
        ("by", "expect"),
        "coverage support {\n  by lang(prompt) { en >= 60% }\n}",
        subject="dataset",
    ),
    BlockEntry(
        "waive",
        "Excuses rows from one rule, with a reason and an end.",
        (
            SettingEntry("rows", "call:ids", "the rows; all rows when left out"),
            SettingEntry("reason", "text", "why", required=True),
            SettingEntry("until", "date", "last day on which it holds", required=True),
        ),
        (),
        'waive support.short {\n  reason = "legal text, DATA-211"\n  until = 2026-12-31\n}',
        subject="rule",
    ),
)
