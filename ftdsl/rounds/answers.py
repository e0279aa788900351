"""Answers as labels: what a text says, in the terms of the eval that asks for it.

Where few different things are expected, a text's label is the first of them that the eval's own
score finds in it: so a call to the right tool is the right tool, whatever its arguments. Free text
is its own label.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ftdsl.data.rows import Row
from ftdsl.evaluation.scorers import COLUMN_SCORERS, SCORERS, Unscorable
from ftdsl.evaluation.scores import Scoring
from ftdsl.language.program import DatasetDef, ScoreDef
from ftdsl.models.answer import Answer
from ftdsl.quality.expressions import Evaluator
from ftdsl.rounds.evidence import plain

_MOST_LABELS = 20
_CASES_A_LABEL = 3
_HOLDS = 0.5


class Labels:
    """The labels of one eval. ``rows`` are its cases, ``expected`` what each expects."""

    def __init__(
        self,
        score: ScoreDef,
        cases: DatasetDef,
        root: Path,
        rows: Sequence[Row],
        expected: Sequence[str],
    ) -> None:
        self._score = score
        self._scoring = Scoring(Evaluator(cases, root), root)
        first = dict(zip(reversed(expected), reversed(rows), strict=True))
        is_few = len(first) <= _MOST_LABELS and len(rows) >= _CASES_A_LABEL * len(first)
        self._first = first if is_few and "" not in first and _by_text(score) else {}

    @property
    def are_few(self) -> bool:
        """Whether few different things are expected, and the score alone tells which one it is."""
        return bool(self._first)

    def of(self, texts: Sequence[str]) -> list[str]:
        """The label of each text."""
        found = ["" for _ in texts]
        answers = [Answer(text) for text in texts]
        for label, row in sorted(self._first.items()):
            open_ = [at for at, one in enumerate(found) if not one]
            column = self._scoring.column(
                self._score, [row] * len(open_), [answers[at] for at in open_]
            )
            for at, value in zip(open_, column, strict=True):
                if not isinstance(value, Unscorable) and value >= _HOLDS:
                    found[at] = label
        return [one or plain(text) for one, text in zip(found, texts, strict=True)]


def _by_text(score: ScoreDef) -> bool:
    """Whether the score reads nothing of an answer but its text, and asks no model."""
    for part in score.value.walk():
        if part.op == "field" and str(part.value).startswith("output."):
            return False
        if part.op == "call" and part.value in COLUMN_SCORERS:
            return False
    return score.scorer in SCORERS
