"""A training for LLaMA-Factory: ``llamafactory-cli train``."""

from __future__ import annotations

import json

from ftdsl.interchange.trainers.asked import Asked
from ftdsl.interchange.trainers.config import Config
from ftdsl.interchange.trainers.trl import hugging_face_training

DATA = "data"
_ROWS, _VALIDATION = "rows", "validation"


def llama_factory_config(asked: Asked) -> Config:
    """Its one configuration file."""
    config = Config(asked, "train")
    if asked.method != "sft":
        asked.refuse("method", "only `sft` is exported to it", "export it `--to trl`")
    config.put("method", stage="sft", do_train=True, do_eval=asked.validated)
    config.put("base", model_name_or_path=asked.base, trust_remote_code=False)
    _adapter(config)
    _data(config)
    _rows(config)
    hugging_face_training(config)
    if asked.warmup_steps is None:
        asked.refuse(
            "warmup_ratio",
            "packing leaves the number of steps open, and it takes steps",
            "set `max_steps`, or `warmup_ratio = 0%`",
        )
    if asked.of("early_stopping") is not None:
        config.put(
            "early_stopping",
            early_stopping_steps=asked.of("early_stopping"),
            load_best_model_at_end=True,
            metric_for_best_model="eval_loss",
            greater_is_better=False,
        )
    if asked.of("merge"):
        asked.refuse("merge", "it merges by a second file, which names a checkpoint")
    asked.met("merge")
    config.default("the loss as a picture is this report's to draw", plot_loss=False)
    return config


def _adapter(config: Config) -> None:
    asked = config.asked
    if asked.adapted:
        targets = asked.targets
        config.put(
            "adapter adapter.rank adapter.alpha adapter.dropout adapter.targets",
            finetuning_type="lora",
            lora_rank=asked.of("adapter.rank"),
            lora_alpha=asked.of("adapter.alpha"),
            lora_dropout=asked.number("adapter.dropout"),
            lora_target="all" if targets is None else ",".join(targets),
            quantization_bit=4 if asked.quantized else None,
            quantization_method="bnb" if asked.quantized else None,
            quantization_type="nf4" if asked.quantized else None,
            double_quantization=True if asked.quantized else None,
        )
    elif asked.of("adapter") == "none":
        config.put("adapter", finetuning_type="full")
    precision = asked.precision
    config.put(
        "precision",
        bf16=precision == "bf16",
        fp16=precision == "fp16",
        pure_bf16=False,
    )


def _data(config: Config) -> None:
    asked = config.asked
    config.put("data", dataset=_ROWS, dataset_dir=DATA)
    config.put("validate", eval_dataset=_VALIDATION if asked.validated else None, val_size=0.0)
    if asked.template is not None:
        asked.refuse(
            "template", "its templates are its own, or are read off the tokenizer's",
            "leave `template` out, so that the base model's own is read off its tokenizer",
        )  # fmt: skip


def _rows(config: Config) -> None:
    asked, packing = config.asked, bool(config.asked.of("packing"))
    config.put("max_length", cutoff_len=asked.of("max_length"))
    asked.differs(
        "max_length",
        "cuts a row that is over `max_length` in its questions and its answers, in proportion; "
        "`target trl` cuts its end",
        "it does not matter where no row is too long: say so with `tokens(row) <= …` in a rule",
    )
    config.put("packing", packing=packing, neat_packing=packing)
    config.put(
        "assistant_only_loss",
        train_on_prompt=not asked.of("assistant_only_loss"),
        mask_history=False,
    )


def dataset_info(validated: bool) -> str:
    """``dataset_info.json``: how the tool reads the files beside it."""
    roles = {
        "role_tag": "role", "content_tag": "content", "user_tag": "user",
        "assistant_tag": "assistant", "system_tag": "system", "observation_tag": "tool",
    }  # fmt: skip
    names = {_ROWS: "train.jsonl"} | ({_VALIDATION: "validation.jsonl"} if validated else {})
    found = {
        name: {
            "file_name": file,
            "formatting": "sharegpt",
            "columns": {"messages": "messages"},
            "tags": roles,
        }
        for name, file in names.items()
    }
    return json.dumps(found, indent=2) + "\n"
