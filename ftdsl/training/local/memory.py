"""How much memory a training run will take, and how much there is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_FLOAT = 4  # bytes
_LIBRARIES = 700_000_000  # torch, transformers and the tokenizer, as measured
_KEPT_A_LAYER = 34  # values a token and hidden unit that backward needs (Korthikanti et al. 2022)
_HEAD_COPIES = 3  # logits, their softmax, their gradient
_ADAM = 4  # weight, gradient and two moments


@dataclass(frozen=True, slots=True)
class Shape:
    """What decides the memory of a forward and a backward pass. ``tokens`` are those of one batch
    with its padding; ``learned`` those of them that have a label. ``frozen`` weights are held
    beside the ``trained`` ones, in ``width`` bytes each."""

    frozen: int
    trained: int
    layers: int
    hidden: int
    vocabulary: int
    tokens: int
    learned: int
    width: float = _FLOAT


def estimated_bytes(shape: Shape) -> int:
    """Bytes of resident memory at the peak, in 32-bit floats; within some 30% for decoder models
    of 0.1 to 1 billion parameters. Attention is taken to keep no square matrix."""
    weights = int(shape.frozen * shape.width)
    adapter = shape.trained * _FLOAT * _ADAM
    body = shape.tokens * shape.layers * shape.hidden * _KEPT_A_LAYER * _FLOAT // 2
    head = shape.learned * shape.vocabulary * _FLOAT * _HEAD_COPIES
    return _LIBRARIES + weights + adapter + body + head


def available_bytes(
    meminfo: Path = Path("/proc/meminfo"), group: Path = Path("/sys/fs/cgroup")
) -> int | None:
    """What the system can give without swapping, or the control group's rest if that is less;
    None where neither tells."""
    known = []
    if meminfo.is_file():
        lines = meminfo.read_text(encoding="ascii").splitlines()
        known += [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvail")]
    limit, used = group / "memory.max", group / "memory.current"
    if limit.is_file() and used.is_file():
        most = limit.read_text(encoding="ascii").strip()
        if most.isdigit():
            known.append(int(most) - int(used.read_text(encoding="ascii")))
    return min(known) if known else None
