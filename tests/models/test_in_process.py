"""Real weights, real generation: a tiny random model, written as transformers writes one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ftdsl.engine.context import Refused
from ftdsl.evaluation.step import run_eval
from ftdsl.language.program import ModelDef, Value
from ftdsl.models.answer import Image, Question, Turn
from ftdsl.models.asking import answer_all
from ftdsl.models.in_process import weights_folder
from ftdsl.models.provision import ready_model
from tests.evaluation.evals import eval_def, eval_step, write_cases
from tests.models.desk import desk
from tests.training.tiny import write_folder


def tiny(**settings: Value) -> ModelDef:
    found: dict[str, Value] = {"path": "tiny", "max_tokens": 8} | settings
    return ModelDef("tiny", "transformers", tuple(sorted(found.items())))


@pytest.mark.code("FT537")
def test_what_is_no_folder_of_safe_weights_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    for place in (tmp_path / "outside", root / "pickled"):
        place.mkdir()
        (place / "config.json").write_text("{}")
        (place / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    for path, why in (
        ("none", "no model folder"),
        ("../outside", "no model folder"),
        ("pickled", "no `.safetensors` weights"),
    ):
        with pytest.raises(Refused, match=why) as refused:
            weights_folder(tiny(path=path), root)
        assert refused.value.diagnostic.code == "FT537"
    (root / "pickled" / "model.safetensors").write_bytes(b"")
    assert weights_folder(tiny(path="pickled"), root) == (root / "pickled").resolve()


@pytest.mark.slow
def test_a_folder_answers_is_cached_and_runs_none_of_its_code(tmp_path: Path) -> None:
    write_folder(tmp_path / "tiny")
    trap = tmp_path / "tiny" / "modeling_trap.py"
    trap.write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    write_cases(tmp_path, [(f"colour {i}", "red") for i in range(3)])
    found = run_eval(eval_step(tiny()), desk(tmp_path))
    assert (found.errors, found.cached) == (0, 0)
    assert all(0 < (case.completion_tokens or 0) <= 8 for case in found.cases)
    assert found.latency["p50"] > 0
    assert found.cost_per_1k == 0
    again = run_eval(eval_step(tiny()), desk(tmp_path))
    assert again.cached == 3
    assert [case.output for case in again.cases] == [case.output for case in found.cases]
    shutil.rmtree(tmp_path / ".cache")
    fresh = run_eval(eval_step(tiny()), desk(tmp_path))
    assert [case.output for case in fresh.cases] == [case.output for case in found.cases]
    timed = eval_step(tiny(), eval_def(temperature=1.0, epochs=2)).model_copy(
        update={"timed": True}
    )
    sampled = run_eval(timed, desk(tmp_path))
    assert sampled.cached == 0
    assert 0 < sampled.first_token["p50"] <= sampled.latency["p50"]
    with ready_model(tiny(), desk(tmp_path)) as model:
        odd = [
            Question("long", (Turn("user", "x" * 5000),)),
            Question("seen", (Turn("user", "", (Image("0" * 64, url="data:image/png;base64,"),)),)),
        ]
        long, seen = answer_all(model, odd, desk(tmp_path))
    assert "are more than the model's" in long.error
    assert "no pictures" in seen.error
    assert not (tmp_path / "ran").exists()
