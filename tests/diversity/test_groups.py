"""Crossed groups of every kind, clusters by meaning, lengths of texts, and the map of clusters."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftdsl.dedup.step import run_dedup
from ftdsl.diversity.clusters import DROPPED, SHOWN
from ftdsl.diversity.lengths import EDGES, Lengths
from ftdsl.diversity.plane import Plane
from ftdsl.diversity.step import run_coverage
from ftdsl.language.program import CoverageDef, DedupDef, Expr, GroupDef, Type
from ftdsl.plan.steps import CoverageStep, DedupStep
from tests.dedup.stage import call, chat, context, dataset, exact, field, literal, write
from tests.diversity.test_coverage import THEMES, bound, cluster, cover, edges, themed


def meaning(k: int) -> Expr:
    args = (field("prompt"), literal(k), literal(1), literal("minilm", "text"))
    return Expr("call", Type("int"), args, "cluster", "cluster(…)")


# ------------------------------------------------------------------------------- crossed groups


def test_ranges_can_be_crossed_and_every_range_counts(tmp_path: Path) -> None:
    rows = [chat("one two", "x", lang="en")] * 3 + [chat("one " * 12, "x", lang="es")] * 2
    write(tmp_path, rows)
    key = call("cross", field("lang"), edges(call("words", field("prompt"), kind="int"), 10, 20))
    output = cover(tmp_path, (key, [bound(None, ">=", 1, False)]), lang="text")
    bars = [(bar.key, bar.rows) for bar in output.groups[0].bars]
    assert bars == [
        ("en × 10..20", 0), ("en × >=20", 0), ("es × <10", 0), ("es × >=20", 0),
        ("es × 10..20", 2), ("en × <10", 3),
    ]  # fmt: skip


def test_a_value_that_another_line_names_is_a_value_of_the_cross(tmp_path: Path) -> None:
    rows = [chat("x", "y", lang=lang, topic=topic)
            for lang, topic in (("en", "billing"), ("es", "billing"), ("en", "login"))]  # fmt: skip
    write(tmp_path, rows)
    key = call("cross", field("lang"), field("topic"))
    lines = [
        (field("topic"), [bound("billing", ">=", 1, False), bound("refund", ">=", 1, False)]),
        (key, [bound(None, ">=", 1, False)]),
    ]
    output = cover(tmp_path, *lines, lang="text", topic="text")
    empty = [bar.key for bar in output.groups[1].bars if not bar.rows]
    assert empty == ["en × refund", "es × login", "es × refund"]


def test_clusters_can_be_crossed(tmp_path: Path) -> None:
    themed(tmp_path, {"cooking": 40, "sailing": 20})
    key = call("cross", cluster(2), field("turns", "int"))
    output = cover(tmp_path, (key, []))
    assert [(bar.key, bar.rows) for bar in output.groups[0].bars] == [("1 × 2", 20), ("0 × 2", 40)]
    assert set(output.groups[0].bars[0].note.split(", ")) <= set(THEMES["sailing"])


# --------------------------------------------------------------------------------- by embeddings


def test_clusters_by_meaning_need_no_shared_words(tmp_path: Path) -> None:
    kitchen = [
        "How long should I boil eggs?",
        "A recipe for pancakes",
        "Which oven heat bakes bread",
    ]
    money = ["My bank charged a fee", "What is the loan interest rate", "Transfer cash abroad"]
    write(tmp_path, [chat(text, "x") for pair in zip(kitchen, money, strict=True) for text in pair])
    key = call("cross", meaning(2), field("topic"))
    rows = [chat(text, "x", topic="food") for text in kitchen]
    rows += [chat(text, "x", topic="money") for text in money]
    write(tmp_path, rows)
    output = cover(tmp_path, (key, []), topic="text")
    assert sorted(bar.rows for bar in output.groups[0].bars) == [0, 0, 3, 3]


# --------------------------------------------------------------------------------------- the map


def test_the_map_shows_clusters_and_what_dedup_dropped(tmp_path: Path) -> None:
    themed(tmp_path, {"cooking": 30, "sailing": 20})
    path = tmp_path / "rows.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*lines, *lines[:7]]) + "\n", encoding="utf-8")
    own = dataset()
    first = DedupStep(id="dedup.support", name="support", dataset=own,
                      dedup=DedupDef("support", (exact(),)))  # fmt: skip
    stage = context(tmp_path, first.id)
    gone = len(run_dedup(first, stage).removed)
    step = CoverageStep(
        id="coverage.support", name="support", needs=("dataset.support", first.id), dataset=own,
        coverage=CoverageDef("support", (GroupDef(cluster(2), ()),)),
    )  # fmt: skip
    shown = run_coverage(step, context(tmp_path, step.id, {first.id: stage.work})).groups[0].map
    assert shown is not None and gone == 7
    assert sum(point.dropped for point in shown.points) == 7
    assert len(shown.points) == shown.texts + 7 <= SHOWN + DROPPED
    # A copy lies where its original lies.
    places = {point.text: (point.x, point.y, point.cluster) for point in shown.points}
    for point in shown.points:
        assert (point.x, point.y, point.cluster) == places[point.text]
    middle = [np.mean([[p.x, p.y] for p in shown.points if p.cluster == k], axis=0) for k in (0, 1)]
    assert np.linalg.norm(middle[0] - middle[1]) > 0.3, "clusters lie apart"
    assert 0 < shown.explained <= 1


def test_the_map_shows_nothing_delicate(tmp_path: Path) -> None:
    write(tmp_path, [chat(f"write to jane.doe{i}@acme-mail.com about it", "x") for i in range(9)])
    output = cover(tmp_path, (cluster(2), []))
    shown = output.groups[0].map
    assert shown is not None and len(shown.points) == 9
    assert "jane.doe" not in output.model_dump_json()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 999))
def test_a_plane_is_the_first_two_axes(seed: int) -> None:
    draw = np.random.default_rng(seed)
    flat = draw.normal(size=(50, 2)) * [5, 2]
    turned = np.linalg.qr(draw.normal(size=(6, 6)))[0][:2]
    vectors = (flat @ turned + draw.normal(size=(50, 6)) * 1e-3).astype(np.float32)
    plane = Plane(vectors)
    assert plane.explained > 0.999
    assert plane.places(vectors) == Plane(vectors).places(vectors)
    found = np.array(plane.places(vectors))
    assert found.min() >= 0 and found.max() <= 1
    across = np.abs(np.corrcoef(found[:, 0], flat[:, 0])[0, 1])
    assert across > 0.8


# ------------------------------------------------------------------------------------ histograms


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.none(), st.integers(0, 3000)), max_size=60))
def test_lengths_are_counted_in_their_bins(values: list[int | None]) -> None:
    made = Lengths(field("n", "int"))
    made.add(values[:20])
    made.add(values[20:])
    told = made.histogram()
    given_ = sorted(value for value in values if value is not None)
    if told is None:
        assert not given_
        return
    assert len(told.edges) == len(told.counts) + 1 and set(told.edges) <= set(EDGES)
    bins = zip(told.edges, told.edges[1:], told.counts, strict=False)
    assert all(sum(low <= v < high for v in given_) == count for low, high, count in bins)
    assert sum(told.counts) == len(given_) and told.counts[0] and told.counts[-1]
    assert told.median == np.quantile(given_, 0.5, method="inverted_cdf")
    assert told.p95 == np.quantile(given_, 0.95, method="inverted_cdf")
    assert told.longest == given_[-1]


@pytest.mark.parametrize(
    ("base", "row", "names"),
    [
        ("chat", chat("one two", "three"), ["words(prompt)", "words(reply.text)"]),
        (
            "preference",
            {"prompt": "one two", "chosen": "three", "rejected": "four five"},
            ["words(prompt)", "words(chosen.text)", "words(rejected.text)"],
        ),
    ],
)
def test_lengths_of_every_part(
    tmp_path: Path, base: str, row: dict[str, object], names: list[str]
) -> None:
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    own = dataset()
    own = type(own)(own.name, type(own.schema)("s", base), own.sources)
    step = CoverageStep(
        id="coverage.support", name="support", dataset=own, coverage=CoverageDef("support", ()),
    )  # fmt: skip
    output = run_coverage(step, context(tmp_path, step.id))
    assert [one.source for one in output.lengths] == names
    assert output.lengths[0].longest == 2
