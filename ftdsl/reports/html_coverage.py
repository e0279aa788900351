"""What a dataset covers, as a part of a page: targets, what is missing, lengths, maps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ftdsl.reports.inert import shortened
from ftdsl.reports.markup import Markup, Node, tag
from ftdsl.reports.numbers import count, plural, share
from ftdsl.reports.plots_coverage import (
    Target,
    cluster_map,
    histogram,
    round_end,
    target_bar,
    tone,
)
from ftdsl.reports.summary import bars_by_key, bound_text
from ftdsl.results.coverage import Bar, ClusterMap, CoverageGroup, LengthHistogram
from ftdsl.results.models import CoverageOutput

if TYPE_CHECKING:
    from ftdsl.reports.extent import Extent

# Bars of a group that stand outside a fold, and missing groups that are listed.
_OPEN, _MISSING = 12, 15
_LOWER, _UPPER = (">=", ">", "=="), ("<=", "<", "==")


def coverage_body(output: CoverageOutput, extent: Extent) -> list[Node]:
    """All pictures of one coverage block."""
    body: list[Node] = [tag("h3", "Coverage", id=f"data-{output.name}-coverage")]
    missing = _missing(output)
    if missing is not None:
        body.append(missing)
    body += [_group(group, output.rows, extent) for group in output.groups]
    if output.lengths:
        body += [tag("h3", "Lengths in words"),
                 tag("div", *map(_lengths, output.lengths), class_="cards")]  # fmt: skip
    return body


def _missing(output: CoverageOutput) -> Markup | None:
    """The groups that lack most rows, of all lines of the block."""
    short = [
        (bar, group.source) for group in output.groups for bar in group.bars if bar.missing_rows
    ]
    if not short:
        return None
    short.sort(key=lambda pair: (-pair[0].missing_rows, pair[1], pair[0].key))
    rows = [
        tag(
            "tr",
            tag("td", shortened(bar.key, 60) or "(empty)", _note(bar.note), class_="name"),
            tag("td", tag("code", shortened(source, 60)), class_="wide"),
            tag("td", plural(bar.rows, "row"), class_="number soft"),
            tag("td", bound_text(bar), class_="number"),
            tag("td", tag("b", f"+{plural(bar.missing_rows, 'row')}"), class_="number"),
        )
        for bar, source in short[:_MISSING]
    ]
    numbers = (tag("th", each, class_="number") for each in ("has", "target", "needs"))
    heads = tag("tr", tag("th", "group"), tag("th", "of"), *numbers)
    table = tag("table", tag("thead", heads), tag("tbody", *rows), class_="stack missing")
    left = len(short) - _MISSING
    return tag(
        "div",
        tag("h4", "What is missing"),
        tag("div", table, class_="scroll"),
        tag("p", f"… and {plural(left, 'group')} more.", class_="soft") if left > 0 else None,
        class_="card",
    )


def _note(note: str) -> Markup | None:
    return tag("div", shortened(note, 80), class_="soft small") if note else None


def _group(group: CoverageGroup, rows: int, extent: Extent) -> Markup:
    told = f"entropy {group.entropy:.2f} bits: as diverse as {group.effective:.1f} equal parts"
    head = tag(
        "div",
        tag("h4", "by ", tag("code", group.source)),
        tag("span", told, class_="soft small push"),
        class_="head",
    )
    lines = bars_by_key(group.bars)
    end = _end(lines, rows)
    shown = [_line(bars, rows, end, group.map is not None) for bars in lines]
    more = tag(
        "details", tag("summary", plural(len(shown) - _OPEN, "more group")),
        _table(shown[_OPEN:], end),
    ) if len(shown) > _OPEN + 3 else None  # fmt: skip
    table = _table(shown[:_OPEN] if more else shown, end)
    return tag("div", head, table, more, _map(group, extent), class_="card")


def _end(lines: Sequence[Sequence[Bar]], rows: int) -> float:
    shares = [bar.share for bars in lines for bar in bars]
    targets = [target.share for bars in lines for target in _targets(bars, rows)]
    return round_end(max([*shares, *(one for one in targets if one <= 1)], default=1.0))


def _targets(bars: Sequence[Bar], rows: int) -> Iterator[Target]:
    for bar in bars:
        if bar.bound is None:
            continue
        part = bar.bound if bar.is_share else bar.bound / max(1, rows)
        for low, ops in ((True, _LOWER), (False, _UPPER)):
            if bar.op in ops:
                yield Target(part, low, f"target {bound_text(bar)}")


def _line(bars: Sequence[Bar], rows: int, end: float, has_map: bool) -> Markup:
    first = bars[0]
    mood = "bad" if any(not bar.met for bar in bars) else "accent"
    swatch = tag("span", class_=f"dot-swatch {tone(int(first.key))}") if (
        has_map and first.key.isdecimal()
    ) else None  # fmt: skip
    chips = [
        tag("span", _state(bar), class_=f"chip {'good' if bar.met else 'bad'}")
        for bar in bars
        if bar.bound is not None
    ]
    return tag(
        "tr",
        tag("td", swatch, shortened(first.key, 60) or "(empty)", _note(first.note), class_="name"),
        tag("td", target_bar(first.share, tuple(_targets(bars, rows)), end, mood), class_="bar"),
        tag("td", share(first.share), class_="number"),
        tag("td", plural(first.rows, "row"), class_="number soft"),
        tag("td", *chips, class_="chips"),
    )


def _state(bar: Bar) -> str:
    short = f", {count(bar.missing_rows)} short" if bar.missing_rows else ""
    return f"{'✓' if bar.met else '✗'} {bound_text(bar)}{short}"


def _table(rows: Sequence[Markup], end: float) -> Markup:
    axis = tag("div", tag("span", "0%"), tag("span", share(end)), class_="ends")
    numbers = (tag("th", each, class_="number") for each in ("share", "rows"))
    first, last = tag("th", "group"), tag("th", "targets")
    heads = tag("tr", first, tag("th", axis, class_="bar"), *numbers, last)
    table = tag("table", tag("thead", heads), tag("tbody", *rows), class_="stack coverage")
    return tag("div", table, class_="scroll")


def _map(group: CoverageGroup, extent: Extent) -> Node:
    shown = group.map
    if shown is None or not shown.points:
        return None
    notes = {bar.key: bar.note for bar in group.bars}
    most = max((point.cluster for point in shown.points), default=0) + 1
    labels = [notes.get(str(number), "") for number in range(most)]
    picture = cluster_map(shown, labels, extent.points)
    return tag(
        "details",
        tag("summary", "Map of the clusters"),
        tag("figure", picture, tag("figcaption", _caption(shown, extent), class_="soft small")),
        open=True,
    )


def _caption(shown: ClusterMap, extent: Extent) -> list[Node]:
    kept = min(extent.points, sum(not point.dropped for point in shown.points))
    gone = min(extent.points, sum(point.dropped for point in shown.points))
    told = (
        f"{plural(kept, 'text')} of {count(shown.texts)} that differ, each in the color of its "
        f"cluster, which bears its number. Near dots share "
        f"words or meaning, as far as two dimensions can show: these hold "
        f"{share(shown.explained)} of the variance, and are stretched where texts lie dense."
    )
    ring = tag("span", class_="dot-swatch gone")
    return [told, *([" ", ring, f" {plural(gone, 'row')} that dedup dropped."] if gone else [])]


def _lengths(lengths: LengthHistogram) -> Markup:
    told = (
        f"median {count(lengths.median)} · 95% up to {count(lengths.p95)} · "
        f"longest {count(lengths.longest)}"
    )
    return tag(
        "div",
        tag("div", tag("h4", tag("code", lengths.source)),
            tag("span", told, class_="soft small push"), class_="head"),
        histogram(lengths),
        class_="card",
    )  # fmt: skip
