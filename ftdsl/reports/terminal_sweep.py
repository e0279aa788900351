"""A sweep at a terminal: finalists first, then every trial."""

from __future__ import annotations

from collections.abc import Iterator

from ftdsl.reports.inert import line
from ftdsl.reports.style import Style
from ftdsl.reports.sweep_words import finalist_text, settings_text, trial_text
from ftdsl.results.sweep import SweepOutput

_TONES = {"complete": "cyan", "pruned": "dim", "failed": "red"}


def sweep_lines(output: SweepOutput, style: Style) -> Iterator[str]:
    """The lines below a sweep's own."""
    yield style.paint(f"    best = {line(output.objective)} on {line(output.eval)}", "dim")
    for one in output.finalists:
        tone = "bold" if one.behind is None else "cyan"
        yield f"    {style.paint(line(settings_text(one.settings)), tone)}"
        yield style.paint(f"          {line(finalist_text(one))}", "dim")
    for trial in output.trials:
        number = f"{trial.configuration + 1}/{trial.seed}"
        name = style.paint(line(settings_text(trial.settings)), _TONES[trial.state])
        yield f"    {number:<6} {name}  {line(trial_text(trial))}"
    if output.left_out:
        yield f"    {line(output.left_out)}"
    yield from (f"    {line(note)}" for note in output.notes)
