"""``batch_size = auto``: what fits, by the trainer's own estimate, and what is made of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftdsl.language.program import Value
from ftdsl.plan.steps import PreflightStep
from ftdsl.results.preflight import SplitTokens
from ftdsl.training.checking import batch
from ftdsl.training.checking.batch import (
    Model,
    chosen_settings,
    model_of,
    needed,
    resolved_batch,
)
from ftdsl.training.checking.step import run_preflight
from ftdsl.training.local.job import settings_of
from tests.training import tiny

GEMMA = Model(268_098_176, 700_000, 18, 640, 262_144)
LORA: dict[str, Value] = {"method": "sft", "adapter": "lora", "adapter.rank": 8}


def split(longest: int, learned: int, rows: int = 1000) -> SplitTokens:
    return SplitTokens(
        split="data",
        rows=rows,
        left_out=0,
        tokens=rows * longest,
        learned=rows * learned,
        longest_kept=longest,
        most_learned=learned,
    )


@given(st.integers(1, 64), st.integers(2, 4096), st.integers(2, 64))
def test_the_largest_batch_that_fits_and_no_other_number_of_rows(
    times: int, longest: int, gigabytes: int
) -> None:
    settings = {**LORA, "accumulation": times}
    data, have = split(longest, longest // 2), gigabytes * 10**9
    found = resolved_batch(settings, GEMMA, data, have)
    fits = [
        size
        for size in range(1, 8 * times + 1)
        if 8 * times % size == 0 and needed(settings, GEMMA, data, size) * 1.3 <= have
    ]
    if found is None:
        assert not fits
    else:
        assert found.size == max(fits)
        assert found.size * found.accumulation == 8 * times


def test_more_memory_never_makes_it_smaller() -> None:
    data = split(1024, 512)
    sizes = [resolved_batch(LORA, GEMMA, data, have * 10**9) for have in range(2, 80, 3)]
    found = [one.size if one is not None else 0 for one in sizes]
    assert found == sorted(found)
    assert found[0] == 0
    assert found[-1] == 8


def test_what_is_not_known_is_one_row_at_a_time() -> None:
    found = resolved_batch({**LORA, "accumulation": 2}, None, split(64, 8), 10**12)
    assert found is not None
    assert (found.size, found.accumulation) == (1, 16)
    assert "not known" in found.told


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("model")
    tiny.write_folder(place / "base")
    tiny.write_gguf(place / "base", place / "tiny.gguf")
    return place


def test_the_shape_is_read_from_headers(folder: Path) -> None:
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder / "base")
    found = model_of(folder / "base")
    assert found is not None
    assert found.parameters == model.num_parameters()
    assert found.sides == sum(sum(p.shape) for p in model.parameters() if p.dim() == 2)
    assert (found.layers, found.hidden, found.vocabulary) == (2, 64, model.config.vocab_size)
    assert model_of(folder / "tiny.gguf") == found
    (folder / "none").mkdir(exist_ok=True)
    assert model_of(folder / "none") is None


def test_a_preflight_resolves_it_and_the_training_takes_it(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "base", tmp_path / "base")
    tiny.write_rows(tmp_path, 64)
    tiny.write_rows(tmp_path, 30, "held.jsonl")
    training = tiny.step(batch_size="auto", accumulation=2)
    step = PreflightStep(
        id="preflight.tiny", name="tiny", train=training.train, datasets=training.datasets
    )
    output = run_preflight(step, tiny.context(tmp_path))
    assert output.resolved == {"batch_size": "16", "accumulation": "1"}
    assert output.rules["batch_size"].startswith("all of 16 rows a step need about")
    chosen = settings_of(chosen_settings(training, output))
    assert (chosen.batch_size, chosen.accumulation) == (16, 1)
    alone = settings_of(chosen_settings(training, None))
    assert (alone.batch_size, alone.accumulation) == (1, 16)
    stated = tiny.step(batch_size=4)
    assert chosen_settings(stated, output) == dict(stated.train.settings)


@pytest.mark.code("FT692")
def test_a_base_that_is_too_large_is_told_before_it_is_loaded(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "free_bytes", lambda: 10**8)
    step = tiny.step(batch_size="auto")
    check, findings, resolved, _ = batch.batch_check(step, folder / "base", split(64, 8))
    assert check.verdict == "fail"
    assert [one.code for one in findings] == ["FT692"]
    assert resolved == {}
