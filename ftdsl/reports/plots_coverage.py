"""Pictures of what data covers: shares against targets, lengths, a map of clusters.

Drawn as in ``plots``: places are percentages, so that text is never stretched. Every picture says
what it shows by its label, and a hand that rests on a mark is told what it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ftdsl.reports.markup import Markup, tag
from ftdsl.reports.numbers import count, plural, share
from ftdsl.results.coverage import ClusterMap, LengthHistogram, MapPoint

TONES = 10
"""Colors of clusters; further ones begin anew, and are told apart by their numbers."""

_PLOT, _MAP = 120, 420
# Room at the edges of the map, in percent, so that dots are whole.
_MARGIN = 3.0
# Labels below a histogram that a phone has room for.
_LABELS = 6


@dataclass(frozen=True, slots=True)
class Target:
    """A bound as a share of the rows: ``low`` (at least) or not (at most), and as it is written."""

    share: float
    low: bool
    told: str


def target_bar(value: float, targets: Sequence[Target], end: float, tone: str) -> Markup:
    """A share as a bar that ends at ``end``, with a mark at each target: a triangle points to the
    side that is asked for."""
    parts = [
        tag("rect", x="0", y=5, width="100%", height=8, rx=4, class_="track"),
        tag("rect", x="0", y=5, width=_at(value, end), height=8, rx=4, class_=f"fill {tone}"),
    ]
    for one in targets:
        place = _at(one.share, end)
        # A nested drawing without a size of its own moves its marks to a place in percent.
        mark = "M0 0h6l-6 4z" if one.low else "M0 0h-6l6 4z"
        parts.append(tag("line", x1=place, x2=place, y1=1, y2=17, class_="bound solid"))
        parts.append(tag("svg", tag("path", d=mark, class_="flag"), x=place, y=0))
    told = ", ".join([share(value), *(one.told for one in targets)])
    return _picture(18, told, "", *parts)


def _at(value: float, end: float) -> str:
    return f"{max(0.0, min(100.0, 100 * value / (end or 1.0))):.3f}%"


def round_end(largest: float) -> float:
    """A round share, not below ``largest`` (but 100% at most), where the bars of a group end."""
    if largest <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(largest))
    steps = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
    end = next(step * power for step in steps if step * power >= largest - 1e-12)
    return round(min(1.0, end), 12)


def histogram(lengths: LengthHistogram) -> Markup:
    """Rows by the number of words, with the median and the 95th percentile marked."""
    rows, most = sum(lengths.counts), max(lengths.counts, default=0)
    width = 100 / max(1, len(lengths.counts))
    bars = [
        tag(
            "rect",
            tag("title", f"{_range(low, high)}: {plural(number, 'row')}, {share(number / rows)}"),
            x=f"{place * width + 0.08 * width:.3f}%",
            width=f"{0.84 * width:.3f}%",
            y=_PLOT - _height(number, most),
            height=_height(number, most),
            class_="column",
        )
        for place, (number, (low, high)) in enumerate(
            zip(lengths.counts, pairwise(lengths.edges), strict=True)
        )
        if number
    ]
    marks = _length_marks(lengths, width)
    told = (
        f"{lengths.source}: median {count(lengths.median)}, 95% of the rows have "
        f"{count(lengths.p95)} or fewer, the longest {count(lengths.longest)}"
    )
    axis = tag("line", x1="0", x2="100%", y1=_PLOT, y2=_PLOT, class_="axis")
    return _picture(_PLOT + 20, told, _told_bins(lengths), *bars, axis, *marks,
                    *_edge_labels(lengths.edges, width))  # fmt: skip


def _height(number: int, most: int) -> float:
    return max(1.5, (_PLOT - 26) * number / most) if number else 0.0


def _range(low: int, high: int) -> str:
    return count(low) if high == low + 1 else f"{count(low)} to {count(high - 1)} words"


def _told_bins(lengths: LengthHistogram) -> str:
    pairs = zip(pairwise(lengths.edges), lengths.counts, strict=True)
    return "; ".join(f"{_range(*edges)}: {number}" for edges, number in pairs if number)


def _length_marks(lengths: LengthHistogram, width: float) -> Iterator[Markup]:
    """The line of the median, and of the 95th percentile."""
    places = [_in_bins(value, lengths.edges, width) for value in (lengths.median, lengths.p95)]
    apart = places[1] - places[0] > 24
    for name, value, place, y in (
        ("median", lengths.median, places[0], 10),
        ("95%", lengths.p95, places[1], 10 if apart else 22),
    ):
        anchor = "start" if place < 50 else "end"
        yield tag("line", x1=f"{place:.3f}%", x2=f"{place:.3f}%", y1=y - 8, y2=_PLOT, class_="mid")
        shift = 0.8 if anchor == "start" else -0.8
        yield tag("text", f"{name} {count(value)}", x=f"{place + shift:.3f}%", y=y,
                  text_anchor=anchor, class_="label muted")  # fmt: skip


def _in_bins(value: int, edges: Sequence[int], width: float) -> float:
    """Percent of the width at which ``value`` lies, evenly within its bin."""
    for place, (low, high) in enumerate(pairwise(edges)):
        if low <= value < high:
            return (place + (value - low + 0.5) / (high - low)) * width
    return 100.0


def _edge_labels(edges: Sequence[int], width: float) -> Iterator[Markup]:
    bins = len(edges) - 1
    step = max(1, math.ceil(bins / _LABELS))
    for place in range(0, bins, step):
        anchor = "start" if place == 0 else "middle"
        yield tag("text", count(edges[place]), x=f"{place * width:.3f}%", y=_PLOT + 15,
                  text_anchor=anchor, class_="label muted")  # fmt: skip


def cluster_map(shown: ClusterMap, labels: Sequence[str], most: int) -> Markup:
    """Texts as dots in the color of their cluster, rows that dedup dropped as rings; a cluster's
    number stands at its middle. At most ``most`` texts are drawn."""
    kept = [point for point in shown.points if not point.dropped][:most]
    dropped = [point for point in shown.points if point.dropped][:most]
    drawn = [*map(_dot, kept), *map(_ring, dropped), *_numbers(kept)]
    told = f"Map of {plural(len(kept), 'text')} in {plural(len(labels), 'cluster')}"
    if dropped:
        told += f", and of {plural(len(dropped), 'row')} that dedup dropped"
    by_size = [f"cluster {i}: {label}" for i, label in enumerate(labels) if label]
    frame = tag("rect", x="0", y="0", width="100%", height=_MAP, rx=8, class_="frame")
    return _picture(_MAP, told, "; ".join(by_size), frame, *drawn)


def _place(value: float) -> float:
    return _MARGIN + value * (100 - 2 * _MARGIN)


def tone(cluster: int) -> str:
    """The class that colors a cluster."""
    return f"c{cluster % TONES}"


def _dot(point: MapPoint) -> Markup:
    return tag(
        "circle", tag("title", f"cluster {point.cluster}: {point.text}"),
        cx=f"{_place(point.x):.1f}%", cy=f"{_place(point.y):.1f}%", r=3.5,
        class_=tone(point.cluster),
    )  # fmt: skip


def _ring(point: MapPoint) -> Markup:
    return tag(
        "circle", tag("title", f"dropped by dedup: {point.text}"),
        cx=f"{_place(point.x):.1f}%", cy=f"{_place(point.y):.1f}%", r=5.5, class_="gone",
    )  # fmt: skip


def _numbers(points: Sequence[MapPoint]) -> Iterator[Markup]:
    """The number of each cluster at the middle of its texts: the median across and down."""
    within: dict[int, list[MapPoint]] = {}
    for point in points:
        within.setdefault(point.cluster, []).append(point)
    for cluster, members in sorted(within.items()):
        across = sorted(point.x for point in members)[len(members) // 2]
        down = sorted(point.y for point in members)[len(members) // 2]
        yield tag("text", str(cluster), x=f"{_place(across):.1f}%", y=f"{_place(down):.1f}%",
                  text_anchor="middle", class_="label number")  # fmt: skip


def _picture(height: float, told: str, more: str, *parts: Markup) -> Markup:
    desc = tag("desc", more) if more else None
    return tag("svg", desc, *parts, width="100%", height=height, role="img", aria_label=told)
