"""A training for ``trl``, the command line of TRL, alone or launched by ``accelerate``."""

from __future__ import annotations

from ftdsl.interchange.trainers.asked import Asked
from ftdsl.interchange.trainers.config import Config
from ftdsl.language.program import Value

FILE, ACCELERATE = "train.yaml", "accelerate.yaml"
DTYPES = {"bf16": "bfloat16", "fp16": "float16", "fp32": "float32"}
MADE = "made"
"""The folder below the export that a trainer leaves its results in."""
_BETA = 0.1
"""What the papers of both methods take, and TRL where it is told nothing."""
_COMMANDS = {"sft": "sft", "dpo": "dpo", "kto": "kto"}


def trl_config(asked: Asked) -> Config:
    """The file of ``trl sft --config``, or of another method's command."""
    command = _COMMANDS.get(asked.method)
    if command is None:
        asked.refuse("method", f"its commands are {', '.join(_COMMANDS)}")
    config = Config(asked, command or "sft")
    asked.met("method")
    _model(config)
    _data(config)
    _length(config)
    hugging_face_training(config)
    if asked.of("early_stopping") is not None:
        asked.refuse("early_stopping", "its command line has no early stopping")
    if asked.of("merge"):
        asked.refuse("merge", "its command line writes the adapter alone")
    asked.met("merge")
    return config


def _model(config: Config) -> None:
    asked = config.asked
    config.put("base", model_name_or_path=asked.base)
    mixed = asked.mixed
    config.put("precision", dtype=DTYPES[asked.held], bf16=mixed == "bf16", fp16=mixed == "fp16")
    if asked.adapted:
        config.put(
            "adapter adapter.rank adapter.alpha adapter.dropout adapter.targets",
            use_peft=True,
            lora_r=asked.of("adapter.rank"),
            lora_alpha=asked.of("adapter.alpha"),
            lora_dropout=asked.number("adapter.dropout"),
            lora_target_modules=asked.targets or ["all-linear"],
            load_in_4bit=True if asked.quantized else None,
            bnb_4bit_quant_type="nf4" if asked.quantized else None,
            use_bnb_nested_quant=True if asked.quantized else None,
        )
    elif asked.of("adapter") == "none":
        config.put("adapter", use_peft=False)
    if asked.template is not None:
        if config.command == "sft":
            config.put("template", chat_template_path=asked.template)
        else:
            asked.refuse("template", f"`trl {config.command}` takes the base model's own")


def _data(config: Config) -> None:
    config.put(
        "data validate",
        dataset_name="data",
        dataset_train_split="train",
        dataset_test_split="validation",
    )


def _length(config: Config) -> None:
    asked = config.asked
    config.put("max_length", max_length=asked.of("max_length"), truncation_mode="keep_start")
    packing = bool(asked.of("packing"))
    if config.command == "sft":
        config.put(
            "assistant_only_loss",
            assistant_only_loss=asked.of("assistant_only_loss"),
            completion_only_loss=False,
        )
        config.put(
            "packing",
            packing=packing,
            packing_strategy="bfd",
            eval_packing=packing,
            padding_free=False,
        )
    else:
        without_sft_settings(asked, config.command)
        _preferences(config)


def _preferences(config: Config) -> None:
    """What `dpo` and `kto` compare the model with, and how."""
    asked = config.asked
    beta = asked.of("beta")
    config.put("beta", beta=_BETA if beta in (None, "auto") else beta)
    if config.command == "dpo":
        config.put(
            "loss label_smoothing",
            loss_type=[asked.of("loss") or "sigmoid"],
            label_smoothing=asked.of("label_smoothing") or 0.0,
        )
    else:
        config.put(
            "desirable_weight undesirable_weight",
            desirable_weight=_or_one(asked.of("desirable_weight")),
            undesirable_weight=_or_one(asked.of("undesirable_weight")),
        )


def _or_one(value: Value) -> Value:
    return 1.0 if value is None else value


def without_sft_settings(asked: Asked, command: str) -> None:
    """Preferences have no mask and no packing: what is asked of them must be what is done."""
    if asked.of("packing"):
        asked.refuse("packing", f"`{command}` learns from pairs, one at a time")
    asked.met("packing", "assistant_only_loss")


def hugging_face_training(config: Config) -> None:
    """The loop of transformers' Trainer, whose names several tools share."""
    asked = config.asked
    batches(config, "per_device_train_batch_size", "per_device_eval_batch_size")
    config.put(
        "n_epochs max_steps",
        num_train_epochs=asked.number("n_epochs"),
        max_steps=asked.of("max_steps") or -1,
    )
    config.put(
        "learning_rate scheduler weight_decay max_grad_norm",
        learning_rate=asked.number("learning_rate"),
        lr_scheduler_type=asked.of("scheduler"),
        weight_decay=asked.number("weight_decay"),
        max_grad_norm=asked.number("max_grad_norm"),
    )
    warmup = asked.warmup_steps
    ratio = asked.number("warmup_ratio")
    config.put("warmup_ratio", warmup_steps=ratio if warmup is None else warmup)
    config.put("seed", seed=asked.of("seed"), data_seed=asked.of("seed"))
    evaluation, saving = asked.evaluation, asked.saving
    config.put("eval_every", eval_strategy=evaluation[0], eval_steps=evaluation[1])
    config.put("save_every", save_strategy=saving[0], save_steps=saving[1], save_total_limit=2)
    config.put("log_every", logging_strategy="steps", logging_steps=asked.of("log_every"))
    defaults(config, optim="adamw_torch", gradient_checkpointing=True, report_to="none",
             output_dir=MADE)  # fmt: skip


def batches(config: Config, train: str, evaluation: str, prefix: str = "") -> None:
    """Rows a pass and passes a step; refused where they cannot be shared out evenly."""
    asked = config.asked
    found = asked.batch
    if asked.of("batch_size") == "auto":
        asked.refuse(
            "batch_size",
            "what fits hangs on the memory of the machine that it runs on",
            "write a number; `ftdsl plan` shows what `auto` came to here",
        )
        asked.met("accumulation", "processes")
        return
    if found is None:
        rows = f"{asked.number('batch_size') * asked.number('accumulation') * asked.processes:.0f}"
        asked.refuse(
            "batch_size",
            f"{rows} rows a step cannot be shared out to {asked.machines.world} processes",
            "choose a multiple, or another number of `--gpus` and `--nodes`",
        )
        asked.met("accumulation", "processes")
        return
    config.put(
        "batch_size accumulation processes",
        **{train: found[0], evaluation: found[0], f"{prefix}gradient_accumulation_steps": found[1]},
    )


def defaults(config: Config, **more: object) -> None:
    """What the spec leaves to the language, and what trainers set differently."""
    config.default(
        "the same wherever it is trained", adam_beta1=0.9, adam_beta2=0.999, adam_epsilon=1e-8,
        **more,
    )  # fmt: skip


def accelerate_config(asked: Asked) -> Config:
    """The file of ``accelerate launch --config_file``."""
    config = Config(asked, "launch")
    world, nodes = asked.machines.world, asked.machines.nodes
    config.default(
        "how many processes there are",
        compute_environment="LOCAL_MACHINE",
        distributed_type="MULTI_GPU" if world > 1 else "NO",
        num_machines=nodes,
        num_processes=world,
        machine_rank=0,
        main_training_function="main",
        rdzv_backend="static",
        same_network=True,
        use_cpu=False,
        downcast_bf16="no",
        # The weights are loaded in the number format that the training file names.
        mixed_precision="no",
        debug=False,
    )
    return config
