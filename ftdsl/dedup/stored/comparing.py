"""A near line against what earlier runs stored: the pairs, each verified, and what is stored of it.

The rows of the run's own files are never compared with what an earlier run stored of the same
files: they are being decided anew. Afterwards the index holds of each of these files the rows that
are kept of it now, and no others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ftdsl.data.rows import resolve_files
from ftdsl.dedup.clause import Pairs
from ftdsl.dedup.held import FoundPairs
from ftdsl.dedup.minhash import signatures
from ftdsl.dedup.near import NearComparer
from ftdsl.dedup.ragged import Ints, Ragged
from ftdsl.dedup.stored.index import StoredRow, index_at
from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Context, Refused
from ftdsl.language.program import DropDef
from ftdsl.plan.steps import DedupStep

Found = list[tuple[int, bytes, float, StoredRow]]
"""A set by its place in the block, the class stored that is like it, how similar, and its row."""


def stock_of(step: DedupStep, drop: DropDef, context: Context) -> Stock:
    """The index of a line. Raises Refused (FT431) where the operator named none."""
    if not context.policy.index:
        raise Refused(
            Diagnostic(
                "FT431",
                f'`index = "{drop.index}"` needs an index, and this run was given none',
                drop.span or Span("", 0, 0),
                help="name it on the command line: `--index redis://127.0.0.1:6379`",
            )
        )
    files = resolve_files(step.dataset, context.root)
    paths = frozenset(file.path for file in files)
    return Stock(context.policy.index, drop, step.dataset.name, paths)


@dataclass(frozen=True, slots=True)
class Stock:
    """An index as one step sees it: where it is, the line, and the step's own files."""

    url: str
    drop: DropDef
    dataset: str
    paths: frozenset[str]


def pairs_with(stock: Stock, sets: Ragged, places: Ints) -> Found:
    """What is stored and like one of the sets at these places: a block function."""
    if not len(places):
        return []
    index, drop = index_at(stock.url, stock.drop), stock.drop
    own = sets.take(places)
    near = index.candidates(signatures(own, drop.permutations, drop.seed))
    rows = {
        key: row
        for key, row in index.rows({key for keys in near for key in keys}).items()
        if row.dataset != stock.dataset or row.path not in stock.paths
    }
    others = index.sets(rows)
    found: Found = []
    for at, keys in enumerate(near):
        mine = own.row(at)
        for key in sorted(keys & others.keys()):
            common = len(np.intersect1d(mine, others[key], assume_unique=True))
            similarity = common / (len(mine) + len(others[key]) - common)
            if common and similarity >= drop.similarity:
                found.append((int(places[at]), key, similarity, rows[key]))
    return found


def store(
    stock: Stock, sets: Ragged, places: Ints, keys: Sequence[bytes], rows: Sequence[StoredRow]
) -> None:
    """Store the sets at these places under their keys: a block function."""
    index, drop = index_at(stock.url, stock.drop), stock.drop
    own = sets.take(places)
    if len(own):
        marks = signatures(own, drop.permutations, drop.seed)
        index.store(keys, [own.row(at) for at in range(len(own))], marks, rows)


def settle(stock: Stock, kept: dict[str, set[bytes]]) -> None:
    """Forget what was stored of the step's own files and is not kept of them now."""
    index = index_at(stock.url, stock.drop)
    stored = index.owned(stock.dataset, stock.paths)
    gone = {path: keys - kept.get(path, set()) for path, keys in stored.items()}
    index.forget(stock.dataset, {path: keys for path, keys in gone.items() if keys})


class StoredComparer(NearComparer):
    """The line on one machine: classes as in ``NearComparer``, those stored behind them."""

    def __init__(self, stock: Stock, folder: Path) -> None:
        drop = stock.drop
        super().__init__(
            drop.similarity,
            algorithm="minhash",
            shingle=drop.shingle,
            permutations=drop.permutations,
            seed=drop.seed,
            folder=folder,
        )
        self.stock = stock
        self.stored: list[StoredRow] = []
        index_at(stock.url, drop)  # what is wrong with it is told before any row is read

    def __len__(self) -> int:
        return self.own + len(self.stored)

    @property
    def own(self) -> int:
        """Classes of the dataset's own rows."""
        return len(self._classes)

    def index(self) -> FoundPairs:  # type: ignore[override]
        found: Found = []
        for first, sets in self._blocks():
            for at, key, similarity, row in pairs_with(self.stock, sets, np.arange(len(sets))):
                found.append((first + at, key, similarity, row))
        return self.found_pairs(found)

    def _blocks(self) -> Iterator[tuple[int, Ragged]]:
        first = 0
        for sets in self._sets.blocks():
            yield first, sets
            first += len(sets)

    def found_pairs(self, found: Found) -> FoundPairs:
        """The index over pairs of own classes and stored ones, in the order of their keys."""
        rows = {key: row for _, key, _, row in found}
        number = {key: self.own + at for at, key in enumerate(sorted(rows))}
        self.stored = [rows[key] for key in sorted(rows)]
        left = np.array([at for at, *_ in found], dtype=np.int64)
        right = np.array([number[key] for _, key, *_ in found], dtype=np.int64)
        similarity = np.array([one for _, _, one, _ in found], dtype=np.float64)
        return FoundPairs(Pairs(left, right, similarity), len(self))

    def others(self) -> Ints:
        """The class of each stored row."""
        return np.arange(self.own, len(self), dtype=np.int64)

    def keep(self, rows: dict[int, StoredRow]) -> None:
        """Store these own classes, each with its row, and forget what is no more."""
        keys = [one.tobytes() for one in self.keys()]
        kept: dict[str, set[bytes]] = {}
        for class_, row in rows.items():
            kept.setdefault(row.path, set()).add(keys[class_])
        settle(self.stock, kept)
        for first, sets in self._blocks():
            here = [at for at in range(len(sets)) if first + at in rows]
            chosen = [first + at for at in here]
            store(
                self.stock, sets, np.array(here, dtype=np.int64),
                [keys[one] for one in chosen], [rows[one] for one in chosen],
            )  # fmt: skip
