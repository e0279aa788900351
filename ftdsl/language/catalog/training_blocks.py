"""Blocks that train models, and the settings of each training target."""

from __future__ import annotations

from ftdsl.language.catalog.entry import BlockEntry, SettingEntry

_TRL = (
    SettingEntry(
        "method",
        "choice",
        "training objective: answers (`sft`), preferred answers (`dpo`, `orpo`), or answers "
        "marked good or bad (`kto`)",
        default="sft",
        choices=("sft", "dpo", "orpo", "kto"),
        required=True,
    ),
    SettingEntry(
        "adapter",
        "call:lora|qlora",
        "low-rank adapters, those over weights of 4 bits, or `none` to train all weights",
        default="none",
        choices=("none",),
    ),
    SettingEntry(
        "learning_rate",
        "float",
        "peak learning rate; when left out 2e-4 over an adapter and 2e-5 over all weights, for "
        "preferences 5e-6 and 5e-7",
        default=2e-4,
        minimum=1e-9,
        maximum=1,
    ),
    SettingEntry(
        "beta",
        "float",
        "dpo, kto: how closely it keeps to the base model; orpo: weight of the odds ratio",
        default=0.1,
        minimum=1e-6,
        maximum=100,
    ),
    SettingEntry(
        "loss",
        "choice",
        "dpo: what is made of the margin between the two answers",
        default="sigmoid",
        choices=("sigmoid", "hinge", "ipo", "robust"),
    ),
    SettingEntry(
        "label_smoothing",
        "share",
        "dpo with `loss = robust`: share of the preferences that are taken to be flipped",
        minimum=0,
        maximum=0.49,
    ),
    SettingEntry(
        "desirable_weight",
        "float",
        "kto: weight of the answers marked good",
        default=1.0,
        minimum=0,
        maximum=1000,
    ),
    SettingEntry(
        "undesirable_weight",
        "float",
        "kto: weight of the answers marked bad",
        default=1.0,
        minimum=0,
        maximum=1000,
    ),
    SettingEntry(
        "n_epochs", "float", "passes over the data", default=3, minimum=0.001, maximum=1000
    ),
    SettingEntry("max_steps", "int", "optimizer steps; wins over n_epochs", minimum=1, maximum=1e9),
    SettingEntry(
        "batch_size",
        "int",
        "rows a forward pass of each process",
        default=8,
        choices=("auto",),
        minimum=1,
        maximum=65_536,
    ),
    SettingEntry(
        "accumulation",
        "int",
        "forward passes an optimizer step",
        default=1,
        minimum=1,
        maximum=65_536,
    ),
    SettingEntry(
        "max_length",
        "int",
        "longest row in tokens; longer ones are cut",
        default=1024,
        minimum=8,
        maximum=10_000_000,
    ),
    SettingEntry("packing", "bool", "several rows in one sequence", default=False),
    SettingEntry(
        "assistant_only_loss", "bool", "learn from the assistant's turns alone", default=True
    ),
    SettingEntry(
        "warmup_ratio",
        "share",
        "share of the steps that warm up",
        default=0.0,
        minimum=0,
        maximum=1,
    ),
    SettingEntry(
        "scheduler",
        "choice",
        "how the learning rate falls",
        default="linear",
        choices=("linear", "cosine", "constant", "constant_with_warmup"),
    ),
    SettingEntry(
        "weight_decay", "float", "decay of the weights", default=0.0, minimum=0, maximum=1
    ),
    SettingEntry(
        "max_grad_norm",
        "float",
        "gradients are clipped to this norm",
        default=1.0,
        minimum=0,
        maximum=1000,
    ),
    SettingEntry("seed", "int", "seed of all chance", default=0, minimum=0, maximum=2**31 - 1),
    SettingEntry(
        "log_every",
        "int",
        "steps between points of the loss curve",
        default=1,
        minimum=1,
        maximum=1e9,
    ),
    SettingEntry(
        "eval_every",
        "int",
        "steps between validations; each epoch when left out",
        minimum=1,
        maximum=1e9,
    ),
    SettingEntry(
        "save_every",
        "int",
        "steps between checkpoints; each epoch when left out",
        minimum=1,
        maximum=1e9,
    ),
    SettingEntry(
        "early_stopping",
        "int",
        "validations without a gain before it stops",
        minimum=1,
        maximum=1e6,
    ),
    SettingEntry(
        "precision",
        "choice",
        "number format of the weights",
        default="auto",
        choices=("auto", "fp32", "bf16", "fp16"),
    ),
    SettingEntry(
        "processes",
        "int",
        "processes of this machine that share each step: one a GPU, or one a few cores",
        default=1,
        minimum=1,
        maximum=64,
    ),
    SettingEntry(
        "merge",
        "bool",
        "whether the base with the adapter in it is written too, as whole weights",
        default=False,
    ),
    SettingEntry("template", "path", "chat template file; the base model's own when left out"),
    SettingEntry(
        "serving_template",
        "path",
        "chat template that the server renders with; the base's own when left out",
    ),
    SettingEntry(
        "max_untrained",
        "share",
        "share of the rows that may have nothing left to learn",
        default=0.0,
        minimum=0,
        maximum=1,
    ),
    SettingEntry(
        "max_cut",
        "share",
        "share of the rows that may be longer than max_length",
        default=1.0,
        minimum=0,
        maximum=1,
    ),
    SettingEntry(
        "tokens_per_second",
        "float",
        "speed that a plan reckons with; that of the last run when left out",
        minimum=1e-3,
        maximum=1e9,
    ),
)

_OPENAI = (
    SettingEntry("model", "text", "hosted model to train from", required=True),
    SettingEntry(
        "base_url",
        "text",
        "root of the fine-tuning API, up to `/v1`; OpenAI's own when left out",
    ),
    SettingEntry(
        "method",
        "choice",
        "training objective: answers, preferred answers, or graded attempts",
        default="sft",
        choices=("sft", "dpo", "reinforcement"),
    ),
    SettingEntry(
        "n_epochs",
        "int",
        "passes over the data",
        default="auto",
        choices=("auto",),
        minimum=1,
        maximum=50,
    ),
    SettingEntry(
        "batch_size",
        "int",
        "rows a step",
        default="auto",
        choices=("auto",),
        minimum=1,
        maximum=256,
    ),
    SettingEntry(
        "learning_rate_multiplier",
        "float",
        "factor on the provider's learning rate",
        default="auto",
        choices=("auto",),
        minimum=1e-6,
        maximum=1000,
    ),
    SettingEntry(
        "beta",
        "float",
        "dpo: how closely it keeps to the base model",
        choices=("auto",),
        minimum=1e-6,
        maximum=2,
    ),
    SettingEntry("grader", "path", "reinforcement: JSON file of the grader"),
    SettingEntry(
        "compute_multiplier",
        "float",
        "reinforcement: factor on the attempts a step",
        choices=("auto",),
        minimum=1.1e-5,
        maximum=10,
    ),
    SettingEntry(
        "eval_interval",
        "int",
        "reinforcement: steps between validations",
        choices=("auto",),
        minimum=1,
        maximum=1e9,
    ),
    SettingEntry(
        "eval_samples",
        "int",
        "reinforcement: attempts a row of a validation",
        choices=("auto",),
        minimum=1,
        maximum=1e9,
    ),
    SettingEntry(
        "reasoning_effort",
        "choice",
        "reinforcement: how long the model may think",
        choices=("default", "low", "medium", "high"),
    ),
    SettingEntry("suffix", "text", "end of the trained model's name"),
    SettingEntry(
        "tokens_per_second",
        "float",
        "speed that a plan reckons with; that of the last run when left out",
        minimum=1e-3,
        maximum=1e9,
    ),
    SettingEntry("seed", "int", "seed", minimum=0, maximum=2**31 - 1),
    SettingEntry("budget", "money", "the most it may cost", required=True, minimum=0, maximum=1e9),
    SettingEntry(
        "price_per_1m",
        "money",
        "price of a million trained tokens, as the provider lists it; unknown when left out",
        minimum=0,
        maximum=1e6,
    ),
    SettingEntry(
        "input_per_1m",
        "money",
        "price of a million tokens that the trained model reads in an eval",
        minimum=0,
        maximum=1e6,
    ),
    SettingEntry(
        "output_per_1m",
        "money",
        "price of a million tokens that the trained model answers with",
        minimum=0,
        maximum=1e6,
    ),
)

TARGETS: dict[str, tuple[SettingEntry, ...]] = {"trl": _TRL, "openai": _OPENAI}
"""Settings by target. ``trl`` trains here, ``openai`` through the provider's API."""

VALIDATED_TARGETS = frozenset({"trl"})
"""Targets that want rows to validate on, or a reason; a host watches the loss in its own way."""

OF_METHOD: dict[str, dict[str, tuple[str, ...]]] = {
    "trl": {
        "packing": ("sft",),
        "assistant_only_loss": ("sft",),
        "beta": ("dpo", "orpo", "kto"),
        "loss": ("dpo",),
        "label_smoothing": ("dpo",),
        "desirable_weight": ("kto",),
        "undesirable_weight": ("kto",),
    },
    "openai": {
        "beta": ("dpo",),
        "grader": ("reinforcement",),
        "compute_multiplier": ("reinforcement",),
        "eval_interval": ("reinforcement",),
        "eval_samples": ("reinforcement",),
        "reasoning_effort": ("reinforcement",),
    },
}
"""By target: the settings that belong to some of its training objectives, and to which."""

LEARNING_RATES: dict[tuple[bool, bool], float] = {
    (False, True): 2e-4,
    (False, False): 2e-5,
    (True, True): 5e-6,
    (True, False): 5e-7,
}
"""What `learning_rate` of ``target trl`` is when it is left out: by whether preferences are learned
(that of TRL's and the DPO and KTO papers' recipes), and whether only an adapter is."""

ROWS_OF_METHOD: dict[str, tuple[str, ...]] = {
    "dpo": ("preference", "openai_preference"),
    "orpo": ("preference", "openai_preference"),
    "kto": ("kto",),
}
"""The row formats that an objective learns from; the others learn from any with an answer."""

BLOCKS: tuple[BlockEntry, ...] = (
    BlockEntry(
        "train",
        "Fine-tunes a model on the rows of a dataset.",
        (
            SettingEntry("base", "model|text", "a declared local model, a folder or a hub id"),
            SettingEntry("data", "split", "rows to learn from", required=True),
            SettingEntry("validate", "split", "rows to watch the loss on", choices=("none",)),
            SettingEntry("unvalidated", "text", "why `validate = none` is right"),
        ),
        ("target",),
        "train small {\n  base = local\n  data = support.train\n  validate = support.holdout\n"
        "  target trl { method = sft  adapter = lora(rank: 16, alpha: 32) }\n}",
    ),
)
