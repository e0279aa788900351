"""The round in one look: its cards, and that every figure leads to a part of the page."""

from __future__ import annotations

import re
from dataclasses import replace

from ftdsl.reports.formats import render
from ftdsl.reports.html_round import is_round
from ftdsl.reports.report import Report
from ftdsl.reports.style import Style
from ftdsl.results.actions import Action, Advised, NextSteps, Shown
from ftdsl.results.models import CheckOutput
from ftdsl.results.record import RunRecord, ScoreRecord
from tests.reports.sample import full_run, report_of

_HOSTILE = "<img src=x onerror=alert(1)>"


def steps() -> NextSteps:
    shown = Shown("c-1", "data/a.jsonl", 3, _HOSTILE, "answer", "expected", 0.41, "a note")
    action = Action(
        "FT710", "request", "ask for 40 rows: lang = de", "9 wrong answers have nothing near them",
        0.08, 1.2, (("nearest row", "0.31 cosine"),), (shown,), (shown,), None, "lang", "de", 40,
        ("c-1",), ("t-1",),
    )  # fmt: skip
    return NextSteps("r", "golden", "support_lora", "exact", 0.8, 0.7, 0.9, 100, (action,))


def record(run: str, mean: float) -> RunRecord:
    score = ScoreRecord(
        eval="golden", model="support_lora", score="exact", mean=mean, low=mean - 0.1,
        high=mean + 0.05, n=100,
    )  # fmt: skip
    return RunRecord(
        run_id=run, started="2026-01-01T00:00:00+00:00", version="0.1.0", spec="a.ftspec",
        verdict="pass", exit_code=0, seconds=1.0, scores=(score,),
    ).addressed()  # fmt: skip


def whole() -> Report:
    advice = (Advised("support_lora", "FT644", "the validation loss rises", "fewer passes"),)
    history = (record("20260102T000000-00000000", 0.8), record("20260101T000000-00000000", 0.6))
    return replace(report_of(full_run()), next=steps(), advice=advice, history=history)


def test_every_figure_leads_to_a_part_of_the_page() -> None:
    page = render(whole(), "html", Style())
    ids = set(re.findall(r' id="([^"]+)"', page))
    links = re.findall(r'href="#([^"]+)"', page)
    assert set(links) - ids == set()
    body = page[page.index('id="round"') : page.index('id="next"')]
    assert len(re.findall(r"<a [^>]*href", body)) > 15


def test_the_cards_of_a_round_are_all_there() -> None:
    page = render(whole(), "html", Style())
    body = page[page.index('id="round"') : page.index('id="next"')]
    cards = ("Data: support", "Training: support_lora", "Scores on golden", "Money and time")
    for told in (*cards, "What to do next", "ask for 40 rows: lang = de", "FT644", "Worst slices"):
        assert told in body, told
    assert "Scores over runs" in page
    assert _HOSTILE not in page


def test_slices_come_the_worst_first() -> None:
    page = render(whole(), "html", Style())
    body = page[page.index("Worst slices") : page.index("Money and time")]
    means = [float(one) for one in re.findall(r'href="#cases-[^"]+">([0-9.]+)%', body)]
    assert means
    assert means[:6] == sorted(means[:6])


def test_a_run_of_data_alone_is_no_round() -> None:
    report = report_of(full_run())
    assert report.run is not None
    steps_ = tuple(one for one in report.run.steps if isinstance(one.output, CheckOutput))
    run = report.run.model_copy(update={"steps": steps_})
    assert not is_round(run)
    assert 'id="round"' not in render(replace(report, run=run), "html", Style())
