"""Kept runs as a part of a page: the trend of their scores, and a table of them."""

from __future__ import annotations

from collections.abc import Sequence

from ftdsl.reports.markup import Markup, Node, tag
from ftdsl.reports.numbers import duration
from ftdsl.reports.plots_trend import different, trend
from ftdsl.reports.run_history import costs, score_line
from ftdsl.reports.summary import MOODS, VERDICT_WORDS
from ftdsl.results.record import RunRecord


def history_body(records: Sequence[RunRecord], *, listed: bool) -> Node:
    """The trend, with the runs below it where they are ``listed``; None where it shows nothing:
    one run is no trend."""
    drawn = trend(records) if listed or len(different(records)) > 1 else None
    parts: list[Node] = []
    if drawn is not None:
        told = (
            "Whiskers are the intervals; a run that came to the same as the one before is left out."
        )
        parts += [tag("div", drawn, class_="card"), tag("p", told, class_="soft small")]
    if listed:
        parts.append(_table(records))
    return parts or None


def _table(records: Sequence[RunRecord]) -> Markup:
    rows = [
        tag(
            "tr",
            tag("td", tag("span", VERDICT_WORDS[one.verdict], class_=f"chip {MOODS[one.verdict]}")),
            tag("td", tag("code", one.run_id), class_="name"),
            tag("td", one.spec),
            tag("td", *(tag("div", score_line(each)) for each in one.scores if not each.slice),
                class_="wide"),
            tag("td", ", ".join(list(costs(one))[2:])),
            tag("td", duration(one.seconds), class_="number"),
            tag("td", tag("code", one.address[:12])),
        )
        for one in records
    ]  # fmt: skip
    heads = ("", "run", "spec", "scores", "money", "time", "address")
    head = tag("thead", tag("tr", *(tag("th", each) for each in heads)))
    table = tag("table", head, tag("tbody", *rows), class_="stack")
    return tag("div", tag("div", table, class_="scroll"), class_="card")
