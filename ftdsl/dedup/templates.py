"""Rows that stand for very many others, and the template behind them: the text that all share."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ftdsl.dedup.evidence import Look, Wanted
from ftdsl.dedup.stars import Stars
from ftdsl.dedup.unicode_tables import normalise
from ftdsl.plan.steps import DedupStep

# The largest share of the rows that one may stand for where the block names none, and a number of
# rows that is never too many.
MOST, FEW = 0.01, 10
# Rows of a group whose texts are compared, the share of them that holds what is called shared, and
# how much of it is shown.
_COMPARED, _SHARED, _SHOWN = 40, 0.8, 300
_WORD = re.compile(r"\w+")


# Shares of rows that are offered to be left out.
_OFFERED = (0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001)


def offered_share(size: int, rows: int) -> float:
    """The largest of some round shares beyond which the template of ``size`` rows is left out."""
    return next((share for share in _OFFERED if size > share * rows), _OFFERED[-1])


@dataclass(frozen=True, slots=True)
class Template:
    """The largest group of a drop line that is too large: ``size`` rows, the kept one included, and
    what their texts share, with `…` for the rest."""

    line: int
    size: int
    row_id: str
    path: str
    place: int
    text: str


def templates(step: DedupStep, rows: int, stars: Stars, look: Look) -> list[Template]:
    """One for each line that finds near-duplicates and has such a group. Groups of rows that have
    all the same words are copies, and none."""
    most = MOST if step.dedup.max_cluster is None else step.dedup.max_cluster
    found: list[Template] = []
    for number, drop in enumerate(step.dedup.drops):
        if drop.method != "near" or drop.against is not None or drop.index:
            continue
        gone = np.flatnonzero((stars.line == number) & (stars.kept_row >= 0))
        sizes = Counter(stars.kept_row[gone].tolist())
        for kept, others in sizes.most_common(1):
            members = gone[stars.kept_row[gone] == kept]
            differ = members[stars.similarity[members] < 1]
            if others + 1 > max(most * rows, FEW) and len(differ):
                found.append(_template(number, int(kept), differ.tolist(), others + 1, look))
    return found


def _template(number: int, kept: int, members: list[int], size: int, look: Look) -> Template:
    wanted: Wanted = {kept: {number}}
    for row in members[:_COMPARED]:
        wanted[row] = {number}
    seen = look.see(None, wanted)
    first = seen.pop(kept)
    others = [one.texts[number] for one in seen.values()]
    text = shared_text(first.texts[number], others)
    return Template(number, size, first.row_id, first.path, first.line, text)


def shared_text(text: str, others: Sequence[str], run: int = 3) -> str:
    """The words of ``text`` that stand in a run of ``run`` words which most of ``others`` hold,
    with `…` for what is between them."""
    words = list(_WORD.finditer(text))
    ours = [normalise(word.group()) for word in words]
    theirs = [_runs([normalise(word) for word in _WORD.findall(one)], run) for one in others]
    shared: set[int] = set()
    for at in range(len(ours) - run + 1):
        wanted = tuple(ours[at : at + run])
        if sum(wanted in one for one in theirs) >= _SHARED * len(theirs):
            shared.update(range(at, at + run))
    shown, before = "", None
    for at in sorted(shared):
        if before is None or at != before + 1:
            shown += " … " if before is not None or at else ""
        else:
            shown += text[words[before].end() : words[at].start()]
        shown += words[at].group()
        before = at
        if len(shown) >= _SHOWN:
            break
    return (shown + (" …" if before is not None and before + 1 < len(words) else "")).strip()


def _runs(words: list[str], run: int) -> set[tuple[str, ...]]:
    return {tuple(words[at : at + run]) for at in range(len(words) - run + 1)}
