"""Blocks that measure and choose models: models, evals, selections, gates, ratings."""

from __future__ import annotations

from ftdsl.language.catalog.entry import BlockEntry, SettingEntry

_FROM = SettingEntry("from", "names:model|train", "the candidates", required=True)
_EVAL = SettingEntry("eval", "name:eval", "the eval whose scores decide", required=True)

_SAMPLING = ("max_tokens", "temperature", "top_p", "stop", "seed", "reasoning_effort")
_CALLING = ("concurrency", "privacy", "timeout")
_PAYING = (
    "requests_per_minute",
    "tokens_per_minute",
    "input_per_1m",
    "cached_per_1m",
    "output_per_1m",
)

MODEL_FACTS = ("license", "region", "size", "available_until")
"""What a `model` block may state of any model, for `select` to filter by."""

PROVIDER_KEYS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    # provider: (required keys, further keys)
    "openai": (
        ("name",),
        ("context", *_SAMPLING, *_CALLING, *_PAYING),
    ),
    "openai_compatible": (
        ("name", "base_url"),
        ("context", *_SAMPLING, *_CALLING, *_PAYING),
    ),
    "local": (
        (),
        (
            "name",
            "path",
            "package",
            "template",
            "context",
            *_SAMPLING,
            *_CALLING,
        ),
    ),
    "transformers": (("path",), ("name", "context", "template", "privacy", *_SAMPLING[:-1])),
    "replay": (("outputs",), ("name", "context", "privacy")),
}
"""Which settings each provider takes beside ``MODEL_FACTS``. ``local`` needs one of ``path`` and
``package``."""

MODEL_PACKAGES = ("gemma-3-270m",)
"""Models that come as installed packages."""

GENERATION_SETTINGS = (
    SettingEntry("max_tokens", "int", "longest answer, in tokens", minimum=1, maximum=1_000_000),
    SettingEntry(
        "temperature",
        "float",
        "sampling temperature; 0 when left out, and `server` leaves it to the server",
        choices=("server",),
        minimum=0,
        maximum=2,
    ),
    SettingEntry("top_p", "float", "share of the probability sampled from", minimum=0, maximum=1),
    SettingEntry("stop", "text", "text at which an answer ends"),
    SettingEntry(
        "seed",
        "int",
        "sampling seed; 1 when left out, and `server` leaves it to the server",
        choices=("server",),
        minimum=0,
        maximum=2**31 - 1,
    ),
    SettingEntry(
        "reasoning_effort",
        "choice",
        "how long a reasoning model thinks",
        choices=("none", "minimal", "low", "medium", "high"),
    ),
    SettingEntry("concurrency", "int", "requests at a time", minimum=1, maximum=1024),
)

BLOCKS: tuple[BlockEntry, ...] = (
    BlockEntry(
        "model",
        "A model that can be asked, or its recorded outputs.",
        (
            SettingEntry(
                "provider",
                "choice",
                "who answers",
                required=True,
                choices=("openai", "openai_compatible", "local", "transformers", "replay"),
            ),
            SettingEntry("name", "text", "the provider's name of the model"),
            SettingEntry("base_url", "url", "address of the API"),
            SettingEntry("path", "path", "a model folder or a .gguf file"),
            SettingEntry("package", "text", "an installed model package"),
            SettingEntry("template", "path", "chat template file"),
            SettingEntry("context", "int", "context length", minimum=128, maximum=10_000_000),
            *GENERATION_SETTINGS,
            SettingEntry(
                "privacy",
                "choice",
                "where the rows go",
                choices=("on_premises", "private_cloud", "public"),
            ),
            SettingEntry(
                "timeout", "duration", "longest wait for an answer", minimum=0.1, maximum=86_400
            ),
            SettingEntry("requests_per_minute", "int", "requests a minute to the host", minimum=1),
            SettingEntry(
                "tokens_per_minute", "int", "tokens a minute, in and out, to the host", minimum=1
            ),
            SettingEntry("input_per_1m", "money", "price of a million tokens in", minimum=0),
            SettingEntry(
                "cached_per_1m", "money", "price of those that the server had cached", minimum=0
            ),
            SettingEntry("output_per_1m", "money", "price of a million tokens out", minimum=0),
            SettingEntry("outputs", "source", "recorded outputs, for `replay`"),
            SettingEntry("license", "text", "license of the weights, such as `apache-2.0`"),
            SettingEntry("region", "text", "where it is hosted, such as `eu`"),
            SettingEntry("size", "size", "size of the weights", minimum=1),
            SettingEntry("available_until", "date", "last day on which it can be asked"),
        ),
        (),
        'model mini {\n  provider = openai\n  name = "gpt-4.1-mini-2025-04-14"\n}',
    ),
    BlockEntry(
        "eval",
        "Cases, the scores of an answer, and the slices they are shown by.",
        (
            SettingEntry("schema", "name:schema", "schema of every case"),
            SettingEntry("source", "sources", "files with the cases"),
            SettingEntry("data", "split", "cases from a split of a dataset, for `source`"),
            SettingEntry("id", "field", "field that names a case"),
            *GENERATION_SETTINGS,
            SettingEntry("system", "text", "system turn put before every case"),
            SettingEntry("system_file", "path", "file with the system turn, for `system`"),
            SettingEntry("tools", "path", "JSON file with the tools of cases that declare none"),
            SettingEntry("response_schema", "path", "JSON Schema that every answer must have"),
            SettingEntry("images", "path", "folder of the pictures that cases refer to"),
            SettingEntry("budget", "money", "the most that its answers may cost", minimum=0),
            SettingEntry("budget_tokens", "int", "the most tokens of them, in and out", minimum=1),
            SettingEntry("budget_requests", "int", "the most requests for them", minimum=1),
            SettingEntry(
                "history",
                "choice",
                "the answers in earlier turns: those of the case (`recorded`, if not given) or the "
                "model's own; `own_each` scores every one of them",
                choices=("recorded", "own", "own_each"),
            ),
            SettingEntry("epochs", "int", "answers a case", default=1, minimum=1, maximum=100),
            SettingEntry(
                "reduce",
                "call:pass_at|pass_all",
                "what the answers to a case come to",
                choices=("mean", "median", "mode", "max", "min"),
            ),
            SettingEntry("cluster", "value", "what groups cases that are not independent"),
        ),
        ("score", "slice"),
        'eval golden {\n  schema = chat\n  source = jsonl("data/golden.jsonl")\n'
        "  score exact = exact_match(output, reply.text)\n}",
    ),
    BlockEntry(
        "select",
        "Chooses the base model by the scores of its candidates.",
        (_FROM, _EVAL, SettingEntry("best", "objective", "what the best candidate has most of")),
        ("require",),
        "select base {\n  from = [mini, local]\n  eval = golden\n"
        '  require model.license in ["apache-2.0", "gemma"]\n'
        "  require latency.p95 <= 2s\n  best = max(exact.mean)\n}",
    ),
    BlockEntry(
        "gate",
        "What must be true of a model before it is released.",
        (
            _FROM,
            _EVAL,
            SettingEntry("baseline", "name:model|train", "the model that `baseline.…` stands for"),
        ),
        ("require", "forbid"),
        "gate release {\n  from = mini\n  eval = golden\n  require exact.mean >= 82%\n"
        '  forbid broken on ids("t-17", "t-31")\n}',
    ),
    BlockEntry(
        "rate",
        "People judge what models answer: two answers side by side, or one at a time, blind.",
        (
            SettingEntry("compare", "names:model|train", "the models", required=True),
            SettingEntry(
                "cases", "name:eval|dataset", "where the prompts come from", required=True
            ),
            SettingEntry("sample", "call:rows", "how many of them; all when left out"),
            SettingEntry(
                "ask",
                "call:scale",
                "what people say: which of two answers is better, whether one is right, or how "
                "good it is",
                default="sides",
                choices=("sides", "correct"),
            ),
            SettingEntry("question", "text", "what people are asked"),
            SettingEntry(
                "rubric", "path", "text file that guides them; its list items are the reasons"
            ),
            SettingEntry("gold", "path", "JSONL file of answers whose verdict is known"),
            SettingEntry(
                "repeats",
                "share",
                "share of the pairs that are shown again, sides swapped",
                default=0.1,
                minimum=0,
                maximum=0.5,
            ),
            SettingEntry(
                "ratings", "path", "folder of their ratings; `ratings/NAME` when left out"
            ),
        ),
        ("bound", "require"),
        "rate tone {\n  compare = [mini, local]\n  cases = golden\n  raters >= 2\n"
        "  require win_rate >= 55%\n}",
    ),
)

BOUNDS = (SettingEntry("raters", "int", "people a pair", default=1, minimum=1, maximum=1000),)
"""Quantities that a ``rate`` block bounds from below, as in ``raters >= 2``."""
