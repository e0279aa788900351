"""Kept runs as people and programs read them: a line a run, and the entries of the JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ftdsl.reports.inert import line, shortened
from ftdsl.reports.numbers import duration, interval, money, score
from ftdsl.reports.style import Style
from ftdsl.reports.summary import MARKS, MOODS, TONES
from ftdsl.results.record import RunRecord, ScoreRecord

_SCORES = 3


@dataclass(frozen=True, slots=True)
class RunScoreEntry:
    """One score of a run, over all cases."""

    eval: str
    model: str
    score: str
    mean: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class RunEntry:
    """One kept run. ``address`` is the same for two runs that came to the same; ``money`` is null
    where no price is known."""

    run_id: str
    address: str
    started: str
    spec: str
    verdict: str
    seconds: float
    money: float | None
    datasets: dict[str, str]
    gates: dict[str, str]
    scores: tuple[RunScoreEntry, ...]


def run_entries(records: Sequence[RunRecord]) -> tuple[RunEntry, ...]:
    """The runs for programs."""
    return tuple(
        RunEntry(
            one.run_id,
            one.address,
            one.started,
            one.spec,
            one.verdict,
            one.seconds,
            one.costs.money,
            {name: data.digest for name, data in one.datasets.items()},
            one.gates,
            tuple(
                RunScoreEntry(s.eval, s.model, s.score, s.mean, s.low, s.high, s.n)
                for s in one.scores
                if not s.slice
            ),
        )
        for one in records
    )


def history_lines(records: Sequence[RunRecord], style: Style) -> Iterator[str]:
    """A line a run and one for each of its first scores; what only repeats the run before it says
    so."""
    for place, one in enumerate(records):
        mood = MOODS[one.verdict]
        mark = style.paint(MARKS[mood], TONES[mood])
        older = records[place + 1] if place + 1 < len(records) else None
        repeated = older is not None and older.address == one.address
        told = ", ".join(costs(one))
        yield f"{mark} {style.paint(one.run_id, 'bold')}  {line(one.spec)}  {told}"
        if repeated:
            yield style.paint(f"    the same as {older.run_id}", "dim") if older else ""
            continue
        scores = [each for each in one.scores if not each.slice]
        shown = scores if style.verbose else scores[-_SCORES:]
        for each in shown:
            yield f"    {score_line(each)}"
        if len(scores) > len(shown):
            yield style.paint(f"    … and {len(scores) - len(shown)} more with -v", "dim")


def costs(record: RunRecord) -> Iterator[str]:
    """Address, time and money of a run."""
    yield record.address[:12]
    yield duration(record.seconds)
    if record.costs.money is None:
        yield "at a price that nobody states"
    elif record.costs.money:
        yield money(record.costs.money)


def score_line(one: ScoreRecord) -> str:
    """``golden · mini · exact 41.2% [34.1%, 48.0%]``."""
    name = " · ".join(shortened(part, 40) for part in (one.eval, one.model, one.score))
    return f"{name} {score(one.mean)} {interval(one.low, one.high)}"
