"""Paraphrases by what texts mean: cosines of sentence embeddings, held rows or rows of one set.

Against held rows the threshold comes from a stated share of false flags, as for words
(``paraphrase``); here a row's vector does not depend on the other rows, so that the argument of
that module holds without its exception. Within one set nothing tells honest rows, and a similarity
is given. Memory: 1.5 kB a row that is compared with others (384 dimensions), sixteen bytes a row
that is only held against them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ftdsl.dedup.clause import Arrays, Pairs, Texts, arrays_text, no_pairs, text_arrays
from ftdsl.dedup.join import Floats
from ftdsl.dedup.paraphrase import ParaphraseComparer, Space, calibrating
from ftdsl.dedup.ragged import Ints
from ftdsl.embeddings.encoder import Encoder, Vectors

# Similarities held at once: 64 MB.
_CELLS = 16_000_000
# Cosines are equal that differ by less: a matrix product rounds by its shape, and what is found
# must not depend on how rows were cut into blocks.
_EQUAL = 1e-9


class HeldMeaningComparer(ParaphraseComparer):
    """Held rows as vectors, and the nearest of them for each further row."""

    def __init__(self, similarity: float, false_flags: float, encoder: Encoder) -> None:
        super().__init__(similarity, false_flags)
        self._encoder = encoder
        self._held_vectors: list[Vectors] = []

    def _hold(self, rows: Sequence[Texts]) -> Ints:
        says, vectors = _read(self._encoder, rows)
        classes = self._numbered(says, self.held)
        self._held_vectors.append(vectors)
        self.held += len(vectors)
        return classes

    def stands_on(self) -> bytes:
        return super().stands_on() + self._encoder.files.digest.encode()

    def add(self, rows: Sequence[Texts]) -> Ints:
        says, vectors = _read(self._encoder, rows)
        classes = self._numbered(says, self.held + self.own)
        self._compare(vectors)
        return classes

    def _built(self) -> Space:
        if self._space is None:
            nothing = np.empty((0, self._encoder.size), dtype=np.float32)
            self._space = _Space(np.concatenate([nothing, *self._held_vectors]))
        return self._space


class _Space:
    """The vectors of the held rows, and how others are put beside them."""

    def __init__(self, held: Vectors) -> None:
        self._held = held

    def nearest(self, rows: Vectors) -> Iterator[tuple[Ints, Floats]]:
        for start, end in _portions(len(rows), len(self._held)):
            part = rows[start:end]
            yield _best(_cosines(part, self._held), part, self._held)

    def apart(self) -> Floats:
        chosen = calibrating(len(self._held))
        found: list[Floats] = [np.empty(0)]
        for start, end in _portions(len(chosen), len(self._held)):
            part = chosen[start:end]
            rows = self._held[part]
            products = _cosines(rows, self._held)
            products[np.arange(len(part)), part] = -1
            found.append(_best(products, rows, self._held)[1])
        return np.concatenate(found)


class MeaningComparer:
    """Rows of one set by their vectors: those of one text are one class, blank ones are -1."""

    def __init__(self, similarity: float, encoder: Encoder) -> None:
        self.similarity = similarity
        self._encoder = encoder
        self._classes: dict[str, int] = {}
        self._vectors: list[Vectors] = []

    def __len__(self) -> int:
        return len(self._classes)

    def add(self, rows: Sequence[Texts]) -> Ints:
        texts = [_text(row) for row in rows]
        new = [text for text in dict.fromkeys(texts) if text and text not in self._classes]
        self._vectors.append(self._encoder.vectors(new))
        first = len(self._classes)
        self._classes |= {text: first + place for place, text in enumerate(new)}
        return np.array([self._classes.get(text, -1) for text in texts], dtype=np.int64)

    def stands_on(self) -> bytes:
        """Nothing: a text's vector is kept beside its model."""
        return b""

    def to_keep(self, rows: Sequence[Texts]) -> Arrays:
        return text_arrays(map(_text, rows))

    def recalled(self, arrays: Arrays) -> Ints:
        return self.add([(text,) for text in arrays_text(arrays)])

    def taken(self) -> tuple[list[str], Vectors]:
        """The text and the vector of each class, for ``take``."""
        return list(self._classes), self._all()

    def take(self, taken: tuple[list[str], Vectors]) -> Ints:
        """The class of each text that another one had."""
        texts, vectors = taken
        new = [place for place, text in enumerate(texts) if text not in self._classes]
        first = len(self._classes)
        self._classes |= {texts[place]: first + at for at, place in enumerate(new)}
        self._vectors.append(vectors[new])
        return np.array([self._classes[text] for text in texts], dtype=np.int64)

    def _all(self) -> Vectors:
        nothing = np.empty((0, self._encoder.size), dtype=np.float32)
        return np.concatenate([nothing, *self._vectors])

    def index(self) -> MeaningIndex:
        return MeaningIndex(self._all(), self.similarity)


class MeaningIndex:
    """Which classes have a cosine of ``similarity`` or more, by the products of all pairs that are
    asked for."""

    def __init__(self, vectors: Vectors, similarity: float) -> None:
        self._vectors = vectors
        self._similarity = similarity
        self._known = np.empty_like(vectors)
        self._which = np.empty(len(vectors), dtype=np.int64)
        self._count = 0
        self.possible: NDArray[np.bool_] = np.ones(len(vectors), dtype=np.bool_)

    def insert(self, classes: Ints) -> None:
        """These classes are kept: each once."""
        end = self._count + len(classes)
        self._known[self._count : end] = self._vectors[classes]
        self._which[self._count : end] = classes
        self._count = end

    def similar(self, classes: Ints, among: bool) -> Pairs:
        found = [no_pairs()]
        known, which = self._known[: self._count], self._which[: self._count]
        for start, end in _portions(len(classes), self._count):
            part = classes[start:end]
            found.append(self._above(_cosines(self._vectors[part], known), part, which))
        if among and len(classes):
            own = self._vectors[classes]
            found.append(self._above(np.triu(_cosines(own, own), 1), classes, classes))
        parts = zip(*((one.left, one.right, one.similarity) for one in found), strict=True)
        left, right, similarity = (np.concatenate(part) for part in parts)
        return Pairs(left, right, similarity)

    def _above(self, products: Floats, left: Ints, right: Ints) -> Pairs:
        rows, columns = np.nonzero(products >= self._similarity - _EQUAL)
        left, right = left[rows], right[columns]
        cosines = _exactly(self._vectors[left], self._vectors[right])
        met = cosines >= self._similarity
        return Pairs(left[met], right[met], cosines[met])


def _text(row: Texts) -> str:
    return "\n".join(row).strip()


def _read(encoder: Encoder, rows: Sequence[Texts]) -> tuple[list[bool], Vectors]:
    """Which rows say something, and their vectors."""
    texts = [_text(row) for row in rows]
    return [bool(text) for text in texts], encoder.vectors([text for text in texts if text])


def _portions(rows: int, others: int) -> Iterator[tuple[int, int]]:
    step = max(1, _CELLS // max(1, others))
    for start in range(0, rows, step):
        yield start, min(start + step, rows)


def _cosines(left: Vectors, right: Vectors) -> Floats:
    products: Floats = left.astype(np.float64) @ right.astype(np.float64).T
    return products


def _exactly(left: Vectors, right: Vectors) -> Floats:
    """The cosine of each row with that of the other side, whatever stands beside it."""
    products = np.einsum("ij,ij->i", left.astype(np.float64), right.astype(np.float64))
    found: Floats = np.round(products, 6).clip(-1, 1)
    return found


def _best(products: Floats, rows: Vectors, held: Vectors) -> tuple[Ints, Floats]:
    """The nearest held row of each row, the first of equals, and its cosine."""
    if not products.shape[1]:
        nothing = np.zeros(len(products))
        return nothing.astype(np.int64), nothing
    which = (products >= products.max(axis=1, keepdims=True) - _EQUAL).argmax(axis=1)
    return which, _exactly(rows, held[which])
