"""The baseline's text, and how large it may be."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftdsl.engine.context import Refused
from ftdsl.plan.baseline import MOST_ROWS, Baseline, KnownRows, baseline_path, parse, render, write

_DIGEST = st.text("0123456789abcdef", min_size=12, max_size=12)
_NAME = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True)
_KNOWN = st.builds(
    lambda rows, more: KnownRows(
        checked=len(rows) + more, failing=len(rows), rows=tuple(sorted(rows))
    ),
    st.sets(_DIGEST, max_size=5),
    st.integers(0, 10),
)
_RULES = st.dictionaries(_NAME, _KNOWN, min_size=1, max_size=3)
_BASELINES = st.builds(
    lambda found: Baseline(datasets=found), st.dictionaries(_NAME, _RULES, max_size=2)
)


@given(baseline=_BASELINES)
def test_what_is_written_is_read(baseline: Baseline) -> None:
    text = render(baseline)
    assert parse(text.encode(), "x") == baseline
    assert text.isascii()


def test_it_lies_beside_its_spec() -> None:
    assert baseline_path("specs/support.ftspec") == "specs/support.baseline.toml"


def test_ten_thousand_rows_are_small(tmp_path: Path) -> None:
    rows = tuple(f"{n:012x}" for n in range(10_000))
    known = KnownRows(checked=20_000, failing=10_000, rows=rows)
    baseline = Baseline(datasets={"support": {"short": known}})
    assert write(tmp_path, "a.baseline.toml", baseline)
    assert not write(tmp_path, "a.baseline.toml", baseline)
    assert (tmp_path / "a.baseline.toml").stat().st_size < 181_000


@pytest.mark.code("FT379")
def test_too_many_rows_are_refused(tmp_path: Path) -> None:
    rows = tuple(f"{n:012x}" for n in range(MOST_ROWS + 1))
    known = KnownRows(checked=len(rows), failing=len(rows), rows=rows)
    with pytest.raises(Refused) as caught:
        write(tmp_path, "a.baseline.toml", Baseline(datasets={"support": {"short": known}}))
    assert caught.value.diagnostic.code == "FT379"
    assert list(tmp_path.iterdir()) == []
