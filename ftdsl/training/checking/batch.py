"""``batch_size = auto``: as many rows at a time as fit into the memory that is free.

Rows an optimizer step stay 8 times ``accumulation``, as they are where ``batch_size`` is left out,
so that ``auto`` decides memory and speed and nothing of what is learned: the batch is the largest
part of them whose estimate fits with three tenths to spare, and the rest is accumulated.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from ftdsl.language.program import Value
from ftdsl.plan.steps import TrainStep
from ftdsl.results.models import Finding
from ftdsl.results.preflight import PreflightCheck, PreflightOutput, SplitTokens
from ftdsl.training.local.gguf_header import NotGguf, read_header
from ftdsl.training.local.memory import Shape, available_bytes, estimated_bytes

AUTO = "auto"
ROWS = 8
"""Rows a forward pass where nothing is said."""
_SPARE = 1.3
"""The estimate of memory is within some 30%."""
_GB = 1e9
_QUANTIZED, _FLOAT = 0.6, 4.0
_LENGTH = 8
_LARGEST_HEADER = 100 << 20
_PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Model:
    """What of a base decides memory. ``sides`` is the sum of both sides of all matrices, of which
    an adapter trains its rank each."""

    parameters: int
    sides: int
    layers: int
    hidden: int
    vocabulary: int


@dataclass(frozen=True, slots=True)
class Batch:
    """What ``auto`` came to, in what words; ``need`` and ``have`` are bytes."""

    size: int
    accumulation: int
    need: int
    have: int | None
    told: str


def rows_a_step(settings: Mapping[str, Value]) -> int:
    """Rows an optimizer step of one process."""
    times = settings.get("accumulation")
    return ROWS * (times if isinstance(times, int) else 1)


def resolved_batch(
    settings: Mapping[str, Value], model: Model | None, data: SplitTokens, have: int | None
) -> Batch | None:
    """The batch that fits into ``have`` bytes; None where not even one row does. Where the shape of
    the model or the memory is not known it is one row."""
    wanted = rows_a_step(settings)
    if model is None or have is None:
        why = "the model's shape" if model is None else "the free memory"
        return Batch(1, wanted, 0, have, f"one row at a time, since {why} is not known")
    for size in range(wanted, 0, -1):
        need = needed(settings, model, data, size)
        if wanted % size == 0 and need * _SPARE <= have:
            of = "all of" if size == wanted else f"{size} at a time of"
            told = f"{of} {wanted} rows a step need about {need / _GB:.1f} GB"
            told += f", and {have / _GB:.1f} GB are free"
            return Batch(size, wanted // size, need, have, told)
    return None


def needed(settings: Mapping[str, Value], model: Model, data: SplitTokens, size: int) -> int:
    """Bytes that training takes with batches of ``size`` of the longest rows, by the estimate that
    the trainer itself refuses with."""
    adapter, rank = settings.get("adapter"), settings.get("adapter.rank")
    low_rank = adapter in ("lora", "qlora")
    is_pair = settings.get("method", "sft") != "sft"
    trained = (rank if isinstance(rank, int) else 16) * model.sides
    frozen = model.parameters if low_rank or is_pair else 0
    processes = settings.get("processes")
    shape = Shape(
        frozen=frozen,
        trained=trained if low_rank else model.parameters,
        layers=model.layers,
        hidden=model.hidden,
        vocabulary=model.vocabulary,
        tokens=data.longest_kept * min(size, data.rows) * (2 if is_pair else 1),
        learned=data.most_learned * min(size, data.rows),
        width=_QUANTIZED if adapter == "qlora" else _FLOAT,
    )
    return estimated_bytes(shape) * (processes if isinstance(processes, int) else 1)


def batch_check(
    step: TrainStep, base: Path, data: SplitTokens
) -> tuple[PreflightCheck, list[Finding], dict[str, str], dict[str, str]]:
    """The check ``batch``, its findings, and the settings that were resolved with their rules."""
    settings = dict(step.train.settings)
    have = free_bytes()
    if settings.get("batch_size") != AUTO:
        told = f"{settings.get('batch_size')} rows at a time, as stated"
        return PreflightCheck(name="batch", verdict="pass", told=told), [], {}, {}
    found = resolved_batch(settings, model_of(base), data, have)
    if found is None:
        return (*_too_large(step, base, data, have or 0), {}, {})
    values = {"batch_size": str(found.size), "accumulation": str(found.accumulation)}
    check = PreflightCheck(name="batch", verdict="pass", told=found.told)
    return check, [], values, dict.fromkeys(values, found.told)


def _too_large(
    step: TrainStep, base: Path, data: SplitTokens, have: int
) -> tuple[PreflightCheck, list[Finding]]:
    model = model_of(base)
    assert model is not None, "what does not fit is known"
    need = needed(dict(step.train.settings), model, data, 1)
    told = (
        f"one row at a time needs about {need / _GB:.1f} GB, with three tenths to spare "
        f"{need * _SPARE / _GB:.1f} GB, and {have / _GB:.1f} GB are free"
    )
    finding = Finding(
        code="FT692",
        rule="batch",
        message=f"no batch fits: {told}",
        help="lower `max_length`, train an adapter over 4 bits (`adapter = qlora(…)`), or choose "
        "a smaller base",
    )
    return PreflightCheck(name="batch", verdict="fail", told=told), [finding]


def chosen_settings(step: TrainStep, output: object) -> dict[str, Value]:
    """The settings of a training with what its preflight made of ``auto``; without one, one row at
    a time, which fits whatever there is."""
    settings = dict(step.train.settings)
    if settings.get("batch_size") != AUTO:
        return settings
    values = output.resolved if isinstance(output, PreflightOutput) else {}
    size = int(values.get("batch_size", "1"))
    return settings | {"batch_size": size, "accumulation": rows_a_step(settings) // size}


def model_of(base: Path) -> Model | None:
    """The shape of the base at ``base``, by its headers alone; None where they do not tell."""
    try:
        return _of_gguf(base) if base.suffix == ".gguf" else _of_folder(base)
    except (OSError, ValueError, KeyError, TypeError, NotGguf):
        return None


def _of_gguf(file: Path) -> Model:
    header = read_header(file)
    shapes = list(header.shapes.values())
    return Model(
        parameters=sum(map(prod, shapes)),
        sides=sum(sum(one) for one in shapes if len(one) == 2),
        layers=header.number("block_count"),
        hidden=header.number("embedding_length"),
        vocabulary=header.shapes["token_embd.weight"][-1],
    )


def _of_folder(folder: Path) -> Model:
    config: dict[str, Any] = json.loads((folder / "config.json").read_bytes())
    config = config.get("text_config") or config
    shapes = [shape for file in folder.glob("*.safetensors") for shape in _shapes(file)]
    return Model(
        parameters=sum(map(prod, shapes)),
        sides=sum(sum(one) for one in shapes if len(one) == 2),
        layers=int(config["num_hidden_layers"]),
        hidden=int(config["hidden_size"]),
        vocabulary=int(config["vocab_size"]),
    )


def _shapes(file: Path) -> list[list[int]]:
    """The shapes of a safetensors file: its header is JSON behind its length."""
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(_LENGTH), "little")
        if length > _LARGEST_HEADER:
            raise ValueError("a header of that length is damage")
        header = json.loads(stream.read(length))
    return [one["shape"] for name, one in header.items() if name != "__metadata__"]


def free_bytes() -> int | None:
    """What is free of the smallest GPU where there is one, else of the machine's memory."""
    program = shutil.which("nvidia-smi")
    if program is not None:
        asked = [program, "--query-gpu=memory.free", "--format=csv,noheader,nounits"]
        try:
            told = subprocess.run(asked, capture_output=True, timeout=_PATIENCE, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return available_bytes()
        free = [int(one) << 20 for one in told.stdout.split() if one.isdigit()]
        if free:
            return min(free)
    return available_bytes()
