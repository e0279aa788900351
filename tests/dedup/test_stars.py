"""Star clusters agree with brute force, whatever the method, the order and the texts."""

from __future__ import annotations

import random
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftdsl.dedup.clause import Clause, Comparer
from ftdsl.dedup.exact import ExactComparer
from ftdsl.dedup.fuzzy import FuzzyComparer
from ftdsl.dedup.near import NearComparer
from ftdsl.dedup.stars import Stars, star_clusters
from ftdsl.language.program import DropDef
from tests.dedup.oracle import jaccard, shingles, stars

THRESHOLDS = ["0.2", "0.35", "0.5", "0.6", "0.8", "0.85", "1.0"]
METHODS = ["exact_join", "minhash"]

words = st.sampled_from(["a", "b", "C", "ç", "ǅ", "ﬁ", "１", "été", "_", "word", "日本", "9"])
separators = st.sampled_from([" ", ", ", "\n", "-", "…"])


@st.composite
def similar_texts(draw: st.DrawFn) -> list[str]:
    """Texts made from a few bases by changing some words: every similarity occurs."""
    bases = draw(st.lists(st.lists(words, max_size=14), min_size=1, max_size=4))
    texts = []
    for _ in range(draw(st.integers(0, 14))):
        text = list(draw(st.sampled_from(bases)))
        for _ in range(draw(st.integers(0, 2))):
            if text:
                text[draw(st.integers(0, len(text) - 1))] = draw(words)
        texts.append(draw(separators).join(text))
    return texts


def clause(
    comparer: Comparer, texts: Sequence[str], held_out: Sequence[str] | None = None, block: int = 5
) -> Clause:
    """``texts`` given to the comparer in small blocks, the held-out ones first."""

    def add(some: Sequence[str]) -> list[np.ndarray]:
        starts = range(0, len(some), block)
        none = [np.empty(0, dtype=np.int64)]
        return none + [comparer.add([(one,) for one in some[at : at + block]]) for at in starts]

    others, own = add(held_out or ()), add(texts)
    index = comparer.index()
    held = None if held_out is None else np.concatenate(others)
    return Clause(DropDef("near", ()), np.concatenate(own), held, index, len(comparer))


def found(result: Stars) -> dict[int, tuple[int, float]]:
    return {
        row: (int(result.kept_row[row]), float(result.similarity[row]))
        for row in result.removed.tolist()
    }


def expected(removed: dict[int, tuple[int, Fraction]]) -> dict[int, tuple[int, float]]:
    return {row: (kept, float(similarity)) for row, (kept, similarity) in removed.items()}


@pytest.mark.parametrize("method", METHODS)
@given(texts=similar_texts(), threshold=st.sampled_from(THRESHOLDS), data=st.data())
@settings(max_examples=50, deadline=None)
def test_near_stars_are_those_of_the_definition(
    method: str, texts: list[str], threshold: str, data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(len(texts))))
    comparer = NearComparer(float(threshold), algorithm=method, permutations=256)
    result = star_clusters(np.array(order, dtype=np.int64), [clause(comparer, texts)])
    assert found(result) == expected(stars(texts, order, threshold))


@pytest.mark.parametrize("method", METHODS)
@given(texts=similar_texts(), held_out=similar_texts(), threshold=st.sampled_from(THRESHOLDS))
@settings(max_examples=50, deadline=None)
def test_leaked_rows_are_those_near_a_held_out_row(
    method: str, texts: list[str], held_out: list[str], threshold: str
) -> None:
    comparer = NearComparer(float(threshold), algorithm=method, permutations=256)
    order = np.arange(len(texts))
    result = star_clusters(order, [clause(comparer, texts, held_out)])
    assert found(result) == expected(stars(texts, range(len(texts)), threshold, held_out))


@pytest.mark.parametrize("method", METHODS)
def test_stars_over_many_blocks_agree_with_brute_force(method: str) -> None:
    """More rows than are taken at once, in families whose copies drift apart."""
    draw = random.Random(11)
    vocabulary = [f"w{number}" for number in range(80)]
    families = [draw.choices(vocabulary, k=draw.choice([2, 4, 9, 30])) for _ in range(25)]
    texts = []
    for _ in range(1300):
        text = list(draw.choice(families))
        for _ in range(draw.choice([0, 1, 2, 4])):
            text[draw.randrange(len(text))] = draw.choice(vocabulary)
        texts.append(" ".join(text))
    order = list(range(len(texts)))
    draw.shuffle(order)
    comparer = NearComparer(0.6, algorithm=method)
    result = star_clusters(np.array(order), [clause(comparer, texts, block=200)])
    assert found(result) == expected(stars(texts, order, "0.6"))
    kept = sorted(set(order) - set(result.removed.tolist()))
    sets = [shingles(texts[row]) for row in kept]
    assert all(
        jaccard(one, other) < Fraction("0.6")
        for place, one in enumerate(sets)
        for other in sets[:place]
    )


@given(texts=similar_texts())
@settings(max_examples=50, deadline=None)
def test_exact_keeps_one_row_of_each_value(texts: list[str]) -> None:
    result = star_clusters(np.arange(len(texts)), [clause(ExactComparer(), texts)])
    first = {text: row for row, text in reversed(list(enumerate(texts)))}
    removed = {row: first[text] for row, text in enumerate(texts) if first[text] != row}
    wordless = {row for row, text in enumerate(texts) if not text.strip()}
    assert {row: kept for row, (kept, _) in found(result).items()} == {
        row: kept for row, kept in removed.items() if row not in wordless
    }


def test_fuzzy_names_the_row_with_the_largest_ratio() -> None:
    texts = ["the cat sat", "the cats sat", "a dog barked", "The cat  sat!", "the cats sit", "?"]
    result = star_clusters(np.arange(6), [clause(FuzzyComparer(0.9), texts)])
    # "the cat sat" and "the cats sat": 2 * 11 / 23; "the cats sit" to the first: 2 * 10 / 23.
    assert found(result) == {1: (0, pytest.approx(22 / 23)), 3: (0, 1.0)}


def test_a_chain_removes_only_rows_that_are_like_a_kept_one() -> None:
    chain = ["a b c d e f g h i j", "a b c d e f g h i k", "z b c d e f g h i k"]
    result = star_clusters(np.arange(3), [clause(NearComparer(0.6), chain)])
    assert found(result) == {1: (0, pytest.approx(5 / 7))}


def test_the_first_line_that_finds_a_kept_row_counts() -> None:
    texts = ["one two three four five six", "other", "one two three four five six"]
    lines = [clause(NearComparer(0.5), texts), clause(ExactComparer(), texts)]
    assert star_clusters(np.arange(3), lines).line.tolist() == [-1, -1, 0]
    assert star_clusters(np.arange(3), lines[::-1]).line.tolist() == [-1, -1, 0]
