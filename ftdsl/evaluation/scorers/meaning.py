"""How like an output is to the text that was wanted, by what both mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ftdsl.embeddings.encoder import encoder
from ftdsl.engine.context import Context
from ftdsl.evaluation.scorers.unscorable import Unscorable

Column = Sequence[str | None]


def embedding_similarity(
    outputs: Column, expected: Column, embeddings: Sequence[str], context: Context
) -> list[float | Unscorable]:
    """Cosine of the two sentence embeddings of each case, 0 where it is negative. Raises Refused
    (FT435-FT437)."""
    made = encoder(embeddings[0], context)
    ours = made.vectors([one or "" for one in outputs])
    theirs = made.vectors([one or "" for one in expected])
    cosines = (ours * theirs).sum(axis=1)
    return [
        Unscorable("the expected text is empty")
        if wanted is not None and not wanted.strip()
        else min(1.0, max(0.0, float(cosine)))
        for wanted, cosine in zip(expected, cosines, strict=True)
    ]


COLUMN_SCORERS: Mapping[str, Callable[..., list[float | Unscorable]]] = {
    "embedding_similarity": embedding_similarity
}
"""Scorers that are given all cases at once and the step's context: a model is behind them."""
