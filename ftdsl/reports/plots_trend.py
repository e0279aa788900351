"""Scores over runs as SVG: one panel a score, a line a model, a whisker an interval."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ftdsl.reports.inert import shortened
from ftdsl.reports.markup import Markup, stylesheet, tag
from ftdsl.reports.numbers import score
from ftdsl.results.record import RunRecord, ScoreRecord

_TONES = ("accent", "warm", "other", "good")
_TITLE, _NAME, _PLOT, _BOTTOM = 32, 17, 150, 34
_LEFT, _RIGHT = 7.0, 96.0
_WIDTH = 960
_MOST_RUNS = 40

# The page has a style sheet of its own; a file that stands alone carries this one.
_ALONE = """
svg { font: 12px ui-sans-serif, system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
.ground { fill: #fff; } .label { fill: #1d2126; } .label.muted { fill: #626b76; }
.label.strong { font-weight: 650; font-size: 13px; } .grid { stroke: #e3e6ea; }
.trend { stroke-width: 2; } .whisker { stroke-width: 1.25; opacity: .55; }
.accent { stroke: #2f6fd6; fill: #2f6fd6; } .warm { stroke: #c2571a; fill: #c2571a; }
.other { stroke: #7a828c; fill: #7a828c; } .good { stroke: #2b8a4b; fill: #2b8a4b; }
@media (prefers-color-scheme: dark) {
  .ground { fill: #16191d; } .label { fill: #e6e9ed; } .label.muted { fill: #99a2ad; }
  .grid { stroke: #2c3138; }
}
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One model under one score; a point is the place of its run and the score there."""

    model: str
    points: tuple[tuple[int, ScoreRecord], ...]


def different(records: Sequence[RunRecord]) -> list[RunRecord]:
    """The runs in which anything was scored, the oldest first, those that only repeat the one
    before left out; of many the last."""
    kept: list[RunRecord] = []
    for record in sorted(records, key=lambda one: one.run_id):
        if record.scores and not (kept and kept[-1].address == record.address):
            kept.append(record)
    return kept[-_MOST_RUNS:]


def trend(records: Sequence[RunRecord]) -> Markup | None:
    """The drawing for a page; None where no run has scores. A text says what it shows."""
    runs = different(records)
    panels = list(_panels(runs))
    if not panels:
        return None
    drawn = [_panel(name, lines, runs, 0) for name, lines in panels]
    figures = [
        tag(
            "svg",
            *parts,
            width="100%",
            height=_height(lines),
            role="img",
            aria_label=_told(name, lines),
        )
        for (name, lines), parts in zip(panels, drawn, strict=True)
    ]
    return tag("div", *figures, class_="trends")


def trend_file(records: Sequence[RunRecord]) -> str | None:
    """The same as a file that stands alone; None where no run has scores."""
    runs = different(records)
    panels = list(_panels(runs))
    if not panels:
        return None
    parts: list[Markup] = []
    height = 0
    for name, lines in panels:
        parts += _panel(name, lines, runs, height)
        height += _height(lines)
    ground = tag("rect", x=0, y=0, width="100%", height="100%", class_="ground")
    told = "; ".join(_told(name, lines) for name, lines in panels)
    return tag(
        "svg",
        tag("title", told),
        stylesheet(_ALONE),
        ground,
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        width=_WIDTH,
        height=height,
        role="img",
    ) + "\n"  # fmt: skip


def _panels(runs: Sequence[RunRecord]) -> Iterator[tuple[str, list[Line]]]:
    """Each eval and score with the lines of at most four models, those of the last run first."""
    found: dict[tuple[str, str], dict[str, list[tuple[int, ScoreRecord]]]] = {}
    for place, run in reversed(list(enumerate(runs))):
        for one in run.scores:
            if not one.slice:
                lines = found.setdefault((one.eval, one.score), {})
                lines.setdefault(one.model, []).append((place, one))
    for (eval_, name), models in found.items():
        drawn = [Line(model, tuple(reversed(points))) for model, points in models.items()]
        yield f"{eval_}: {name}", drawn[: len(_TONES)]


def _head(lines: Sequence[Line]) -> int:
    """What title and names take above the drawing."""
    return _TITLE + _NAME * len(lines) + 4


def _height(lines: Sequence[Line]) -> int:
    return _head(lines) + _PLOT + _BOTTOM


def _told(name: str, lines: Sequence[Line]) -> str:
    ends = (f"{one.model} {score(one.points[0][1].mean)} to {score(one.points[-1][1].mean)}"
            for one in lines)  # fmt: skip
    return f"{name} over runs: {', '.join(ends)}"


def _panel(
    name: str, lines: Sequence[Line], runs: Sequence[RunRecord], top: int
) -> Iterator[Markup]:
    yield tag("text", shortened(name, 60), x="0", y=top + 16, class_="label strong")
    for number, line in enumerate(lines):
        row = top + _TITLE + _NAME * number
        yield tag("circle", cx=5, cy=row, r=4, class_=f"dot {_TONES[number]}")
        told = f"{shortened(line.model, 40)} {score(line.points[-1][1].mean)}"
        yield tag("text", told, x=16, y=row + 4, class_="label muted")
    top += _head(lines)
    low, high = _span(lines)
    for part in range(3):
        value = low + (high - low) * part / 2
        y = _y(value, low, high, top)
        yield tag("line", x1=f"{_LEFT}%", x2="100%", y1=y, y2=y, class_="grid")
        yield tag("text", f"{value * 100:.0f}%", x=f"{_LEFT - 1}%", y=y + 4, text_anchor="end",
                  class_="label muted")  # fmt: skip
    for number, line in enumerate(lines):
        yield from _drawn(line, _TONES[number], len(runs), (low, high), top)
    yield from _days(runs, top)


def _drawn(
    line: Line, tone: str, count: int, ends: tuple[float, float], top: int
) -> Iterator[Markup]:
    places = [(_x(at, count), _y(one.mean, *ends, top), one) for at, one in line.points]
    for (x, y, _), (x2, y2, _) in pairwise(places):
        yield tag("line", x1=x, y1=y, x2=x2, y2=y2, class_=f"trend {tone}")
    for x, y, one in places:
        reach = {"y1": _y(one.low, *ends, top), "y2": _y(one.high, *ends, top)}
        yield tag("line", x1=x, x2=x, **reach, class_=f"whisker {tone}")
        told = f"{score(one.mean)} [{score(one.low)}, {score(one.high)}], {one.n} cases"
        yield tag("circle", tag("title", told), cx=x, cy=y, r=4, class_=f"dot {tone}")


def _days(runs: Sequence[RunRecord], top: int) -> Iterator[Markup]:
    y = top + _PLOT + 18
    shown = {0: runs[0], len(runs) - 1: runs[-1]}
    for place, run in shown.items():
        anchor = "middle" if len(runs) == 1 else "end" if place else "start"
        yield tag("text", run.run_id[:13], x=_x(place, len(runs)), y=y, text_anchor=anchor,
                  class_="label muted")  # fmt: skip


def _span(lines: Sequence[Line]) -> tuple[float, float]:
    """Tenths that hold every interval; a fifth at least, so that noise does not look like news."""
    ends = [end for line in lines for _, one in line.points for end in (one.low, one.high)]
    low = max(0.0, int(min(ends) * 10) / 10)
    high = min(1.0, -int(-max(ends) * 10 - 0.999) / 10)
    return (low, high) if high - low >= 0.2 else (max(0.0, high - 0.2), max(high, 0.2))


def _x(place: int, count: int) -> str:
    if count == 1:
        return f"{(_LEFT + _RIGHT) / 2:.3f}%"
    return f"{_LEFT + 2 + (_RIGHT - _LEFT - 2) * place / (count - 1):.3f}%"


def _y(value: float, low: float, high: float, top: int) -> float:
    part = (value - low) / ((high - low) or 1.0)
    return top + _PLOT * (1 - max(0.0, min(1.0, part)))
