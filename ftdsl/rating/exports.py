"""Ratings for others: pairs to train on, labels of judges, tasks of Label Studio, arena tables."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ftdsl.rating.batch import Item, Use
from ftdsl.rating.opinions import Said, majority

Turns = Mapping[str, Sequence[Mapping[str, Any]]]
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_HALF = 0.5
_ARENA = (
    "id", "model_a", "model_b", "prompt", "response_a", "response_b",
    "winner_model_a", "winner_model_b", "winner_tie",
)  # fmt: skip


def preference_pairs(said: Said, turns: Turns) -> str:
    """Pairs for DPO, as rows of the format ``preference``: those that more raters call better than
    not, with how many did. ``turns`` are the prompts of cases as conversations."""
    return _lines(_pairs(said, turns))


def _pairs(said: Said, turns: Turns) -> Iterator[dict[str, Any]]:
    for item, use in _rated(said):
        lead = majority(said, item.id)
        if not lead:
            continue
        good, bad = item.answers if lead > 0 else item.answers[::-1]
        asked = turns.get(use.case)
        yield {
            "id": f"{use.case}:{item.id[:8]}",
            "prompt": list(asked) if asked else [{"role": "user", "content": item.prompt}],
            "chosen": [{"role": "assistant", "content": good}],
            "rejected": [{"role": "assistant", "content": bad}],
            "raters": len(said.by_item[item.id]),
        }


def judge_labels(said: Said, _: Turns) -> str:
    """Verdicts that a judge is measured by, as its ``labels:`` reads them: of comparisons for
    ``pairwise``, of single answers for ``judge`` and ``jury``."""
    return _lines(_labels(said))


def _labels(said: Said) -> Iterator[dict[str, Any]]:
    rate = said.batch.rate
    for item in said.batch.items.values():
        mean = said.mean(item.id)
        if mean is None:
            continue
        if rate.ask == "sides":
            word = {1: "win", 0: "tie", -1: "loss"}[majority(said, item.id)]
            first, second = item.answers
            yield {"prompt": item.prompt, "output": first, "rival": second, "verdict": word}
        elif rate.ask == "correct":
            if mean != _HALF:
                yield {"prompt": item.prompt, "output": item.answers[0], "verdict": mean > _HALF}
        else:
            grade = round(1 + mean * (rate.points - 1))
            yield {"prompt": item.prompt, "output": item.answers[0], "verdict": grade}


def label_studio(said: Said, _: Turns) -> str:
    """Tasks of Label Studio, every verdict an annotation of a ``Choices`` tag called ``verdict`` on
    a ``Text`` called ``prompt``; which answer is whose is not told."""
    tasks = []
    for item in said.batch.items.values():
        if not item.uses:
            continue
        names = ("answer_a", "answer_b") if len(item.answers) > 1 else ("answer",)
        tasks.append(
            {
                "data": {
                    "item": item.id,
                    "prompt": item.prompt,
                    **dict(zip(names, item.answers, strict=True)),
                },
                "annotations": [
                    _annotation(item, rater, one.verdict, one.left, one.ms)
                    for rater, one in said.by_item.get(item.id, {}).items()
                ],
            }
        )
    return json.dumps(tasks, ensure_ascii=True, indent=1) + "\n"


def _annotation(item: Item, rater: str, verdict: str, left: str, ms: int) -> dict[str, Any]:
    if verdict.startswith(("left", "right")):
        is_first = verdict.startswith("left") == (left == item.digests[0])
        much = " much" if verdict.endswith("_much") else ""
        verdict = f"{'a' if is_first else 'b'}{much} better"
    choice = {"choices": [verdict.replace("_", " ")]}
    result = {"from_name": "verdict", "to_name": "prompt", "type": "choices", "value": choice}
    return {"result": [result], "lead_time": ms / 1000, "meta": {"rater": rater}}


def arena_table(said: Said, _: Turns) -> str:
    """A row for every verdict of a comparison, in the columns of the arena data sets. A cell that a
    spreadsheet would take for a formula begins with an apostrophe."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(_ARENA)
    for item, use in _rated(said):
        for rating in said.by_item[item.id].values():
            left = item.digests.index(rating.left)
            models = (use.models[left], use.models[1 - left])
            answers = (item.answers[left], item.answers[1 - left])
            a, b = rating.verdict.startswith("left"), rating.verdict.startswith("right")
            cells = (rating.id, *models, item.prompt, *answers)
            writer.writerow([*map(_cell, cells), int(a), int(b), int(not (a or b))])
    return stream.getvalue()


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _rated(said: Said) -> Iterator[tuple[Item, Use]]:
    for item in said.batch.items.values():
        for use in item.uses if item.id in said.by_item else ():
            yield item, use


def _lines(values: Iterator[dict[str, Any]]) -> str:
    return "".join(f"{json.dumps(one, ensure_ascii=True)}\n" for one in values)


EXPORTS: dict[str, Callable[[Said, Turns], str]] = {
    "dpo": preference_pairs,
    "labels": judge_labels,
    "label-studio": label_studio,
    "arena": arena_table,
}
"""What ``--export FORMAT=PATH`` writes."""

OF_PAIRS = frozenset({"dpo", "arena"})
"""Exports that only comparisons have."""
