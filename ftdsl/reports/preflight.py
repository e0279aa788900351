"""What a preflight found, in lines of text: each check, then the rows in tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ftdsl.reports.inert import line
from ftdsl.reports.numbers import count, plural
from ftdsl.reports.style import Style
from ftdsl.results.preflight import PreflightOutput, SplitTokens

_MARKS = {"pass": ("✓", "green"), "warn": ("△", "yellow"), "fail": ("✗", "red")}


def preflight_lines(output: PreflightOutput, style: Style) -> Iterator[str]:
    """The checks that do not hold, or all of them where asked for more; then what is learned."""
    shown = [one for one in output.checks if one.verdict in ("warn", "fail") or style.verbose]
    width = max((len(one.name) for one in shown), default=0)
    for one in shown:
        mark, tone = _MARKS.get(one.verdict, ("◌", "dim"))
        yield f"{style.paint(mark, tone)} {line(one.name):<{width}}  {line(one.told)}"
    for split in output.splits:
        yield split_text(split)
    yield from resolved_lines(output.resolved, output.rules)


def resolved_lines(resolved: Mapping[str, str], rules: Mapping[str, str]) -> Iterator[str]:
    """``auto: batch_size = 4, accumulation = 2 (why)``, one line a rule."""
    for rule in dict.fromkeys(rules.get(name, "") for name in resolved):
        values = [f"{name} = {value}" for name, value in resolved.items() if rules[name] == rule]
        yield f"auto: {line(', '.join(values))} ({line(rule)})"


def split_text(split: SplitTokens) -> str:
    """``data: 900 rows, 41,200 tokens a pass: 12,000 learned, 29,200 masked; longest 96``."""
    about = "" if split.exact else "at most "
    parts = [f"{line(split.split)}: {plural(split.rows, 'row')}"]
    if split.left_out:
        parts.append(f"{count(split.left_out)} left out")
    told = f"{about}{plural(split.tokens, 'token')} a pass"
    if split.exact:
        told += f" ({count(split.learned)} learned, {count(split.masked)} masked)"
    parts.append(told)
    if split.longest:
        parts.append(f"median {count(split.median)}, longest {count(split.longest)}")
    if split.over:
        parts.append(f"{count(split.over)} cut by {plural(split.cut_tokens, 'token')}")
    return ", ".join(parts)
