"""One training run through TRL: rows, model, loop. Runs in the worker."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ftdsl.training.local.checkpoints import latest_whole
from ftdsl.training.local.compact_head import use_compact_head
from ftdsl.training.local.conversion import WHOLE, convert_gguf
from ftdsl.training.local.finishing import finish
from ftdsl.training.local.job import Begun, Event, Halted, Job, Lengths, Phase, Settings
from ftdsl.training.local.memory import Shape, available_bytes, estimated_bytes
from ftdsl.training.local.methods import METHODS, load_model, trainer_of
from ftdsl.training.local.ranks import rank
from ftdsl.training.local.refusal import CannotTrain
from ftdsl.training.local.tokens import Encoded, NoMarks
from ftdsl.training.local.watch import Watch, callbacks

Tell = Callable[[Event], None]

_GB = 1e9
_FLOAT_BYTES, _QUANTIZED_BYTES = 4.0, 0.6  # of one weight: NF4 and its scales
_LOOK = 0.2  # seconds between two looks at a conversion that another process makes


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
    _assert_fits(model, rows.sizes, job.settings)
    tell(Phase(text="loading the model"))
    watch = Watch(tell, asked_to_stop)
    checkpoint = latest_whole(job.work, tidy=rank() == 0)
    trainer = _trainer(job, folder, tokenizer, rows, validation, watch)
    # A run that goes on has the loss before its first step in the log already.
    trainer.args.eval_on_start = validation is not None and checkpoint is None
    start = int(checkpoint.name.rpartition("-")[2]) if checkpoint else 0
    tell(Begun(step=start, steps=_steps(job.settings, rows.lengths.rows)))
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
    if rank() == 0:
        tell(finish(job, trainer, tokenizer, folder, rows.lengths.tokens, start))


def _weights_folder(job: Job, tell: Tell) -> Path:
    if job.converted is None:
        return job.base
    if rank() > 0:
        while not (job.converted / WHOLE).is_file():
            time.sleep(_LOOK)
        return job.converted
    if not job.converted.is_dir():
        tell(Phase(text="converting the base model, once"))
    try:
        convert_gguf(job.base, job.converted, job.tokenizer)
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


def _encode(job: Job, tokenizer: Any, tell: Tell) -> tuple[Encoded, Encoded | None]:
    from transformers.utils import chat_template_utils

    encode = METHODS[job.settings.method].encode
    try:
        rows = encode(tokenizer, job.rows, "data", job.settings)
        tell(_assert_something(rows.lengths, job))
        if job.validation is None:
            return rows, None
        validation = encode(tokenizer, job.validation, "validate", job.settings)
        tell(_assert_something(validation.lengths, job))
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


def _assert_fits(model: Any, sizes: list[tuple[int, int]], settings: Settings) -> None:
    batch, adapter = settings.batch_size, settings.adapter
    longest = max(length for length, _ in sizes)
    learned = sorted((count for _, count in sizes), reverse=True)
    config, parameters = model.config.get_text_config(), model.num_parameters()
    reference = METHODS[settings.method].reference
    frozen, trained = parameters, parameters
    if adapter is None:
        frozen = parameters if reference else 0
    else:
        trained = adapter.rank * sum(sum(p.shape) for p in model.parameters() if p.dim() == 2)
    shape = Shape(
        frozen=frozen,
        trained=trained,
        layers=config.num_hidden_layers,
        hidden=config.hidden_size,
        vocabulary=config.vocab_size,
        tokens=longest * min(batch, len(sizes)) * (1 if settings.method == "sft" else 2),
        learned=sum(learned[:batch]),
        width=_QUANTIZED_BYTES if adapter is not None and adapter.quantized else _FLOAT_BYTES,
    )
    need, have = estimated_bytes(shape) * settings.processes, available_bytes()
    if have is not None and need > have:
        raise CannotTrain(
            "FT606",
            f"training would take about {need / _GB:.1f} GB of memory, and {have / _GB:.1f} GB are "
            "free",
            "lower `batch_size` (and raise `accumulation` by as much) or `max_length`",
        )


def _trainer(
    job: Job, folder: Path, tokenizer: Any, rows: Encoded, validation: Encoded | None, watch: Watch
) -> Any:
    from transformers.trainer_callback import PrinterCallback

    trainer = trainer_of(
        job,
        lambda: load_model(folder, job.settings),
        tokenizer,
        rows.dataset,
        validation.dataset if validation is not None else None,
    )
    trainer.remove_callback(PrinterCallback)
    for callback in callbacks(watch, job.settings):
        trainer.add_callback(callback)
    plain = job.settings.method == "sft" and not job.settings.packing
    if plain and trainer.args.device.type == "cpu":
        whole = trainer.model
        use_compact_head(whole.get_base_model() if job.settings.adapter is not None else whole)
    return trainer


def _steps(settings: Settings, rows: int) -> int:
    """Optimizer steps of the whole run, as the trainer counts them."""
    if settings.max_steps:
        return settings.max_steps
    batches = math.ceil(rows / (settings.batch_size * settings.processes))
    return math.ceil(max(1, math.ceil(batches / settings.accumulation)) * settings.n_epochs)
