"""Nearest rows by the sentence encoder that the spec names, and by words where it names none."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftdsl.api import analyze
from ftdsl.rounds.learned_rows import vectors_of

SPEC = """ftspec 1

dataset support {
  schema = chat
  source = jsonl("data.jsonl")
}
"""
DEDUP = "dedup support { drop paraphrase on prompt { embeddings = minilm  similarity = 0.95 } }\n"
ROWS = ("My parcel has not arrived yet", "I cannot sign in to my account")
CASES = ("Where is the package that I ordered?", "The login page refuses my password")


@pytest.mark.parametrize("by_meaning", [False, True])
def test_cases_lie_near_the_rows_that_mean_the_same(tmp_path: Path, by_meaning: bool) -> None:
    (tmp_path / ".ftdsl-root").touch()
    (tmp_path / "a.ftspec").write_text(SPEC + (DEDUP if by_meaning else ""))
    seen = analyze(tmp_path / "a.ftspec", root=tmp_path)
    assert seen.program is not None, str(seen)
    rows, cases = vectors_of(seen.program, tmp_path, tmp_path / "out", ROWS, CASES)
    cosines = cases @ rows.T
    if by_meaning:
        assert cosines.argmax(axis=1).tolist() == [0, 1]
        assert cosines[0, 0] > 0.4
    else:
        assert rows.shape[1] == 1024
        assert cosines.max() < 0.4, "they share hardly a word"
