"""What a training leaves: adapter, whole weights, template, and its own log. Runs in the worker."""

from __future__ import annotations

import hashlib
import resource
from importlib import metadata
from pathlib import Path
from typing import Any

from ftdsl.training.local.adapter_gguf import NoCounterpart, write_adapter_gguf
from ftdsl.training.local.gguf_header import NotGguf
from ftdsl.training.local.job import Done, Job
from ftdsl.training.local.refusal import CannotTrain

ADAPTER, MODEL, MERGED = "adapter", "model", "merged"
_PACKAGES = ("torch", "transformers", "trl", "peft", "accelerate", "datasets", "tokenizers")


def finish(
    job: Job, trainer: Any, tokenizer: Any, folder: Path, row_tokens: int, start: int
) -> Done:
    """Write what was trained to the work folder: adapter/ (and adapter.gguf over a GGUF base) or
    model/, merged/ where it is asked for, template.jinja and trainer_state.json."""
    state = trainer.state
    model = trainer.accelerator.unwrap_model(trainer.model)
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    total = sum(p.numel() for p in model.parameters()) - trained
    (job.work / "template.jinja").write_text(tokenizer.chat_template, encoding="utf-8")
    state.best_model_checkpoint = None  # checkpoints do not outlive the run
    state.save_to_json(str(job.work / "trainer_state.json"))
    digests = {
        "template": _sha256(tokenizer.chat_template.encode()),
        "tokenizer": _sha256(tokenizer.backend_tokenizer.to_str().encode()),
    }
    adapter = weights = ""
    if job.settings.adapter is None:
        weights = MODEL
        digests["weights"] = _whole(model, tokenizer, job.work / MODEL)
    else:
        adapter = ADAPTER
        digests["adapter"] = _adapter(model, job)
    has_gguf = bool(adapter) and job.converted is not None
    if has_gguf:
        _for_llama_cpp(job)
    if adapter and job.settings.merge:
        weights = MERGED
        digests["weights"] = _whole(_merged(model, job, folder), tokenizer, job.work / MERGED)
    epochs = float(state.epoch or 0.0)
    packages = (*_PACKAGES, "bitsandbytes") if _is_quantized(job) else _PACKAGES
    return Done(
        steps=state.global_step,
        epochs=epochs,
        tokens=round(epochs * row_tokens),
        trained_parameters=trained,
        total_parameters=total,
        history=[_numbers(entry) for entry in state.log_history],
        memory=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        resumed_from=start or None,
        adapter=adapter,
        weights=weights,
        adapter_gguf=has_gguf,
        digests=digests,
        versions={name: metadata.version(name) for name in packages},
    )


def _adapter(model: Any, job: Job) -> str:
    """Write the adapter; the digest of its weights."""
    # The folder of this machine means nothing to whoever loads the adapter.
    model.peft_config["default"].base_model_name_or_path = job.base.name
    folder = job.work / ADAPTER
    model.save_pretrained(str(folder))
    (folder / "README.md").unlink(missing_ok=True)  # the card stands beside the folder
    return _sha256((folder / "adapter_model.safetensors").read_bytes())


def _for_llama_cpp(job: Job) -> None:
    try:
        write_adapter_gguf(job.work / ADAPTER, job.base, job.work / "adapter.gguf")
    except (NoCounterpart, NotGguf) as error:
        raise CannotTrain("FT602", f"the adapter cannot be served: {error}") from error


def _merged(model: Any, job: Job, folder: Path) -> Any:
    """The base with the adapter in it. Over 4 bits the sum would be rounded to them, so that the
    base is read again as it is."""
    if not _is_quantized(job):
        return model.merge_and_unload()
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained(
        str(folder), dtype="auto", trust_remote_code=False, use_safetensors=True
    )
    return PeftModel.from_pretrained(base, str(job.work / ADAPTER)).merge_and_unload()


def _is_quantized(job: Job) -> bool:
    return job.settings.adapter is not None and job.settings.adapter.quantized


def _whole(model: Any, tokenizer: Any, folder: Path) -> str:
    """Write whole weights with their tokenizer; the digest of the weight files in order."""
    model.config.name_or_path = ""
    model.save_pretrained(str(folder))
    tokenizer.save_pretrained(str(folder))
    files = sorted(folder.glob("*.safetensors"))
    digests = [hashlib.file_digest(file.open("rb"), "sha256").hexdigest() for file in files]
    return digests[0] if len(digests) == 1 else _sha256("".join(digests).encode())


def _numbers(entry: dict[str, Any]) -> dict[str, float]:
    return {key: float(value) for key, value in entry.items() if isinstance(value, int | float)}


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
