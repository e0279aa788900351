"""Which data files a spec names, and whether a path is one of them, without looking at any."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from ftdsl.record import record

if TYPE_CHECKING:
    from ftdsl.language.program import DatasetDef, Program, SourceDef


@record
class Read:
    """``pattern`` (a root-relative path or glob) is read by a block: ``kind`` is ``dataset``,
    ``eval``, ``model`` or ``example``; for an example ``name`` is that of its dataset. ``reached``
    names the datasets whose data steps read the rows."""

    kind: str
    name: str
    pattern: str
    reached: tuple[str, ...] = ()


def reads_of(program: Program) -> tuple[Read, ...]:
    """Everything that ``program`` names, in written order and without repetition."""
    return tuple(dict.fromkeys(_reads(program)))


def touched(reads: Iterable[Read], paths: Iterable[str]) -> tuple[Read, ...]:
    """Those of ``reads`` that one of the root-relative ``paths`` belongs to."""
    changed = tuple(paths)
    return tuple(read for read in reads if any(matches(read.pattern, path) for path in changed))


def matches(pattern: str, path: str) -> bool:
    """Whether ``path`` is ``pattern`` or one of the files that it stands for, as ``glob`` with
    ``**`` understands it: a star passes no slash and no leading dot."""
    return path == pattern or _expression(pattern).fullmatch(path) is not None


@lru_cache(maxsize=1024)
def _expression(pattern: str) -> re.Pattern[str]:
    parts = pattern.split("/")
    written = []
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        if part == "**":
            written.append(r"(?:(?!\.)[^/]+/)*" + (r"(?!\.)[^/]+" if last else ""))
        else:
            written.append(_segment(part) + ("" if last else "/"))
    return re.compile("".join(written))


def _segment(part: str) -> str:
    """One name of a glob as a regular expression; a set that is not one is a plain bracket."""
    found = "" if part.startswith(".") else r"(?!\.)"
    for piece in re.findall(r"\[!?\]?[^\]/]*\]|.", part):
        if piece == "*":
            found += "[^/]*"
        elif piece == "?":
            found += "[^/]"
        elif len(piece) > 2 and piece.startswith("["):
            inner = piece[1:-1].replace("\\", r"\\").replace("[", r"\[")
            found += f"[^{inner[1:]}]" if inner.startswith("!") else f"[{inner}]"
        else:
            found += re.escape(piece)
    return found


def _reads(program: Program) -> Iterator[Read]:
    against: dict[str, list[str]] = {}
    for dedup in program.dedups:
        for drop in dedup.drops:
            if drop.against is not None:
                against.setdefault(drop.against, []).append(dedup.dataset)
    of_split = _split_readers(program)
    for dataset in program.datasets:
        reached = dict.fromkeys((dataset.name, *against.get(dataset.name, ())))
        reached |= dict.fromkeys(
            reader for name in of_split.get(dataset.name, ()) for reader in against.get(name, ())
        )
        for source in _sources(dataset):
            yield Read("dataset", dataset.name, source.pattern, tuple(reached))
        yield Read("dataset", dataset.name, dataset.tokenizer, (dataset.name,))
    for each in program.evals:
        readers = tuple(dict.fromkeys(against.get(each.name, ())))
        for source in each.sources:
            yield Read("eval", each.name, source.pattern, readers)
    yield from _others(program)


def _others(program: Program) -> Iterator[Read]:
    for model in program.models:
        if model.outputs is not None:
            yield Read("model", model.name, model.outputs.pattern)
    for check in program.checks:
        for rule in check.rules:
            for example in rule.examples:
                yield Read("example", check.dataset, example.source.pattern)


def _split_readers(program: Program) -> dict[str, list[str]]:
    """The evals that are made of a dataset's split, by dataset."""
    found: dict[str, list[str]] = {}
    for each in program.evals:
        if each.split is not None:
            found.setdefault(each.split[0], []).append(each.name)
    return found


def _sources(dataset: DatasetDef) -> Iterator[SourceDef]:
    yield from dataset.sources
    if dataset.split is not None:
        yield from (source for _, source in dataset.split.sources)
