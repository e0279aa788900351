"""TRL itself trains what was exported for it: configuration, rows and chat template together."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.interchange.trainings import exported, project, validated
from tests.training.tiny import write_folder

SETTINGS = """method = sft
    adapter = lora(rank: 4, alpha: 8)
    learning_rate = 1e-2
    max_steps = 6
    batch_size = 4
    accumulation = 2
    max_length = 64
    precision = fp32
    warmup_ratio = 20%
    eval_every = 3
    save_every = 3"""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_trl_trains_an_export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project(tmp_path, SETTINGS))
    write_folder(tmp_path / "weights")
    spec = tmp_path / "a.ftspec"
    spec.write_text(spec.read_text().replace("Qwen/Qwen3-0.6B", "weights"))
    validated()
    assert exported("trl") == 0
    words = ["-W", "ignore", "-m", "trl.scripts.sft", "--config", "train.yaml", "--use_cpu"]
    ran = subprocess.run(
        [sys.executable, *words], cwd=tmp_path / "trl", capture_output=True, text=True,
        env={**os.environ, "HF_HUB_OFFLINE": "1"}, timeout=580,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-3000:]
    made = tmp_path / "trl" / "made"
    state = json.loads((made / "checkpoint-6" / "trainer_state.json").read_text())
    rates = [one["learning_rate"] for one in state["log_history"] if "loss" in one]
    looks = [one["step"] for one in state["log_history"] if "eval_loss" in one]
    # 20% of six steps warm up: two, the first of which begins at nothing.
    assert (state["global_step"], looks, rates[0], max(rates)) == (6, [3, 6], 0.0, 1e-2)
    adapter = json.loads((made / "adapter_config.json").read_text())
    assert (adapter["r"], adapter["lora_alpha"], adapter["task_type"]) == (4, 8, "CAUSAL_LM")
