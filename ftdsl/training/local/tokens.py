"""How conversations become token ids and labels, and which of them can teach anything."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ftdsl.training.local.job import Lengths, Settings

IGNORED = -100
"""The label that no loss is taken from (PyTorch's ``ignore_index``)."""


class NoMarks(Exception):
    """The chat template does not mark what the assistant says."""


def encode(tokenizer: Any, path: Path, split: str, settings: Settings) -> tuple[Any, Lengths]:
    """The rows of a JSONL file of conversations as a ``datasets.Dataset`` with ``input_ids`` and
    ``labels``, at most ``max_length`` tokens a row, and what became of them.

    With ``assistant_only_loss`` the labels are the tokens between ``{% generation %}`` and
    ``{% endgeneration %}`` of the chat template, so that the model learns its own turns alone, the
    end of each included; raises ``NoMarks`` where the template has no such marks. A row whose
    labels are all cut off is mute, and is left out.
    """
    from datasets import Dataset

    limit = settings.max_length
    ids: list[list[int]] = []
    labels: list[list[int]] = []
    tokens = longest = cut = mute = 0
    with path.open("rb") as file:
        for line in file:
            row, marks = _encoded(tokenizer, json.loads(line), settings.assistant_only_loss)
            longest = max(longest, len(row))
            cut += len(row) > limit
            row, marks = row[:limit], marks[:limit]
            # The first token is never predicted, so that a mark on it alone teaches nothing.
            if not any(marks[1:]):
                mute += 1
                continue
            tokens += len(row)
            ids.append(row)
            labels.append([one if mark else IGNORED for one, mark in zip(row, marks, strict=True)])
    made = Dataset.from_dict({"input_ids": ids, "labels": labels})
    return made, Lengths(
        split=split, rows=len(ids), tokens=tokens, longest=longest, cut=cut, mute=mute
    )


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
