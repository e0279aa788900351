"""What coverage says of the data: groups off their bounds, statements that do not hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from ftdsl.results.coverage import Bar, CoverageGroup
from ftdsl.results.models import Finding, RuleOutcome, SubValue

# Groups that the finding of an `each` line names; the others are counted.
_NAMED = 5


def shown_bound(bar: Bar) -> str:
    """``>= 10%`` or ``>= 200 rows``."""
    if bar.bound is None:
        return ""
    if bar.is_share:
        return f"{bar.op} {bar.bound * 100:.10g}%"
    return f"{bar.op} {bar.bound:.10g} rows"


def group_findings(dataset: str, group: CoverageGroup, named: Sequence[str]) -> Iterator[Finding]:
    """FT410: one for each named group off its bound, one for all others of an ``each`` line."""
    others: dict[str, list[Bar]] = defaultdict(list)
    for bar in group.bars:
        if bar.met:
            continue
        if bar.key in named:
            yield _finding(dataset, group, _told(bar), (bar,))
        else:
            others[shown_bound(bar)].append(bar)
    for bound, unmet in others.items():
        told = "; ".join(_told(bar) for bar in unmet[:_NAMED])
        more = f"; and {len(unmet) - _NAMED} more" if len(unmet) > _NAMED else ""
        count = f"{len(unmet)} group{'s' if len(unmet) > 1 else ''}"
        yield _finding(dataset, group, f"each {bound} fails for {count}: {told}{more}", unmet)


def _told(bar: Bar) -> str:
    name = f"`{bar.key}`" + (f" ({bar.note})" if bar.note else "")
    told = f"{name} has {bar.rows} rows ({bar.share:.1%}), not {shown_bound(bar)}"
    return f"{told}: {bar.missing_rows} more are missing" if bar.missing_rows else told


def _finding(dataset: str, group: CoverageGroup, message: str, unmet: Sequence[Bar]) -> Finding:
    below = any(bar.missing_rows for bar in unmet)
    return Finding(
        code="FT410",
        message=message,
        rule=f"by {group.source}",
        dataset=dataset,
        values=tuple(SubValue(source=bar.key, value=str(bar.rows)) for bar in unmet[:_NAMED]),
        help="add rows of these groups, or lower the bound"
        if below
        else "take rows of these groups out, or raise the bound",
    )


def statement_finding(
    dataset: str, outcome: RuleOutcome, named: tuple[SubValue, ...] = ()
) -> Finding:
    """FT411 for an ``expect`` that does not hold."""
    return Finding(
        code="FT411",
        message=f"`{outcome.requirement}` does not hold: {outcome.value}",
        rule=outcome.rule,
        dataset=dataset,
        values=named,
    )
