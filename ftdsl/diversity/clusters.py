"""``cluster``: k groups of texts with similar words, or with embeddings of similar meaning.

Two passes. The first counts words and draws a sample of different texts: those of the smallest
salted digests, so that it depends neither on the order of the rows nor on copies. Centres are
fitted to the sample (``kmeans``), numbered by size in it; the second pass puts every row to the
nearest centre. The map shows a part of the sample, and of the rows that dedup dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import blake2b
from heapq import heappush, heappushpop
from typing import Any

import numpy as np

from ftdsl.diagnostics.diagnostic import Span
from ftdsl.diversity.kmeans import fit_centres, nearest
from ftdsl.diversity.labels import typical_words
from ftdsl.diversity.plane import Plane
from ftdsl.embeddings.encoder import Encoder
from ftdsl.language.program import Expr
from ftdsl.privacy.masking import masked
from ftdsl.quality.across.word_vectors import Rarity, Vectors, text_words
from ftdsl.results.coverage import ClusterMap, MapPoint

Encoders = Callable[[str, Span | None], Encoder]

# Different texts that clusters are made from; all rows are then put to the nearest.
SAMPLE = 20_000
# The same by embeddings, which take a thousand times as long.
ENCODED = 5_000
# Texts and dropped rows on the map, and characters that it shows of each.
SHOWN, DROPPED, EXCERPT = 500, 100, 60
# Characters of a text that are kept for its vector.
_KEPT = 4_096

_Text = tuple[int, list[str], str]
"""Negated digest, words, and the beginning of the text."""


class TextSample:
    """At most ``most`` different texts: those of the smallest salted digests."""

    def __init__(self, most: int, seed: int) -> None:
        self.most = most
        self.seed = seed
        self._heap: list[_Text] = []
        self._held: set[int] = set()

    def __len__(self) -> int:
        return len(self._heap)

    def offer(self, words: list[str], text: str) -> None:
        """A text with its words; one that has none is left out."""
        if not words:
            return
        salted = f"{self.seed}:{' '.join(words)}".encode("utf-8", "surrogatepass")
        digest = int.from_bytes(blake2b(salted, digest_size=8).digest(), "big")
        self._hold((-digest, words, text[:_KEPT]))

    def _hold(self, one: _Text) -> None:
        if one[0] in self._held:
            return
        # A heap of negated digests: the largest kept digest is at the top, and goes first.
        if len(self._heap) < self.most:
            heappush(self._heap, one)
            self._held.add(one[0])
        elif one[0] > self._heap[0][0]:
            self._held.add(one[0])
            self._held.discard(heappushpop(self._heap, one)[0])

    def merge(self, texts: Sequence[_Text]) -> None:
        """Take in the ``texts`` of another sample of the same seed."""
        for one in texts:
            self._hold(one)

    def texts(self) -> list[_Text]:
        """In the order of their digests, which is no order of the rows."""
        return sorted(self._heap, key=lambda one: -one[0])


class Clusters:
    """The cluster of each row, by number; ``notes`` names its typical words."""

    passes = 2

    def __init__(self, key: Expr, encoders: Encoders) -> None:
        self.subject = key.args[0]
        self.k = int(str(key.args[1].value))
        seed = int(str(key.args[2].value)) if len(key.args) > 2 else 0
        name = str(key.args[3].value or "") if len(key.args) > 3 else ""
        self._seed = seed
        self._encoder = encoders(name, key.span) if name else None
        self._rarity = Rarity()
        self._sample = TextSample(ENCODED if name else SAMPLE, seed)
        self._dropped = TextSample(DROPPED, seed)
        self._centres: Vectors | None = None
        self._notes: dict[str, str] = {}
        self._shown: tuple[Vectors, list[int], list[str]] | None = None
        self._plane: Plane | None = None

    @property
    def different(self) -> int:
        """Different texts with a word, as far as the sample knows."""
        return len(self._sample)

    def learn(self, values: Sequence[Any]) -> None:
        texts = [value for value in values if value is not None]
        every = [text_words(text) for text in texts]
        self._rarity.add(every)
        for words, text in zip(every, texts, strict=True):
            self._sample.offer(words, text)

    def names(self, values: Sequence[Any]) -> list[str | None]:
        found: list[str | None] = [None] * len(values)
        every = [[] if value is None else text_words(value) for value in values]
        places = [place for place, words in enumerate(every) if words]
        if not places:
            return found
        centres = self._fitted()
        vectors = self._vectors([every[place] for place in places], [values[p] for p in places])
        which, _ = nearest(vectors, centres)
        for place, cluster in zip(places, which.tolist(), strict=True):
            found[place] = str(cluster)
        return found

    def drop(self, values: Sequence[Any]) -> None:
        """Rows that dedup dropped: in no group, and marked on the map."""
        for value in values:
            if value is not None:
                self._dropped.offer(text_words(value), value)

    def dump(self, turn: int) -> Any:
        return self._dropped.texts() if turn else (self._rarity.dump(), self._sample.texts())

    def merge(self, dumped: Any, turn: int) -> None:
        if turn:
            self._dropped.merge(dumped)
            return
        rarity, texts = dumped
        self._rarity.merge(rarity)
        self._sample.merge(texts)

    def found(self, turn: int) -> Any:
        if not turn or not len(self._sample):
            return None
        return self._rarity.dump(), self._fitted()

    def begin(self, found: Any) -> None:
        if found is not None:
            rarity, self._centres = found
            self._rarity.merge(rarity)

    def possible(self) -> tuple[str, ...]:
        return tuple(str(number) for number in range(self.k))

    def notes(self) -> dict[str, str]:
        return self._notes

    def map(self) -> ClusterMap | None:
        """A part of the sample and of the dropped rows in two dimensions; None where nothing was
        clustered."""
        if self._shown is None or self._plane is None or self._centres is None:
            return None
        vectors, which, texts = self._shown
        dropped = self._dropped.texts()
        theirs = self._vectors([one[1] for one in dropped], [one[2] for one in dropped])
        near = nearest(theirs, self._centres)[0].tolist() if dropped else []
        places = self._plane.places(np.concatenate([vectors, theirs]))
        every = [*texts, *(one[2] for one in dropped)]
        points = tuple(
            MapPoint(
                x=x,
                y=y,
                cluster=cluster,
                dropped=number >= len(texts),
                text=masked(" ".join(text[: 4 * EXCERPT].split()), EXCERPT),
            )
            for number, ((x, y), cluster, text) in enumerate(
                zip(places, [*which, *near], every, strict=True)
            )
        )
        return ClusterMap(points=points, texts=len(self._sample), explained=self._plane.explained)

    def _vectors(self, words: Sequence[Sequence[str]], texts: Sequence[str]) -> Vectors:
        if self._encoder is not None:
            return self._encoder.vectors(texts)
        return self._rarity.vectors(words)

    def _fitted(self) -> Vectors:
        if self._centres is None:
            sample = self._sample.texts()
            words, texts = [one[1] for one in sample], [one[2] for one in sample]
            vectors = self._vectors(words, texts)
            self._centres = fit_centres(vectors, self.k, self._seed)
            which = nearest(vectors, self._centres)[0]
            self._notes = typical_words(words, which.tolist(), self._rarity)
            self._plane = Plane(vectors)
            self._shown = (vectors[:SHOWN].copy(), which[:SHOWN].tolist(), texts[:SHOWN])
        return self._centres
