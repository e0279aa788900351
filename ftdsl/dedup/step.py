"""The step ``dedup``: reads the rows, finds duplicates and leaked rows, names those that go."""

from __future__ import annotations

import importlib.util
from collections import Counter
from collections.abc import Sequence

import numpy as np

from ftdsl.dedup import unicode_tables
from ftdsl.dedup.clause import Clause, label
from ftdsl.dedup.evidence import LocalLook, Look, removals
from ftdsl.dedup.fuzzy import FuzzyComparer
from ftdsl.dedup.grown import Grounds, GrownIndex, found_by
from ftdsl.dedup.held import HeldComparer
from ftdsl.dedup.kept import KeptSets
from ftdsl.dedup.keys import sets_key
from ftdsl.dedup.paraphrase import ParaphraseComparer, least_rows
from ftdsl.dedup.ragged import Ints
from ftdsl.dedup.reading import Reading, found_name, read_dataset
from ftdsl.dedup.removals import write_removals
from ftdsl.dedup.sets import DamagedError
from ftdsl.dedup.spread.evidence import SpreadLook
from ftdsl.dedup.spread.reading import read_spread
from ftdsl.dedup.stars import Stars, star_clusters
from ftdsl.dedup.stored.comparing import StoredComparer
from ftdsl.dedup.stored.index import StoredRow
from ftdsl.dedup.templates import templates
from ftdsl.dedup.told import Told
from ftdsl.dedup.verdict import dedup_findings, largest_cluster
from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Context, Refused
from ftdsl.language.program import DropDef
from ftdsl.plan.steps import DedupStep
from ftdsl.results.models import DedupOutput, Removal

# Removals that keep their excerpts in the result itself.
SHOWN = 200
# The name by which the tables of Unicode are kept.
_TABLES = "unicode"
# Different texts up to which all pairs are compared by `fuzzy`.
FUZZY_TEXTS = 30_000


def run_dedup(step: DedupStep, context: Context) -> DedupOutput:
    """Find the rows that go and write the artifact ``removed.jsonl``. No data file is changed.

    Memory: with ``near`` one to two bytes a shingle for counters, and five to ten for those that
    several rows share; with ``minhash`` 4 bytes a permutation for each row; with ``fuzzy`` the
    texts themselves. The shingles lie in a nameless file, 8 bytes each. Raises Refused
    (FT404-FT406, FT425, FT427, and FT300-FT308 for data that cannot be read).
    """
    for drop in step.dedup.drops:
        _assert_possible(drop)
    if context.policy.engine != "local":
        return _found(step, context, read_spread(step, context), None)
    with KeptSets(context.cache, sets_key(step, context.root)) as kept:
        # The key of what is kept names the Python that they are of.
        unicode_tables.restore(kept.recall(_TABLES) or {})
        try:
            return _found(step, context, read_dataset(step, context, kept), kept)
        except DamagedError:
            kept.forget()
        return _found(step, context, read_dataset(step, context), None)


def _found(
    step: DedupStep, context: Context, reading: Reading, kept: KeptSets | None
) -> DedupOutput:
    clauses, stars = _stars(step, context, reading)
    rows = len(reading.own.places)
    is_here = context.policy.engine == "local"
    look: Look = (LocalLook if is_here else SpreadLook)(step, context, reading)
    told = None if kept is None else Told(kept, step, reading)
    removed = removals(step, context, reading.lines, stars, look, told)
    large = templates(step, rows, stars, look)
    look.close()
    write_removals(context.work, removed)
    findings = tuple(dedup_findings(step, rows, removed, reading.lines, large))
    failed = any(finding.severity == "error" for finding in findings)
    if not failed:
        _keep_stored(reading, stars)
    if kept is not None:
        _remember(step, kept, reading, clauses, stars)
    return DedupOutput(
        name=step.name,
        rows=rows,
        kept=rows - len(removed),
        removed=tuple(_brief(each, index) for index, each in enumerate(removed)),
        by_method=_by_line(step, removed),
        notes=_notes(reading),
        largest_cluster=largest_cluster(removed),
        findings=findings,
        verdict="fail" if failed else "pass",
    )


def _stars(step: DedupStep, context: Context, reading: Reading) -> tuple[list[Clause], Stars]:
    for line in reading.lines:
        if isinstance(line.comparer, FuzzyComparer) and len(line.comparer) > FUZZY_TEXTS:
            raise _refused(
                "FT406",
                f"`drop fuzzy` compares all pairs, and there are {len(line.comparer)} texts",
                line.drop,
                f"up to {FUZZY_TEXTS} different texts are compared; write `drop near`",
            )
        if isinstance(line.comparer, ParaphraseComparer) and line.comparer.too_few:
            rate = line.drop.false_flags
            raise _refused(
                "FT425",
                f"{line.comparer.held} rows of `{line.drop.against}` cannot state "
                f"`false_flags = {rate * 100:.4g}%`",
                line.drop,
                f"that takes {least_rows(rate)} rows with text; allow more false flags, or write "
                "`similarity = 0.5`",
            )
    order: Ints = reading.order.rows()
    progress = context.progress(f"dedup {step.name}: comparing", total=len(order))
    clauses: list[Clause] = [line.clause(step.dedup.ignore_shared) for line in reading.lines]

    def advance(amount: int) -> None:
        progress.advance(amount)
        context.checkpoint()

    stars = star_clusters(order, clauses, advance)
    while not _are_settled(clauses):
        for clause, line in zip(clauses, reading.lines, strict=True):
            if not isinstance(clause.index, GrownIndex):
                clause.index = line.comparer.index()
        stars = star_clusters(order, clauses, lambda _: context.checkpoint())
    progress.close()
    return clauses, stars


def _are_settled(clauses: Sequence[Clause]) -> bool:
    """Whether the rows are taken for good; each index is asked, for it learns what it lacks."""
    told = [one.index.is_settled() for one in clauses if isinstance(one.index, GrownIndex)]
    return all(told)


def _remember(
    step: DedupStep, kept: KeptSets, reading: Reading, clauses: list[Clause], stars: Stars
) -> None:
    """Keep what was found of each near line for a later run, and what the loops know of Unicode."""
    if (tables := unicode_tables.tables()) and kept.recall(_TABLES) is None:
        kept.remember(_TABLES, tables)
    for number, (line, clause) in enumerate(zip(reading.lines, clauses, strict=True)):
        name = found_name(step, number)
        if name is None or not isinstance(line.comparer, Grounds):
            continue
        rows = clause.classes[stars.kept_row < 0] if clause.others is None else clause.others
        stays = np.zeros(len(line.comparer) + 1, dtype=np.bool_)
        # Class -1 writes the last place.
        stays[rows] = True
        are_apart = clause.others is None
        found = found_by(clause.index, line.comparer.keys(), stays[:-1], are_apart=are_apart)
        if found is not None:
            kept.remember(name, found.arrays())


def _keep_stored(reading: Reading, stars: Stars) -> None:
    """Let each index have the rows that are kept, one of each class."""
    for line in reading.lines:
        if not isinstance(line.comparer, StoredComparer):
            continue
        classes = np.concatenate([*line.own, np.empty(0, dtype=np.int64)])
        rows: dict[int, StoredRow] = {}
        for row in np.flatnonzero((stars.kept_row < 0) & (classes >= 0)).tolist():
            place = reading.own.places.place(row)
            stored = StoredRow(line.comparer.stock.dataset, place.path, place.line)
            rows.setdefault(int(classes[row]), stored)
        line.comparer.keep(rows)


def _assert_possible(drop: DropDef) -> None:
    if drop.method == "fuzzy" and importlib.util.find_spec("rapidfuzz") is None:
        raise _refused(
            "FT405",
            "`drop fuzzy` needs rapidfuzz, which is not installed",
            drop,
            "install it with `pip install 'ftdsl[data]'`, or write `drop near`",
        )
    by_words = drop.method == "paraphrase" and not drop.embeddings
    if by_words and importlib.util.find_spec("scipy") is None:
        raise _refused(
            "FT427",
            f"`{'forbid' if drop.forbids else 'drop'} paraphrase` needs scipy, which is not "
            "installed",
            drop,
            "install it with `pip install 'ftdsl[data]'`, or write `near` or `ngram`",
        )
    if drop.method in ("near", "fuzzy", "ngram") and not drop.similarity > 0:
        raise _refused(
            "FT404",
            "at similarity 0 every row is a duplicate of the first",
            drop,
            "write a similarity above 0, such as 0.8",
        )


def _refused(code: str, message: str, drop: DropDef, help_: str) -> Refused:
    return Refused(Diagnostic(code, message, drop.span or Span("", 0, 0), help=help_))


def _notes(reading: Reading) -> dict[str, str]:
    return {
        label(line.drop): line.comparer.note
        for line in reading.lines
        if isinstance(line.comparer, HeldComparer) and line.comparer.note
    }


def _brief(removal: Removal, index: int) -> Removal:
    if index < SHOWN:
        return removal
    return Removal(**{**removal.__dict__, "excerpt": "", "kept_excerpt": ""})


def _by_line(step: DedupStep, removed: list[Removal]) -> dict[str, int]:
    counts = Counter(each.clause for each in removed)
    return {label(drop): counts[label(drop)] for drop in step.dedup.drops}
