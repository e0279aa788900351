"""Takes the waivers that excuse nothing out of a copy of the spec."""

from __future__ import annotations

from collections.abc import Iterable

from ftdsl.fixing.diff import Pair
from ftdsl.language.program import WaiverDef
from ftdsl.language.source import Source
from ftdsl.results.models import CheckOutput

FIX = "delete_idle_waiver"


def idle_waivers(
    waivers: Iterable[WaiverDef], source: Source, outputs: Iterable[CheckOutput]
) -> tuple[WaiverDef, ...]:
    """The waivers of ``source`` that a check found to have no effect at all."""
    idle = {
        (finding.dataset, finding.rule, finding.line)
        for output in outputs
        for finding in output.findings
        if finding.fix == FIX
    }
    return tuple(
        one
        for one in waivers
        if one.span is not None
        and one.span.path == source.path
        and (*one.rule, source.position(one.span.start)[0]) in idle
    )


def without(source: Source, waivers: Iterable[WaiverDef]) -> list[Pair]:
    """Every line of ``source`` with what takes its place: nothing for those of ``waivers``, and for
    one of two blank lines that would then be neighbours."""
    *whole, rest = source.text.split("\n")
    lines = [f"{one}\n" for one in whole] + ([rest] if rest else [])
    gone: set[int] = set()
    for one in waivers:
        if one.span is None:
            continue
        first = source.position(one.span.start)[0] - 1
        after = source.position(one.span.end)[0]
        gone.update(range(first, after))
        if first and not lines[first - 1].strip() and not "".join(lines[after : after + 1]).strip():
            gone.add(first - 1)
    told = ((line.encode(), index in gone) for index, line in enumerate(lines))
    return [(line, [] if is_gone else [line]) for line, is_gone in told]
