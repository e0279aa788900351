"""The quickstart, whole: real data, a real model, a real fine-tune, and a gate that it passes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ftdsl.engine.store import Store
from ftdsl.results.models import EvalOutput, GateOutput, TrainOutput

ROOT = Path(__file__).parents[2]
SPEC = "specs/quickstart.ftspec"


def run(project: Path) -> int:
    command = [str(Path(sys.executable).parent / "ftdsl"), "run", SPEC, "-q"]
    environment = {**os.environ, "XDG_CACHE_HOME": str(project / "cache")}
    return subprocess.run(command, cwd=project, env=environment, check=False).returncode


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_the_tuned_model_passes_the_gate_over_its_base(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "specs", tmp_path / "specs")
    (tmp_path / ".ftdsl-root").touch()
    assert run(tmp_path) == 0
    store = Store(tmp_path / ".ftdsl")
    found = {}
    for step in ("train.tool_caller", "eval.calls.base", "eval.calls.tool_caller", "gate.release"):
        stored = store.latest(step)
        assert stored is not None
        found[step] = stored.output
    trained = found["train.tool_caller"]
    assert isinstance(trained, TrainOutput)
    # 399 rows, of which dedup drops 14, the three leaked ones among them.
    assert trained.rows + trained.validation_rows == 385
    held_out = [point.eval_loss for point in trained.curve if point.eval_loss is not None]
    assert held_out[-1] < 0.5 * held_out[0]
    base, tuned = found["eval.calls.base"], found["eval.calls.tool_caller"]
    assert isinstance(base, EvalOutput)
    assert isinstance(tuned, EvalOutput)
    assert base.scores["right_tool"].high < 0.2
    assert tuned.scores["right_tool"].low > 0.6
    assert base.scores["close"].high < tuned.scores["close"].low
    gate = found["gate.release"]
    assert isinstance(gate, GateOutput)
    assert gate.verdict == "pass"
    start = time.monotonic()
    assert run(tmp_path) == 0
    assert time.monotonic() - start < 10, "an unchanged spec ran again"
