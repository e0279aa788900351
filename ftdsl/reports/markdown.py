"""A report as Markdown for a job summary or a comment: below 60,000 characters, no link, no image.

Text of data stands in code spans or is escaped sign by sign, so that it can neither mention anyone,
load anything, nor close a block that it stands in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ftdsl.reports.document import (
    BarEntry,
    DatasetEntry,
    Document,
    FindingEntry,
    GateEntry,
    RuleEntry,
)
from ftdsl.reports.eval_entries import ContenderEntry
from ftdsl.reports.forecast import foretold
from ftdsl.reports.github import annotated
from ftdsl.reports.inert import line, shortened
from ftdsl.reports.json import document
from ftdsl.reports.judges import sentences
from ftdsl.reports.numbers import (
    count,
    decimal,
    difference,
    duration,
    interval,
    meter,
    money,
    plural,
    quantity,
    score,
    share,
)
from ftdsl.reports.report import Report
from ftdsl.reports.summary import VERDICT_WORDS, bars_by_key, bound_text, short_by

LIMIT = 60_000
_SHOWN = 25
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~&@:])")
_VERDICT_MARKS = {"pass": "✅", "fail": "❌", "inconclusive": "⚠️", "error": "⛔"}


def render(report: Report) -> str:
    """Headline, gates, scores, data, findings; cut at a line where it would grow too long."""
    shown, left_out = annotated(report, _SHOWN)
    found = document(report, (each for each in shown if each.code != "gate"))
    return _cut("\n".join(_lines(found, len(found.findings) + left_out)))


def _cut(text: str) -> str:
    if len(text) <= LIMIT:
        return text
    shown = text[:LIMIT].rpartition("\n")[0]
    # What was folded would hide all that follows in the comment.
    open_ = shown.count("<details>") - shown.count("</details>")
    closing = "</details>\n" * open_
    return f"{shown}\n{closing}\n*The rest was left out: see the full report.*\n"


def _lines(found: Document, total: int) -> Iterator[str]:
    mark = _VERDICT_MARKS.get(found.verdict, "⏹️")
    yield f"## {mark} ftdsl {found.command}: {VERDICT_WORDS[found.verdict]}"
    yield ""
    if found.spec:
        yield f"{code(found.spec)}, {plural(total, 'finding')}"
        yield ""
    if found.comparison is not None:
        from ftdsl.reports.markdown_compare import comparison_lines

        yield from comparison_lines(found.comparison)
    if found.next is not None and found.command == "next":
        from ftdsl.reports.markdown_next import next_lines

        yield from next_lines(found.next)
    if found.runs:
        yield from _runs(found)
    yield from _gates(found.gates)
    yield from _selections(found)
    if found.ratings:
        from ftdsl.reports.markdown_rating import rating_lines

        yield from rating_lines(found.ratings)
    yield from _evals(found)
    yield from _trainings(found)
    for name, dataset in found.datasets.items():
        yield from _dataset(name, dataset)
    yield from _findings(found.findings, total)
    yield from _steps(found)
    if found.facts:
        yield from table(("", ""), ((text(f.name), text(f.value)) for f in found.facts))
    if found.notes:
        yield from _fenced(found.notes)


def _runs(found: Document) -> Iterator[str]:
    rows = (
        (
            f"{_VERDICT_MARKS.get(one.verdict, '⏹️')} {code(one.run_id)}",
            text(one.spec),
            text(f"{each.eval}, {each.model}: {each.score}"),
            score(each.mean),
            interval(each.low, each.high),
            count(each.n),
        )
        for one in found.runs
        for each in one.scores
    )
    yield from table(("run", "spec", "score", "mean", "interval", "n"), rows)


def _gates(gates: tuple[GateEntry, ...]) -> Iterator[str]:
    if not gates:
        return
    yield "### Gates"
    yield ""
    rows = (
        (
            f"{_VERDICT_MARKS[gate.verdict]} {text(gate.name)}",
            text(gate.candidate) + (f" ({text(gate.slice)})" if gate.slice else ""),
            code(gate.requirement),
            quantity(gate.estimate, gate.unit, points=gate.paired),
            interval(gate.low, gate.high, points=gate.paired, unit=gate.unit),
            count(gate.n),
            text(f"{gate.method}: {gate.why}" if gate.why else gate.method) + _needed(gate),
        )
        for gate in gates
    )
    heads = ("gate", "candidate", "requirement", "estimate", "interval", "n", "method")
    yield from table(heads, rows)


def _needed(gate: GateEntry) -> str:
    if gate.needed_n is None:
        return ""
    cost = f", {money(gate.needed_cost)} more" if gate.needed_cost else ""
    return text(f"; about {count(gate.needed_n)} cases would decide{cost}")


def _selections(found: Document) -> Iterator[str]:
    for name, one in found.selections.items():
        yield f"### Selection: {text(name)}"
        yield ""
        if one.objective:
            yield f"best = {code(one.objective)}, on {text(one.eval)}"
            yield ""
        rows = (_contender(each, len(one.chosen) > 1) for each in one.contenders)
        heads = ("rank", "model", "value", "interval", "against the leader", "figures")
        yield from table(heads, rows)
        yield from (f"- {text(hint)}" for hint in (*one.hints, *one.notes))
        if one.hints or one.notes:
            yield ""


def _contender(each: ContenderEntry, shared: bool) -> tuple[str, ...]:
    rank = "out" if each.rank is None else f"{each.rank} =" if each.rank == 1 and shared else None
    ends = ""
    if each.low is not None and each.high is not None:
        ends = interval(each.low, each.high)
    against = text(each.out)
    if each.behind is not None:
        tied = "tied, " if each.behind.tied else ""
        against = tied + difference(-each.behind.difference)
    figures = [f"{name} {score(one.mean)}" for name, one in each.scores.items()]
    figures += [f"{name} {value * 1000:,.0f} ms" for name, value in each.latency.items()]
    figures += [f"{money(each.cost_per_1k)} per 1k"] if each.cost_per_1k is not None else []
    star = " ★" if each.efficient else ""
    return (
        rank or str(each.rank),
        text(each.model) + star,
        "" if each.value is None else score(each.value),
        ends,
        against,
        text(", ".join(figures)),
    )


def _evals(found: Document) -> Iterator[str]:
    for name, models in found.evals.items():
        yield f"### Scores on {text(name)}"
        yield ""
        rows = (
            (
                text(model),
                text(key),
                score(each.mean),
                interval(each.low, each.high),
                count(each.n),
                count(each.unscored),
            )
            for model, scores in models.items()
            for key, each in scores.items()
        )
        yield from table(("model", "score", "mean", "interval", "n", "unscored"), rows)
        of_judges = [
            f"- {text(each.score)} of {text(each.model)}: {text('. '.join(sentences(each)))}."
            for each in found.judges
            if each.eval == name
        ]
        yield from (*of_judges, "") if of_judges else ()
        if name in found.looks or name in found.flakiness:
            from ftdsl.reports.markdown_looks import look_lines

            yield from look_lines(name, found)


def _trainings(found: Document) -> Iterator[str]:
    if not found.trainings:
        return
    yield "### Training"
    yield ""
    rows = (
        (
            text(name),
            text(each.base),
            count(each.rows),
            count(each.steps),
            f"{decimal(each.first_loss)} → {decimal(each.last_loss)}",
            decimal(each.last_eval_loss),
            duration(each.seconds),
        )
        for name, each in found.trainings.items()
    )
    heads = ("training", "base", "rows", "steps", "loss", "validation loss", "time")
    yield from table(heads, rows)


def _left_out(rule: RuleEntry) -> str:
    return f" ({count(rule.left_out)} left out)" if rule.left_out else ""


def _dataset(name: str, dataset: DatasetEntry) -> Iterator[str]:
    yield f"### Data: {text(name)}"
    yield ""
    counts = dataset.counts
    rows_told = (
        f"{plural(counts.discovered or dataset.rows, 'row')}, {count(len(dataset.removed))} removed"
    )
    yield f"{rows_told}, {count(counts.failed)} unreadable, {count(counts.skipped)} skipped"
    yield ""
    if dataset.rules:
        rows = (
            (
                f"{_VERDICT_MARKS.get(rule.verdict, '⚠️')} {text(rule.rule)}",
                count(rule.failing),
                f"{count(rule.checked)}{_left_out(rule)}",
                share(rule.rate),
                code(rule.requirement),
            )
            for rule in dataset.rules
        )
        yield from table(("rule", "failing", "of", "rate", "requirement"), rows)
    told = [text(one) for one in foretold(dataset.statistics, dataset.forecasts, dataset.costs)]
    if told:
        yield from (f"- {one}" for one in told)
        yield ""
    for group in dataset.coverage:
        lines = (
            (
                code(bars[0].key),
                f"`{meter(bars[0].share, 20)}`",
                share(bars[0].share),
                count(bars[0].rows),
                ", ".join(filter(None, map(_bound, bars))),
            )
            for bars in bars_by_key(group.bars)
        )
        yield from table((f"by {code(group.source)}", "", "share", "rows", "target"), lines)


def _bound(bar: BarEntry) -> str:
    if bar.bound is None:
        return ""
    lack = f" ({short_by(bar)})" if short_by(bar) else ""
    return f"{'✅' if bar.met else '❌'} {text(bound_text(bar))}{lack}"


def _findings(worst: tuple[FindingEntry, ...], total: int) -> Iterator[str]:
    if not worst:
        return
    yield "### Findings"
    yield ""
    shown = worst[:_SHOWN]
    rows = (
        (code(_place(each)), each.code, text(each.rule), text(shortened(each.message, 300)))
        for each in shown
    )
    yield from table(("where", "code", "rule", "what"), rows)
    if total > len(shown):
        yield f"+{count(total - len(shown))} more."
        yield ""


def _steps(found: Document) -> Iterator[str]:
    if not found.steps:
        return
    yield "<details><summary>Steps</summary>"
    yield ""
    rows = (
        (
            code(step.id),
            step.status,
            text("; ".join(step.reasons)),
            "" if step.seconds is None else duration(step.seconds),
        )
        for step in found.steps
    )
    yield from table(("step", "status", "why", "time"), rows)
    yield "</details>"
    yield ""


def _place(finding: FindingEntry) -> str:
    own = (finding.path, finding.line, finding.column)
    parts = own if finding.path else (finding.spec_path, finding.spec_line)
    return ":".join(str(part) for part in parts if part) or "–"


def _fenced(lines: tuple[str, ...]) -> Iterator[str]:
    body = [line(each) for each in lines]
    ticks = "`" * max(3, _longest_run("\n".join(body)) + 1)
    yield from (f"{ticks}text", *body, ticks, "")


def table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """A table with an empty line below; the cells are Markdown already."""
    yield f"| {' | '.join(heads)} |"
    yield "|" + "---|" * len(heads)
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def text(raw: str) -> str:
    """``raw`` as plain text: every sign with a meaning is escaped, a mention is broken up."""
    return _SPECIAL.sub(r"\\\1", line(raw)).replace("\\@", "\\@\u200b")


def code(raw: str) -> str:
    """``raw`` as a code span that also holds inside a table cell; empty for nothing."""
    shown = line(raw).replace("|", "\\|")
    if not shown.strip():
        return ""
    ticks = "`" * (_longest_run(shown) + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{ticks}{pad}{shown}{pad}{ticks}"


def _longest_run(shown: str) -> int:
    return max((len(run) for run in re.findall(r"`+", shown)), default=0)
