"""How rows are put into groups: by a value, by the range of a quantity, by similar words.

A grouping reads the rows as often as it has ``passes``; in the last it counts. A row without the
value (null, or a text with no word) is in no group, and still counts for the shares. Blocks of rows
are counted apart, each by a grouping of its own, and merged in any order: nothing depends on how
the rows were cut.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from hashlib import blake2b
from heapq import heappush, heappushpop
from itertools import pairwise, product
from math import prod
from typing import Any, Protocol

import orjson

from ftdsl.diversity.kmeans import fit_centres, nearest
from ftdsl.language.program import Expr
from ftdsl.quality.across.word_vectors import Rarity, text_words

# Different texts that clusters are made from; all rows are then put to the nearest.
SAMPLE = 20_000
_TYPICAL = 3


class Grouping(Protocol):
    """``subject`` is the row expression that it reads a column of."""

    passes: int

    @property
    def subject(self) -> Expr: ...

    def add(self, values: Sequence[Any], turn: int) -> None:
        """More rows, in the pass ``turn`` from 0."""
        ...

    def dump(self, turn: int) -> Any:
        """What the rows of the pass ``turn`` came to."""
        ...

    def merge(self, dumped: Any, turn: int) -> None:
        """Take in what another grouping of the same key was given in this pass."""
        ...

    def found(self, turn: int) -> Any:
        """What a grouping that begins with the pass ``turn`` must know of those before it."""
        ...

    def begin(self, found: Any) -> None:
        """Know what another one has ``found``."""
        ...

    def counts(self) -> dict[str, int]:
        """Rows of each group, in the order of reports."""
        ...

    def possible(self) -> tuple[str, ...] | None:
        """All groups there can be; None where the rows decide."""
        ...

    def notes(self) -> dict[str, str]:
        """More about some groups."""
        ...


class _InOnePass:
    """A grouping that needs to know nothing before it counts."""

    passes = 1

    def found(self, turn: int) -> None:
        """Nothing."""

    def begin(self, found: Any) -> None:
        """Nothing to know."""


class Values(_InOnePass):
    """One group for each different value."""

    def __init__(self, key: Expr) -> None:
        self.subject = key
        self._counts: Counter[str] = Counter()

    def add(self, values: Sequence[Any], turn: int) -> None:  # noqa: ARG002
        self._counts.update(_key(value) for value in values if value is not None)

    def dump(self, turn: int) -> dict[str, int]:  # noqa: ARG002
        return dict(self._counts)

    def merge(self, dumped: dict[str, int], turn: int) -> None:  # noqa: ARG002
        self._counts.update(dumped)

    def counts(self) -> dict[str, int]:
        return dict(sorted(self._counts.items(), key=lambda pair: (-pair[1], pair[0])))

    def possible(self) -> None:
        return None

    def notes(self) -> dict[str, str]:
        return {}


def _key(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


class Ranges(_InOnePass):
    """``bucket``: k edges make k + 1 half-open ranges, ``<e1``, ``e1..e2``, …, ``>=ek``."""

    def __init__(self, key: Expr) -> None:
        self.subject = key.args[0]
        self._edges = [float(str(edge.value)) for edge in key.args[1].args]
        shown = [_number(edge) for edge in self._edges]
        between = [f"{low}..{high}" for low, high in pairwise(shown)]
        self._names = (f"<{shown[0]}", *between, f">={shown[-1]}")
        self._counts = [0] * len(self._names)

    def add(self, values: Sequence[Any], turn: int) -> None:  # noqa: ARG002
        for value in values:
            if value is not None:
                self._counts[bisect_right(self._edges, value)] += 1

    def dump(self, turn: int) -> list[int]:  # noqa: ARG002
        return self._counts

    def merge(self, dumped: list[int], turn: int) -> None:  # noqa: ARG002
        self._counts = [one + other for one, other in zip(self._counts, dumped, strict=True)]

    def counts(self) -> dict[str, int]:
        return dict(zip(self._names, self._counts, strict=True))

    def possible(self) -> tuple[str, ...]:
        return self._names

    def notes(self) -> dict[str, str]:
        return {}


def _number(edge: float) -> str:
    return str(int(edge)) if edge.is_integer() else f"{edge:.12g}"


class Clusters:
    """``cluster``: k groups of texts with similar words, numbered by size in the sample.

    Two passes. The first counts words and draws a sample of different texts: those of the smallest
    salted digests, so that it depends neither on the order of the rows nor on copies. Centres are
    fitted to the sample (``kmeans``); the second pass puts every row to the nearest centre.
    """

    passes = 2

    def __init__(self, key: Expr) -> None:
        self.subject = key.args[0]
        self.k = int(str(key.args[1].value))
        self.seed = int(str(key.args[2].value)) if len(key.args) > 2 else 0
        self._rarity = Rarity()
        self._sample: list[tuple[int, list[str]]] = []
        self._held: set[int] = set()
        self._centres: Any = None
        self._notes: dict[str, str] = {}
        self._counts = [0] * self.k

    @property
    def different(self) -> int:
        """Different texts with a word, as far as the sample knows."""
        return len(self._sample)

    def add(self, values: Sequence[Any], turn: int) -> None:
        texts = [[] if value is None else text_words(value) for value in values]
        if turn == 0:
            self._rarity.add(texts)
            for words in texts:
                self._offer(words)
            return
        if self._centres is None:
            self._fit()
        texts = [words for words in texts if words]
        if texts:
            which, _ = nearest(self._rarity.vectors(texts), self._centres)
            for cluster in which.tolist():
                self._counts[cluster] += 1

    def dump(self, turn: int) -> Any:
        return self._counts if turn else (self._rarity.dump(), self._sample)

    def merge(self, dumped: Any, turn: int) -> None:
        if turn:
            self._counts = [one + other for one, other in zip(self._counts, dumped, strict=True)]
            return
        rarity, sample = dumped
        self._rarity.merge(rarity)
        for negated, words in sample:
            self._hold(-negated, words)

    def found(self, turn: int) -> Any:
        if not turn:
            return None
        if self._centres is None and self._sample:
            self._fit()
        return self._rarity.dump(), self._centres

    def begin(self, found: Any) -> None:
        if found is not None:
            rarity, self._centres = found
            self._rarity.merge(rarity)

    def _offer(self, words: list[str]) -> None:
        if not words:
            return
        salted = f"{self.seed}:{' '.join(words)}".encode("utf-8", "surrogatepass")
        self._hold(int.from_bytes(blake2b(salted, digest_size=8).digest(), "big"), words)

    def _hold(self, digest: int, words: list[str]) -> None:
        if digest in self._held:
            return
        # A heap of negated digests: the largest kept digest is at the top, and goes first.
        if len(self._sample) < SAMPLE:
            heappush(self._sample, (-digest, words))
            self._held.add(digest)
        elif digest < -self._sample[0][0]:
            gone, _ = heappushpop(self._sample, (-digest, words))
            self._held.add(digest)
            self._held.discard(-gone)

    def _fit(self) -> None:
        texts = [words for _, words in sorted(self._sample, key=lambda pair: -pair[0])]
        vectors = self._rarity.vectors(texts)
        self._centres = fit_centres(vectors, self.k, self.seed)
        which, _ = nearest(vectors, self._centres)
        self._notes = self._typical(texts, which.tolist())

    def _typical(self, texts: Sequence[Sequence[str]], which: Sequence[int]) -> dict[str, str]:
        """The words that most set a cluster apart: frequent within it, rare elsewhere."""
        within: dict[int, Counter[str]] = {}
        for words, cluster in zip(texts, which, strict=True):
            within.setdefault(cluster, Counter()).update(set(words))
        notes: dict[str, str] = {}
        for cluster, counts in sorted(within.items()):
            frequent = counts.most_common(100)
            frequent.sort(key=lambda pair: (-pair[1] * (self._rarity.rarity(pair[0]) - 1), pair[0]))
            notes[str(cluster)] = ", ".join(word for word, _ in frequent[:_TYPICAL])
        return notes

    def counts(self) -> dict[str, int]:
        return {str(number): count for number, count in enumerate(self._counts)}

    def possible(self) -> tuple[str, ...]:
        return tuple(str(number) for number in range(self.k))

    def notes(self) -> dict[str, str]:
        return self._notes


class Cells(_InOnePass):
    """``cross``: every combination of the values that occur, the emptiest first."""

    def __init__(self, key: Expr) -> None:
        self.subject = Expr("list", key.type, key.args)
        self._counts: Counter[tuple[str, ...]] = Counter()

    def add(self, values: Sequence[Any], turn: int) -> None:  # noqa: ARG002
        for row in values:
            if all(value is not None for value in row):
                self._counts[tuple(_key(value) for value in row)] += 1

    def dump(self, turn: int) -> dict[tuple[str, ...], int]:  # noqa: ARG002
        return dict(self._counts)

    def merge(self, dumped: dict[tuple[str, ...], int], turn: int) -> None:  # noqa: ARG002
        self._counts.update(dumped)

    def cells(self) -> int:
        """How many combinations there are."""
        return prod(len(values) for values in self._values())

    def _values(self) -> list[list[str]]:
        return [sorted(set(column)) for column in zip(*self._counts, strict=True)]

    def counts(self) -> dict[str, int]:
        every = product(*self._values()) if self._counts else ()
        found = [(self._counts[cell], " × ".join(cell)) for cell in every]
        return {name: count for count, name in sorted(found)}

    def possible(self) -> tuple[str, ...]:
        return tuple(self.counts())

    def notes(self) -> dict[str, str]:
        return {}


GROUPS: dict[str, Callable[[Expr], Grouping]] = {
    "bucket": Ranges,
    "cluster": Clusters,
    "cross": Cells,
}
"""The one implementation of every group function in the catalog, by name."""


def grouping(key: Expr) -> Grouping:
    """What ``by KEY`` asks for."""
    made = GROUPS.get(str(key.value)) if key.op == "call" else None
    return Values(key) if made is None else made(key)
