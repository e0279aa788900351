"""One self-contained HTML file: no script, no outside address, every text escaped by its type.

The page's policy admits nothing but its own style sheet, by digest. Long lists are cut so that the
file stays below ``LIMIT`` bytes, and every cut says how much it left out.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from ftdsl import __version__
from ftdsl.reports.extent import Extent
from ftdsl.reports.markup import Markup, Node, stylesheet, tag
from ftdsl.reports.report import Report
from ftdsl.reports.style import Style
from ftdsl.reports.summary import MOODS, VERDICT_WORDS

LIMIT = 2_000_000


_EXTENTS = (
    Extent(12, 300, 60, 40, 1200, 500),
    Extent(6, 120, 24, 16, 600, 250),
    Extent(3, 40, 8, 6, 300, 60),
    Extent(1, 10, 2, 2, 120, 0),
)


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page that the contents at its top lead to."""

    anchor: str
    title: str
    body: Node


def render(report: Report) -> str:
    """The whole page, at most ``LIMIT`` bytes of UTF-8."""
    page = ""
    for extent in _EXTENTS:
        page = _page(report, extent)
        if len(page.encode("utf-8")) <= LIMIT:
            break
    return page


def fragment(report: Report) -> str:
    """The same for a notebook cell: an own document inside a frame that may run no script."""
    import html

    page = html.escape(render(report), quote=True)
    look = "width:100%;height:36rem;border:1px solid #8884;border-radius:8px"
    return f'<iframe sandbox="" title="ftdsl report" style="{look}" srcdoc="{page}"></iframe>'


@cache
def _css() -> str:
    return Path(__file__).with_name("page.css").read_text(encoding="utf-8")


def _policy() -> str:
    digest = b64encode(sha256(_css().encode("utf-8")).digest()).decode("ascii")
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'; frame-src 'none'"
    )


def _page(report: Report, extent: Extent) -> str:
    sections = list(_sections(report, extent))
    title = report.spec or f"ftdsl {report.command}"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy()),
        tag("meta", name="referrer", content="no-referrer"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", f"{VERDICT_WORDS[report.verdict]}: {title}"),
        stylesheet(_css()),
    )
    main = tag(
        "main",
        *(tag("section", tag("h2", each.title), each.body, id=each.anchor) for each in sections),
    )
    body = tag("body", _header(report, title, sections), main, _footer(report))
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _header(report: Report, title: str, sections: list[Section]) -> Markup:
    links = [tag("a", each.title, href=f"#{each.anchor}") for each in sections]
    chip = tag("span", VERDICT_WORDS[report.verdict], class_=f"chip big {MOODS[report.verdict]}")
    return tag(
        "header",
        chip,
        tag("h1", title),
        tag("div", _subtitle(report), class_="soft"),
        _tiles(report),
        tag("nav", *links, aria_label="contents") if len(links) > 1 else None,
    )


def _subtitle(report: Report) -> str:
    parts = [f"ftdsl {report.command}"]
    if report.run is not None:
        from ftdsl.reports.summary import closing

        parts += [closing(report.run).partition(": ")[2], f"run {report.run.run_id}"]
    return " · ".join(parts)


def _tiles(report: Report) -> Node:
    if report.run is None:
        return None
    from ftdsl.reports.html_run import tiles

    return tiles(report.run)


def _sections(report: Report, extent: Extent) -> Iterator[Section]:
    problems = _problems(report)
    if problems:
        yield Section("problems", "Problems", problems)
    if report.run is not None:
        from ftdsl.reports.html_round import is_round, round_body
        from ftdsl.reports.html_run import run_sections

        if is_round(report.run):
            yield Section("round", "The round", round_body(report, report.run))

        yield from (Section(*each) for each in run_sections(report.run, extent))
    elif report.plan is not None:
        from ftdsl.reports.html_plan import plan_body

        yield Section("plan", "Plan", plan_body(report.plan))
    if report.comparison is not None:
        from ftdsl.reports.html_compare import comparison_sections

        yield from (Section(*each) for each in comparison_sections(report.comparison))
    if report.next is not None:
        from ftdsl.reports.html_next import next_body

        yield Section("next", "What to do next", next_body(report.next))
    if report.history:
        from ftdsl.reports.html_history import history_body

        body = history_body(report.history, listed=report.command == "runs")
        if body is not None:
            yield Section("history", "Scores over runs", body)
    if report.facts:
        rows = (
            tag("tr", tag("td", fact.name), tag("td", fact.value), tag("td", fact.state))
            for fact in report.facts
        )
        yield Section(
            "facts", "Facts", tag("div", tag("table", tag("tbody", *rows)), class_="card")
        )
    if report.notes:
        yield Section("notes", "Notes", tag("pre", "\n".join(report.notes), class_="wrap"))


def _problems(report: Report) -> list[Markup]:
    """Diagnostics as the terminal shows them, but for the colors."""
    from ftdsl.reports.excerpt import excerpt

    found = list(report.diagnostics)
    if report.run is not None:
        found += [*report.run.diagnostics, *(d for s in report.run.steps for d in s.diagnostics)]
    elif report.plan is not None:
        found += report.plan.problems
    shown = [tag("pre", excerpt(report, each, Style()).rstrip("\n")) for each in found]
    told = [
        tag("pre", f"error[{each.code}]: {each.message}\n{each.help}".rstrip(), class_="wrap")
        for each in report.problems
    ]
    return [*told, *shown]


def _footer(report: Report) -> Markup:
    told = (
        f"Written by ftdsl {__version__}, verdict {report.verdict}, exit code {report.exit_code}. "
    )
    return tag("footer", told, "This page runs no script and asks no other machine for anything.")
