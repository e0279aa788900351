"""The evidence for each removal: both rows by id and place, and where what was compared differs."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from ftdsl.data.rows import DataFile, Row
from ftdsl.dedup.clause import held_on, label
from ftdsl.dedup.excerpts import around_difference, around_shared
from ftdsl.dedup.places import Place
from ftdsl.dedup.reading import Held, Lines, Reading
from ftdsl.dedup.stars import Stars
from ftdsl.dedup.stored.comparing import StoredComparer
from ftdsl.dedup.values import compared_texts
from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Context, Refused
from ftdsl.language.program import DropDef
from ftdsl.plan.steps import DedupStep
from ftdsl.privacy.masking import masked_all, masked_name
from ftdsl.quality.expressions import Block, Evaluator
from ftdsl.results.models import Removal

# Characters of a compared text that a report shows.
EXCERPT = 300
# Characters in which the place that tells is looked for.
_SEARCHED = 20_000
# Rows looked at together, and removals whose texts are held together.
_ROWS, _REMOVALS = 256, 1024


@dataclass(frozen=True, slots=True)
class Seen:
    """A row as evidence shows it, with what each drop line that asks compared of it, masked."""

    row_id: str
    path: str
    line: int
    texts: dict[int, str]


# Which drop lines need to see a row, by its number in reading order.
Wanted = dict[int, set[int]]


class Look(Protocol):
    """Sees rows again: those of the dataset itself, or of one that lines hold others against."""

    @property
    def at_once(self) -> int | None:
        """How many removals are looked at together; None: all."""
        ...

    def see(self, against: str | None, wanted: Wanted) -> dict[int, Seen]:
        """The wanted rows by their number in reading order. Raises Refused (FT305)."""
        ...

    def close(self) -> None:
        """Make sure that no file has changed meanwhile. Raises Refused (FT305)."""
        ...


class Memory(Protocol):
    """What an earlier run told of removals, by the content of both rows."""

    def recalled(self, stars: Stars) -> dict[int, Removal]:
        """The removals that are known, by the number of the row."""
        ...

    def remember(self, stars: Stars, removed: Sequence[Removal]) -> None:
        """Keep what was told of all removed rows."""
        ...


def removals(
    step: DedupStep,
    context: Context,
    lines: Sequence[Lines],
    stars: Stars,
    look: Look,
    memory: Memory | None = None,
) -> list[Removal]:
    """One removal for each removed row, in file order. The rows that it names are read again, so
    that the first pass need not hold their texts, unless ``memory`` has what is told of them.
    Raises Refused (FT305) if a file has changed since."""
    removed = stars.removed.tolist()
    if not removed:
        return []
    progress = context.progress(f"dedup {step.name}: evidence", total=len(removed))
    told = {} if memory is None else memory.recalled(stars)
    progress.advance(len(told))
    asked = [row for row in removed if row not in told]
    together = look.at_once or max(len(asked), 1)
    for first in range(0, len(asked), together):
        some = asked[first : first + together]
        told |= zip(some, _removals(lines, look, some, stars), strict=True)
        progress.advance(len(some))
        context.checkpoint()
    progress.close()
    found = [told[row] for row in removed]
    if memory is not None and asked:
        memory.remember(stars, found)
    return found


def _removals(
    lines: Sequence[Lines], look: Look, removed: list[int], stars: Stars
) -> Iterator[Removal]:
    """The removals of these rows."""
    wanted: dict[str | None, Wanted] = {None: defaultdict(set)}
    for row in removed:
        number = int(stars.line[row])
        wanted[None][row].add(number)
        drop = lines[number].drop
        if not drop.index:
            against = wanted.setdefault(drop.against, defaultdict(set))
            against[int(stars.kept_row[row])].add(number)
    seen = {name: look.see(name, own) for name, own in wanted.items()}
    for row in removed:
        number = int(stars.line[row])
        drop = lines[number].drop
        gone, kept = seen[None][row], _kept(lines[number], int(stars.kept_row[row]), seen)
        excerpt, kept_excerpt = _cut(drop, gone.texts[number], kept.texts[number])
        yield Removal(
            row_id=gone.row_id,
            line=gone.line,
            path=gone.path,
            kept_row_id=kept.row_id,
            kept_line=kept.line,
            kept_path=kept.path,
            similarity=float(stars.similarity[row]),
            method=drop.method,
            clause=label(drop),
            excerpt=excerpt,
            kept_excerpt=kept_excerpt,
        )


def _kept(line: Lines, row: int, seen: dict[str | None, dict[int, Seen]]) -> Seen:
    """The row that a removed one duplicates. Of one that an earlier run stored the place is known,
    and no text."""
    if isinstance(line.comparer, StoredComparer):
        stored = line.comparer.stored[row]
        return Seen("", stored.path, stored.line, defaultdict(str))
    return seen[line.drop.against][row]


def _cut(drop: DropDef, text: str, other: str) -> tuple[str, str]:
    if drop.method == "ngram":
        return around_shared(text, other, drop.n, EXCERPT)
    return around_difference(text, other, EXCERPT)


def seen_rows(
    evaluator: Evaluator,
    drops: Sequence[DropDef],
    rows: list[Row],
    numbers: Sequence[set[int]],
    *,
    is_held: bool,
) -> list[Seen]:
    """Each row with what the lines of its ``numbers`` compared of it: masked before it is ever cut
    to an excerpt, so that no cut goes through what is delicate."""
    block = Block(rows)
    texts: list[dict[int, str]] = [{} for _ in rows]
    for number, drop in enumerate(drops):
        which = [at for at, own in enumerate(numbers) if number in own]
        if not which:
            continue
        asked = block if len(which) == len(rows) else Block([rows[at] for at in which])
        found = compared_texts(evaluator, held_on(drop) if is_held else drop.on, asked)
        safe = masked_all(["\n".join(parts) for parts in found], _SEARCHED)
        for at, text in zip(which, safe, strict=True):
            texts[at][number] = text
    return [
        Seen(masked_name(row.row_id), row.path, row.line, own)
        for row, own in zip(rows, texts, strict=True)
    ]


class LocalLook:
    """Reads the rows again, each by its bytes where its file is plain lines."""

    at_once: int | None = _REMOVALS

    def __init__(self, step: DedupStep, context: Context, reading: Reading) -> None:
        drops = step.dedup.drops
        self._sources: dict[str | None, _Source] = {
            name: _Source(held, context, drops, is_held=True)
            for name, held in reading.others.items()
        }
        self._sources[None] = _Source(reading.own, context, drops, is_held=False)

    def see(self, against: str | None, wanted: Wanted) -> dict[int, Seen]:
        return self._sources[against].see(wanted)

    def close(self) -> None:
        for source in self._sources.values():
            source.close()


class _Source:
    """The rows of one dataset."""

    def __init__(
        self, held: Held, context: Context, drops: Sequence[DropDef], *, is_held: bool
    ) -> None:
        self._held = held
        self._drops = drops
        self._is_held = is_held
        self._evaluator = Evaluator(held.parts.dataset, context.root)
        self._open: dict[int, tuple[DataFile, BinaryIO]] = {}

    def see(self, wanted: Wanted) -> dict[int, Seen]:
        """What the lines compare of each wanted row."""
        seen: dict[int, Seen] = {}
        numbers = sorted(wanted)
        for first in range(0, len(numbers), _ROWS):
            some = numbers[first : first + _ROWS]
            rows, asked = list(self._rows(some)), [wanted[number] for number in some]
            found = seen_rows(self._evaluator, self._drops, rows, asked, is_held=self._is_held)
            seen |= zip(some, found, strict=True)
        return seen

    def _rows(self, numbers: list[int]) -> Iterator[Row]:
        """The rows of these numbers, ascending."""
        places = [self._held.places.place(number) for number in numbers]
        first = 0
        while first < len(places):
            last = first
            while last < len(places) and places[last].part is places[first].part:
                last += 1
            some = places[first:last]
            yield from self._plain(some) if some[0].is_plain else self._searched(some)
            first = last

    def _plain(self, places: list[Place]) -> Iterator[Row]:
        for place in places:
            file = self._file(place.part.file)
            data = os.pread(file.fileno(), place.end - place.start, place.start)
            row = self._held.parts.plain.again(
                place.part, place.line, place.start, data.split(b"\n", 1)[0]
            )
            if row is None:
                raise changed(place.path)
            yield row

    def _file(self, file: DataFile) -> BinaryIO:
        known = self._open.get(id(file))
        if known is None:
            known = self._open[id(file)] = file, file.open()
        return known[1]

    def _searched(self, places: list[Place]) -> Iterator[Row]:
        """The rows of a file that must be read from its beginning."""
        wanted = iter(places)
        place = next(wanted, None)
        for rows in self._held.parts.rows(places[0].part):
            for row in rows:
                if place is not None and row.line == place.line and row.offset == place.start:
                    yield row
                    place = next(wanted, None)
            if place is None:
                return
        if place is not None:
            raise changed(place.path)

    def close(self) -> None:
        for file, stream in self._open.values():
            stream.close()
            file.assert_unchanged()
        self._open = {}


def changed(name: str, span: Span | None = None) -> Refused:
    """FT305: the rows are not those that were compared."""
    return Refused(
        Diagnostic(
            "FT305",
            f"the data of `{name}` changed while it was read",
            span or Span(name, 0, 0),
            help="run again when nothing writes to the files",
        )
    )
