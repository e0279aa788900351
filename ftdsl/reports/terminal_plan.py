"""A plan as a tree: each step below the last step it needs, with its state, reasons and cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ftdsl.reports.excerpt import excerpt
from ftdsl.reports.inert import line
from ftdsl.reports.numbers import count, duration, large, money, plural, size
from ftdsl.reports.preflight import resolved_lines
from ftdsl.reports.report import Report
from ftdsl.reports.style import Style

if TYPE_CHECKING:
    from ftdsl.plan.model import Cost, Plan, PlannedStep, Range, TrainingFigures

STATES = {
    "fresh": ("✓", "green", "unchanged"),
    "stale": ("↻", "yellow", "would run"),
    "pending": ("◌", "dim", "cannot run in this version"),
    "blocked": ("◌", "dim", "blocked"),
    "waiting": ("◌", "yellow", "waits for ratings"),
}


def plan_lines(report: Report, plan: Plan, style: Style) -> Iterator[str]:
    """Problems that already stand in the way, the tree, then what it would all take."""
    for problem in plan.problems:
        yield excerpt(report, problem, style)
    for prefix, planned in tree(plan):
        yield _step(prefix, planned, style)
        if planned.training is not None and planned.state in ("stale", "fresh"):
            lead = " " * (len(prefix) + 2)
            yield from (f"{lead}{one}" for one in figures_lines(planned.training))
    yield ""
    yield from totals(plan, style)


def tree(plan: Plan) -> Iterator[tuple[str, PlannedStep]]:
    """Every step once, in the order of the tree, with the strokes before it. A step stands below
    the last of the steps it needs, since it can only begin when that one is done."""
    order = {planned.id: i for i, planned in enumerate(plan.steps)}
    children: dict[str, list[PlannedStep]] = {}
    for planned in plan.steps:
        needs = [need for need in planned.step.needs if need in order]
        parent = max(needs, key=order.__getitem__) if needs else ""
        children.setdefault(parent, []).append(planned)
    for root in children.get("", []):
        yield "", root
        yield from _below(root.id, "", children)


def _below(
    parent: str, strokes: str, children: dict[str, list[PlannedStep]]
) -> Iterator[tuple[str, PlannedStep]]:
    below = children.get(parent, [])
    for i, planned in enumerate(below):
        last = i == len(below) - 1
        yield f"{strokes}{'└─ ' if last else '├─ '}", planned
        yield from _below(planned.id, f"{strokes}{'   ' if last else '│  '}", children)


def _step(prefix: str, planned: PlannedStep, style: Style) -> str:
    mark, tone, word = STATES[planned.state]
    title = f"{prefix}{style.paint(mark, tone)} {style.paint(line(step_title(planned)), 'bold')}"
    told = cost_text(planned.cost) if planned.state == "stale" else word
    reasons = "; ".join(line(reason) for reason in planned.reasons)
    why = f": {reasons}" if reasons and planned.state != "stale" else ""
    because = f"  ({reasons})" if reasons and planned.state == "stale" else ""
    return f"{title}  {told}{why}{style.paint(because, 'dim')}".rstrip()


def step_title(planned: PlannedStep) -> str:
    """``check support``: the kind and the rest of the id."""
    kind, _, name = planned.id.partition(".")
    return f"{kind} {name}"


def cost_text(cost: Cost) -> str:
    """What one step reads and calls, in a few words."""
    parts = []
    if cost.rows:
        parts.append(plural(cost.rows, "row"))
    if cost.bytes:
        parts.append(size(cost.bytes))
    if cost.requests:
        parts.append(plural(cost.requests, "request"))
    if cost.tokens is not None and cost.tokens.worst:
        parts.append(f"about {large(cost.tokens.expected)} tokens")
    elif cost.tokens is None:
        parts.append("tokens unknown")
    if cost.hosts:
        parts.append(f"calls {', '.join(line(host) for host in cost.hosts)}")
    if cost.money is None:
        parts.append("price unknown")
    elif cost.money.worst:
        parts.append(money(cost.money.expected))
    return ", ".join(parts)


def figures_lines(found: TrainingFigures) -> Iterator[str]:
    """What a training takes, in a few lines."""
    if found.rows is None:
        yield "rows, tokens and steps are exact once its preflight ran: `--exact`"
    else:
        yield from _counted(found)
    if found.seconds is not None:
        yield f"about {duration(found.seconds)} at {_rate_text(found)}"
    elif found.rate is None:
        yield "time unknown: state `tokens_per_second`, or run it once"
    facts = [f"licence {line(found.licence)}"] if found.licence else []
    facts += [f"the model ends {line(found.available_until)}"] if found.available_until else []
    if facts:
        yield ", ".join(facts)


def _counted(found: TrainingFigures) -> Iterator[str]:
    about = "" if found.exact else "at most "
    learned = f": {count(found.learned or 0)} learned, {count(found.masked or 0)} masked"
    yield (
        f"{plural(found.rows or 0, 'row')}, {about}{plural(found.tokens_a_pass or 0, 'token')} a "
        f"pass{learned if found.exact else ''}"
    )
    if found.limit is not None:
        cut = f"{plural(found.over or 0, 'row')} over {count(found.limit)} tokens"
        lost = f", cut by {plural(found.cut_tokens or 0, 'token')}" if found.over else ""
        yield f"{cut}{lost}" + (f", {count(found.left_out)} left out" if found.left_out else "")
    yield from resolved_lines(found.resolved, found.rules)
    if found.epochs is not None:
        told = f"{found.epochs:g} {'epoch' if found.epochs == 1 else 'epochs'}"
        batch = f" of {found.batch_size} × {found.accumulation} rows" if found.batch_size else ""
        steps = f", {plural(found.steps, 'step')}{batch}" if found.steps is not None else ""
        tokens = f", {large(found.tokens.worst)} tokens in all" if found.tokens is not None else ""
        yield f"{told}{steps}{tokens}"


def _rate_text(found: TrainingFigures) -> str:
    return f"{found.rate or 0:,.0f} tokens a second ({line(found.rate_source)})"


def totals(plan: Plan, style: Style) -> Iterator[str]:
    """What running the stale steps takes; one line where there are none."""
    stale = len(plan.stale)
    if not stale:
        yield style.paint("✓ nothing to do: every result still holds", "green")
        return
    cost = plan.total
    rows = "unknown" if cost.rows is None else f"{cost.rows:,}"
    requests = "unknown" if cost.requests is None else f"{cost.requests:,}"
    of = f"{stale} of {plural(len(plan.steps), 'step')}"
    yield style.paint(f"{of} would run", "bold")
    yield f"  reads     {plural(cost.files, 'file')}, {size(cost.bytes)}, rows {rows}"
    yield f"  calls     {', '.join(map(line, cost.hosts)) or 'no host'}, requests {requests}"
    yield f"  tokens    {range_text(cost.tokens)}"
    yield f"  money     {range_text(cost.money, dollars=True)}"


def range_text(span: Range | None, *, dollars: bool = False) -> str:
    """``low – expected – worst``, or that it is unknown."""
    if span is None:
        return "unknown" + (" (apply refuses to spend an unknown price)" if dollars else "")
    if not span.worst:
        return "none"
    low, expected, worst = (
        (money(each) if dollars else large(each)) for each in (span.low, span.expected, span.worst)
    )
    return f"low {low}, expected {expected}, worst {worst}"
