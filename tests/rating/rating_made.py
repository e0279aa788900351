"""Batches and ratings for tests: cases of several models, and raters who say what they are told."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ftdsl.language.program import DatasetDef, EvalDef, RateDef, SchemaDef, SourceDef
from ftdsl.language.source import Source
from ftdsl.plan.steps import RateStep
from ftdsl.rating.batch import Batch, Item, batch_of, digest_of
from ftdsl.rating.lots import left_of
from ftdsl.rating.rows import Placed, read_ratings
from ftdsl.results.models import Case

CHAT = SchemaDef("chat", "chat")


def rate_step(*models: str, **settings: Any) -> RateStep:
    """A rating of these models, with any field of ``RateDef`` set."""
    known = {
        "cases": "golden", "sample_rows": None, "seed": 0, "min_raters": 1,
        "question": "Which is better?", "repeats": 0.0, "ratings": "ratings/tone",
    }  # fmt: skip
    rate = RateDef(name="tone", compare=models, **{**known, **settings})
    source = SourceDef("jsonl", "golden.jsonl")
    return RateStep(
        id="rate.tone",
        name="tone",
        rate=rate,
        eval=EvalDef("golden", CHAT, (source,), ()),
        cases=DatasetDef("golden", CHAT, (source,)),
        aliases=models,
    )


def case(number: int, output: str, **known: Any) -> Case:
    return Case(
        case_id=f"c{number}", line=number + 1, prompt=f"Question {number}?", expected="",
        output=output, scores=known.pop("scores", {"exact": 0.0}), **known,
    )  # fmt: skip


def cases(*models: str, count: int = 12, **known: Any) -> dict[str, list[Case]]:
    """Each model gives an answer of its own to each case."""
    return {
        model: [case(i, f"{model} answers {i}", **known) for i in range(count)] for model in models
    }


def batch(
    *models: str, count: int = 12, root: Path | None = None, **settings: Any
) -> tuple[RateStep, Batch]:
    step = rate_step(*models, **settings)
    return step, batch_of(step, cases(*models, count=count), root or Path())


Say = Callable[[Item, tuple[str, ...], int], str | None]
"""From an item, the models behind what is shown (left first), and a count, to a verdict."""


def rows(
    made: Batch, rater: str, say: Say, repeat: bool = False, start: int = 0
) -> list[dict[str, Any]]:
    """What the page would write for ``rater``; items of which ``say`` says None are left out."""
    found: list[dict[str, Any]] = []
    for number, item in enumerate(made.items.values()):
        shown = list(item.digests)
        if len(shown) > 1 and left_of(made.id, rater, item.id, repeat):
            shown.reverse()
        models = tuple(_model(item, digest) for digest in shown)
        verdict = say(item, models, number)
        if verdict is None:
            continue
        sides = {"left": shown[0], "right": shown[1]} if len(shown) > 1 else {"output": shown[0]}
        moment = start + number
        found.append(
            {
                "v": 1,
                "id": digest_of(f"{rater}{item.id}{repeat}")[:32],
                "rate": made.rate.name,
                "batch": made.id,
                "rubric": made.rubric_id,
                "rater": rater,
                "item": item.id,
                **sides,
                "verdict": verdict,
                "reasons": [],
                "note": "",
                "repeat": repeat,
                "ms": 9000,
                "at": f"2026-11-25T{moment // 3600:02}:{moment // 60 % 60:02}:{moment % 60:02}Z",
                "supersedes": None,
            }
        )
    return found


def _model(item: Item, digest: str) -> str:
    return item.uses[0].models[item.digests.index(digest)] if item.uses else ""


def prefers(model: str, strength: str = "") -> Say:
    """A rater who always likes ``model`` better."""

    def say(_: Item, models: tuple[str, ...], __: int) -> str | None:
        if model not in models:
            return "tie"
        return ("left" if models[0] == model else "right") + strength

    return say


def text_of(found: Sequence[Mapping[str, Any]]) -> str:
    return "".join(f"{json.dumps(row)}\n" for row in found)


def placed(found: Sequence[Mapping[str, Any]]) -> list[Placed]:
    good, bad = read_ratings(Source("ratings.jsonl", text_of(found)))
    assert bad == []
    return good
