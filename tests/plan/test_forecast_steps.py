"""Which checks are asked to foretell training, and what makes them run again for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftdsl.language.analyze import analyze
from ftdsl.plan.blocks import Locked, build_steps
from ftdsl.plan.steps import CheckStep

SPEC = """ftspec 1

dataset d {
  schema = chat
  source = jsonl("d.jsonl")
}

check d { rule one { each must %s } }
"""
TRAIN = """
train t {
  data = d
  validate = none
  unvalidated = "a first try"
  target openai { model = "gpt-4.1-mini-2025-04-14"  budget = $40 }
}
"""


@pytest.mark.parametrize(
    ("rule", "train", "forecast"),
    [
        ('reply.text != ""', "", False),
        ("tokens(reply.text) < 9", "", False),
        ("tokens(row) < 9", "", True),
        ("trainable_tokens(row, max_length: 64) > 0", "", True),
        ('reply.text != ""', TRAIN, True),
    ],
)
def test_who_asks(tmp_path: Path, rule: str, train: str, forecast: bool) -> None:
    (tmp_path / "s.ftspec").write_text(SPEC % rule + train)
    found = analyze(tmp_path / "s.ftspec", tmp_path)
    assert found.program is not None, found.diagnostics
    steps = build_steps(found.program, Locked({}, {}))
    check = next(one for one in steps if isinstance(one, CheckStep))
    assert check.forecast is forecast
    assert len(check.trains) == bool(train)
