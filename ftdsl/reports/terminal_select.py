"""A selection at a terminal: candidates one a line, who is tied, who is out and why."""

from __future__ import annotations

from collections.abc import Iterator

from ftdsl.reports.inert import line
from ftdsl.reports.numbers import interval, score
from ftdsl.reports.select_words import behind_text, figures, rank_text
from ftdsl.reports.style import Style
from ftdsl.results.selection import Contender, SelectOutput

_WIDE = 28


def selection_lines(output: SelectOutput, style: Style) -> Iterator[str]:
    """The lines below a selection's own."""
    if output.objective:
        yield style.paint(f"    best = {line(output.objective)}", "dim")
    width = min(_WIDE, max((len(one.model) for one in output.contenders), default=0))
    for one in output.contenders:
        yield from _contender(one, output, width, style)
    yield from (f"    → {line(hint)}" for hint in output.hints)
    yield from (f"    {line(note)}" for note in output.notes)


def _contender(one: Contender, output: SelectOutput, width: int, style: Style) -> Iterator[str]:
    rank = rank_text(one, output)
    tone = "dim" if one.rank is None else "bold" if one.rank == 1 else "cyan"
    value = ""
    if one.value is not None and one.low is not None and one.high is not None:
        value = f"{score(one.value)} {interval(one.low, one.high)}  "
    told = "  ".join(figures(one))
    name = style.paint(f"{line(one.model):<{width}}", tone)
    yield f"    {rank:<5} {name}  {value}{told}".rstrip()
    if one.out:
        yield style.paint(f"          {line(one.out)}", "dim")
    elif one.behind is not None:
        yield style.paint(f"          {line(behind_text(one.behind))}", "dim")
