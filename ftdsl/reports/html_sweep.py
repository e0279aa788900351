"""A sweep as parts of a page: the finalists, and every trial."""

from __future__ import annotations

from collections.abc import Mapping

from ftdsl.reports.markup import Markup, Node, tag
from ftdsl.reports.numbers import duration
from ftdsl.reports.summary import MOODS, VERDICT_WORDS
from ftdsl.reports.sweep_words import finalist_text, settings_text, sweep_text, trial_text
from ftdsl.results.sweep import SweepOutput


def sweep(output: SweepOutput) -> list[Node]:
    """Head, finalists, notes, and the trials in the order of their making."""
    head = tag(
        "div",
        tag("h3", output.name),
        tag("span", VERDICT_WORDS[output.verdict], class_=f"chip {MOODS[output.verdict]}"),
        tag("span", f"on {output.eval}: {sweep_text(output)}", class_="soft small"),
        class_="head",
    )
    leading = [
        tag("tr", tag("td", _code(one.settings)), tag("td", finalist_text(one)))
        for one in output.finalists
    ]
    body: list[Node] = [head, tag("p", "best = ", tag("code", output.objective))]
    body.append(tag("div", _table(("settings", "over seeds"), leading), class_="card scroll"))
    if output.left_out:
        body.append(tag("p", output.left_out))
    body += [tag("p", note, class_="soft small") for note in output.notes]
    rows = [
        tag(
            "tr",
            tag("td", str(one.configuration + 1)),
            tag("td", str(one.seed)),
            tag("td", _code(one.settings)),
            tag("td", trial_text(one)),
            tag("td", duration(one.seconds)),
        )
        for one in output.trials
    ]
    heads = ("trial", "seed", "settings", "came to", "took")
    body.append(tag("div", _table(heads, rows), class_="card scroll"))
    return body


def _code(settings: Mapping[str, str]) -> Markup:
    return tag("code", settings_text(settings))


def _table(heads: tuple[str, ...], rows: list[Markup]) -> Markup:
    top = tag("tr", *(tag("th", one, scope="col") for one in heads))
    return tag("table", tag("thead", top), tag("tbody", *rows))
