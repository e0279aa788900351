"""The evidence for each removal: both rows by id and place, and what was compared of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ftdsl.data.rows import Row
from ftdsl.dedup.clause import Texts, held_on, label
from ftdsl.dedup.excerpts import around_shared
from ftdsl.dedup.places import Places
from ftdsl.dedup.reading import Reading, against_datasets, batches
from ftdsl.dedup.stars import Stars
from ftdsl.dedup.values import compared_texts
from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Context, Progress, Refused
from ftdsl.language.program import DatasetDef, DropDef, Expr
from ftdsl.plan.steps import DedupStep
from ftdsl.privacy.masking import masked, masked_name
from ftdsl.quality.expressions import Block, Evaluator
from ftdsl.results.models import Removal

# Characters of a compared text that a report shows.
EXCERPT = 300
# Characters in which a shared run of words is looked for.
_SEARCHED = 20_000


@dataclass(frozen=True, slots=True)
class Seen:
    """A row as evidence shows it, with what each drop line compared of it."""

    row_id: str
    path: str
    line: int
    excerpts: dict[int, str]


# Which drop lines need to see a row, by its number in reading order.
Wanted = dict[int, set[int]]

# A dataset and the split that is meant.
Source = tuple[DatasetDef, str | None]


class Look(Protocol):
    """Reads a dataset a second time: the wanted rows, by their number in reading order."""

    def __call__(
        self,
        step: DedupStep,
        context: Context,
        progress: Progress,
        source: Source,
        places: Places,
        wanted: Wanted,
        *,
        is_held: bool = False,
    ) -> dict[int, Seen]: ...


def removals(
    step: DedupStep, context: Context, reading: Reading, stars: Stars, look: Look | None = None
) -> list[Removal]:
    """One removal for each removed row, in file order. Reads the rows a second time, so that the
    first pass need not hold their texts. Raises Refused (FT305) if a file has changed since."""
    look = look or _look
    own: Wanted = defaultdict(set)
    others: dict[str, Wanted] = {name: defaultdict(set) for name in reading.others}
    removed = stars.removed.tolist()
    for row in removed:
        number = int(stars.line[row])
        against = step.dedup.drops[number].against
        own[row].add(number)
        (own if against is None else others[against])[int(stars.kept_row[row])].add(number)
    if not removed:
        return []
    progress = context.progress(f"dedup {step.name}: evidence")
    seen = look(step, context, progress, (step.dataset, None), reading.places, own)
    seen_others = {
        name: look(
            step, context, progress, dataset, reading.others[name], others[name], is_held=True
        )
        for name, dataset in against_datasets(step).items()
    }
    progress.close()
    found: list[Removal] = []
    for row in removed:
        number = int(stars.line[row])
        drop = step.dedup.drops[number]
        keepers = seen if drop.against is None else seen_others[drop.against]
        gone, kept = seen[row], keepers[int(stars.kept_row[row])]
        excerpt, kept_excerpt = _excerpts(drop, gone.excerpts[number], kept.excerpts[number])
        found.append(
            Removal(
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
        )
    return found


def _excerpts(drop: DropDef, text: str, other: str) -> tuple[str, str]:
    if drop.method == "ngram":
        return around_shared(text, other, drop.n, EXCERPT)
    return text, other


def _look(
    step: DedupStep,
    context: Context,
    progress: Progress,
    source: Source,
    places: Places,
    wanted: Wanted,
    *,
    is_held: bool = False,
) -> dict[int, Seen]:
    seen: dict[int, Seen] = {}
    if not wanted:
        return seen
    evaluator = Evaluator(source[0], context.root)
    count = 0
    for block in batches(source[0], context, progress, source[1]):
        chosen = [i for i in range(len(block)) if count + i in wanted]
        rows = [block[i] for i in chosen]
        numbers = [wanted[count + at] for at in chosen]
        shown = seen_rows(evaluator, step.dedup.drops, rows, numbers, is_held=is_held)
        for at, row, one in zip(chosen, rows, shown, strict=True):
            _same(row, places, count + at)
            seen[count + at] = one
        count += len(block)
    if count != len(places):
        raise changed(source[0].name, source[0].span)
    return seen


def seen_rows(
    evaluator: Evaluator,
    drops: Sequence[DropDef],
    rows: list[Row],
    numbers: Sequence[set[int]],
    *,
    is_held: bool,
) -> list[Seen]:
    """Each row with what the lines of its ``numbers`` compared of it."""
    excerpts: list[dict[int, str]] = [{} for _ in rows]
    for number, drop in enumerate(drops):
        which = [at for at, own in enumerate(numbers) if number in own]
        on = held_on(drop) if is_held else drop.on
        by_run = drop.method == "ngram"
        texts = _texts(evaluator, on, [rows[at] for at in which])
        for at, parts in zip(which, texts, strict=True):
            excerpts[at][number] = masked("\n".join(parts), _SEARCHED if by_run else EXCERPT)
    return [
        Seen(masked_name(row.row_id), row.path, row.line, shown)
        for row, shown in zip(rows, excerpts, strict=True)
    ]


def _texts(evaluator: Evaluator, on: Sequence[Expr], rows: list[Row]) -> list[Texts]:
    return compared_texts(evaluator, on, Block(rows)) if rows else []


def _same(row: Row, places: Places, index: int) -> None:
    if index >= len(places) or places.place(index) != (row.path, row.line):
        raise changed(row.path, None)


def changed(name: str, span: Span | None) -> Refused:
    """FT305: the rows are not those that were compared."""
    return Refused(
        Diagnostic(
            "FT305",
            f"the data of `{name}` changed while it was read",
            span or Span(name, 0, 0),
            help="run again when nothing writes to the files",
        )
    )
