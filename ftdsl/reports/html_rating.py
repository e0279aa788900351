"""Ratings by people as a part of a page."""

from __future__ import annotations

from collections.abc import Sequence

from ftdsl.reports.html_models import requirement_card
from ftdsl.reports.markup import Markup, Node, tag
from ftdsl.reports.numbers import interval, score
from ftdsl.reports.plots import interval_plot, score_bar
from ftdsl.reports.rating_words import (
    agreement_text,
    judge_text,
    opinion_text,
    rater_text,
    rating_text,
)
from ftdsl.reports.summary import MOODS, VERDICT_WORDS
from ftdsl.results.rating import Opinion, RateOutput

_EVEN = 0.5


def rating_cards(output: RateOutput) -> list[Node]:
    """What was asked and found: models, agreement, raters, judges, reasons."""
    head = tag(
        "div",
        tag("span", VERDICT_WORDS[output.verdict], class_=f"chip {MOODS[output.verdict]}"),
        tag("span", rating_text(output), class_="soft small push"),
        class_="head",
    )
    rated = [one for one in output.opinions if one.values]
    cards = [*map(requirement_card, output.requirements)]
    cards += [_opinion(output, one) for one in rated]
    facts = [agreement_text(output)] if output.ratings else []
    facts += [judge_text(one) for one in output.judges] + list(output.notes)
    return [
        head,
        tag("div", *cards, class_="cards") if cards else None,
        _ranking(output),
        tag("ul", *(tag("li", one) for one in facts)) if facts else None,
        _fold("Raters", [rater_text(one) for one in output.raters]),
        _reasons(output),
        tag("p", "Batch ", tag("code", output.batch), class_="soft small"),
    ]


def _opinion(output: RateOutput, one: Opinion) -> Markup:
    """Two models against an even share; a single one by its own mean."""
    found = one.estimate
    drawn = (
        interval_plot(found.mean, found.low, found.high, _EVEN, ">=", tone="accent", points=False)
        if one.against
        else score_bar(found.mean, found.low, found.high, "accent")
    )
    title = f"{one.model} over {one.against}" if one.against else one.model
    told = tag("p", opinion_text(output, one), class_="soft small")
    return tag("article", tag("h4", title), drawn, told, class_="card")


def _ranking(output: RateOutput) -> Markup | None:
    if not output.ranking:
        return None
    rows = [
        tag(
            "tr",
            tag("td", str(place), class_="number"),
            tag("td", one.model),
            tag("td", score(one.expected), class_="number"),
            tag("td", interval(one.low, one.high), class_="number soft"),
        )
        for place, one in enumerate(output.ranking, start=1)
    ]
    heads = tag("tr", *(tag("th", each) for each in ("", "model", "would win", "interval")))
    table = tag("table", tag("thead", heads), tag("tbody", *rows))
    return tag("div", tag("h4", "By all comparisons (Bradley-Terry)"), table, class_="card")


def _reasons(output: RateOutput) -> Markup | None:
    told = [
        f"{reason}: " + ", ".join(f"{model} {times}" for model, times in counts.items())
        for reason, counts in output.reasons.items()
    ]
    return _fold("Reasons, by the model that they speak for", told)


def _fold(title: str, told: Sequence[str]) -> Markup | None:
    if not told:
        return None
    return tag("details", tag("summary", title), tag("ul", *(tag("li", one) for one in told)))
