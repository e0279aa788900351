"""Functions that put rows into groups, as the key of a coverage `by`."""

from __future__ import annotations

from ftdsl.language.catalog.entry import Cost, FunctionEntry, Parameter, Scope

FUNCTIONS: tuple[FunctionEntry, ...] = (
    FunctionEntry(
        "bucket",
        (
            Parameter("value", "number", "a quantity of each row"),
            Parameter(
                "edges",
                "list(number)",
                "rising edges between the buckets",
                keyword=True,
                rising=True,
            ),
        ),
        "text",
        Scope.GROUP,
        Cost.CHEAP,
        "The half-open range between two edges that the quantity falls into; k edges make k + 1 "
        "buckets.",
        "by bucket(tokens(prompt), edges: [256, 1k, 4k]) { each >= 10% }",
        groups="edges",
    ),
    FunctionEntry(
        "cluster",
        (
            Parameter("text", "text", "a text of each row"),
            Parameter("k", "int", "number of clusters", keyword=True, minimum=2, maximum=10_000),
            Parameter("seed", "int", "seed of the start", default=0, keyword=True, minimum=0),
            Parameter(
                "embeddings",
                "path",
                'a sentence encoder: "minilm", or a folder with model.onnx and tokenizer.json',
                default="",
                keyword=True,
            ),
        ),
        "int",
        Scope.GROUP,
        Cost.HEAVY,
        "One of k clusters of texts with similar words, or with `embeddings` of similar meaning.",
        "by cluster(prompt, k: 25, seed: 1) { each >= 1% }",
        minimum=0,
        groups="k",
    ),
    FunctionEntry(
        "cross",
        (Parameter("values", "text|int|bool", "values of each row", variadic=True, least=2),),
        "text",
        Scope.GROUP,
        Cost.CHEAP,
        "Every combination of the values that occur: `en × billing`. Combinations that no row has "
        "count as well, so that what is missing shows, the emptiest first.",
        "by cross(lang(prompt), topic) { each >= 50 }",
    ),
)
