"""Paraphrases by embeddings: the real encoder for meaning, made-up vectors for the arithmetic."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftdsl.dedup.meaning import HeldMeaningComparer, MeaningComparer
from ftdsl.dedup.paraphrase import calibrated, least_rows
from ftdsl.embeddings.encoder import Vectors
from ftdsl.engine.context import Refused
from ftdsl.language.program import DropDef
from tests.dedup.stage import chat, dataset, dedup, field, write

HELD = [
    "How do I reset my password?",
    "What time does the museum open on Sundays?",
    "Can I get a refund for a cancelled flight?",
]
RETOLD = "I forgot my password, how can I set a new one?"
OTHER = "Which wine goes well with grilled fish?"


class MadeUp:
    """Vectors that a digest of the text decides."""

    size = 8

    def vectors(self, texts: list[str]) -> Vectors:
        found = [np.random.default_rng(len(text)).normal(size=self.size) for text in texts]
        array = np.array(found, dtype=np.float32).reshape(len(texts), self.size)
        return array / np.maximum(np.linalg.norm(array, axis=1, keepdims=True), 1e-9)


def made_up() -> Any:
    return MadeUp()


lengths = st.lists(st.integers(0, 30), max_size=12)


@settings(max_examples=60, deadline=None)
@given(lengths, lengths, st.sampled_from([0.2, 0.5, 0.8]))
def test_the_nearest_held_row_is_brute_force_s(
    own: list[int], held: list[int], least: float
) -> None:
    comparer = HeldMeaningComparer(least, 0.01, made_up())
    ours, theirs = ["x" * one for one in own], ["x" * one for one in held]
    held_classes = comparer.hold([(text,) for text in theirs])
    classes = comparer.add([(text,) for text in ours])
    assert [(one < 0) for one in classes] == [not text for text in ours]
    index = comparer.index()
    pairs = index.similar(np.unique(classes[classes >= 0]), False)
    found = dict(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True))
    for text, class_ in zip(ours, classes.tolist(), strict=True):
        if not text or not any(theirs):
            assert class_ not in found
            continue
        cosines = (MadeUp().vectors([text]) @ MadeUp().vectors(theirs).T)[0]
        cosines[[not one for one in theirs]] = -2
        best = float(cosines.max())
        if abs(best - least) > 1e-4:
            assert (class_ in found) == (best >= least)
        if class_ in found:
            place = held_classes.tolist().index(found[class_])
            assert cosines[place] == pytest.approx(best, abs=1e-4)


@settings(max_examples=60, deadline=None)
@given(lengths, st.integers(1, 4))
def test_pairs_within_a_set_are_brute_force_s(own: list[int], portions: int) -> None:
    comparer = MeaningComparer(0.5, made_up())
    texts = ["x" * one for one in own]
    classes = comparer.add([(text,) for text in texts])
    assert {one for one in classes.tolist() if one >= 0} == set(range(len(comparer)))
    index = comparer.index()
    every = list(dict.fromkeys(text for text in texts if text))
    cosines = MadeUp().vectors(every) @ MadeUp().vectors(every).T
    wanted = {(i, j) for i in range(len(every)) for j in range(i) if cosines[i, j] >= 0.5}
    unsure = {
        (i, j) for i in range(len(every)) for j in range(i) if abs(cosines[i, j] - 0.5) < 1e-4
    }
    found: set[tuple[int, int]] = set()
    edges = [round(part * len(every) / portions) for part in range(portions + 1)]
    for start, end in pairwise(edges):
        block = np.arange(start, end, dtype=np.int64)
        pairs = index.similar(block, True)
        both = zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)
        found |= {(max(pair), min(pair)) for pair in both}
        index.insert(block)
    assert found - unsure == wanted - unsure


def test_the_threshold_is_that_of_the_held_rows() -> None:
    held = ["x" * length for length in range(1, 60)]
    comparer = HeldMeaningComparer(0.0, 0.1, made_up())
    comparer.hold([(text,) for text in held])
    comparer.add([("x" * 99,)])
    comparer.index()
    vectors = MadeUp().vectors(held).astype(np.float64)
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -1)
    assert comparer.threshold == pytest.approx(calibrated(cosines.max(axis=1), 0.1), abs=1e-4)
    assert not comparer.too_few and "10% of honest rows" in comparer.note


def test_a_retold_question_leaks_where_no_words_are_shared(tmp_path: Path) -> None:
    write(tmp_path, [chat(RETOLD, "-"), chat(OTHER, "-"), chat("", "-")])
    write(tmp_path, [chat(text, "-") for text in HELD], "golden.jsonl")
    golden = (dataset("golden", "golden.jsonl"),)
    drop = DropDef("paraphrase", (field("prompt"),), "golden", similarity=0.6, embeddings="minilm")
    output = dedup(tmp_path, drop, against=golden)
    (gone,) = output.removed
    assert (gone.line, gone.kept_line) == (1, 1)
    assert gone.clause == "paraphrase on prompt by minilm against golden"
    assert gone.kept_excerpt == HELD[0] and 0.6 < gone.similarity < 1
    words = DropDef("paraphrase", (field("prompt"),), "golden", similarity=0.6)
    assert not dedup(tmp_path, words, against=golden).removed


def test_retold_rows_of_one_set(tmp_path: Path) -> None:
    texts = [HELD[0], OTHER, RETOLD, HELD[0].upper(), HELD[1]]
    write(tmp_path, [chat(text, "-") for text in texts])
    drop = DropDef("paraphrase", (field("prompt"),), similarity=0.6, embeddings="minilm")
    output = dedup(tmp_path, drop)
    assert [(one.line, one.kept_line) for one in output.removed] == [(3, 1), (4, 1)]
    assert output.notes == {}


def test_too_few_held_rows_state_no_rate(tmp_path: Path) -> None:
    write(tmp_path, [chat(RETOLD, "-")])
    write(tmp_path, [chat(text, "-") for text in HELD], "golden.jsonl")
    drop = DropDef("paraphrase", (field("prompt"),), "golden", similarity=0.0, embeddings="minilm")
    with pytest.raises(Refused) as refused:
        dedup(tmp_path, drop, against=(dataset("golden", "golden.jsonl"),))
    assert refused.value.diagnostic.code == "FT425"
    assert str(least_rows(0.01)) in (refused.value.diagnostic.help or "")
