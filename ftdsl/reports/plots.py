"""Plots as inline SVG, drawn with classes that the page's style sheet colors for light and dark.

Horizontal places are percentages, so a plot fills its column at any width and its text is never
stretched. Only curves need a view box of their own, and they hold no text.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ftdsl.reports.markup import Markup, tag
from ftdsl.reports.numbers import difference, score, share, thinned

_CURVE_WIDTH, _CURVE_HEIGHT = 1000, 220
_MOST_POINTS = 300


@dataclass(frozen=True, slots=True)
class Curve:
    """One line of a plot: (x, y) in data units. ``tone`` is a class of the style sheet."""

    name: str
    points: tuple[tuple[float, float], ...]
    tone: str
    dots: bool = False


@dataclass(frozen=True, slots=True)
class Scale:
    """Data units to percent of the width."""

    low: float
    high: float

    def at(self, value: float) -> str:
        """Where ``value`` stands, inside the plot in any case."""
        return f"{self.percent(value):.3f}%"

    def percent(self, value: float) -> float:
        return max(0.0, min(100.0, 100 * (value - self.low) / ((self.high - self.low) or 1.0)))


def bar(value: float, bound: float | None, tone: str) -> Markup:
    """A share as a bar, with a tick at its bound."""
    parts = [
        tag("rect", x="0", y=3, width="100%", height=8, rx=4, class_="track"),
        tag("rect", x="0", y=3, width=Scale(0, 1).at(value), height=8, rx=4, class_=f"fill {tone}"),
    ]
    if bound is not None:
        place = Scale(0, 1).at(bound)
        parts.append(tag("line", x1=place, x2=place, y1=0, y2=14, class_="bound"))
    told = share(value) if bound is None else f"{share(value)}, bound {share(bound)}"
    return _figure(14, told, *parts)


def score_bar(mean: float, low: float, high: float, tone: str) -> Markup:
    """A score in [0, 1] as a bar with the whiskers of its interval."""
    scale = Scale(0, 1)
    told = f"{score(mean)}, interval {score(low)} to {score(high)}"
    return _figure(
        26,
        told,
        tag("rect", x="0", y=5, width="100%", height=16, rx=3, class_="track"),
        tag("rect", x="0", y=5, width=scale.at(mean), height=16, rx=3, class_=f"fill {tone}"),
        *_whiskers(scale, low, high, 13, 6),
    )


def interval_plot(
    estimate: float, low: float, high: float, bound: float, op: str, *, tone: str, points: bool
) -> Markup:
    """An interval against a threshold; the side that meets it is tinted."""
    ends = [value for value in (estimate, low, high, bound) if math.isfinite(value)]
    if points:
        ends.append(0.0)
    spread = (max(ends) - min(ends)) or 0.1
    scale = Scale(min(ends) - 0.14 * spread, max(ends) + 0.14 * spread)
    write = difference if points else score
    at = scale.percent(bound)
    met = (
        {"x": f"{at:.3f}%", "width": f"{100 - at:.3f}%"}
        if op in (">", ">=")
        else {"x": "0", "width": f"{at:.3f}%"}
    )
    zero = _zero_line(scale) if points and min(ends) < 0 < max(ends) else ()
    return _figure(
        74,
        f"{write(estimate)}, interval {write(low)} to {write(high)}, threshold {op} {write(bound)}",
        tag("rect", **met, y=20, height=32, class_="met"),
        tag("line", x1="0", x2="100%", y1=52, y2=52, class_="axis"),
        *zero,
        tag("line", x1=scale.at(bound), x2=scale.at(bound), y1=16, y2=56, class_="bound"),
        _label(f"{op} {write(bound)}", scale.percent(bound), 11, "muted"),
        *_whiskers(scale, low, high, 36, 7),
        tag("circle", cx=scale.at(estimate), cy=36, r=6, class_=f"dot {tone}"),
        _label(write(estimate), scale.percent(estimate), 69, "strong"),
    )


def _zero_line(scale: Scale) -> tuple[Markup, ...]:
    return (tag("line", x1=scale.at(0), x2=scale.at(0), y1=20, y2=52, class_="grid"),)


def _whiskers(scale: Scale, low: float, high: float, y: int, cap: int) -> list[Markup]:
    left, right = scale.at(low), scale.at(high)
    return [
        tag("line", x1=left, x2=right, y1=y, y2=y, class_="whisker"),
        tag("line", x1=left, x2=left, y1=y - cap, y2=y + cap, class_="whisker"),
        tag("line", x1=right, x2=right, y1=y - cap, y2=y + cap, class_="whisker"),
    ]


def _label(told: str, percent: float, y: int, tone: str) -> Markup:
    anchor = "start" if percent < 12 else "end" if percent > 88 else "middle"
    return tag("text", told, x=f"{percent:.3f}%", y=y, text_anchor=anchor, class_=f"label {tone}")


def curves(lines: Sequence[Curve], x_name: str, y_name: str) -> Markup:
    """Curves over one x axis; labels stand in the page beside the drawing."""
    drawn = [line for line in (_finite(each) for each in lines) if line.points]
    if not drawn:
        return Markup("")
    xs = [x for line in drawn for x, _ in line.points]
    ys = [y for line in drawn for _, y in line.points]
    marks = _round_marks(min(ys), max(ys))
    frame = (min(xs), max(xs), marks[0], marks[-1])
    heights = [_CURVE_HEIGHT * part / (len(marks) - 1) for part in range(len(marks))]
    grid = [tag("line", x1=0, x2=_CURVE_WIDTH, y1=y, y2=y, class_="grid") for y in heights]
    drawing = tag(
        "svg",
        *grid,
        *(_curve(line, frame) for line in drawn),
        viewBox=f"0 0 {_CURVE_WIDTH} {_CURVE_HEIGHT}",
        preserveAspectRatio="none",
        class_="curves",
        role="img",
        aria_label=f"{y_name} over {x_name}",
    )
    beside = [tag("span", f"{mark:g}") for mark in reversed(marks)]
    below = [tag("span", f"{value:,.0f}") for value in _ticks(min(xs), max(xs))]
    legend = [tag("span", tag("span", class_=f"swatch {line.tone}"), line.name) for line in drawn]
    return tag(
        "div",
        tag("div", *legend, class_="legend"),
        tag("div", *beside, class_="y-axis", aria_hidden="true"),
        drawing,
        tag("div", *below, class_="x-axis", aria_hidden="true"),
        tag("div", x_name, class_="x-name"),
        class_="plot",
    )


@dataclass(frozen=True, slots=True)
class Spot:
    """One candidate in a picture of quality over cost, with the interval of its quality."""

    name: str
    x: float
    y: float
    low: float
    high: float
    tone: str
    joined: bool


_SPOTS_HEIGHT = 300
_TOP, _BOTTOM = 24, 44


def scatter(spots: Sequence[Spot], x_name: str, write: Callable[[float], str]) -> Markup:
    """Spots with their names; the joined ones by a line of steps, as a frontier is drawn."""
    xs, ends = [one.x for one in spots], [y for one in spots for y in (one.low, one.high)]
    spread = (max(xs) - min(xs)) or abs(max(xs)) or 1.0
    scale = Scale(min(xs) - 0.08 * spread, max(xs) + 0.2 * spread)
    low, high = min(ends), max(ends)
    span = (high - low) or 1.0

    def height(y: float) -> float:
        return _TOP + (_SPOTS_HEIGHT - _TOP - _BOTTOM) * (1 - (y - low) / span)

    floor = _SPOTS_HEIGHT - _BOTTOM + 8
    parts: list[Markup] = [tag("line", x1="0", x2="100%", y1=floor, y2=floor, class_="axis")]
    front = sorted((one for one in spots if one.joined), key=lambda one: one.x)
    for one, after in pairwise(front):
        y = height(one.y)
        there = scale.at(after.x)
        parts.append(tag("line", x1=scale.at(one.x), x2=there, y1=y, y2=y, class_="bound"))
        parts.append(tag("line", x1=there, x2=there, y1=y, y2=height(after.y), class_="bound"))
    for one in spots:
        place = scale.at(one.x)
        whisker = {"y1": height(one.low), "y2": height(one.high)}
        parts.append(tag("line", x1=place, x2=place, **whisker, class_="whisker"))
        parts.append(tag("circle", cx=place, cy=height(one.y), r=6, class_=f"dot {one.tone}"))
        label = f"{one.name} {score(one.y)}, {write(one.x)}"
        percent = scale.percent(one.x) + (1.2 if scale.percent(one.x) < 70 else -1.2)
        anchor = "start" if percent > scale.percent(one.x) else "end"
        parts.append(
            tag("text", label, x=f"{percent:.3f}%", y=height(one.y) - 9, text_anchor=anchor,
                class_="label")
        )  # fmt: skip
    marks = (min(xs), max(xs))
    parts += [_label(write(x), scale.percent(x), floor + 16, "muted") for x in marks]
    parts.append(_label(x_name, 50, floor + 32, "muted"))
    told = "; ".join(f"{one.name}: {score(one.y)} at {write(one.x)}" for one in spots)
    return _figure(_SPOTS_HEIGHT, f"quality over {x_name}: {told}", *parts)


def smoothed(
    points: Sequence[tuple[float, float]], weight: float = 0.8
) -> list[tuple[float, float]]:
    """The exponential moving average of y, without the pull of its beginning (Kingma & Ba 2015,
    bias correction)."""
    total, seen, result = 0.0, 0.0, []
    for x, y in points:
        total = weight * total + (1 - weight) * y
        seen = weight * seen + (1 - weight)
        result.append((x, total / seen))
    return result


def _finite(line: Curve) -> Curve:
    kept = [(x, y) for x, y in line.points if math.isfinite(x) and math.isfinite(y)]
    xs, ys = (thinned([pair[i] for pair in kept], _MOST_POINTS) for i in (0, 1))
    return Curve(line.name, tuple(zip(xs, ys, strict=True)), line.tone, line.dots)


def _round_marks(low: float, high: float) -> list[float]:
    """Four to nine round numbers that hold ``low`` and ``high`` between them."""
    spread = (high - low) or max(abs(high), 1.0)
    power = 10.0 ** math.floor(math.log10(spread / 6))
    step = next(each * power for each in (1, 2, 2.5, 5, 10) if each * power >= spread / 6)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [round(part * step, 12) for part in range(first, max(last, first + 1) + 1)]


def _ticks(low: float, high: float) -> list[float]:
    return [low + (high - low) * part / 4 for part in range(5)] if high > low else [low]


def _curve(line: Curve, frame: tuple[float, float, float, float]) -> Markup:
    left, right, low, high = frame
    places = [
        (
            _CURVE_WIDTH * (x - left) / ((right - left) or 1.0),
            _CURVE_HEIGHT * (1 - (y - low) / ((high - low) or 1.0)),
        )
        for x, y in line.points
    ]
    drawn = tag(
        "polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in places),
        class_=f"curve {line.tone}",
    )  # fmt: skip
    if not line.dots:
        return drawn
    # A line without length and with round ends is a dot that the stretched view box leaves round.
    dots = [tag("path", d=f"M{x:.1f} {y:.1f}h0", class_=f"point {line.tone}") for x, y in places]
    return tag("g", drawn, *dots)


def _figure(height: int, told: str, *parts: Markup) -> Markup:
    return tag("svg", *parts, width="100%", height=height, role="img", aria_label=told)
