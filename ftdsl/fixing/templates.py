"""Lets a dedup block leave out what a template puts into very many rows, in a copy of the spec."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ftdsl.fixing.diff import Pair
from ftdsl.language.program import DedupDef
from ftdsl.language.source import Source
from ftdsl.results.models import DedupOutput

FIX = "ignore_shared"

Shares = Mapping[str, str]
"""By dataset the share of the rows, such as ``20%``, beyond which a shingle is left out."""


def templated(
    dedups: Iterable[DedupDef], source: Source, outputs: Iterable[DedupOutput]
) -> dict[str, str]:
    """The blocks of ``source`` that find a template and do not leave it out yet, and the share that
    does: the smallest that is offered, since it leaves out the others' templates as well."""
    here = {one.dataset for one in dedups if one.span is not None and one.span.path == source.path}
    found: dict[str, str] = {}
    for output in outputs:
        for finding in output.findings:
            if finding.fix == FIX and finding.dataset in here:
                (share,) = (str(one.value) for one in finding.values)
                found[finding.dataset] = min(found.get(finding.dataset, share), share, key=ratio)
    return found


def ratio(share: str) -> float:
    """What a share is as a number."""
    return float(share.rstrip("%")) / 100


def with_shares(
    source: Source, pairs: Sequence[Pair], dedups: Iterable[DedupDef], shares: Shares
) -> list[Pair]:
    """The lines of ``source`` and what takes their place, with the setting as the last line of each
    block that is named."""
    found = list(pairs)
    for one in dedups:
        if one.dataset not in shares or one.span is None or one.span.path != source.path:
            continue
        row, column = source.position(one.span.end - 1)
        text = found[row - 1][0].decode()
        lead = text[: column - 1].rstrip()
        setting = f"  {FIX} = {shares[one.dataset]}\n"
        lines = [*([f"{lead}\n"] if lead else []), setting, text[column - 1 :]]
        found[row - 1] = (found[row - 1][0], [line.encode() for line in lines])
    return found
