"""Which rows a model learns from, and the file of conversations that the worker reads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftdsl.data.rows import messages, read_rows
from ftdsl.dedup.removals import removed_rows
from ftdsl.engine.context import Context
from ftdsl.language.program import DatasetDef
from ftdsl.plan.steps import TrainStep

_BLOCK = 256


@dataclass(frozen=True, slots=True)
class Examples:
    """``digest`` is the SHA-256 of the file at ``path``: of the conversations, in file order.
    ``unanswered`` rows have no assistant turn and were left out."""

    path: Path
    rows: int
    unanswered: int
    digest: str


def write_examples(
    step: TrainStep, source: tuple[str, str | None], path: Path, context: Context
) -> Examples:
    """Write the rows of ``source`` (dataset, split), without those that dedup removed, to
    ``path`` as JSONL: a list of turns with ``role`` and ``content`` a line."""
    name, split = source
    dataset = next(one for one in step.datasets if one.name == name)
    digest = hashlib.sha256()
    rows = unanswered = 0
    with path.open("wb") as file:
        for row in read_rows(
            dataset, context.root, split=split, exclude=removed_by_dedup(step, dataset, context)
        ):
            turns = [_plain(turn) for turn in messages(row)]
            if not any(turn["role"] == "assistant" for turn in turns):
                unanswered += 1
                continue
            line = json.dumps(turns, ensure_ascii=False, sort_keys=True).encode() + b"\n"
            file.write(line)
            digest.update(line)
            rows += 1
            if rows % _BLOCK == 0:
                context.checkpoint()
    return Examples(path, rows, unanswered, digest.hexdigest())


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
