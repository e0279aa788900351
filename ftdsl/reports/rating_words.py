"""What people say, in the words that the terminal and the page share."""

from __future__ import annotations

from collections.abc import Iterator

from ftdsl.reports.numbers import count, interval, plural, score, share
from ftdsl.results.rating import JudgeAgainstPeople, Opinion, RateOutput, Rater


def rating_text(output: RateOutput) -> str:
    """The figures of a rating in a few words."""
    if not output.ratings:
        return f"waits for ratings of {plural(output.items, 'item')}"
    people = plural(output.reliability.raters, "rater")
    told = f"{plural(output.ratings, 'rating')} by {people}, {count(output.rated)} of "
    told += plural(output.items, "item")
    if output.requirements:
        met = sum(one.verdict == "pass" for one in output.requirements)
        told += f", {met} of {plural(len(output.requirements), 'requirement')} met"
    return told


def rating_lines(output: RateOutput) -> Iterator[str]:
    """A line for each model or pair, for the agreement, for the raters, the judges and notes."""
    yield from (opinion_text(output, one) for one in output.opinions if one.values)
    for place, one in enumerate(output.ranking, start=1):
        told = f"{score(one.expected)} {interval(one.low, one.high)}"
        yield f"{place}. {one.model} would win {told} of all comparisons (Bradley-Terry)"
    if output.ratings:
        yield agreement_text(output)
    yield from (rater_text(one) for one in output.raters)
    yield from (judge_text(one) for one in output.judges)
    yield from output.notes


def opinion_text(output: RateOutput, one: Opinion) -> str:
    """``next beats base in 61.3% [52.0%, 70.1%] of 48 items``."""
    found = one.estimate
    ends = interval(found.low, found.high)
    items = f"{plural(found.n, 'item')} ({found.method})"
    if one.against:
        counts = f"{one.wins} won, {one.losses} lost, {one.ties} tied, {one.both_bad} both bad"
        told = f"{one.model} beats {one.against} in {score(found.mean)} {ends} of {items}"
        return f"{told}: {counts}"
    if output.ask == "scale":
        steps = output.points - 1
        low, high = 1 + steps * found.low, 1 + steps * found.high
        grade = f"{1 + steps * found.mean:.2f} [{low:.2f}, {high:.2f}]"
        return f"{one.model}: {grade} of {output.points}, {items}"
    return f"{one.model}: {score(found.mean)} {ends} correct, {items}"


def agreement_text(output: RateOutput) -> str:
    """How far raters agree, and whether a side draws them."""
    found = output.reliability
    if found.alpha is None or found.low is None or found.high is None:
        told = "agreement is not known: no item was rated by two people who could disagree"
    else:
        ends = f"[{found.low:.2f}, {found.high:.2f}]"
        told = f"Krippendorff's alpha {found.alpha:.2f} {ends}, {found.level}"
        told += f", {plural(found.items, 'item')} by {plural(found.raters, 'rater')}"
    bias = output.side_bias
    if bias is None:
        return told
    return f"{told}; left preferred in {share(bias.share)} of {count(bias.n)} (p = {bias.p:.2g})"


def rater_text(one: Rater) -> str:
    """One rater on one line."""
    parts = [f"{one.rater}: {count(one.rated)} rated"]
    if one.gold:
        parts.append(f"gold {one.gold_right}/{one.gold}")
    if one.repeats:
        parts.append(f"repeats {one.repeats_same}/{one.repeats}")
    if one.skipped:
        parts.append(f"{one.skipped} skipped")
    if one.corrected:
        parts.append(f"{one.corrected} corrected")
    parts.append(f"{one.seconds:.0f} s an item")
    return ", ".join(parts)


def judge_text(one: JudgeAgainstPeople) -> str:
    """A judge against people on one line."""
    by = one.calibration
    parts = [f"judge {one.score} agrees with people on {one.agreed} of {one.n}"]
    if by.kappa is not None:
        parts.append(f"kappa {by.kappa:.2f}")
    if by.method == "shift":
        parts.append(f"people grade {by.shift:+.3f} higher")
    parts.append(f"no gate: {by.unusable}" if by.unusable else "may decide a gate")
    return ", ".join(parts)
