"""A training for Oumi: ``oumi train``."""

from __future__ import annotations

from ftdsl.interchange.trainers.asked import Asked
from ftdsl.interchange.trainers.config import Config
from ftdsl.interchange.trainers.trl import DTYPES, MADE, batches


def oumi_config(asked: Asked) -> Config:
    """Its one configuration file."""
    config = Config(asked, "train")
    if asked.method != "sft":
        asked.refuse("method", "only `sft` is exported to it", "export it `--to trl`")
    config.put("base", model__model_name=asked.base, model__trust_remote_code=False)
    config.put(
        "precision",
        model__torch_dtype_str=DTYPES[asked.held],
        training__mixed_precision_dtype=asked.mixed.upper() or "NONE",
    )
    config.put("max_length", model__model_max_length=asked.of("max_length"))
    _template(config)
    _data(config)
    config.put("method", training__trainer_type="TRL_SFT")
    _adapter(config)
    _loop(config)
    _watching(config)
    return config


def _template(config: Config) -> None:
    asked = config.asked
    if asked.template is not None:
        asked.refuse(
            "template", "it takes the name of one of its own templates, and no file",
            "leave `template` out, so that the base model's own is used",
        )  # fmt: skip
    config.put("template", model__chat_template="auto")


def _data(config: Config) -> None:
    asked = config.asked
    only, packing = bool(asked.of("assistant_only_loss")), bool(asked.of("packing"))
    collator = "text_completions_only_with_padding" if only else "text_with_padding"

    def source(path: str) -> list[dict[str, object]]:
        return [{"dataset_name": "text_sft", "dataset_path": path, "shuffle": False}]

    places = {"train": asked.written.rows, "validation": asked.written.validation}
    for split, path in places.items():
        if path is not None:
            keys = {
                f"data.{split}.datasets": source(path),
                f"data.{split}.collator_name": collator,
                f"data.{split}.train_target": "ALL_ASSISTANT_TURNS" if only else None,
                f"data.{split}.pack": packing,
                f"data.{split}.seed": asked.of("seed"),
            }
            config.put("data" if split == "train" else "validate", **keys)
    asked.met("validate", "assistant_only_loss", "packing")
    if packing and only:
        asked.refuse(
            "packing",
            "it packs tokens without the mask, so that the loss would be on the questions too",
            "set `packing = false`",
        )


def _adapter(config: Config) -> None:
    asked = config.asked
    merge = bool(asked.of("merge"))
    asked.met("merge")
    if asked.adapted:
        config.put(
            "adapter adapter.rank adapter.alpha adapter.dropout adapter.targets",
            training__use_peft=True,
            peft__lora_r=asked.of("adapter.rank"),
            peft__lora_alpha=asked.of("adapter.alpha"),
            peft__lora_dropout=asked.number("adapter.dropout"),
            peft__lora_target_modules=asked.targets or ["all-linear"],
            peft__peft_save_mode="MERGED" if merge else "ADAPTER_ONLY",
            peft__q_lora=asked.quantized,
            peft__q_lora_bits=4 if asked.quantized else None,
            peft__bnb_4bit_quant_type="nf4" if asked.quantized else None,
            peft__use_bnb_nested_quant=True if asked.quantized else None,
        )
    elif asked.of("adapter") == "none":
        config.put("adapter", training__use_peft=False)


def _loop(config: Config) -> None:
    asked = config.asked
    names = ("per_device_train_batch_size", "per_device_eval_batch_size")
    train, evaluation = (f"training__{name}" for name in names)
    batches(config, train, evaluation, "training__")
    epochs = asked.number("n_epochs")
    if not epochs.is_integer() and asked.of("max_steps") is None:
        asked.refuse("n_epochs", "it counts whole passes", "set `max_steps`, or whole passes")
    config.put(
        "n_epochs max_steps",
        training__num_train_epochs=max(1, round(epochs)),
        training__max_steps=asked.of("max_steps") or -1,
    )
    config.put(
        "learning_rate scheduler weight_decay max_grad_norm",
        training__learning_rate=asked.number("learning_rate"),
        training__lr_scheduler_type=asked.of("scheduler"),
        training__weight_decay=asked.number("weight_decay"),
        training__max_grad_norm=asked.number("max_grad_norm"),
    )
    warmup = asked.warmup_steps
    if warmup is None:
        config.put("warmup_ratio", training__warmup_ratio=asked.number("warmup_ratio"))
    else:
        config.put("warmup_ratio", training__warmup_steps=warmup)
    config.put("seed", training__seed=asked.of("seed"), training__data_seed=asked.of("seed"))
    config.default(
        "the same wherever it is trained",
        training__optimizer="adamw_torch",
        training__adam_beta1=0.9,
        training__adam_beta2=0.999,
        training__adam_epsilon=1e-8,
        training__enable_gradient_checkpointing=True,
        training__enable_tensorboard=False,
        training__output_dir=MADE,
    )


def _watching(config: Config) -> None:
    asked = config.asked
    evaluation, saving = asked.evaluation, asked.saving
    config.put(
        "eval_every", training__eval_strategy=evaluation[0], training__eval_steps=evaluation[1]
    )
    config.put(
        "save_every",
        training__save_epoch=saving[0] == "epoch",
        training__save_steps=saving[1] or 0,
    )
    config.put(
        "log_every",
        training__logging_strategy="steps",
        training__logging_steps=asked.of("log_every"),
    )
    if asked.of("early_stopping") is not None:
        asked.refuse("early_stopping", "it has no early stopping")
