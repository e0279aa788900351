"""Signatures are datasketch's own, bands reach their recall, and no process disagrees."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import datasketch
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftdsl.dedup.join import Join, prefix_buckets, shared_sets
from ftdsl.dedup.minhash import band_buckets, choose_bands, found_probability, signatures
from ftdsl.dedup.near import NearComparer
from ftdsl.dedup.ragged import Ragged, offsets_of
from ftdsl.dedup.sets import SetStore
from ftdsl.dedup.shingles import shingle_sets
from tests.dedup.oracle import shingles


@given(
    st.lists(st.sets(st.integers(0, 2**64 - 1), min_size=1, max_size=30), min_size=1, max_size=4),
    st.sampled_from([16, 64, 128]),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=50, deadline=None)
def test_signatures_equal_datasketch(sets: list[set[int]], permutations: int, seed: int) -> None:
    rows = [np.array(sorted(one), dtype=np.uint64) for one in sets]
    ragged = Ragged(np.concatenate(rows), offsets_of(np.array([len(row) for row in rows])))
    for mine, row in zip(signatures(ragged, permutations, seed), rows, strict=True):
        peer = datasketch.MinHash(permutations, seed=seed, hashfunc=lambda value: value)
        for value in row.astype(np.uint32).tolist():
            peer.update(value)
        assert np.array_equal(mine, peer.hashvalues)


@pytest.mark.parametrize("similarity", [0.3, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95])
def test_bands_find_a_pair_at_the_threshold(similarity: float) -> None:
    bands = choose_bands(similarity, 128)
    assert bands.count * bands.rows <= 128
    assert bands.recall == found_probability(similarity, bands.count, bands.rows) >= 0.98
    assert found_probability(similarity, 128 // (bands.rows + 1), bands.rows + 1) < 0.995


def test_recall_at_the_threshold_is_as_stated() -> None:
    """2,000 pairs of fresh sets of Jaccard similarity 0.8: 21 bands of 6 find 99.8%."""
    draw = np.random.default_rng(3)
    found = 0
    bands = choose_bands(0.8, 128)
    for _ in range(20):
        rows = []
        for _ in range(100):
            values = draw.integers(0, 2**63, 100, dtype=np.uint64)
            rows += [values[:90], values[10:]]
        sets = Ragged(np.concatenate(rows), offsets_of(np.full(200, 90)))
        buckets = band_buckets(signatures(sets, 128, 1), 200, bands)
        found += sum(
            bool(set(buckets.row(2 * pair)) & set(buckets.row(2 * pair + 1))) for pair in range(100)
        )
    assert found >= 0.99 * 2000
    assert found_probability(0.8, bands.count, bands.rows) == pytest.approx(0.998, abs=0.001)


texts = st.lists(st.text(max_size=40), max_size=8)


@given(texts, st.integers(1, 7))
@settings(max_examples=50, deadline=None)
def test_hashed_shingles_stand_for_the_shingles(some: list[str], width: int) -> None:
    sets = shingle_sets(some, width)
    words = [shingles(text, width) for text in some]
    assert sets.counts.tolist() == [len(one) for one in words]
    for left in range(len(some)):
        for right in range(left):
            common = np.intersect1d(sets.row(left), sets.row(right))
            assert len(common) == len(words[left] & words[right])


@given(st.lists(st.sets(st.integers(0, 40), min_size=1, max_size=12), min_size=2, max_size=12),
       st.sampled_from([0.1, 0.25, 0.5, 0.75, 0.8, 1.0]))  # fmt: skip
@settings(max_examples=50, deadline=None)
def test_the_join_finds_every_pair_and_no_other(sets: list[set[int]], threshold: float) -> None:
    store = SetStore()
    for one in sets:
        row = np.array(sorted(one), dtype=np.uint64) << np.uint64(50)
        store.append(Ragged(row, offsets_of(np.array([len(row)]))))
    shared = shared_sets(store, threshold)
    buckets = prefix_buckets(shared, threshold)
    left, right, found = Join(shared, buckets, threshold).probe(np.arange(len(sets)), True)
    measured = dict(zip(zip(right.tolist(), left.tolist(), strict=True), found.tolist(),
                        strict=True))  # fmt: skip
    exact = {
        (a, b): len(sets[a] & sets[b]) / len(sets[a] | sets[b])
        for b in range(len(sets))
        for a in range(b)
    }
    assert measured == {pair: value for pair, value in exact.items() if value >= threshold}


def test_sets_on_disk_are_those_that_were_kept(tmp_path: Path) -> None:
    draw = random.Random(1)
    sets = [[draw.randrange(2**64) for _ in range(draw.randrange(9))] for _ in range(200)]
    held, spilled = SetStore(), SetStore(folder=tmp_path, held=50)
    for start in range(0, 200, 7):
        some = [np.array(one, dtype=np.uint64) for one in sets[start : start + 7]]
        counts = np.array([len(one) for one in some])
        for store in (held, spilled):
            store.append(Ragged(np.concatenate(some), offsets_of(counts)))
    wanted = np.array([0, 7, 120, 199])
    for store in (held, spilled):
        assert [row.tolist() for row in map(store.take(wanted).row, range(4))] == [
            sets[index] for index in wanted
        ]
        assert store.everything().values.tolist() == [value for one in sets for value in one]
    assert list(tmp_path.iterdir()) == []


# Of the program below: a change of it means that every stored removal may change.
RECORDED = "c75e7b9e53839442387a182e3f937dcea10e64cf176b9304bc683f0822a54595"

_PRINTS_DIGEST = """
import hashlib
from ftdsl.dedup.minhash import signatures
from ftdsl.dedup.shingles import shingle_sets
texts = ["The quick brown fox jumps over the lazy dog", "Straße ﬁne １２", "one", "", "été " * 9]
sets = shingle_sets(texts)
sets = sets.take((sets.counts > 0).nonzero()[0])
print(hashlib.sha256(sets.values.tobytes() + signatures(sets, 32, 7).tobytes()).hexdigest())
"""


@pytest.mark.parametrize("hash_seed", ["0", "12345"])
def test_no_process_disagrees(hash_seed: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PRINTS_DIGEST],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONHASHSEED": hash_seed},
    )
    assert done.stdout.strip() == RECORDED


def test_equal_sets_are_one_class_and_wordless_texts_none() -> None:
    comparer = NearComparer(0.8)
    first = comparer.add([("a b c d e f",), ("…",), ("A, b! c d e f",), ("x",)])
    second = comparer.add([("x!",), ("a b c d e f g",)])
    assert first.tolist() == [0, -1, 0, 1]
    assert second.tolist() == [1, 2]
    assert len(comparer) == 3
