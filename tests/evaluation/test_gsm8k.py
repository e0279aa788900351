"""The recorded answers of four models to GSM8K: agreement with their authors, and who is better."""

from __future__ import annotations

import os
from itertools import combinations
from pathlib import Path

import pytest

from benchmarks.gsm8k import MODELS, SOURCE, measure, tables

DATA = Path(os.environ.get("FTDSL_BENCH_DATA", "shared/data"))
PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "gsm8k.md"


@pytest.mark.skipif(not (DATA / SOURCE).is_file(), reason="needs GSM8K in FTDSL_BENCH_DATA")
def test_four_models_are_scored_as_their_authors_did_and_told_apart(tmp_path: Path) -> None:
    found = measure(tmp_path, DATA)
    assert (found.agreed, found.disagreements) == (4 * 1319, ())
    assert set(found.pairs) == {(other, one) for one, other in combinations(MODELS, 2)}
    for one in found.pairs.values():
        assert (one.n, one.method) == (1319, "Tango, paired")
        assert not one.low <= 0 <= one.high  # every pair is told apart
    assert found.selection.chosen == ("m175b_verification",)
    ranks = [one.rank for one in found.selection.contenders]
    assert ranks == [1, 2, 3, 4]
    page = PAGE.read_text(encoding="utf-8")
    for line in tables(found).splitlines():
        assert line in page, "the page tells other figures: run benchmarks.gsm8k"
