"""Which trainer of TRL learns by which objective, and what it is told. Runs in the worker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftdsl.training.local.checkpoints import FOLDER
from ftdsl.training.local.job import Job, Settings
from ftdsl.training.local.preferences import encode_joined, encode_marked, encode_pairs
from ftdsl.training.local.refusal import CannotTrain
from ftdsl.training.local.tokens import Encode, encode


@dataclass(frozen=True, slots=True)
class Method:
    """How rows are encoded; what trains on them, as trainer and configuration of TRL; what of the
    configuration is this objective's own. With ``reference`` the model as it was takes part."""

    encode: Encode
    classes: Callable[[], tuple[Any, Any]]
    own: Callable[[Settings], dict[str, Any]]
    reference: bool = False


def _sft() -> tuple[Any, Any]:
    from trl import SFTConfig, SFTTrainer

    return SFTTrainer, SFTConfig


def _dpo() -> tuple[Any, Any]:
    from trl import DPOConfig, DPOTrainer

    return _encoded(DPOTrainer), DPOConfig


def _kto() -> tuple[Any, Any]:
    from trl import KTOConfig, KTOTrainer

    return _encoded(KTOTrainer), KTOConfig


def _orpo() -> tuple[Any, Any]:
    from trl.experimental.orpo import ORPOConfig, ORPOTrainer

    def as_it_is(_: Any, row: Any, **__: Any) -> Any:
        return row

    return type("ORPOTrainer", (ORPOTrainer,), {"tokenize_row": as_it_is}), ORPOConfig


def _encoded(trainer: Any) -> Any:
    """The trainer over rows that are encoded already."""

    def as_it_is(_: Any, rows: Any, *__: Any, **___: Any) -> Any:
        return rows

    return type(trainer.__name__, (trainer,), {"_prepare_dataset": as_it_is})


METHODS: dict[str, Method] = {
    "sft": Method(encode, _sft, lambda chosen: {"packing": chosen.packing}),
    "dpo": Method(
        encode_pairs,
        _dpo,
        lambda chosen: {
            "beta": chosen.beta,
            "loss_type": [chosen.loss],
            "label_smoothing": chosen.label_smoothing,
        },
        reference=True,
    ),
    "orpo": Method(
        encode_joined,
        _orpo,
        lambda chosen: {"beta": chosen.beta, "remove_unused_columns": False},
    ),
    "kto": Method(
        encode_marked,
        _kto,
        lambda chosen: {
            "beta": chosen.beta,
            "desirable_weight": chosen.desirable_weight,
            "undesirable_weight": chosen.undesirable_weight,
        },
        reference=True,
    ),
}


def trainer_of(
    job: Job, load: Callable[[], Any], tokenizer: Any, rows: Any, validation: Any
) -> Any:
    """The trainer of ``job``. ``load`` loads the base model; a second time where all weights are
    trained and the model as it was takes part."""
    method, adapter = METHODS[job.settings.method], job.settings.adapter
    trainer, config = method.classes()
    more: dict[str, Any] = {}
    if adapter is not None:
        from peft import LoraConfig

        more["peft_config"] = LoraConfig(
            r=adapter.rank,
            lora_alpha=adapter.alpha,
            lora_dropout=adapter.dropout,
            target_modules=adapter.targets,
            task_type="CAUSAL_LM",
        )
    elif method.reference:
        more["ref_model"] = load()
    arguments = _arguments(job, has_validation=validation is not None)
    return trainer(
        model=load(),
        args=config(**arguments, **method.own(job.settings)),
        train_dataset=rows,
        eval_dataset=validation,
        processing_class=tokenizer,
        **more,
    )


def _arguments(job: Job, *, has_validation: bool) -> dict[str, Any]:
    import torch

    chosen = job.settings
    every = chosen.eval_every if chosen.early_stopping else chosen.save_every
    validated = "steps" if chosen.eval_every else "epoch"
    mixed = mixed_precision(chosen)
    return {
        "output_dir": str(job.work / FOLDER),
        "num_train_epochs": chosen.n_epochs,
        "max_steps": chosen.max_steps or -1,
        "per_device_train_batch_size": chosen.batch_size,
        "per_device_eval_batch_size": chosen.batch_size,
        "gradient_accumulation_steps": chosen.accumulation,
        "learning_rate": chosen.learning_rate,
        "lr_scheduler_type": chosen.scheduler,
        "warmup_steps": chosen.warmup_ratio,
        "weight_decay": chosen.weight_decay,
        "max_grad_norm": chosen.max_grad_norm,
        "max_length": chosen.max_length,
        "seed": chosen.seed,
        "data_seed": chosen.seed,
        "logging_steps": chosen.log_every,
        "logging_nan_inf_filter": False,  # a loss that is not a number must be seen
        "eval_strategy": validated if has_validation else "no",
        "eval_steps": chosen.eval_every,
        "save_strategy": "steps" if every else "epoch",
        "save_steps": every or 500,
        "save_total_limit": 2,
        "load_best_model_at_end": bool(chosen.early_stopping),
        "metric_for_best_model": "eval_loss" if has_validation else None,
        "optim": "adamw_torch",
        "use_cpu": not torch.cuda.is_available(),
        "bf16": mixed == "bf16",
        "fp16": mixed == "fp16",
        "report_to": [],
        "disable_tqdm": True,
        "dataloader_num_workers": 0,
        "dataloader_pin_memory": False,
        "ddp_find_unused_parameters": False,
    }


def mixed_precision(chosen: Settings) -> str:
    """The format that all weights are computed in while they are kept in 32 bits, which small
    updates need: ``bf16``, ``fp16``, or ``""``. Under an adapter the base stands still and is held
    in the format itself."""
    import torch

    if chosen.adapter is not None or chosen.precision == "fp32":
        return ""
    if chosen.precision == "auto":
        return "bf16" if torch.cuda.is_available() else ""
    return chosen.precision


def load_model(folder: Path, chosen: Settings) -> Any:
    """The base as it is trained: safetensors alone, and no code of its folder is run."""
    import torch
    from transformers import AutoModelForCausalLM

    kinds = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
    kind = kinds.get(
        chosen.precision, torch.bfloat16 if torch.cuda.is_available() else torch.float32
    )
    more: dict[str, Any] = {}
    if chosen.adapter is None:
        kind = torch.float32
    elif chosen.adapter.quantized:
        from transformers import BitsAndBytesConfig

        more["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=kind,
        )
    safe: dict[str, Any] = {"trust_remote_code": False, "use_safetensors": True}
    try:
        return AutoModelForCausalLM.from_pretrained(str(folder), dtype=kind, **safe, **more)
    except (ImportError, RuntimeError) as error:
        if not more:
            raise
        raise CannotTrain(
            "FT655",
            f"weights of 4 bits cannot be trained over on this machine: {error}",
            "train with `adapter = lora(…)`, which needs no such library",
        ) from error
