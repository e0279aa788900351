"""What ftdsl adds to a training by TRL: wall time, CPU and memory over the same settings.

Both train a LoRA adapter of a small random Llama in a process from its start to its end, one after
the other by turns, so that what else the machine does meets both. That the losses agree is checked:
else one would not do the work of the other.

``python -m benchmarks.training [PAIRS]``
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.processes import Taken, taken

SETTINGS: dict[str, Any] = {
    "method": "sft",
    "adapter": "lora",
    "adapter.rank": 8,
    "adapter.alpha": 16,
    "adapter.dropout": 0.0,
    "adapter.targets": "all-linear",
    "learning_rate": 1e-3,
    "n_epochs": 1.0,
    "max_steps": 60,
    "batch_size": 8,
    "accumulation": 1,
    "max_length": 128,
    "packing": False,
    "assistant_only_loss": True,
    "warmup_ratio": 0.0,
    "scheduler": "linear",
    "weight_decay": 0.0,
    "max_grad_norm": 1.0,
    "seed": 0,
    "log_every": 10,
    "eval_every": 20,
    "save_every": 20,
    "precision": "fp32",
}
_OURS = """
import sys
from pathlib import Path
from benchmarks.training import SETTINGS
from ftdsl.training.step import run_train
from tests.training import tiny
root = Path(sys.argv[1])
run_train(tiny.step(**SETTINGS), tiny.context(root))
"""


def main(pairs: int = 3) -> int:
    """Print the medians and the ratio; 1 where more than 3% is added to the CPU time."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        _prepare(root)
        ours: list[Taken] = []
        theirs: list[Taken] = []
        for number in range(pairs + 1):  # the first pair warms the files
            shutil.rmtree(root / "direct", ignore_errors=True)
            shutil.rmtree(root / ".out", ignore_errors=True)
            both = (_direct(root), _through(root))
            _assert_same(root)
            if number:
                theirs.append(both[0])
                ours.append(both[1])
    print(f"60 steps, {pairs} pairs by turns on {os.cpu_count()} cores; medians")
    for label, found in (("TRL alone", theirs), ("ftdsl", ours)):
        wall, cpu, peak = (
            median(getattr(one, k) for one in found) for k in ("wall", "cpu", "peak")
        )
        print(f"{label:<10} {wall:7.2f} s wall {cpu:7.2f} s CPU {peak / 1e6:7.0f} MB")
    ratios = sorted(one.cpu / other.cpu for one, other in zip(ours, theirs, strict=True))
    walls = sorted(one.wall / other.wall for one, other in zip(ours, theirs, strict=True))
    print(f"ftdsl over TRL, pair by pair: CPU {ratios[0]:.3f} to {ratios[-1]:.3f}, "
          f"median {median(ratios):.3f}; wall median {median(walls):.3f}")  # fmt: skip
    return int(median(ratios) > 1.03)


def _direct(root: Path) -> Taken:
    return _taken([sys.executable, "-m", "benchmarks.trl_direct", str(root)])


def _through(root: Path) -> Taken:
    return _taken([sys.executable, "-c", _OURS, str(root)])


def _taken(command: list[str]) -> Taken:
    offline = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "OMP_NUM_THREADS": "1"}
    found = taken(command, offline | {"OMP_WAIT_POLICY": "PASSIVE"})
    if found.code:
        raise SystemExit(f"{command} ended with {found.code}")
    return found


def _prepare(root: Path) -> None:
    """A Llama of 2.6 million random parameters, and 480 questions with an answer each."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from tests.training import tiny

    tiny.write_folder(root / "base")
    torch.manual_seed(0)
    config = LlamaConfig.from_pretrained(root / "base")
    config.update({"hidden_size": 256, "intermediate_size": 512, "num_hidden_layers": 4})
    config.head_dim = 64
    LlamaForCausalLM(config).save_pretrained(root / "base")
    for name, rows in (("rows", 480), ("held", 32)):
        with (root / f"{name}.jsonl").open("w", encoding="utf-8") as file:
            for number in range(rows):
                asked = f"{name} {number}: what is {number} in words, and what comes after it?"
                said = f"{number} is followed by {number + 1}, and that by {number + 2}."
                turns = [("user", asked), ("assistant", said)]
                row = {"messages": [{"role": role, "content": text} for role, text in turns]}
                file.write(json.dumps(row) + "\n")


def _assert_same(root: Path) -> None:
    theirs = json.loads((root / "direct" / "losses.json").read_text(encoding="utf-8"))
    state = json.loads((root / ".out" / "work" / "trainer_state.json").read_text(encoding="utf-8"))
    ours = [entry["loss"] for entry in state["log_history"] if "loss" in entry]
    if any(abs(a - b) > 0.01 * abs(b) for a, b in zip(ours, theirs, strict=True)):
        raise SystemExit(f"the losses differ: {ours} and {theirs}")


if __name__ == "__main__":
    sys.exit(main(*(int(word) for word in sys.argv[1:2])))
