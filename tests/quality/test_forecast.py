"""What a check foretells of training: rows that are too long, limits of the target, cost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ftdsl.language.program import DatasetDef, SplitDef, TrainDef
from ftdsl.plan.steps import CheckStep
from ftdsl.quality.forecast import auto_epochs
from ftdsl.quality.step import run_check
from ftdsl.reports.forecast import foretold
from ftdsl.results.models import CheckOutput
from tests.data.spec_parts import dataset, write
from tests.quality.stand_in import Run, check

TURNS = '{"role": "user", "content": "q"}, {"role": "assistant", "content": "%s"}'
ROW = f'{{"messages": [{TURNS}]}}\n'
#: Tokens of a row beside its answer's, as OpenAI's cookbook counts them.
BESIDE = 3 + 1 + 1 + 3 + 1 + 3


def sentences(output: CheckOutput) -> list[str]:
    return list(foretold(output.statistics, output.forecasts, output.costs))


def hosted(**settings: Any) -> TrainDef:
    chosen = {"model": "gpt-4.1-mini-2025-04-14", "n_epochs": 2, "budget": 40.0, **settings}
    return TrainDef("t", ("d", None), None, None, "openai", tuple(sorted(chosen.items())))


def local(max_length: int) -> TrainDef:
    return TrainDef("t", ("d", None), None, "m", "trl", (("max_length", max_length),))


def checked(root: Path, lengths: list[int], *trains: TrainDef, of: DatasetDef | None = None) -> Any:
    """The check of rows whose answers have so many words, each one token."""
    write(root, "".join(ROW % " ".join(["the"] * one) for one in lengths).encode())
    step = check(of or dataset())
    step = CheckStep.model_validate({**step.model_dump(), "forecast": True, "trains": trains})
    return run_check(step, Run(root))


def codes(output: CheckOutput) -> list[tuple[str, str]]:
    return [(one.code, one.severity) for one in output.findings]


def test_percentiles_and_defaults(tmp_path: Path) -> None:
    output = checked(tmp_path, [100] * 9 + [600, 1500, 3000])
    assert output.statistics["tokens"]["median"] == 100 + BESIDE
    assert output.statistics["tokens"]["max"] == 3000 + BESIDE
    told = {one.trainer: (one.limit, one.fate, one.over) for one in output.forecasts}
    assert told == {
        "TRL": (1024, "cut", 2),
        "Axolotl": (512, "dropped", 3),
        "LLaMA-Factory": (2048, "cut", 1),
        "Unsloth": (2048, "cut", 1),
    }
    lost = {one.trainer: one.lost_tokens for one in output.forecasts}
    assert lost["TRL"] == 1500 + 3000 + 2 * (BESIDE - 1024)
    assert lost["Axolotl"] == 600 + 1500 + 3000 + 3 * BESIDE
    assert output.verdict == "pass"
    lines = sentences(output)
    assert lines[0] == "tokens a row: median 112, 95th percentile 2,187, longest 3,012"
    assert "TRL by default: 2 of 12 rows over 1,024 tokens are cut" in lines


@pytest.mark.code("FT345")
def test_a_named_training_that_cuts(tmp_path: Path) -> None:
    output = checked(tmp_path, [10] * 9 + [80], local(64))
    assert codes(output) == [("FT345", "warning")]
    assert output.findings[0].message == (
        "1 of 10 rows are longer than 64 tokens: TRL cuts them for `t`, 28 tokens in all"
    )
    assert output.verdict == "pass"
    assert codes(checked(tmp_path, [10] * 9 + [80], local(4096))) == []


@pytest.mark.code("FT344")
def test_too_few_rows_for_a_hosted_training(tmp_path: Path) -> None:
    output = checked(tmp_path, [10] * 9, hosted())
    assert codes(output) == [("FT344", "error")]
    assert output.verdict == "fail"
    assert codes(checked(tmp_path, [10] * 10, hosted())) == []


def test_only_the_rows_of_its_split_count(tmp_path: Path) -> None:
    split = SplitDef("by_hash", "n", (("train", 0.5), ("rest", 0.5)), 1)
    rows = "".join(f'{{"n": "{i}", "messages": [{TURNS % "the"}]}}\n' for i in range(12))
    of = replace(dataset(), split=split)
    write(tmp_path, rows.encode())
    train = replace(hosted(), data=("d", "train"))
    step = CheckStep.model_validate({**check(of).model_dump(), "forecast": True, "trains": [train]})
    output = run_check(step, Run(tmp_path))
    assert output.costs[0].rows == output.splits["train"] < 10
    assert "FT344" in {one.code for one in output.findings}


@pytest.mark.code("FT349")
def test_over_budget(tmp_path: Path) -> None:
    train = hosted(price_per_1m=5.0, budget=0.01)
    output = checked(tmp_path, [100] * 10, train)
    assert codes(output) == [("FT349", "error")]
    bill = output.costs[0]
    assert (bill.tokens, bill.epochs) == (10 * (100 + BESIDE), 2)
    assert bill.money == pytest.approx(10 * 112 * 2 * 5 / 1e6)
    assert output.verdict == "fail"
    assert codes(checked(tmp_path, [100] * 10, hosted(price_per_1m=5.0))) == []


def test_an_unknown_price_is_said_to_be(tmp_path: Path) -> None:
    output = checked(tmp_path, [100] * 10, hosted())
    assert output.costs[0].money is None
    assert "the cost is unknown" in sentences(output)[-1]


def test_a_hosted_model_bills_up_to_its_limit(tmp_path: Path) -> None:
    output = checked(tmp_path, [10] * 9 + [5000], hosted(model="gpt-3.5-turbo-0613"))
    assert codes(output) == [("FT345", "warning")]
    assert output.costs[0].tokens == 9 * (10 + BESIDE) + 4096


@pytest.mark.parametrize(
    ("rows", "epochs"), [(0, 3), (10, 10), (20, 5), (50, 3), (10_000, 2), (50_000, 1), (2, 25)]
)
def test_auto_epochs_are_the_cookbooks(rows: int, epochs: int) -> None:
    assert auto_epochs(rows) == epochs


def test_nothing_is_counted_where_nobody_asks(tmp_path: Path) -> None:
    write(tmp_path, (ROW % "a").encode())
    output = run_check(check(dataset()), Run(tmp_path))
    assert "tokens" not in output.statistics
    assert output.forecasts == output.costs == ()
