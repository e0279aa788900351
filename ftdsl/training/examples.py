"""Which rows a model learns from, and the file of examples that a trainer reads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftdsl.data.rows import Row, messages, pair_of, read_rows
from ftdsl.dedup.removals import removed_rows
from ftdsl.engine.context import Context
from ftdsl.language.program import DatasetDef
from ftdsl.plan.steps import TrainStep

Example = list[dict[str, Any]] | dict[str, Any]

_BLOCK = 256


@dataclass(frozen=True, slots=True)
class Examples:
    """``digest`` is the SHA-256 of the file at ``path``: of the examples, in file order.
    ``unanswered`` rows lack an answer to learn from and were left out; ``with_tools`` declare
    tools, which are no part of an example."""

    path: Path
    rows: int
    unanswered: int
    with_tools: int
    digest: str


def write_examples(
    step: TrainStep, source: tuple[str, str | None], path: Path, context: Context
) -> Examples:
    """Write the rows of ``source`` (dataset, split), without those that dedup removed, to
    ``path`` as JSONL: what ``example_of`` makes of each a line."""
    method = str(dict(step.train.settings).get("method", "sft"))
    name, split = source
    dataset = next(one for one in step.datasets if one.name == name)
    digest = hashlib.sha256()
    rows = unanswered = with_tools = 0
    with path.open("wb") as file:
        for row in read_rows(
            dataset, context.root, split=split, exclude=removed_by_dedup(step, dataset, context)
        ):
            example = example_of(row, method)
            if example is None:
                unanswered += 1
                continue
            line = json.dumps(example, ensure_ascii=False, sort_keys=True).encode() + b"\n"
            file.write(line)
            digest.update(line)
            rows += 1
            with_tools += bool(row.value.get("tools"))
            if rows % _BLOCK == 0:
                context.checkpoint()
    return Examples(path, rows, unanswered, with_tools, digest.hexdigest())


def example_of(row: Row, method: str) -> Example | None:
    """What an objective learns from a row: for ``sft`` its turns, each with ``role`` and
    ``content``; for ``dpo`` and ``orpo`` the turns of ``prompt``, ``chosen`` and ``rejected``; for
    ``kto`` those of ``prompt`` and ``completion``, and its ``label``. None where it has no answer.
    """
    if method == "sft":
        turns = _turns(messages(row))
        return turns if any(turn["role"] == "assistant" for turn in turns) else None
    prompt, chosen, rejected = map(_turns, pair_of(row))
    if method == "kto":
        answer = chosen or rejected
        said = {"prompt": prompt, "completion": answer, "label": bool(chosen)}
        return said if prompt and answer else None
    pair = {"prompt": prompt, "chosen": chosen, "rejected": rejected}
    return pair if all(pair.values()) else None


def _turns(said: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [_plain(turn) for turn in said]


def removed_by_dedup(
    step: TrainStep, dataset: DatasetDef, context: Context
) -> frozenset[tuple[str, int]]:
    """Path and line of the rows that dedup removed; none where it did not run."""
    dedup = f"dedup.{dataset.name}"
    if dedup not in step.needs:
        return frozenset()
    return frozenset(removed_rows(context.artifacts(dedup)))


def _plain(turn: Mapping[str, Any]) -> dict[str, Any]:
    """A turn as chat templates know it. Parts of a list that are not text stay as they are."""
    kept = {key: value for key, value in turn.items() if value is not None}
    if isinstance(content := kept.get("content"), list) and all(
        isinstance(part, dict) and isinstance(part.get("text"), str) for part in content
    ):
        kept["content"] = "".join(part["text"] for part in content)
    kept.setdefault("content", "")
    return kept
