"""What one ``drop`` line must be able to tell: which rows are one, and which are alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ftdsl.dedup.join import Floats
from ftdsl.dedup.ragged import Ints
from ftdsl.dedup.sets import Stored
from ftdsl.language.program import DropDef, Expr

# The parts of a row that a drop line compares: one text for each expression after ``on``.
Texts = tuple[str, ...]
Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of classes that are similar enough, and how similar."""

    left: Ints
    right: Ints
    similarity: Floats

    def take(self, chosen: Ints | NDArray[np.bool_]) -> Pairs:
        """These pairs alone: by their numbers, or those that are marked."""
        return Pairs(self.left[chosen], self.right[chosen], self.similarity[chosen])

    def and_back(self) -> Pairs:
        """Each pair from either side."""
        return Pairs(
            np.concatenate([self.left, self.right]),
            np.concatenate([self.right, self.left]),
            np.concatenate([self.similarity, self.similarity]),
        )


def no_pairs() -> Pairs:
    none = np.empty(0, dtype=np.int64)
    return Pairs(none, none, np.empty(0, dtype=np.float64))


def all_pairs(found: Sequence[Pairs]) -> Pairs:
    """The pairs of all parts (one at least), in order."""
    return Pairs(
        np.concatenate([one.left for one in found]),
        np.concatenate([one.right for one in found]),
        np.concatenate([one.similarity for one in found]),
    )


class Index(Protocol):
    """Finds the classes that are similar enough to given ones."""

    @property
    def possible(self) -> NDArray[np.bool_]:
        """For each class, whether another can be similar enough: False only where none is."""
        ...

    def insert(self, classes: Ints) -> None:
        """These classes (each once, never twice) have a row that is kept."""
        ...

    def similar(self, classes: Ints, among: bool) -> Pairs:
        """Pairs of one of ``classes`` (left) and an inserted class (right); with ``among`` also
        the pairs of these, each pair once."""
        ...


class Comparer(Protocol):
    """Takes the texts of a drop line block by block, and makes the index over them.

    Rows whose texts are one and the same for the line are one class; a row that can be nobody's
    duplicate has class -1.
    """

    def add(self, rows: Sequence[Texts]) -> Ints:
        """The class of each row."""
        ...

    def index(self) -> Index:
        """The index over all classes so far."""
        ...

    def __len__(self) -> int:
        """How many classes there are."""
        ...


@runtime_checkable
class ArrayComparer(Comparer, Protocol):
    """A comparer that needs no more of texts than some arrays, which hold wherever they stand."""

    def prepare(self, rows: Sequence[Texts]) -> Arrays:
        """What the texts alone decide."""
        ...

    def take(self, arrays: Arrays, place: Stored | None = None) -> Ints:
        """``add``, for rows that were prepared. ``place``: where ``values`` lie already."""
        ...


@runtime_checkable
class TextComparer(Comparer, Protocol):
    """A comparer that needs the texts, of which some arrays say the same wherever they stand, as
    long as what it ``stands_on`` is the same."""

    def to_keep(self, rows: Sequence[Texts]) -> Arrays:
        """What the texts come to."""
        ...

    def recalled(self, arrays: Arrays) -> Ints:
        """``add``, for rows that came to these arrays."""
        ...

    def stands_on(self) -> bytes:
        """A digest of all else that decides the arrays."""
        ...


@dataclass(slots=True)
class Clause:
    """A drop line when all rows are read. ``classes`` holds the class of every row in file order;
    ``others`` those of the rows of ``against``, or None where rows of the dataset are compared
    with one another. ``count`` is the number of classes."""

    drop: DropDef
    classes: Ints
    others: Ints | None
    index: Index
    count: int


def text_arrays(texts: Iterable[str]) -> Arrays:
    """Texts as they are kept."""
    data = [text.encode("utf-8", "surrogatepass") for text in texts]
    sizes = np.array([len(one) for one in data], dtype=np.int64)
    return {"text": np.frombuffer(b"".join(data), np.uint8), "sizes": sizes}


def arrays_text(arrays: Arrays) -> list[str]:
    """What ``text_arrays`` was given."""
    data, ends = arrays["text"].tobytes(), np.cumsum(arrays["sizes"]).tolist()
    starts = [0, *ends[:-1]]
    return [
        data[start:end].decode("utf-8", "surrogatepass")
        for start, end in zip(starts, ends, strict=False)
    ]


def held_on(drop: DropDef) -> tuple[Expr, ...]:
    """What the line compares of the rows of ``against``."""
    return drop.file_on or drop.on


def label(drop: DropDef) -> str:
    """How reports name the line: ``near on prompt against golden``."""
    method = f"{drop.n}-gram" if drop.method == "ngram" else drop.method
    columns = ", ".join(expr.source or str(expr.value) for expr in drop.on)
    by = f" by {drop.embeddings}" if drop.embeddings else ""
    against = f" against {drop.against}" if drop.against else ""
    stored = f" in index {drop.index}" if drop.index else ""
    return f"{method} on {columns}{by}{against}{stored}"
