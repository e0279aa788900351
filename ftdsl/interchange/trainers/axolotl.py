"""A training for Axolotl: ``axolotl train``."""

from __future__ import annotations

from typing import Any

from ftdsl.interchange.trainers.asked import Asked
from ftdsl.interchange.trainers.config import Config
from ftdsl.interchange.trainers.trl import MADE, batches, defaults


def axolotl_config(asked: Asked) -> Config:
    """Its one configuration file."""
    config = Config(asked, "train")
    if asked.method != "sft":
        asked.refuse("method", "only `sft` is exported to it", "export it `--to trl`")
    asked.met("method")
    config.put("base", base_model=asked.base)
    _adapter(config)
    _data(config)
    _length(config)
    _loop(config)
    _watching(config)
    asked.met("merge")  # a command of its own, after the training
    return config


def _adapter(config: Config) -> None:
    asked = config.asked
    if asked.adapted:
        targets = asked.targets
        config.put(
            "adapter adapter.rank adapter.alpha adapter.dropout adapter.targets",
            adapter="qlora" if asked.quantized else "lora",
            load_in_4bit=True if asked.quantized else None,
            lora_r=asked.of("adapter.rank"),
            lora_alpha=asked.of("adapter.alpha"),
            lora_dropout=asked.number("adapter.dropout"),
            lora_target_linear=True if targets is None else None,
            lora_target_modules=targets,
        )
    elif asked.of("adapter") == "none":
        asked.met("adapter")  # it trains all weights where no adapter is named
    kinds = {"bf16": (True, False), "fp16": (False, True), "fp32": (False, False)}
    bf16, fp16 = kinds[asked.precision]
    config.put("precision", bf16=bf16, fp16=fp16, tf32=False)
    if asked.mixed:
        asked.differs(
            "precision",
            f"holds all weights in {asked.precision}; here they are kept in 32 bits",
            "set `precision = fp32`, or train an adapter",
        )


def _data(config: Config) -> None:
    asked = config.asked
    only = bool(asked.of("assistant_only_loss"))

    def source(path: str) -> dict[str, Any]:
        found: dict[str, Any] = {
            "path": path,
            "ds_type": "json",
            "split": "train",
            "type": "chat_template",
            "field_messages": "messages",
        }
        if only:
            return found | {"roles_to_train": ["assistant"], "train_on_eos": "turn"}
        return found | {
            "roles_to_train": ["system", "user", "assistant", "tool"], "train_on_eos": "all"
        }  # fmt: skip

    config.put("data", datasets=[source(asked.written.rows)])
    config.put(
        "validate",
        val_set_size=0.0,
        test_datasets=[source(asked.written.validation)] if asked.written.validation else None,
    )
    config.put("assistant_only_loss", train_on_inputs=not only)
    if asked.template is None:
        config.put("template", chat_template="tokenizer_default")
    else:
        config.put("template", chat_template="jinja", chat_template_jinja=asked.template)


def _length(config: Config) -> None:
    asked, packing = config.asked, bool(config.asked.of("packing"))
    config.put("max_length", sequence_len=asked.of("max_length"), excess_length_strategy="truncate")
    config.put(
        "packing",
        sample_packing=packing,
        eval_sample_packing=packing,
        pad_to_sequence_len=packing,
    )


def _loop(config: Config) -> None:
    asked = config.asked
    batches(config, "micro_batch_size", "eval_batch_size")
    config.put(
        "n_epochs max_steps",
        num_epochs=asked.number("n_epochs"),
        max_steps=asked.of("max_steps"),
    )
    config.put(
        "learning_rate scheduler weight_decay max_grad_norm",
        learning_rate=asked.number("learning_rate"),
        lr_scheduler=asked.of("scheduler"),
        weight_decay=asked.number("weight_decay"),
        max_grad_norm=asked.number("max_grad_norm"),
    )
    warmup = asked.warmup_steps
    if warmup is None:
        config.put("warmup_ratio", warmup_ratio=asked.number("warmup_ratio"))
    else:
        config.put("warmup_ratio", warmup_steps=warmup)
    config.put("seed", seed=asked.of("seed"))
    defaults(
        config, optimizer="adamw_torch", gradient_checkpointing=True, strict=False,
        output_dir=MADE, dataset_prepared_path="prepared",
    )  # fmt: skip


def _watching(config: Config) -> None:
    asked = config.asked
    evaluation, saving = asked.evaluation, asked.saving
    config.put("eval_every", eval_strategy=evaluation[0], eval_steps=evaluation[1])
    config.put("save_every", save_strategy=saving[0], save_steps=saving[1], save_total_limit=2)
    config.put("log_every", logging_steps=asked.of("log_every"))
    if asked.of("early_stopping") is not None:
        config.put(
            "early_stopping",
            early_stopping_patience=asked.of("early_stopping"),
            load_best_model_at_end=True,
            metric_for_best_model="eval_loss",
            greater_is_better=False,
        )
