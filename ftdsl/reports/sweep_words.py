"""What a sweep came to, in the words that all reports share."""

from __future__ import annotations

from collections.abc import Mapping

from ftdsl.reports.numbers import interval, plural, score
from ftdsl.reports.select_words import behind_text
from ftdsl.results.sweep import Finalist, SweepOutput, Trial


def settings_text(settings: Mapping[str, str]) -> str:
    """``learning_rate = 0.0002  n_epochs = 2``."""
    return "  ".join(f"{name} = {value}" for name, value in settings.items())


def sweep_text(output: SweepOutput) -> str:
    """One line: how much was tried, and what leads."""
    tried = len({one.configuration for one in output.trials})
    tied = f", {len(output.tied)} tied with it" if output.tied else ""
    return f"{settings_text(output.winner)}{tied}, of {plural(tried, 'combination')}"


def trial_text(one: Trial) -> str:
    """What a trial came to."""
    if one.state != "complete":
        return f"{one.state}: {one.why}"
    if one.value is None or one.low is None or one.high is None:
        return "complete"
    loss = f"  validation loss {one.eval_loss:.3f}" if one.eval_loss is not None else ""
    return f"{score(one.value)} {interval(one.low, one.high)}{loss}"


def finalist_text(one: Finalist) -> str:
    """The mean over seeds, how the seeds differ, and how far it is behind."""
    seeds = f"mean of {plural(len(one.seeds), 'seed')} {score(one.value)}"
    spread = f", standard deviation {score(one.spread)}" if one.spread is not None else ""
    told = behind_text(one.behind) if one.behind is not None else "leads"
    return f"{seeds}{spread}; {told}"
