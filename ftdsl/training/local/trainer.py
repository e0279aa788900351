"""One training run through TRL: model, adapter, loop, files. Runs in the worker."""

from __future__ import annotations

import hashlib
import math
import resource
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

from ftdsl.training.local.adapter_gguf import NoCounterpart, write_adapter_gguf
from ftdsl.training.local.checkpoints import FOLDER, latest_whole
from ftdsl.training.local.compact_head import use_compact_head
from ftdsl.training.local.conversion import convert_gguf
from ftdsl.training.local.gguf_header import NotGguf
from ftdsl.training.local.job import Begun, Done, Event, Halted, Job, Lengths, Phase, Settings
from ftdsl.training.local.memory import Shape, available_bytes, estimated_bytes
from ftdsl.training.local.tokens import IGNORED, NoMarks, encode
from ftdsl.training.local.watch import Watch, callbacks

Tell = Callable[[Event], None]

_PACKAGES = ("torch", "transformers", "trl", "peft", "accelerate", "datasets", "tokenizers")
_GB = 1e9


class CannotTrain(Exception):
    """A mistake of the spec, its files or the machine; ``code`` is a diagnostic's."""

    def __init__(self, code: str, message: str, help_: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.help = help_


def train(job: Job, tell: Tell, asked_to_stop: Callable[[], bool]) -> None:
    """Do the whole job and tell how it ended. Raises ``CannotTrain``."""
    import torch
    from transformers import set_seed

    torch.set_num_threads(job.threads)
    set_seed(job.settings.seed)
    folder = _weights_folder(job, tell)
    tokenizer = _tokenizer(folder, job)
    tell(Phase(text="tokenizing"))
    rows, validation = _encode(job, tokenizer, tell)
    model = _empty_model(folder)
    _assert_fits(model, rows, job.settings)
    tell(Phase(text="loading the model"))
    watch = Watch(tell, asked_to_stop)
    checkpoint = latest_whole(job.work)
    trainer = _trainer(job, _model(folder, job), tokenizer, rows, validation, watch)
    # A run that goes on has the loss before its first step in the log already.
    trainer.args.eval_on_start = validation is not None and checkpoint is None
    start = int(checkpoint.name.rpartition("-")[2]) if checkpoint else 0
    tell(Begun(step=start, steps=_steps(job.settings, len(rows))))
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if watch.broken is not None:
        raise CannotTrain(
            "FT607",
            f"the loss is not a number any more at step {watch.broken}",
            "lower `learning_rate`, or look for rows or weights that are damaged",
        )
    if watch.halted and trainer.state.global_step < trainer.state.max_steps:
        tell(Halted(step=trainer.state.global_step))
        return
    tell(_finish(job, trainer, tokenizer, start))


def _weights_folder(job: Job, tell: Tell) -> Path:
    if job.converted is None:
        return job.base
    if not job.converted.is_dir():
        tell(Phase(text="converting the base model, once"))
    try:
        convert_gguf(job.base, job.converted)
    except (ValueError, KeyError, NotImplementedError) as error:
        raise CannotTrain(
            "FT602",
            f"the base model `{job.base.name}` cannot be turned into weights to train from: "
            f"{error}",
            "the architectures that transformers reads from GGUF can be used, and any folder with "
            "safetensors",
        ) from error
    return job.converted


def _tokenizer(folder: Path, job: Job) -> Any:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False)
    if job.template is not None:
        tokenizer.chat_template = job.template
    if not tokenizer.chat_template:
        raise CannotTrain(
            "FT603",
            "the base model has no chat template",
            'name one in the target: `template = "chat.jinja"`',
        )
    return tokenizer


def _encode(job: Job, tokenizer: Any, tell: Tell) -> tuple[Any, Any]:
    from transformers.utils import chat_template_utils

    try:
        rows, lengths = encode(tokenizer, job.rows, "data", job.settings)
        tell(_assert_something(lengths, job))
        if job.validation is None:
            return rows, None
        validation, lengths = encode(tokenizer, job.validation, "validate", job.settings)
        tell(_assert_something(lengths, job))
    except NoMarks as error:
        raise CannotTrain(
            "FT603",
            f"{error}, and `assistant_only_loss` learns from what they enclose",
            "put `{% generation %}` before an assistant turn's text and `{% endgeneration %}` "
            "after its end token, or set `assistant_only_loss = false`",
        ) from error
    except chat_template_utils.jinja2.TemplateError as error:
        raise CannotTrain("FT603", f"the chat template fails on a row: {error}") from error
    return rows, validation


def _assert_something(lengths: Lengths, job: Job) -> Lengths:
    if lengths.rows == 0:
        raise CannotTrain(
            "FT609",
            f"`{lengths.split}` has no row with a token to learn from",
            f"of {lengths.mute} rows, {lengths.cut} are longer than `max_length = "
            f"{job.settings.max_length}` tokens (the longest has {lengths.longest})",
        )
    return lengths


def _empty_model(folder: Path) -> Any:
    """The model's shape alone, on the device that has no memory."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    try:
        config = AutoConfig.from_pretrained(str(folder), trust_remote_code=False)
        with torch.device("meta"):
            return AutoModelForCausalLM.from_config(config)
    except (ValueError, KeyError) as error:
        raise CannotTrain("FT602", f"the base is no language model to train: {error}") from error


def _assert_fits(model: Any, rows: Any, settings: Settings) -> None:
    lengths = sorted((len(ids) for ids in rows["input_ids"]), reverse=True)
    learned = sorted(
        (sum(label != IGNORED for label in labels) for labels in rows["labels"]), reverse=True
    )
    config = model.config.get_text_config()
    rank = settings.adapter.rank
    shape = Shape(
        parameters=model.num_parameters(),
        trained=rank * sum(sum(p.shape) for p in model.parameters() if p.dim() == 2),
        layers=config.num_hidden_layers,
        hidden=config.hidden_size,
        vocabulary=config.vocab_size,
        tokens=lengths[0] * min(settings.batch_size, len(lengths)),
        learned=sum(learned[: settings.batch_size]),
    )
    need, have = estimated_bytes(shape), available_bytes()
    if have is not None and need > have:
        raise CannotTrain(
            "FT606",
            f"training would take about {need / _GB:.1f} GB of memory, and {have / _GB:.1f} GB are "
            "free",
            "lower `batch_size` (and raise `accumulation` by as much) or `max_length`",
        )


def _model(folder: Path, job: Job) -> Any:
    import torch
    from transformers import AutoModelForCausalLM

    kinds = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
    on_gpu = torch.cuda.is_available()
    kind = kinds.get(job.settings.precision, torch.bfloat16 if on_gpu else torch.float32)
    return AutoModelForCausalLM.from_pretrained(
        str(folder), dtype=kind, trust_remote_code=False, use_safetensors=True
    )


def _trainer(job: Job, model: Any, tokenizer: Any, rows: Any, validation: Any, watch: Watch) -> Any:
    from peft import LoraConfig
    from transformers.trainer_callback import PrinterCallback
    from trl import SFTTrainer

    adapter = job.settings.adapter
    trainer = SFTTrainer(
        model=model,
        args=_arguments(job, has_validation=validation is not None),
        train_dataset=rows,
        eval_dataset=validation,
        processing_class=tokenizer,
        peft_config=LoraConfig(
            r=adapter.rank,
            lora_alpha=adapter.alpha,
            lora_dropout=adapter.dropout,
            target_modules=adapter.targets,
            task_type="CAUSAL_LM",
        ),
    )
    trainer.remove_callback(PrinterCallback)
    for callback in callbacks(watch, job.settings):
        trainer.add_callback(callback)
    if not job.settings.packing and trainer.args.device.type == "cpu":
        use_compact_head(trainer.model.get_base_model())
    return trainer


def _arguments(job: Job, *, has_validation: bool) -> Any:
    import torch
    from trl import SFTConfig

    chosen = job.settings
    every = chosen.eval_every if chosen.early_stopping else chosen.save_every
    validated = "steps" if chosen.eval_every else "epoch"
    return SFTConfig(
        output_dir=str(job.work / FOLDER),
        num_train_epochs=chosen.n_epochs,
        max_steps=chosen.max_steps or -1,
        per_device_train_batch_size=chosen.batch_size,
        per_device_eval_batch_size=chosen.batch_size,
        gradient_accumulation_steps=chosen.accumulation,
        learning_rate=chosen.learning_rate,
        lr_scheduler_type=chosen.scheduler,
        warmup_steps=chosen.warmup_ratio,
        weight_decay=chosen.weight_decay,
        max_grad_norm=chosen.max_grad_norm,
        max_length=chosen.max_length,
        packing=chosen.packing,
        seed=chosen.seed,
        data_seed=chosen.seed,
        logging_steps=chosen.log_every,
        logging_nan_inf_filter=False,  # a loss that is not a number must be seen
        eval_strategy=validated if has_validation else "no",
        eval_steps=chosen.eval_every,
        save_strategy="steps" if every else "epoch",
        save_steps=every or 500,
        save_total_limit=2,
        load_best_model_at_end=bool(chosen.early_stopping),
        metric_for_best_model="eval_loss" if has_validation else None,
        optim="adamw_torch",
        use_cpu=not torch.cuda.is_available(),
        bf16=False,
        fp16=False,
        report_to=[],
        disable_tqdm=True,
        dataloader_num_workers=0,
        dataloader_pin_memory=False,
    )


def _steps(settings: Settings, rows: int) -> int:
    """Optimizer steps of the whole run, as the trainer counts them."""
    if settings.max_steps:
        return settings.max_steps
    batches = math.ceil(rows / settings.batch_size)
    return math.ceil(max(1, math.ceil(batches / settings.accumulation)) * settings.n_epochs)


def _finish(job: Job, trainer: Any, tokenizer: Any, start: int) -> Done:
    """Write adapter, adapter.gguf, template.jinja and trainer_state.json to the work folder."""
    model, state = trainer.model, trainer.state
    # The folder of this machine means nothing to whoever loads the adapter.
    model.peft_config["default"].base_model_name_or_path = job.base.name
    adapter = job.work / "adapter"
    model.save_pretrained(str(adapter))
    (adapter / "README.md").unlink(missing_ok=True)  # the card stands beside the folder
    (job.work / "template.jinja").write_text(tokenizer.chat_template, encoding="utf-8")
    state.best_model_checkpoint = None  # checkpoints do not outlive the run
    state.save_to_json(str(job.work / "trainer_state.json"))
    has_gguf = False
    if job.converted is not None:
        try:
            write_adapter_gguf(adapter, job.base, job.work / "adapter.gguf")
        except (NoCounterpart, NotGguf) as error:
            raise CannotTrain("FT602", f"the adapter cannot be served: {error}") from error
        has_gguf = True
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    total = sum(p.numel() for p in model.parameters()) - trained
    epochs = float(state.epoch or 0.0)
    return Done(
        steps=state.global_step,
        epochs=epochs,
        tokens=round(epochs * sum(len(ids) for ids in trainer.train_dataset["input_ids"])),
        trained_parameters=trained,
        total_parameters=total,
        history=[_numbers(entry) for entry in state.log_history],
        memory=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        resumed_from=start or None,
        adapter_gguf=has_gguf,
        digests={
            "adapter": _sha256((adapter / "adapter_model.safetensors").read_bytes()),
            "template": _sha256(tokenizer.chat_template.encode()),
            "tokenizer": _sha256(tokenizer.backend_tokenizer.to_str().encode()),
        },
        versions={name: metadata.version(name) for name in _PACKAGES},
    )


def _numbers(entry: dict[str, Any]) -> dict[str, float]:
    return {key: float(value) for key, value in entry.items() if isinstance(value, int | float)}


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
