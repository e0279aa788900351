"""The index over sets of which an earlier run knew most: only what is new is joined.

Let a pair be known where an earlier run knew both sets and kept one of them at least: it is in its
list, or the two are not alike. Of any other pair that rows are taken for, one set is fresh: it was
not there, or it was there and is kept now for the first time. Fresh sets are joined with all sets.
A pass over the hashes of all others finds those that have enough of theirs in fresh sets at all,
which are few, and these few are joined with the fresh ones, in full.

Which sets are kept is known when the rows have been taken. So they are taken with what is fresh so
far; if then a set is kept that was not known as kept it is fresh as well, and rows are taken again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ftdsl.dedup.classes import Keys
from ftdsl.dedup.clause import Index, Pairs, all_pairs, no_pairs
from ftdsl.dedup.earlier import MOST_PAIRS, Earlier
from ftdsl.dedup.ragged import Ints, offsets_of, ranges

# Of all sets, one in so many may be fresh: with more the whole join is cheaper. And rounds of
# taking rows before it is made all the same.
_FEW, _ROUNDS = 4, 5
# Classes that an index is asked for at once: some compare each with all others.
_TOGETHER = 512


@runtime_checkable
class Grounds(Protocol):
    """The sets that an index is made over."""

    def __len__(self) -> int:
        """How many there are."""
        ...

    def keys(self) -> Keys:
        """By which equal sets are known."""
        ...

    def touched(self, fresh: Ints) -> Ints:
        """The sets, ascending, that may be similar to one of these (which are among them)."""
        ...

    def index_of(self, classes: Ints | None) -> Index:
        """The index over some of the sets alone, ascending; None: over all."""
        ...


class GrownIndex:
    """An index that knows what ``earlier`` knew."""

    def __init__(self, grounds: Grounds, earlier: Earlier, places: Ints) -> None:
        self._grounds = grounds
        self._earlier_sets = len(earlier.keys)
        count = len(places)
        self._inserted: NDArray[np.bool_] = np.zeros(count, dtype=np.bool_)
        self._known_kept = (places >= 0) & earlier.kept[places]
        self._fresh = places < 0
        self._whole: Index | None = None
        self._rounds = 0
        own = np.full(len(earlier.keys), -1, dtype=np.int64)
        own[places[places >= 0]] = np.flatnonzero(places >= 0)
        left, right = own[earlier.pairs.left], own[earlier.pairs.right]
        known = Pairs(left, right, earlier.pairs.similarity)
        self._pairs = known.take((left >= 0) & (right >= 0)).and_back()
        self._join(np.flatnonzero(self._fresh))

    @classmethod
    def over(cls, grounds: Grounds, earlier: Earlier) -> GrownIndex | None:
        """None where too much is new."""
        places = earlier.places(grounds.keys())
        fresh = int((places < 0).sum())
        return None if _FEW * fresh > len(places) else cls(grounds, earlier, places)

    def _join(self, fresh: Ints) -> None:
        """Add all similar pairs of these sets and any."""
        pairs = self._pairs
        if len(fresh):
            chosen = self._grounds.touched(fresh)
            index = self._grounds.index_of(chosen)
            index.insert(np.arange(len(chosen)))
            found = all_pairs(list(_asked(index, np.searchsorted(chosen, fresh))))
            found = found.take(found.left != found.right)
            more = Pairs(chosen[found.left], chosen[found.right], found.similarity)
            pairs = all_pairs([pairs, more.and_back()])
        _, firsts = np.unique(pairs.left * len(self._fresh) + pairs.right, return_index=True)
        self._pairs = pairs.take(firsts)
        counts = np.bincount(self._pairs.left, minlength=len(self._fresh)).astype(np.int64)
        self._offsets = offsets_of(counts)

    def is_as_before(self, kept: NDArray[np.bool_]) -> bool:
        """Whether all is as the earlier run left it, where now these are kept."""
        gone = self._earlier_sets != len(self._fresh)
        unlike = gone or self._fresh.any() or self._whole is not None
        return not unlike and bool(np.array_equal(self._known_kept, kept))

    @property
    def possible(self) -> NDArray[np.bool_]:
        if self._whole is not None:
            return self._whole.possible
        # One that was not kept may have lost all that it was like, and must be seen to be kept now.
        return (np.diff(self._offsets) > 0) | ~(self._known_kept | self._fresh)

    def insert(self, classes: Ints) -> None:
        if self._whole is not None:
            self._whole.insert(classes)
        self._inserted[classes] = True

    def similar(self, classes: Ints, among: bool) -> Pairs:
        if self._whole is not None:
            return self._whole.similar(classes, among)
        counts = self._offsets[classes + 1] - self._offsets[classes]
        if not counts.any():
            return no_pairs()
        chosen = ranges(self._offsets[classes], counts)
        pairs = self._pairs.take(chosen)
        wanted = self._inserted[pairs.right]
        if among:
            here = np.zeros(len(self._inserted), dtype=np.bool_)
            here[classes] = True
            wanted |= here[pairs.right] & (pairs.left > pairs.right)
        return pairs.take(wanted)

    def is_settled(self) -> bool:
        """Whether all that was needed of the pairs was known. If not it is by now, and all rows
        must be taken again."""
        strange = np.flatnonzero(self._inserted & ~self._known_kept & ~self._fresh)
        if self._whole is not None or not len(strange):
            return True
        self._inserted[:] = False
        self._fresh[strange] = True
        self._rounds += 1
        if self._rounds == _ROUNDS or _FEW * int(self._fresh.sum()) > len(self._fresh):
            self._whole = self._grounds.index_of(None)
        else:
            self._join(strange)
        return False


def found_by(
    index: Index, keys: Keys, kept: NDArray[np.bool_], *, are_apart: bool
) -> Earlier | None:
    """What a later run may know: ``kept`` marks the classes of rows that stay, all of which were
    inserted where another can be similar; ``are_apart`` tells that no two of them are. None where
    that is too much, or nothing new."""
    if isinstance(index, GrownIndex) and index.is_as_before(kept):
        return None
    found = [no_pairs()]
    asked = index.possible & ~kept if are_apart else index.possible
    for pairs in _asked(index, np.flatnonzero(asked)):
        found.append(pairs.take(kept[pairs.right]))
        if sum(len(one.left) for one in found) > MOST_PAIRS:
            return None
    return Earlier.of(keys, kept, all_pairs(found))


def _asked(index: Index, classes: Ints) -> Iterator[Pairs]:
    """The pairs of some classes with those that were inserted."""
    for first in range(0, len(classes), _TOGETHER):
        yield index.similar(classes[first : first + _TOGETHER], among=False)
