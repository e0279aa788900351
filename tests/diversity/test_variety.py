"""Measures of variety, crossed groups, and diverse subsets against brute force."""

from __future__ import annotations

import json
import math
import zlib
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftdsl.cli.main import main
from ftdsl.data.rows import row_value
from ftdsl.diversity.sampling import diverse_rows
from ftdsl.diversity.subset import facility_location, k_center
from ftdsl.embeddings.encoder import Encoder
from ftdsl.embeddings.model_files import model_files
from ftdsl.engine.context import Refused
from ftdsl.language.program import Expr
from ftdsl.quality.across.aggregates import aggregate
from ftdsl.quality.across.word_vectors import Vectors
from tests.dedup.stage import call, chat, field, write
from tests.diversity.test_coverage import bound, cover

THEMES = ("boil the soup with salt", "sail past the harbour light", "pay the loan with interest")


def value(name: str, texts: list[str | None], *constants: int) -> float:
    state = aggregate(name, constants)
    state.add(list(texts))
    found: float = state.value()
    return found


# ------------------------------------------------------------------------------------- measures


def test_effective_number() -> None:
    assert value("effective", ["a", "b", "c", "d"]) == pytest.approx(4)
    assert value("effective", ["a"] * 9) == pytest.approx(1)
    assert value("effective", []) == 0


def test_compression_ratio_is_deflate_s() -> None:
    text = "the same words again and again " * 20
    raw = (text + "\n").encode()
    assert value("compression_ratio", [text], 10, 0) == len(raw) / len(zlib.compress(raw, 9))
    assert value("compression_ratio", [text] * 5, 10, 0) > value("compression_ratio", [text], 10, 0)


def test_vendi_of_disjoint_texts_is_their_number_and_of_copies_one() -> None:
    assert value("vendi", list(THEMES[:2]) * 7, 100, 0) == pytest.approx(2, abs=0.05)
    assert value("vendi", ["one two three"] * 9, 100, 0) == pytest.approx(1)
    distinct = [f"w{i}a w{i}b w{i}c" for i in range(20)]
    # Hashed words meet now and then, so that it is a little less than twenty.
    assert 18 < value("vendi", distinct, 100, 0) <= 20 + 1e-9


def test_self_similarity() -> None:
    assert value("self_similarity", ["one two"] * 3, 100, 0) == 1
    apart = value("self_similarity", [f"w{i}a w{i}b" for i in range(10)], 100, 0)
    assert apart < 0.2
    assert aggregate("self_similarity", (100, 0)).value() is None


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from([*THEMES, "a", "b c", "", None]), max_size=30), st.integers(0, 30))
def test_variety_is_the_same_for_every_order_and_cut(texts: list[str | None], cut: int) -> None:
    for name in ("compression_ratio", "self_similarity", "vendi"):
        whole = aggregate(name, (4, 1))
        whole.add(list(texts))
        left, right = aggregate(name, (4, 1)), aggregate(name, (4, 1))
        left.add(texts[cut:][::-1])
        right.add(texts[:cut])
        left.merge(json.loads(json.dumps(right.dump())))
        assert whole.value() == left.value()


# ------------------------------------------------------------------------------- crossed groups


def crossed(*keys: Expr) -> Expr:
    return call("cross", *keys)


def test_a_cross_shows_the_emptiest_cells_and_what_each_needs(tmp_path: Path) -> None:
    rows = [chat("x", "y", lang=lang, topic=topic)
            for lang, topic, times in (("en", "billing", 60), ("en", "login", 50),
                                       ("es", "billing", 7))
            for _ in range(times)]  # fmt: skip
    write(tmp_path, rows)
    key = crossed(field("lang"), field("topic"))
    output = cover(tmp_path, (key, [bound(None, ">=", 50, False)]), lang="text", topic="text")
    bars = [(bar.key, bar.rows, bar.missing_rows) for bar in output.groups[0].bars]
    assert bars == [
        ("es × login", 0, 50),
        ("es × billing", 7, 43),
        ("en × login", 50, 0),
        ("en × billing", 60, 0),
    ]
    (finding,) = output.findings
    assert "`es × login` has 0 rows" in finding.message and "50 more are missing" in finding.message


@pytest.mark.code("FT428")
def test_too_many_cells_are_refused(tmp_path: Path) -> None:
    write(tmp_path, [chat("x", "y", lang=f"l{i}", topic=f"t{i}") for i in range(101)])
    key = crossed(field("lang"), field("topic"))
    with pytest.raises(Refused) as refused:
        cover(tmp_path, (key, [bound(None, ">=", 1, False)]), lang="text", topic="text")
    assert refused.value.diagnostic.code == "FT428"


# -------------------------------------------------------------------------------------- subsets


def unit(seed: int, count: int, size: int = 3) -> Vectors:
    draw = np.random.Generator(np.random.PCG64(seed))
    made = draw.normal(size=(count, size))
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)


def represented(vectors: Vectors, chosen: tuple[int, ...]) -> float:
    return float(np.maximum(vectors @ vectors[list(chosen)].T, 0).max(axis=1).sum())


def plain_greedy(vectors: Vectors, size: int) -> list[int]:
    chosen: list[int] = []
    for _ in range(size):
        rest = [i for i in range(len(vectors)) if i not in chosen]
        chosen.append(max(rest, key=lambda i: (represented(vectors, (*chosen, i)), -i)))
    return chosen


@pytest.mark.parametrize("seed", range(8))
def test_facility_location_keeps_its_bound_and_is_plain_greedy(seed: int) -> None:
    vectors = unit(seed, 11)
    found = facility_location(vectors, 3)
    best = max(represented(vectors, some) for some in combinations(range(11), 3))
    assert represented(vectors, tuple(found)) >= (1 - 1 / math.e) * best
    # Of two rows that stand for each other alike, rounding chooses.
    plain = represented(vectors, tuple(plain_greedy(vectors, 3)))
    assert represented(vectors, tuple(found)) == pytest.approx(plain, rel=1e-5)
    assert len(set(facility_location(vectors, 99))) == 11


@pytest.mark.parametrize("seed", range(8))
def test_k_center_is_within_twice_the_best_radius(seed: int) -> None:
    vectors = unit(seed, 11).astype(np.float64)

    def radius(chosen: tuple[int, ...]) -> float:
        chords = np.linalg.norm(vectors[:, None] - vectors[list(chosen)][None], axis=2)
        return float(chords.min(axis=1).max())

    found = tuple(k_center(unit(seed, 11), 3))
    best = min(radius(some) for some in combinations(range(11), 3))
    assert len(set(found)) == 3
    assert radius(found) <= 2 * best + 1e-6


def test_a_sample_by_meaning_takes_one_of_each_matter() -> None:
    matters = [
        ("How long do I boil an egg?", "What is the cooking time for eggs?", "Egg boiling minutes"),
        ("My bank account is empty", "There is no money left in my account", "Broke: no funds"),
        ("The train was late again", "My railway service had a delay", "Delayed on the tracks"),
    ]
    rows = [row_value(chat(text, "-"), "chat") for group in matters for text in group]
    encoder = Encoder(model_files("minilm", Path()))
    drawn = diverse_rows(rows, 3, "facility_location", 1, encoder).rows
    asked = [row.value["messages"][0]["content"] for row in drawn]
    assert [sum(text in group for text in asked) for group in matters] == [1, 1, 1]


@pytest.mark.parametrize("method", ["facility_location", "k_center"])
def test_a_sample_covers_the_themes_whatever_the_order(method: str) -> None:
    rows = [
        row_value(chat(f"{THEMES[0 if i < 90 else 1 if i < 95 else 2]} {i}", "yes"), "chat")
        for i in range(100)
    ]
    sample = diverse_rows(rows, 6, method, 3)
    drawn = sample.rows
    assert sample.pool == 100 and 0 < sample.least <= sample.represented < 1
    prompts = {str(row.value["messages"]) for row in drawn}
    assert all(any(theme in prompt for prompt in prompts) for theme in THEMES)
    again = diverse_rows(rows[::-1], 6, method, 3).rows
    assert {str(row.value["messages"]) for row in again} == prompts


SPEC = """ftspec 1

dataset support {
  schema = chat
  source = jsonl("rows.jsonl")
}

dedup support {
  drop exact on prompt
}
"""


@pytest.mark.code("FT429")
def test_the_command_writes_rows_that_dedup_keeps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [chat(f"question {i // 2} about {THEMES[i % 3]}"[:30], f"reply {i}") for i in range(40)]
    write(tmp_path, rows)
    tmp_path.joinpath("s.ftspec").write_text(SPEC, encoding="utf-8")
    arguments = ["sample", "s.ftspec", "support", "-n", "5", "--out", "out/five.jsonl"]
    assert main(arguments) == 0
    first = tmp_path.joinpath("out/five.jsonl").read_bytes()
    assert main(arguments) == 0
    assert tmp_path.joinpath("out/five.jsonl").read_bytes() == first
    drawn = [json.loads(line) for line in first.splitlines()]
    prompts = [row["messages"][0]["content"] for row in drawn]
    assert len(set(prompts)) == len(drawn) == 5 and all(row in rows for row in drawn)
    assert "5 rows of support by facility_location: out/five.jsonl" in capsys.readouterr().out
    assert main([*arguments, "--embeddings", "minilm", "--method", "k_center"]) == 0
    assert "with the nearest drawn: " in capsys.readouterr().out
    assert main([*arguments, "--embeddings", "models/none"]) == 2
    assert "FT436" in capsys.readouterr().out
    assert main(["sample", "s.ftspec", "suport", "-n", "5", "--out", "x.jsonl"]) == 2
    assert "FT429" in capsys.readouterr().err
