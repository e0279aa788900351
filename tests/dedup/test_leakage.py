"""Leakage beyond near-duplicates: n-grams, paraphrases and shared keys, against held-out rows."""

from __future__ import annotations

import json
import math
import os
import random
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.rephrase import rephrase
from ftdsl.dedup.excerpts import around_shared
from ftdsl.dedup.held import text_words
from ftdsl.dedup.ngrams import NgramComparer
from ftdsl.dedup.paraphrase import ParaphraseComparer, calibrated, least_rows
from ftdsl.engine.context import Refused
from ftdsl.language.program import DropDef, SplitDef
from ftdsl.results.models import DedupOutput
from tests.dedup.stage import chat, dataset, dedup, exact, field, write

GSM8K = Path(os.environ.get("FTDSL_BENCH_DATA", "shared/data")) / "gsm8k"


def held_pairs(comparer: Any, own: list[str], held: list[str]) -> dict[tuple[int, int], float]:
    """Which own row is found for which held row, and how similar, by their places."""
    held_classes = comparer.hold([(text,) for text in held]).tolist()
    own_classes = comparer.add([(text,) for text in own]).tolist()
    own_of_all = np.unique([one for one in own_classes if one >= 0]).astype(np.int64)
    pairs = comparer.index().similar(own_of_all, False)
    return {
        (own_classes.index(left), held_classes.index(right)): similarity
        for left, right, similarity in zip(
            pairs.left.tolist(), pairs.right.tolist(), pairs.similarity.tolist(), strict=True
        )
    }


# --------------------------------------------------------------------------------------- n-grams


def grams_of(text: str, n: int) -> set[tuple[str, ...]]:
    words = text_words((text,))
    length = min(n, len(words))
    return {tuple(words[i : i + length]) for i in range(len(words) - length + 1)} - {()}


def brute_force(own: list[str], held: list[str], n: int, least: float) -> dict[Any, float]:
    """The definition, pair by pair."""
    sets = [grams_of(text, n) for text in (*own, *held)]
    rows_with = Counter(gram for grams in sets for gram in grams)
    total = sum(bool(grams) for grams in sets)
    weight = {gram: math.log((1 + total) / (1 + often)) for gram, often in rows_with.items()}
    found = {}
    for i, ours in enumerate(sets[: len(own)]):
        for j, theirs in enumerate(sets[len(own) :]):
            whole = math.fsum(weight[gram] for gram in theirs)
            share = math.fsum(weight[gram] for gram in ours & theirs) / whole if whole else 0.0
            if share >= least:
                found[i, j] = share
    return found


sentences = st.lists(
    st.lists(st.sampled_from(["a", "b", "c", "d", "e", "f"]), max_size=9).map(" ".join), max_size=8
)


@settings(max_examples=100, deadline=None)
@given(sentences, sentences, st.integers(2, 4), st.sampled_from([0.2, 0.5, 0.9, 1.0]))
def test_containment_is_what_brute_force_says(
    own: list[str], held: list[str], n: int, least: float
) -> None:
    wanted = brute_force(own, held, n, least)
    found = held_pairs(NgramComparer(n, least), own, held)
    sure = {pair for pair, share in wanted.items() if abs(share - least) > 1e-6}
    possible = set(brute_force(own, held, n, least - 1e-6))
    # Places are those of classes: a text that is repeated has a class for each row.
    assert sure <= set(found) <= possible
    assert all(found[pair] == pytest.approx(wanted.get(pair, least), abs=1e-6) for pair in found)


def test_boilerplate_does_not_flag() -> None:
    template = " ".join(f"instruction{i}" for i in range(40))
    held = [f"{template} {' '.join(f'h{j}x{i}' for i in range(14))}" for j in range(20)]
    own = [f"{template} {' '.join(f'o{j}x{i}' for i in range(14))}" for j in range(200)]
    own.append(f"as was said {held[3].split(' ', 28)[-1]} and more")
    assert set(held_pairs(NgramComparer(13, 0.5), own, held)) == {(200, 3)}
    unweighted = len(grams_of(template, 13)) / len(grams_of(held[0], 13))
    assert unweighted > 0.5, "without weights all rows would be found"


def test_a_short_text_is_found_as_a_whole_only() -> None:
    held = ["Name the capital of France", "x " * 20]
    own = ["name the capital of france!", "Please name the capital of France and its river", "no"]
    assert held_pairs(NgramComparer(13, 0.5), own, held) == {(0, 0): 1.0}


def test_excerpts_stand_around_the_shared_run() -> None:
    run = "one two three four five six seven eight"
    text = "word " * 300 + run + " and so on" * 50
    ours, theirs = around_shared(text, "Intro. " * 100 + run, 5, 120)
    assert run in ours and run in theirs
    assert len(ours) < 140
    assert around_shared("abc " * 100, "other", 5, 10) == ("abc abc ab", "other")


# ----------------------------------------------------------------------------------- paraphrases


def cosine(own: str, held: list[str], which: int) -> float:
    """The definition, with dictionaries."""

    def terms(text: str) -> Counter[str]:
        words = text_words((text,))
        return Counter([*words, *(f"{a} {b}" for a, b in pairwise(words))])

    rows_with = Counter(term for text in held for term in terms(text))
    total = len(held)

    def vector(text: str) -> dict[str, float]:
        return {
            term: (1 + math.log(often)) * (math.log((1 + total) / (1 + rows_with[term])) + 1)
            for term, often in terms(text).items()
            if rows_with[term] or " " not in term
        }

    left, right = vector(own), vector(held[which])
    dot = math.fsum(weight * right.get(term, 0.0) for term, weight in left.items())
    return dot / math.sqrt(
        math.fsum(w * w for w in left.values()) * math.fsum(w * w for w in right.values())
    )


def test_cosine_is_the_definition_s() -> None:
    draw = random.Random(5)
    words = [f"w{i}" for i in range(40)]
    held = [" ".join(draw.choices(words, k=draw.randint(3, 12))) for _ in range(40)]
    own = [" ".join(draw.choices([*words, "new", "newer"], k=8)) for _ in range(30)]
    found = held_pairs(ParaphraseComparer(0.05, 0.01), own, held)
    assert len(found) == 30
    for (i, j), similarity in found.items():
        all_of = [cosine(own[i], held, k) for k in range(len(held))]
        assert similarity == pytest.approx(max(all_of))
        assert all_of[j] == pytest.approx(max(all_of))


@pytest.mark.parametrize("rate", [0.1, 0.02])
def test_the_threshold_keeps_the_stated_rate_of_false_flags(rate: float) -> None:
    """Over many draws of a held set and honest rows from one source, the mean share of honest rows
    that are found is the stated one, or less."""
    shares = []
    for seed in range(40):
        draw = random.Random(seed)
        words = [f"w{int(draw.paretovariate(0.7)) % 400}" for _ in range(4000)]
        texts = [" ".join(draw.choices(words, k=draw.randint(6, 20))) for _ in range(320)]
        held, honest = texts[:120], texts[120:]
        found = held_pairs(ParaphraseComparer(0.0, rate), honest, held)
        shares.append(len({own for own, _ in found}) / len(honest))
    error = np.std(shares, ddof=1) / math.sqrt(len(shares))
    assert np.mean(shares) <= rate + 2.6 * error
    assert np.mean(shares) >= rate / 5, "and is not bought with blindness"


def test_calibration_takes_the_conformal_quantile() -> None:
    nearest = np.arange(1, 100) / 100
    assert calibrated(nearest, 0.02) == 0.99
    assert calibrated(nearest, 0.10) == 0.91
    assert (least_rows(0.01), least_rows(0.05)) == (199, 39)


@pytest.mark.code("FT425")
def test_too_few_held_rows_are_refused(tmp_path: Path) -> None:
    write(tmp_path, [chat("How far is it to the sea?", "Far.")])
    write(tmp_path, [chat(f"Question {i}", "Yes.") for i in range(50)], "golden.jsonl")
    drop = DropDef("paraphrase", (field("prompt"),), "golden", similarity=0.0)
    with pytest.raises(Refused) as refused:
        dedup(tmp_path, drop, against=(dataset("golden", "golden.jsonl"),))
    assert refused.value.diagnostic.code == "FT425"
    assert "199 rows" in (refused.value.diagnostic.help or "")


# ------------------------------------------------------------------------------------- the step


@pytest.mark.code("FT427")
def test_paraphrases_without_scipy_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, [chat("one two", "a")])
    drop = DropDef("paraphrase", (field("prompt"),), "golden", similarity=0.5)
    golden = (dataset("golden", "rows.jsonl"),)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(Refused) as refused:
        dedup(tmp_path, drop, against=golden)
    assert refused.value.diagnostic.code == "FT427"


@pytest.mark.code("FT426")
def test_a_shared_key_across_splits_is_forbidden(tmp_path: Path) -> None:
    rows = [
        chat(f"Question {i} of the talk", "Yes.", id=str(i), talk=f"t{i // 3}") for i in range(40)
    ]
    write(tmp_path, rows)
    own = dataset(id="text", talk="text")
    split = SplitDef("by_hash", "id", (("train", 0.8), ("holdout", 0.2)), 3)
    own = type(own)(own.name, own.schema, own.sources, split, id="id")
    drop = DropDef("shared", (field("talk"),), "support.holdout", forbids=True)
    output = dedup(tmp_path, drop, own=own, against=(own,), splits=("holdout",))
    kept = {each.kept_row_id for each in output.removed}
    assert output.removed and output.verdict == "fail"
    assert not kept & {each.row_id for each in output.removed}, "held-out rows stay"
    talk = {row["id"]: row["talk"] for row in rows}
    assert all(talk[each.row_id] == talk[each.kept_row_id] for each in output.removed)
    (finding,) = [one for one in output.findings if one.code == "FT426"]
    assert finding.severity == "error" and "`talk`" in finding.message
    assert finding.values[0].source.startswith("rows.jsonl:")


def test_a_forbidden_copy_fails_and_a_dropped_one_does_not(tmp_path: Path) -> None:
    write(tmp_path, [chat("one", "a"), chat("two", "b")])
    write(tmp_path, [chat("two", "c")], "golden.jsonl")
    golden = (dataset("golden", "golden.jsonl"),)
    assert dedup(tmp_path, exact(against="golden"), against=golden).verdict == "pass"
    forbidden = dedup(tmp_path, exact(against="golden", forbids=True), against=golden)
    assert (forbidden.verdict, forbidden.kept) == ("fail", 1)


# ------------------------------------------------------------------------------------- real data


def problems(name: str) -> list[str]:
    lines = (GSM8K / name).read_text("utf-8").splitlines()
    return [json.loads(line)["question"] for line in lines]


def leaked(root: Path, own: list[str], held: list[str], drop: DropDef) -> DedupOutput:
    write(root, [chat(text, "-", id=str(i)) for i, text in enumerate(own)])
    write(root, [chat(text, "-") for text in held], "golden.jsonl")
    return dedup(root, drop, own=dataset(id="text"), against=(dataset("golden", "golden.jsonl"),))


@pytest.mark.skipif(not GSM8K.is_dir(), reason="needs GSM8K in FTDSL_BENCH_DATA")
def test_paraphrases_of_a_benchmark_are_found_where_ngrams_see_none(tmp_path: Path) -> None:
    """Every tenth problem of GSM8K's test set, rewritten, among 3,000 honest training problems."""
    held, honest = problems("test.jsonl"), problems("train.jsonl")[:3000]
    rewritten = [rephrase(text, 1, i) for i, text in enumerate(held) if i % 10 == 0]
    drop = DropDef("paraphrase", (field("prompt"),), "golden", similarity=0.0)
    output = leaked(tmp_path, [*honest, *rewritten], held, drop)
    found = [int(each.row_id) for each in output.removed]
    right = sum(
        int(each.row_id) >= 3000 and each.kept_line == (int(each.row_id) - 3000) * 10 + 1
        for each in output.removed
    )
    assert right / len(rewritten) >= 0.8
    assert sum(one < 3000 for one in found) / 3000 <= 0.01
    assert all(each.kept_excerpt for each in output.removed[:200])
    grams = DropDef("ngram", (field("prompt"),), "golden", similarity=0.5)
    assert len(leaked(tmp_path, [*honest, *rewritten], held, grams).removed) / len(rewritten) < 0.1
