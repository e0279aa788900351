"""A training for ms-swift: ``swift sft``."""

from __future__ import annotations

from ftdsl.interchange.trainers.asked import Asked
from ftdsl.interchange.trainers.config import Config
from ftdsl.interchange.trainers.trl import DTYPES, hugging_face_training


def ms_swift_config(asked: Asked) -> Config:
    """The file of ``swift sft``."""
    config = Config(asked, "sft")
    if asked.method != "sft":
        asked.refuse("method", "only `sft` is exported to it", "export it `--to trl`")
    asked.met("method")
    # It looks for models at ModelScope unless it is told otherwise.
    config.put("base", model=asked.base, use_hf=True)
    _adapter(config)
    _data(config)
    hugging_face_training(config)
    if asked.of("early_stopping") is not None:
        config.put(
            "early_stopping",
            early_stop_interval=asked.of("early_stopping"),
            load_best_model_at_end=True,
            metric_for_best_model="eval_loss",
            greater_is_better=False,
        )
    if asked.of("merge"):
        asked.refuse("merge", "`swift export` merges a checkpoint, which only the run names")
    asked.met("merge")
    config.default("results lie where they are said to", add_version=False)
    return config


def _adapter(config: Config) -> None:
    asked = config.asked
    if asked.adapted:
        config.put(
            "adapter adapter.rank adapter.alpha adapter.dropout adapter.targets",
            tuner_type="lora",
            lora_rank=asked.of("adapter.rank"),
            lora_alpha=asked.of("adapter.alpha"),
            lora_dropout=asked.number("adapter.dropout"),
            target_modules=asked.targets or ["all-linear"],
            quant_method="bnb" if asked.quantized else None,
            quant_bits=4 if asked.quantized else None,
            bnb_4bit_quant_type="nf4" if asked.quantized else None,
            bnb_4bit_use_double_quant=True if asked.quantized else None,
        )
    elif asked.of("adapter") == "none":
        config.put("adapter", tuner_type="full")
    precision = asked.precision
    config.put(
        "precision",
        torch_dtype=DTYPES[asked.held],
        bf16=precision == "bf16",
        fp16=precision == "fp16",
    )


def _data(config: Config) -> None:
    asked, packing = config.asked, bool(config.asked.of("packing"))
    config.put("data", dataset=[asked.written.rows], dataset_shuffle=True, strict=True)
    validation = asked.written.validation
    config.put(
        "validate", val_dataset=[validation] if validation else None, split_dataset_ratio=0.0
    )
    if asked.template is not None:
        asked.refuse(
            "template", "its templates are Python of its own; one from a file it only serves with",
            "leave `template` out, so that it takes the one that it knows for the base model",
        )  # fmt: skip
    config.put("max_length", max_length=asked.of("max_length"), truncation_strategy="right")
    config.put("packing", packing=packing)
    only = bool(asked.of("assistant_only_loss"))
    config.put("assistant_only_loss", loss_scale="default" if only else "all")
