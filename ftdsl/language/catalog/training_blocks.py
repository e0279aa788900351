"""Blocks that train models, and the settings of each training target."""

from __future__ import annotations

from ftdsl.language.catalog.entry import BlockEntry, SettingEntry

_TRL = (
    SettingEntry(
        "method", "choice", "training objective", default="sft", choices=("sft",), required=True
    ),
    SettingEntry(
        "adapter",
        "call:lora",
        "low-rank adapters, or `none` to train all weights",
        default="none",
        choices=("none",),
    ),
    SettingEntry(
        "learning_rate", "float", "peak learning rate", default=2e-4, minimum=1e-9, maximum=1
    ),
    SettingEntry(
        "n_epochs", "float", "passes over the data", default=3, minimum=0.001, maximum=1000
    ),
    SettingEntry("max_steps", "int", "optimizer steps; wins over n_epochs", minimum=1, maximum=1e9),
    SettingEntry("batch_size", "int", "rows a forward pass", default=8, minimum=1, maximum=65_536),
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
    SettingEntry("template", "path", "chat template file; the base model's own when left out"),
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

OF_METHOD: dict[str, tuple[str, ...]] = {
    "dpo": ("beta",),
    "reinforcement": (
        "grader",
        "compute_multiplier",
        "eval_interval",
        "eval_samples",
        "reasoning_effort",
    ),
}
"""Settings that belong to one training objective of ``target openai``."""

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
    BlockEntry(
        "sweep",
        "Trains with every combination of settings and keeps the best.",
        (
            SettingEntry("over", "grid", "settings of the target and their values", required=True),
            SettingEntry("best", "objective", "what the best run has most of", required=True),
        ),
        (),
        "sweep small {\n  over = grid(learning_rate: [1e-4, 2e-4])\n"
        "  best = max(golden.exact.mean)\n}",
        runs=False,
        subject="train",
    ),
)
