"""The evidence for each removal: both rows by id and place, and what was compared of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

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
from ftdsl.privacy.masking import masked
from ftdsl.quality.expressions import Block, Evaluator
from ftdsl.results.models import Removal

# Characters of a compared text that a report shows.
EXCERPT = 300
# Characters in which a shared run of words is looked for.
_SEARCHED = 20_000


@dataclass(frozen=True, slots=True)
class _Seen:
    row_id: str
    path: str
    line: int
    excerpts: dict[int, str]


# Which drop lines need to see a row, by its number in reading order.
_Wanted = dict[int, set[int]]


def removals(step: DedupStep, context: Context, reading: Reading, stars: Stars) -> list[Removal]:
    """One removal for each removed row, in file order. Reads the rows a second time, so that the
    first pass need not hold their texts. Raises Refused (FT305) if a file has changed since."""
    own: _Wanted = defaultdict(set)
    others: dict[str, _Wanted] = {name: defaultdict(set) for name in reading.others}
    removed = stars.removed.tolist()
    for row in removed:
        number = int(stars.line[row])
        against = step.dedup.drops[number].against
        own[row].add(number)
        (own if against is None else others[against])[int(stars.kept_row[row])].add(number)
    if not removed:
        return []
    progress = context.progress(f"dedup {step.name}: evidence")
    seen = _look(step, context, progress, (step.dataset, None), reading.places, own)
    seen_others = {
        name: _look(
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
    source: tuple[DatasetDef, str | None],
    places: Places,
    wanted: _Wanted,
    *,
    is_held: bool = False,
) -> dict[int, _Seen]:
    seen: dict[int, _Seen] = {}
    if not wanted:
        return seen
    evaluator = Evaluator(source[0], context.root)
    count = 0
    for block in batches(source[0], context, progress, source[1]):
        chosen = [i for i in range(len(block)) if count + i in wanted]
        rows = [block[i] for i in chosen]
        excerpts: list[dict[int, str]] = [{} for _ in rows]
        for number, drop in enumerate(step.dedup.drops):
            which = [i for i, at in enumerate(chosen) if number in wanted[count + at]]
            on = held_on(drop) if is_held else drop.on
            by_run = drop.method == "ngram"
            texts = _texts(evaluator, on, [rows[i] for i in which])
            for i, parts in zip(which, texts, strict=True):
                excerpts[i][number] = masked("\n".join(parts), _SEARCHED if by_run else EXCERPT)
        for at, row, shown in zip(chosen, rows, excerpts, strict=True):
            _same(row, places, count + at)
            seen[count + at] = _Seen(row.row_id, row.path, row.line, shown)
        count += len(block)
    if count != len(places):
        raise _changed(source[0].name, source[0].span)
    return seen


def _texts(evaluator: Evaluator, on: Sequence[Expr], rows: list[Row]) -> list[Texts]:
    return compared_texts(evaluator, on, Block(rows)) if rows else []


def _same(row: Row, places: Places, index: int) -> None:
    if index >= len(places) or places.place(index) != (row.path, row.line):
        raise _changed(row.path, None)


def _changed(name: str, span: Span | None) -> Refused:
    return Refused(
        Diagnostic(
            "FT305",
            f"the data of `{name}` changed while it was read",
            span or Span(name, 0, 0),
            help="run again when nothing writes to the files",
        )
    )
