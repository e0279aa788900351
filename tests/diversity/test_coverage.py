"""Coverage counts what dedup kept: values, ranges, clusters, statements, missing rows."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftdsl.dedup.step import run_dedup
from ftdsl.diversity.clusters import Clusters
from ftdsl.diversity.kmeans import fit_centres, nearest
from ftdsl.diversity.shares import OPERATORS, entropy, missing_rows
from ftdsl.diversity.step import run_coverage
from ftdsl.embeddings.encoder import Encoder
from ftdsl.language.program import BucketDef, CoverageDef, DedupDef, Expr, GroupDef, Type
from ftdsl.plan.steps import CoverageStep, DedupStep
from ftdsl.results.coverage import Bar
from ftdsl.results.models import CoverageOutput
from tests.dedup.stage import ROWS, call, chat, context, dataset, field, literal, near, write

THEMES = {
    "cooking": ["simmer", "onion", "garlic", "oven", "butter", "flour", "recipe", "whisk", "bake"],
    "sailing": ["anchor", "mast", "harbour", "rudder", "deck", "sail", "wind", "tide", "knot"],
    "banking": ["loan", "invoice", "interest", "deposit", "ledger", "credit", "account", "audit"],
}


def cover(
    root: Path,
    *groups: tuple[Expr, list[BucketDef]],
    expects: tuple[Expr, ...] = (),
    locked: dict[str, float] | None = None,
    **fields: str,
) -> CoverageOutput:
    step = CoverageStep(
        id="coverage.support",
        name="support",
        dataset=dataset(**fields),
        coverage=CoverageDef(
            "support", tuple(GroupDef(key, tuple(bounds)) for key, bounds in groups), expects
        ),
        locked=locked or {},
    )
    return run_coverage(step, context(root, step.id))


def bound(key: str | None, op: str, value: float, is_share: bool = True) -> BucketDef:
    return BucketDef(key, op, value, is_share)


def edges(subject: Expr, *values: int) -> Expr:
    numbers = Expr("list", Type("list"), tuple(literal(value) for value in values))
    return Expr("call", Type("text"), (subject, numbers), "bucket", "bucket(…)")


def cluster(k: int, seed: int = 1) -> Expr:
    return Expr(
        "call", Type("int"), (field("prompt"), literal(k), literal(seed)), "cluster", "cluster(…)"
    )


def compare(left: Expr, op: str, right: float) -> Expr:
    number = literal(right, "float")
    return Expr(op, Type("bool"), (left, number), source=f"{left.source} {op} {right}")


def langs(root: Path, counts: dict[str | None, int]) -> None:
    every = [value for value, count in counts.items() for _ in range(count)]
    rows = [chat(f"question {n}", f"answer {n}") for n in range(len(every))]
    given_ = zip(rows, every, strict=True)
    write(root, [{**row, "lang": value} if value else row for row, value in given_])


def bar(output: CoverageOutput, key: str) -> Bar:
    return next(bar for group in output.groups for bar in group.bars if bar.key == key)


@pytest.mark.code("FT410")
def test_shares_are_held_against_their_bounds(tmp_path: Path) -> None:
    langs(tmp_path, {"en": 13, "es": 3, "de": 2, None: 2})
    bounds = [bound("en", ">=", 0.65), bound("es", ">=", 0.15), bound("fr", ">=", 0.1)]
    output = cover(tmp_path, (field("lang"), bounds), lang="text?")
    assert bar(output, "en").met
    assert bar(output, "es").met
    assert (bar(output, "fr").rows, bar(output, "fr").missing_rows) == (0, 3)
    assert (bar(output, "de").bound, bar(output, "de").share) == (None, 0.1)
    assert output.verdict == "fail"
    assert [finding.code for finding in output.findings] == ["FT410"]
    assert "`fr` has 0 rows (0.0%), not >= 10%: 3 more are missing" in output.findings[0].message
    assert cover(tmp_path, (field("lang"), bounds[:2]), lang="text?").verdict == "pass"


def test_each_speaks_of_the_values_that_no_other_line_names(tmp_path: Path) -> None:
    langs(tmp_path, {"en": 80, "es": 15, "de": 5})
    bounds = [bound("de", ">=", 0.01), bound(None, ">=", 0.2), bound(None, "<=", 60, False)]
    output = cover(tmp_path, (field("lang"), bounds), lang="text")
    assert [(bar.key, bar.op, bar.met) for bar in output.groups[0].bars] == [
        ("de", ">=", True),
        ("en", ">=", True),
        ("es", ">=", False),
        ("en", "<=", False),
        ("es", "<=", True),
    ]
    assert [finding.message.split(":")[0] for finding in output.findings] == [
        "each >= 20% fails for 1 group",
        "each <= 60 rows fails for 1 group",
    ]


def test_ranges_are_half_open_and_every_one_is_asked_for(tmp_path: Path) -> None:
    write(tmp_path, [chat(" ".join(["w"] * count), "x") for count in (1, 9, 10, 10, 19, 20, 35)])
    key = edges(call("words", field("prompt"), kind="int"), 10, 20, 100)
    output = cover(tmp_path, (key, [bound(None, ">=", 1, False)]))
    counts = {bar.key: bar.rows for bar in output.groups[0].bars}
    assert counts == {"<10": 2, "10..20": 3, "20..100": 2, ">=100": 0}
    assert not bar(output, ">=100").met


def no_encoder(name: str, span: object) -> Encoder:
    raise AssertionError(f"{name} is not asked for at {span}")


def themed(root: Path, sizes: dict[str, int], seed: int = 4) -> list[str]:
    """Rows about themes; the theme of each row."""
    draw = random.Random(seed)
    themes = [theme for theme, size in sizes.items() for _ in range(size)]
    draw.shuffle(themes)
    rows = [chat("the of and " + " ".join(draw.choices(THEMES[t], k=9)), "x") for t in themes]
    write(root, rows)
    return themes


def test_clusters_find_the_themes(tmp_path: Path) -> None:
    sizes = {"cooking": 60, "sailing": 30, "banking": 10}
    themed(tmp_path, sizes)
    output = cover(tmp_path, (cluster(3), [bound(None, ">=", 0.2)]))
    assert [bar.rows for bar in output.groups[0].bars] == [60, 30, 10]
    for shown, theme in zip(output.groups[0].bars, sizes, strict=True):
        assert set(shown.note.split(", ")) <= set(THEMES[theme])
    assert [bar.met for bar in output.groups[0].bars] == [True, True, False]


def test_clusters_do_not_depend_on_the_order_of_rows(tmp_path: Path) -> None:
    themed(tmp_path, {"cooking": 40, "sailing": 40, "banking": 40})
    rows = tmp_path / "rows.jsonl"
    first = cover(tmp_path, (cluster(7), [])).groups
    lines = rows.read_text(encoding="utf-8").splitlines(keepends=True)
    random.Random(9).shuffle(lines)
    rows.write_text("".join(lines), encoding="utf-8")
    assert cover(tmp_path, (cluster(7), [])).groups == first


def test_the_sample_of_clusters_holds_different_texts_alone() -> None:
    made = Clusters(cluster(2), no_encoder)
    texts = ["one two", "One, two!", None, "", "three four"]
    made.learn(texts)
    assert made.different == 2
    first, second, *nothing, third = made.names(texts)
    assert nothing == [None, None]
    assert first == second != third and {first, third} == {"0", "1"}


@pytest.mark.code("FT412")
def test_fewer_texts_than_clusters_are_told(tmp_path: Path) -> None:
    write(tmp_path, [chat("the same words", "x")] * 8 + [chat("other words here", "y")] * 4)
    output = cover(tmp_path, (cluster(5), []))
    assert [finding.code for finding in output.findings] == ["FT412"]
    assert sorted(bar.rows for bar in output.groups[0].bars) == [0, 0, 0, 4, 8]
    assert cover(tmp_path, (cluster(2), [])).findings == ()


@pytest.mark.code("FT411")
def test_statements_are_about_the_kept_rows(tmp_path: Path) -> None:
    write(tmp_path, [chat("one two three", "a b c d"), chat("four", "a b c e")])
    runs = call("distinct_n", field("reply.text"), literal(2), kind="float")
    holds, fails = compare(runs, ">=", 0.6), compare(runs, ">=", 0.7)
    output = cover(tmp_path, expects=(holds, fails))
    # Six runs of two words, four of them different: "a b", "b c", "c d", "c e".
    assert [outcome.verdict for outcome in output.outcomes] == ["pass", "fail"]
    assert output.outcomes[1].value == "distinct_n(reply.text, 2) = 0.666667"
    assert [finding.code for finding in output.findings] == ["FT411"]
    assert output.verdict == "fail"


def test_a_statement_reads_the_lock(tmp_path: Path) -> None:
    write(tmp_path, [chat("one", "a")] * 9)
    rows = Expr("call", Type("int"), (field("rows", "rows"),), "count", "count(rows)")
    locked = Expr("measure", Type("int"), value="locked.count", source="locked.count")
    expect = Expr(">=", Type("bool"), (rows, locked), source="count(rows) >= locked.count")
    assert cover(tmp_path, expects=(expect,), locked={"count": 9.0}).verdict == "pass"
    assert cover(tmp_path, expects=(expect,), locked={"count": 10.0}).verdict == "fail"


@pytest.mark.code("FT414")
def test_no_rows_cover_nothing(tmp_path: Path) -> None:
    write(tmp_path, [])
    output = cover(tmp_path, (field("lang"), [bound(None, ">=", 0.1)]), lang="text?")
    assert [finding.code for finding in output.findings] == ["FT414"]
    assert output.verdict == "fail"
    langs(tmp_path, {None: 3})
    absent = cover(tmp_path, (field("lang"), [bound(None, ">=", 0.1)]), lang="text?")
    assert [finding.code for finding in absent.findings] == ["FT414"]
    langs(tmp_path, {"en": 3})
    assert cover(tmp_path, (field("lang"), []), lang="text?").verdict == "pass"


def test_rows_that_dedup_dropped_do_not_count(tmp_path: Path) -> None:
    lines = ROWS.joinpath("word_problems.jsonl").read_text(encoding="utf-8").splitlines()
    write(tmp_path, [json.loads(line) for line in lines])
    own = dataset(id="text")
    dedup = DedupStep(
        id="dedup.support",
        name="support",
        dataset=own,
        dedup=DedupDef("support", (near(similarity=0.85),)),
    )
    stage = context(tmp_path, dedup.id)
    removed = run_dedup(dedup, stage)
    step = CoverageStep(
        id="coverage.support",
        name="support",
        needs=("dataset.support", "dedup.support"),
        dataset=own,
        coverage=CoverageDef("support", (GroupDef(field("id"), ()),)),
    )
    output = run_coverage(step, context(tmp_path, step.id, {dedup.id: stage.work}))
    assert output.rows == removed.kept < removed.rows
    assert {each.row_id for each in removed.removed}.isdisjoint(
        bar.key for bar in output.groups[0].bars
    )


@given(
    st.integers(0, 60),
    st.integers(0, 60),
    st.sampled_from([">=", ">"]),
    st.one_of(st.sampled_from([0.1, 0.15, 0.3, 0.5, 0.6, 0.99]), st.integers(0, 80)),
)
@settings(max_examples=80, deadline=None)
def test_missing_rows_are_the_fewest_that_meet_the_bound(
    count: int, others: int, op: str, value: float
) -> None:
    asked = bound("k", op, float(value), isinstance(value, float))
    rows = count + others

    def meets(more: int) -> bool:
        share = (count + more) / (rows + more) if rows + more else 0.0
        return OPERATORS[op](share if asked.is_share else count + more, asked.bound)

    missing = missing_rows(count, rows, asked)
    if not meets(0):
        assert meets(missing)
        assert not meets(missing - 1)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=9))
@settings(max_examples=50, deadline=None)
def test_entropy_is_that_of_the_shares(counts: list[int]) -> None:
    total = sum(counts)
    shares = np.array([count / total for count in counts if count]) if total else np.array([1.0])
    assert entropy(counts) == pytest.approx(float(-(shares * np.log2(shares)).sum()), abs=1e-12)


def test_k_means_puts_each_vector_to_its_nearest_centre() -> None:
    draw = np.random.default_rng(1)
    vectors = draw.normal(size=(300, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    centres = fit_centres(vectors, 12, 3)
    which, cosine = nearest(vectors, centres)
    assert np.allclose(np.linalg.norm(centres, axis=1), 1, atol=1e-5)
    assert len(Counter(which.tolist())) == 12
    assert np.allclose(cosine, (vectors @ centres.T).max(axis=1))
    assert np.array_equal(centres, fit_centres(vectors, 12, 3))
    start = nearest(vectors, vectors[:12])[1].mean()
    assert cosine.mean() > start
