"""Figures of labels: which measures they are, and which score of an eval has labels."""

from __future__ import annotations

from collections.abc import Sequence

from ftdsl.language.program import ScoreDef

FIGURES = ("macro_f1", "kappa")
_SCORERS = ("exact_match", "choice_match")


def labelled_score(scores: Sequence[ScoreDef]) -> ScoreDef | None:
    """The first score that compares whole texts: its expected texts may be labels."""
    return next((one for one in scores if one.value.value in _SCORERS), None)
