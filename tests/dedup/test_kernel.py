"""The compiled kernel and its NumPy twin: the same bits, and no bad index followed."""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftdsl.dedup import join, kernel, twin, unicode_tables
from ftdsl.dedup.near import NearComparer
from ftdsl.dedup.shingles import normalise, shingle_sets
from tests.dedup.oracle import jaccard, shingles

compiled = kernel.compiled
needs_compiler = pytest.mark.skipif(compiled is None, reason="the kernel is not compiled here")

TABLES = (unicode_tables.words(), *unicode_tables.folds())

WORDS = [
    "a",
    "The",
    "cat",
    "SAT",
    "on",
    "it_2",
    "straße",
    "ﬁne",
    "été",
    "１２",
    "日本語",
    "x" * 9,
    "!",
    "e\u0301",
    "क्षत्रिय",
    "ก\u0e38\u0e48",
    "a\u0300\u0323",
    "\u1100\u1161\u11a8",
    "½㏂",
    "İ",
    "😀",
    "\U0002f81d",
]
texts = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join),
    st.binary(max_size=40).map(lambda some: some.decode("utf-8", "surrogateescape")),
)


@pytest.fixture(autouse=True)
def installed() -> Iterator[None]:
    """Whatever a test chose, the next one gets what is installed."""
    before = kernel.loops()
    yield
    kernel.choose(before)


def _with(
    implementation: kernel.Loops, some: list[str], threshold: float, algorithm: str
) -> object:
    before = kernel.loops()
    kernel.choose(implementation)
    try:
        comparer = NearComparer(threshold, algorithm=algorithm, permutations=32)
        classes = comparer.add([(text,) for text in some])
        found = comparer.index().similar(np.arange(len(comparer)), True)
        sets = shingle_sets(some)
        arrays = (classes, found.left, found.right, found.similarity, sets.values, sets.offsets)
        return tuple((one.dtype, one.tobytes()) for one in arrays)
    finally:
        kernel.choose(before)


@needs_compiler
@given(
    st.lists(texts, max_size=12),
    st.sampled_from([0.1, 0.5, 0.8, 1.0]),
    st.sampled_from(["exact_join", "minhash"]),
)
@settings(max_examples=150, deadline=None)
def test_the_twin_gives_the_same_bits(some: list[str], threshold: float, algorithm: str) -> None:
    assert compiled is not None
    assert _with(compiled, some, threshold, algorithm) == _with(twin, some, threshold, algorithm)


def _variants(rows: int, seed: int) -> list[str]:
    """Texts of which many are alike: copies of a few with words changed."""
    draw = random.Random(seed)
    bases = [[f"w{draw.randrange(400)}" for _ in range(draw.randrange(1, 60))] for _ in range(9)]
    found = []
    for _ in range(rows):
        words = list(draw.choice(bases))
        for _ in range(draw.randrange(4)):
            words[draw.randrange(len(words))] = f"w{draw.randrange(400)}"
        found.append(" ".join(words))
    return found


@needs_compiler
def test_both_find_the_same_sets_touched() -> None:
    assert compiled is not None
    draw = np.random.default_rng(6)
    for _ in range(200):
        counts = draw.integers(0, 30, draw.integers(0, 12))
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        values = draw.integers(0, 2**64, offsets[-1], dtype=np.uint64)
        table = draw.integers(0, 256, 64, dtype=np.uint8) & draw.integers(0, 256, 64, np.uint8)
        needed = draw.integers(0, 20, len(counts)).astype(np.int64)
        sums = np.array([[one.sum(), 0] for one in np.split(values, offsets[1:-1])], np.uint64)
        sums = sums[: len(counts)] + (draw.random((len(counts), 1)) < 0.1).astype(np.uint64)
        for own in (sums.ravel(), sums[:0].ravel()):
            both = [one.touched(values, offsets, needed, own, table, 8) for one in (compiled, twin)]
            assert both[0] == both[1]
            slots = np.split(values >> np.uint64(56), offsets[1:-1])[: len(counts)]
            hits = [
                sum(bool(table[s >> 2] >> (s % 4 * 2) & 3) for s in one.tolist()) for one in slots
            ]
            right = [hit >= need for hit, need in zip(hits, needed.tolist(), strict=True)]
            damaged = [
                len(own) > 0 and one.sum(dtype=np.uint64) != sums[at, 0]
                for at, one in enumerate(np.split(values, offsets[1:-1])[: len(counts)])
            ]
            wanted = [2 if bad else int(ok) for bad, ok in zip(damaged, right, strict=True)]
            assert list(both[0]) == wanted


@pytest.mark.parametrize("implementation", [compiled, twin], ids=["compiled", "twin"])
@pytest.mark.parametrize("folder", [False, True])
def test_all_pairs_are_those_of_brute_force(
    implementation: kernel.Loops | None, folder: bool, tmp_path: Path
) -> None:
    if implementation is None:
        pytest.skip("the kernel is not compiled here")
    kernel.choose(implementation)
    some = _variants(300, 5)
    comparer = NearComparer(0.6, folder=tmp_path if folder else None)
    classes = [comparer.add([(text,) for text in some[at : at + 70]]) for at in range(0, 300, 70)]
    found = comparer.index().similar(np.arange(len(comparer)), True)
    first = {class_: row for row, class_ in reversed(list(enumerate(np.concatenate(classes))))}
    sets = [shingles(some[first[class_]]) for class_ in range(len(comparer))]
    exact = {
        (a, b): float(jaccard(sets[a], sets[b])) for a in range(len(sets)) for b in range(a)
    }  # fmt: skip
    wanted = {pair: value for pair, value in exact.items() if value >= 0.6}
    assert len(wanted) > 100
    pairs = zip(found.left.tolist(), found.right.tolist(), strict=True)
    assert dict(zip(pairs, found.similarity.tolist(), strict=True)) == wanted


def test_a_file_that_lacks_a_function_is_not_used() -> None:
    assert kernel.whole(None) is None
    assert kernel.whole(twin) is None
    if compiled is not None:
        assert kernel.whole(compiled) is compiled


def test_tables_that_were_kept_are_those_that_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    unicode_tables.folds()
    kept = unicode_tables.tables()
    monkeypatch.setattr(unicode_tables, "_tables", {})
    unicode_tables.restore({"words": kept["words"]})
    assert not unicode_tables.tables()
    unicode_tables.restore(kept)
    restored = (unicode_tables.words(), *unicode_tables.folds())
    monkeypatch.setattr(unicode_tables, "_tables", {})
    made = (unicode_tables.words(), *unicode_tables.folds())
    assert made[1].tobytes() == restored[1].tobytes()
    assert (made[0], made[2]) == (restored[0], restored[2])


def test_the_word_table_is_what_re_says() -> None:
    table = unicode_tables.words()
    word = re.compile(r"\w")
    for point in [*range(0x3000), *range(0x10000, 0x11000), 0xFF11, 0x20000, 0x3FFFF]:
        assert bool(table[point >> 3] >> (point & 7) & 1) == bool(word.match(chr(point)))
    beyond = "".join(map(chr, range(0x40000, sys.maxunicode + 1)))
    assert not word.search(beyond)


def test_a_code_point_alone_is_folded_as_in_any_text() -> None:
    """Every code point behind a letter, behind a mark and behind one that is taken apart."""
    table, folded = unicode_tables.folds()
    for before in ("a", "é", "\u0e38"):
        for point in range(0x80, unicode_tables.FOLD_POINTS, 3):
            entry = int(table[point])
            if entry >= unicode_tables.MARKS and (before == "é" or entry & 0xFF < 103):
                continue
            place, size = entry >> 8, entry & 0xFF
            alone = chr(point) if entry <= 1 or entry >= unicode_tables.MARKS else None
            if alone is None:
                alone = folded[place : place + size].decode("utf-8", "surrogatepass")
            if entry != unicode_tables.DEPENDS:
                assert normalise(f"{before}{chr(point)}b") == normalise(before) + alone + "b"


@given(texts)
def test_bytes_are_those_of_the_normalised_text(some: str) -> None:
    assert unicode_tables.normal_bytes(some) == normalise(some).encode("utf-8", "surrogatepass")


@needs_compiler
def test_random_bytes_are_only_ever_text() -> None:
    """Bytes that are no UTF-8 at all: nothing is read beyond them."""
    assert compiled is not None
    draw = random.Random(11)
    for _ in range(300):
        some = tuple(draw.randbytes(draw.randrange(200)) for _ in range(5))
        once = compiled.shingle(some, draw.randrange(1, 8), *TABLES)
        assert len(once[1]) == 40 and len(once[2]) == 80
        assert len(once[0]) == 8 * sum(np.frombuffer(once[1], np.int64))


@needs_compiler
def test_hashes_that_somebody_chose_are_sorted_too() -> None:
    """Many equal words: one bucket gets all, and a long text stays fast."""
    word = "same " * 200_000
    assert shingle_sets([word]).counts.tolist() == [1]
    assert normalise(word).split()[0] == "same"


@needs_compiler
def test_bad_buffers_are_refused() -> None:
    assert compiled is not None
    values, table = np.zeros(4, dtype=np.uint64), np.zeros(64, dtype=np.uint8)
    offsets, needed = np.array([0, 9], dtype=np.int64), np.zeros(1, dtype=np.int64)
    with pytest.raises(ValueError, match="offsets"):
        compiled.sift(values, offsets, needed, table, 8)
    with pytest.raises(ValueError, match="table"):
        compiled.tally(values, table, 20)
    with pytest.raises(ValueError, match="offsets"):
        compiled.touched(values, offsets[:1], needed[:0], values[:1], table, 8)
    with pytest.raises(ValueError, match="table"):
        compiled.touched(values, offsets, needed, values, table, 20)
    with pytest.raises(ValueError, match="width"):
        compiled.shingle(("é",), 0, *TABLES)
    with pytest.raises(TypeError):
        compiled.shingle((3,), 5, *TABLES)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="size"):
        compiled.scan(b"{}", (), 0, 0, 5, b"", *TABLES[1:])
    with pytest.raises(ValueError, match="fields"):
        compiled.scan(b"{}", ((b"a", 1, 1),) * 65, 0, 0, 5, *TABLES)
    with pytest.raises(TypeError):
        compiled.rank(values, values)  # type: ignore[call-arg]


@needs_compiler
def test_a_join_with_wrong_indices_is_refused() -> None:
    assert compiled is not None
    draw = np.random.default_rng(4)
    refused = 0
    for _ in range(2000):

        def some(dtype: str, size: int) -> np.ndarray:
            return draw.integers(-3, 6, size).astype(dtype)

        arrays = [
            some("u4", 5), some("i8", 4), some("i8", 3), some("u4", 5), some("i8", 4),
            some("i8", 4), some("i4", 3), some("i4", 5), some("u4", 3),
        ]  # fmt: skip
        classes = draw.integers(-1, 4, 2).astype(np.int64)
        try:
            compiled.probe(classes, tuple(arrays), 0, 0.5, bool(draw.integers(2)))
        except ValueError:
            refused += 1
    assert refused > 1000


def test_shards_that_are_too_small_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    some = _variants(200, 8)
    wanted = _pairs_of(some)
    monkeypatch.setattr(join, "_SHARD", 100)
    assert _pairs_of(some) == wanted
    monkeypatch.setattr(join, "_room", lambda *_: 16)
    assert _pairs_of(some) == wanted


def _pairs_of(some: list[str]) -> list[tuple[int, int, float]]:
    comparer = NearComparer(0.7)
    comparer.add([(text,) for text in some])
    found = comparer.index().similar(np.arange(len(comparer)), True)
    columns = (found.left.tolist(), found.right.tolist(), found.similarity.tolist())
    return list(zip(*columns, strict=True))
