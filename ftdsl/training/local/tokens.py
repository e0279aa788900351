"""How conversations become token ids and labels, and which of them can teach anything."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftdsl.training.local.job import Lengths, Settings

IGNORED = -100
"""The label that no loss is taken from (PyTorch's ``ignore_index``)."""


class NoMarks(Exception):
    """The chat template does not mark what the assistant says."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """Rows as token ids (a ``datasets.Dataset``); of each row the tokens of its longest sequence,
    and how many tokens are learned; what became of the rows."""

    dataset: Any
    sizes: list[tuple[int, int]]
    lengths: Lengths


class Counts:
    """What is counted over the rows of a split while they are encoded."""

    def __init__(self, split: str, limit: int) -> None:
        self.split, self.limit = split, limit
        self.longest = self.cut = self.mute = self.tokens = 0
        self.sizes: list[tuple[int, int]] = []

    def seen(self, length: int) -> None:
        """A row of so many tokens, before anything is cut."""
        self.longest = max(self.longest, length)
        self.cut += length > self.limit

    def taken(self, length: int, learned: int) -> None:
        """A row that is learned from, in so many tokens."""
        self.tokens += length
        self.sizes.append((length, learned))

    def encoded(self, columns: dict[str, list[Any]]) -> Encoded:
        """All rows, as the trainer reads them."""
        from datasets import Dataset

        lengths = Lengths(
            split=self.split,
            rows=len(self.sizes),
            tokens=self.tokens,
            longest=self.longest,
            cut=self.cut,
            mute=self.mute,
        )
        return Encoded(Dataset.from_dict(columns), self.sizes, lengths)


Encode = Callable[[Any, Path, str, Settings], Encoded]


def lines(path: Path) -> Iterator[Any]:
    """The examples of a JSONL file."""
    with path.open("rb") as file:
        yield from map(json.loads, file)


def encode(tokenizer: Any, path: Path, split: str, settings: Settings) -> Encoded:
    """The rows of a JSONL file of conversations with ``input_ids`` and ``labels``, at most
    ``max_length`` tokens a row, and what became of them.

    With ``assistant_only_loss`` the labels are the tokens between ``{% generation %}`` and
    ``{% endgeneration %}`` of the chat template, so that the model learns its own turns alone, the
    end of each included; raises ``NoMarks`` where the template has no such marks. A row whose
    labels are all cut off is mute, and is left out.
    """
    limit = settings.max_length
    counts = Counts(split, limit)
    ids: list[list[int]] = []
    labels: list[list[int]] = []
    for turns in lines(path):
        row, marks = _encoded(tokenizer, turns, settings.assistant_only_loss)
        counts.seen(len(row))
        row, marks = row[:limit], marks[:limit]
        # The first token is never predicted, so that a mark on it alone teaches nothing.
        if not any(marks[1:]):
            counts.mute += 1
            continue
        counts.taken(len(row), sum(marks))
        ids.append(row)
        labels.append([one if mark else IGNORED for one, mark in zip(row, marks, strict=True)])
    return counts.encoded({"input_ids": ids, "labels": labels})


def _encoded(
    tokenizer: Any, turns: list[dict[str, Any]], assistant_only: bool
) -> tuple[list[int], list[int]]:
    if not assistant_only:
        row = tokenizer.apply_chat_template(turns, tokenize=True, return_dict=True)["input_ids"]
        return row, [1] * len(row)
    if "{% generation" not in (tokenizer.chat_template or "").replace("{%-", "{%"):
        raise NoMarks("the chat template has no `{% generation %}` marks")
    encoded = tokenizer.apply_chat_template(
        turns, tokenize=True, return_dict=True, return_assistant_tokens_mask=True
    )
    return encoded["input_ids"], encoded["assistant_masks"]
