"""How preferred and marked answers become token ids, as TRL's trainers of preferences read them.

TRL would encode the rows itself; they are encoded here so that what is cut is counted, and so that
a row whose prompt leaves no room for an answer takes no part under any objective.
"""

from __future__ import annotations

from itertools import takewhile
from pathlib import Path
from typing import Any

from ftdsl.training.local.job import Settings
from ftdsl.training.local.tokens import IGNORED, Counts, Encoded, lines

Ids = list[int]


def encode_pairs(tokenizer: Any, path: Path, split: str, settings: Settings) -> Encoded:
    """Rows with two answers: ``prompt_ids``, ``chosen_ids``, ``rejected_ids``."""
    limit, counts = settings.max_length, Counts(split, settings.max_length)
    prompts: list[Ids] = []
    chosen: list[Ids] = []
    rejected: list[Ids] = []
    for row in lines(path):
        asked = _prompt(tokenizer, row["prompt"])
        good = _ids(tokenizer, row["prompt"] + row["chosen"])
        bad = _ids(tokenizer, row["prompt"] + row["rejected"])
        counts.seen(max(len(good), len(bad)))
        # Both answers begin where the first of them leaves the prompt.
        start = min(_common(asked, good), _common(asked, bad))
        good, bad = good[:limit], bad[:limit]
        if start >= min(len(good), len(bad)):
            counts.mute += 1
            continue
        counts.taken(max(len(good), len(bad)), len(good) + len(bad) - 2 * start)
        prompts.append(good[:start])
        chosen.append(good[start:])
        rejected.append(bad[start:])
    return counts.encoded({"prompt_ids": prompts, "chosen_ids": chosen, "rejected_ids": rejected})


def encode_joined(tokenizer: Any, path: Path, split: str, settings: Settings) -> Encoded:
    """Rows with two answers, each whole with its labels, as ORPO's collator pads them."""
    found = encode_pairs(tokenizer, path, split, settings)
    rows = found.dataset.to_dict()
    columns: dict[str, list[Ids]] = {"prompt_input_ids": rows["prompt_ids"]}
    for name in ("chosen", "rejected"):
        pairs = list(zip(rows["prompt_ids"], rows[f"{name}_ids"], strict=True))
        columns[f"{name}_input_ids"] = [asked + said for asked, said in pairs]
        columns[f"{name}_labels"] = [[IGNORED] * len(asked) + said for asked, said in pairs]
    for name in ("prompt", "chosen", "rejected"):
        ids = columns[f"{name}_input_ids"]
        columns[f"{name}_attention_mask"] = [[1] * len(one) for one in ids]
    return Encoded(type(found.dataset).from_dict(columns), found.sizes, found.lengths)


def encode_marked(tokenizer: Any, path: Path, split: str, settings: Settings) -> Encoded:
    """Rows with one answer that is marked good or bad, and beside each the answer of another row:
    what KTO estimates its reference point from. Answers are passed on within a batch."""
    limit, counts = settings.max_length, Counts(split, settings.max_length)
    prompts: list[Ids] = []
    answers: list[Ids] = []
    marks: list[bool] = []
    for row in lines(path):
        asked = _prompt(tokenizer, row["prompt"])
        whole = _ids(tokenizer, row["prompt"] + row["completion"])
        counts.seen(len(whole))
        start = _common(asked, whole)
        whole = whole[:limit]
        if start >= len(whole):
            counts.mute += 1
            continue
        counts.taken(len(whole), len(whole) - start)
        prompts.append(whole[:start])
        answers.append(whole[start:])
        marks.append(row["label"])
    size = settings.batch_size
    batches = [answers[at : at + size] for at in range(0, len(answers), size)]
    others = [one for batch in batches for one in (batch[-1], *batch[:-1])]
    return counts.encoded(
        {
            "prompt_ids": prompts,
            "completion_ids": answers,
            "KL_completion_ids": others,
            "label": marks,
        }
    )


def _prompt(tokenizer: Any, turns: list[dict[str, Any]]) -> Ids:
    return _ids(tokenizer, turns, add_generation_prompt=True)


def _ids(tokenizer: Any, turns: list[dict[str, Any]], **more: Any) -> Ids:
    found: Ids = tokenizer.apply_chat_template(turns, tokenize=True, return_dict=True, **more)[
        "input_ids"
    ]
    return found


def _common(one: Ids, other: Ids) -> int:
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
