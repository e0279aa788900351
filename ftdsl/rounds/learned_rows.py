"""The rows that a model learned from, as a round knows them: labels, groups, vectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ftdsl.data.rows import Row, exchange_of, messages, read_rows, text
from ftdsl.dedup.removals import ARTIFACT, removed_rows
from ftdsl.language.program import DatasetDef, EvalDef, Expr, Program, SliceDef, TrainDef
from ftdsl.privacy.masking import masked_all, masked_name
from ftdsl.quality.across.word_vectors import Rarity, text_words
from ftdsl.quality.expressions import Block, Evaluator
from ftdsl.results.run import RunResult
from ftdsl.rounds.answers import Labels
from ftdsl.rounds.evidence import TrainingRow, Vectors

if TYPE_CHECKING:
    from ftdsl.rounds.reading import Subject

MOST_ROWS = 50_000
"""Rows that are compared: of more, as many at equal distances."""
_SHOWN = 2_000
_FEW_VALUES = 20
_SHORT = 60


@dataclass(frozen=True)
class LearnedRows:
    """``fields`` are those that cases may be grouped by as well; ``example`` is one row as it
    stands in its file."""

    dataset: str
    rows: tuple[TrainingRow, ...]
    fields: tuple[str, ...]
    learned: Callable[[Sequence[int]], Sequence[bool]]


def learned_rows(
    program: Program, subject: Subject, run: RunResult, root: Path, out: Path, labels: Labels
) -> LearnedRows:
    """The rows of the training, without those that dedup removed; of a model that was not trained
    here, those of the spec's first dataset."""
    train = subject.train or (program.trains[0] if program.trains else None)
    name, split = train.data if train is not None else _first(program)
    dataset = next((one for one in program.datasets if one.name == name), None)
    if dataset is None:
        return LearnedRows("", (), (), lambda these: [True] * len(these))
    dedup = run.step(f"dedup.{name}")
    removed = out / dedup.artifacts if dedup is not None and dedup.artifacts else None
    has_removals = removed is not None and (removed / ARTIFACT).is_file()
    gone = removed_rows(removed) if has_removals and removed is not None else frozenset()
    rows = list(read_rows(dataset, root, split=split, exclude=gone))
    rows = rows[:: -(-len(rows) // MOST_ROWS)] if rows else rows
    fields = tuple(
        field.name for field in dataset.schema.fields if _is_group([r.value.get(field.name)
                                                                    for r in rows])
    )  # fmt: skip
    said = [exchange_of(messages(row)) if row.base else (text(row), "") for row in rows]
    prompts = masked_all([one for one, _ in said], _SHOWN)
    replies = masked_all([one for _, one in said], _SHOWN)
    told = labels.of(replies)  # masked, as cases are: a label may be shown
    groups = groups_of(subject.eval, rows, fields, dataset)
    known = tuple(
        TrainingRow(masked_name(row.row_id), row.path, row.line, prompts[at], replies[at], told[at],
                    groups[at])
        for at, row in enumerate(rows)
    )  # fmt: skip
    return LearnedRows(name, known, fields, _learned(dataset, root, train, rows))


def _first(program: Program) -> tuple[str, str | None]:
    return (program.datasets[0].name if program.datasets else "", None)


def groups_of(
    eval_: EvalDef,
    rows: Sequence[Row],
    fields: Sequence[str],
    dataset: DatasetDef | None = None,
) -> list[dict[str, str]]:
    """What each row is a part of: its values of fields with few of them, and of the slices that the
    eval declares, where the rows have what those read."""
    found = [
        {
            name: masked_name(str(row.value[name]))
            for name in fields
            if row.value.get(name) is not None
        }
        for row in rows
    ]
    if dataset is None:
        return found
    evaluator = Evaluator(dataset)
    block = Block(list(rows))
    for one in eval_.slices:
        if _can_read(one, eval_, dataset):
            for at, value in enumerate(evaluator.column(one.key, block)):
                if value is not None:
                    found[at][one.name] = masked_name(str(value))
    return found


def _can_read(one: SliceDef, eval_: EvalDef, dataset: DatasetDef) -> bool:
    """Whether a slice of the eval can be told of the dataset's rows as well."""
    own = {field.name for field in eval_.schema.fields}
    there = {field.name for field in dataset.schema.fields}
    read = {str(part.value) for part in one.key.walk() if part.op == "field"}
    calls = {part.op for part in one.key.walk()}
    return (
        dataset.schema.base == eval_.schema.base and read & own <= there and "extern" not in calls
    )


def _is_group(values: Sequence[object]) -> bool:
    """Few different short texts, or yes and no."""
    different = {one for one in values if isinstance(one, str | bool)}
    if len(different) < 2 or len(different) > _FEW_VALUES:
        return False
    return all(len(str(one)) <= _SHORT for one in different)


def _learned(
    dataset: DatasetDef, root: Path, train: TrainDef | None, rows: Sequence[Row]
) -> Callable[[Sequence[int]], Sequence[bool]]:
    """Whether anything is left of a row to learn from, by the measure ``trainable_tokens``: asked
    of the few rows that matter, since it renders and counts."""
    settings: Mapping[str, object] = dict(train.settings) if train is not None else {}
    limit = settings.get("max_length")
    if train is None or train.target != "trl" or not isinstance(limit, int):
        return lambda these: [True] * len(these)
    from ftdsl.quality.measures.row_tokens import RowTokens

    counter = RowTokens(dataset, root)
    known: dict[int, bool] = {}

    def learned(these: Sequence[int]) -> Sequence[bool]:
        new = [at for at in these if at not in known]
        if new:
            counts = counter.trainable_tokens([rows[at] for at in new], limit)
            known.update((at, count > 0) for at, count in zip(new, counts, strict=True))
        return [known[at] for at in these]

    return learned


def vectors_of(
    program: Program, root: Path, out: Path, rows: Sequence[str], cases: Sequence[str]
) -> tuple[Vectors, Vectors]:
    """The prompts as unit vectors: of TF-IDF, or of the sentence encoder that the spec names."""
    name = _encoder_of(program)
    if name:
        from ftdsl.embeddings.encoder import Encoder
        from ftdsl.embeddings.model_files import model_files

        encoder = Encoder(model_files(name, root), cache=out / "cache")
        return encoder.vectors(rows), encoder.vectors(cases)
    rarity = Rarity()
    words = [text_words(one) for one in rows]
    rarity.add(words)
    return rarity.vectors(words), rarity.vectors([text_words(one) for one in cases])


def _encoder_of(program: Program) -> str:
    """The first sentence encoder that the spec's dedup or coverage uses; "" for none."""
    for dedup in program.dedups:
        for drop in dedup.drops:
            if drop.embeddings:
                return drop.embeddings
    keys: list[Expr] = [group.key for one in program.coverages for group in one.groups]
    for key in keys:
        if key.op == "call" and key.value == "cluster" and len(key.args) > 3 and key.args[3].value:
            return str(key.args[3].value)
    return ""
