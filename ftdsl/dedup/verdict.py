"""What a deduplication says of the data: too much dropped, one large group, leaked rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from ftdsl.dedup.clause import label
from ftdsl.dedup.near import NearComparer
from ftdsl.dedup.reading import Lines
from ftdsl.dedup.templates import MOST, Template, offered_share
from ftdsl.language.program import DropDef
from ftdsl.plan.steps import DedupStep
from ftdsl.results.models import Finding, Removal, SubValue

# A group of duplicates is worth a look from this many rows, or from this share and a few rows.
LARGE_GROUP = 100
LARGE_SHARE = 0.01
_FEW = 10
# Below this chance to find a pair at the threshold the answer is not what the line says.
LEAST_RECALL = 0.98


def largest_cluster(removed: Sequence[Removal]) -> int:
    """Rows of the largest star, its kept row included; 0 where nothing was removed."""
    stars = Counter((each.kept_path, each.kept_line) for each in removed)
    return max(stars.values(), default=-1) + 1


def dedup_findings(
    step: DedupStep,
    rows: int,
    removed: Sequence[Removal],
    lines: Sequence[Lines],
    large: Sequence[Template],
) -> Iterator[Finding]:
    """FT400, FT415 and FT426 (fail the step), FT401, FT402 and FT403 (warnings)."""
    limit = step.dedup.max_dropped
    if limit is not None and len(removed) > limit * rows:
        yield Finding(
            code="FT400",
            message=f"{len(removed)} of {rows} rows ({_percent(len(removed), rows)}) are dropped, "
            f"more than max_dropped = {limit:.4%}".replace(".0000%", "%"),
            rule="max_dropped",
            dataset=step.name,
            help="look at the removed rows and what they were taken for: is the threshold too low, "
            "or the compared text mostly a template?",
        )
    yield from _leaks(step, removed)
    yield from _forbidden(step, removed)
    yield from _templates(step, rows, large)
    if not large:
        yield from _large_groups(step, rows, removed)
    yield from _low_recall(step, lines)


def _percent(part: int, whole: int) -> str:
    return f"{part / max(whole, 1):.1%}"


def _leaks(step: DedupStep, removed: Sequence[Removal]) -> Iterator[Finding]:
    for drop in step.dedup.drops:
        if drop.against is None and not drop.index:
            continue
        leaked = [each for each in removed if each.clause == label(drop)]
        if leaked and not drop.forbids:
            first = leaked[0]
            yield Finding(
                code="FT434" if drop.index else "FT401",
                message=f"{_counted(len(leaked), 'row')} dropped for {_reason(drop, first)}",
                severity="warning",
                values=_values(first),
                rule=label(drop),
                dataset=step.name,
                path=first.path,
                line=first.line,
                row_id=first.row_id,
                excerpt=first.excerpt,
                help=_remedy(drop),
            )


def _remedy(drop: DropDef) -> str:
    if drop.index:
        return "they are left out of this dataset; `removed.jsonl` names the file and line of each"
    return (
        "they are not trained on; remove them from the files if a score over "
        f"`{drop.against}` is ever made with another tool"
    )


def _reason(drop: DropDef, first: Removal) -> str:
    """Why rows are found, and the first of them."""
    of = f"of `{drop.against}`" if drop.against is not None else "before it"
    if drop.index:
        of = f"that an earlier run stored in `{drop.index}`"
    where = f"{first.kept_path}:{first.kept_line}"
    if drop.method == "shared":
        key = ", ".join(expr.source or str(expr.value) for expr in drop.on)
        return f"having the `{key}` of a row {of}, the first that of {where}"
    if drop.method == "ngram":
        told = f"holds {first.similarity:.0%} of the {drop.n}-grams of {where}, by weight"
        return f"holding text of a row {of}; the first {told}"
    return f"being like a row {of}, the first like {where} (similarity {first.similarity:.2f})"


def _values(removal: Removal) -> tuple[SubValue, ...]:
    """The row that it was found for, in its own words."""
    name = f"{removal.kept_path}:{removal.kept_line}"
    return (SubValue(source=name, value=removal.kept_excerpt),)


def _forbidden(step: DedupStep, removed: Sequence[Removal]) -> Iterator[Finding]:
    for drop in step.dedup.drops:
        found = [each for each in removed if drop.forbids and each.clause == label(drop)]
        if found:
            first = found[0]
            yield Finding(
                code="FT426",
                message=f"{_counted(len(found), 'row')} found {_reason(drop, first)}",
                rule=label(drop),
                dataset=step.name,
                path=first.path,
                line=first.line,
                row_id=first.row_id,
                values=_values(first),
                excerpt=first.excerpt,
                help="remove them from the files, or write `drop` for `forbid` to leave them out "
                "of the training data",
            )


def _templates(step: DedupStep, rows: int, large: Sequence[Template]) -> Iterator[Finding]:
    most = MOST if step.dedup.max_cluster is None else step.dedup.max_cluster
    can_ignore = step.dedup.ignore_shared is None
    for one in large:
        offered = f"{offered_share(one.size, rows) * 100:g}%"
        shared = f" they share “{one.text}”" if one.text else " they share no run of three words"
        yield Finding(
            code="FT415",
            message=f"one row stands for {one.size} rows ({_percent(one.size, rows)}), more than "
            f"max_cluster = {most:.4%}:".replace(".0000%", "%")
            + shared,
            rule=label(step.dedup.drops[one.line]),
            dataset=step.name,
            path=one.path,
            line=one.place,
            row_id=one.row_id,
            excerpt=one.text,
            help=(
                "if that is a template and the rest tells the rows apart, write `ignore_shared = "
                f"{offered}` in the block; if they are duplicates, a larger `max_cluster`"
                if can_ignore
                else "raise the similarity, lower `ignore_shared`, or allow it by `max_cluster`"
            ),
            values=(SubValue(source="ignore_shared", value=offered),) if can_ignore else (),
            fix="ignore_shared" if can_ignore else None,
        )


def _large_groups(step: DedupStep, rows: int, removed: Sequence[Removal]) -> Iterator[Finding]:
    stars = Counter((each.kept_path, each.kept_line, each.kept_row_id) for each in removed)
    if not stars:
        return
    (path, line, row_id), others = stars.most_common(1)[0]
    size = others + 1
    if size > LARGE_GROUP or (size > LARGE_SHARE * rows and size > _FEW):
        yield Finding(
            code="FT402",
            message=f"one row stands for {size} rows ({_percent(size, rows)})",
            severity="warning",
            rule="largest group",
            dataset=step.name,
            path=path,
            line=line,
            row_id=row_id,
            help="a group this large is often one template with different contents: compare the "
            "contents alone (`on reply.text`), or raise the similarity",
        )


def _low_recall(step: DedupStep, lines: Sequence[Lines]) -> Iterator[Finding]:
    for line in lines:
        comparer = line.comparer
        if isinstance(comparer, NearComparer) and comparer.recall < LEAST_RECALL:
            yield Finding(
                code="FT403",
                message=f"{comparer.permutations} permutations find a pair at similarity "
                f"{comparer.similarity:g} with probability {comparer.recall:.2f} only",
                severity="warning",
                rule=label(line.drop),
                dataset=step.name,
                help="give more permutations, or write `method = exact_join`",
            )


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun} was" if count == 1 else f"{count} {noun}s were"
