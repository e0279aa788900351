"""Rows in several files, near and far from one another, and dedup blocks over them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from stage import chat, context, dataset, exact, field, near, write

from ftdsl.dedup.step import run_dedup
from ftdsl.engine.context import Engine, Policy
from ftdsl.engine.engines import Engines
from ftdsl.language.program import DedupDef, DropDef
from ftdsl.plan.steps import DedupStep
from ftdsl.results.models import DedupOutput

WORDS = [f"word{number}" for number in range(400)]


def texts(count: int, seed: int) -> Iterator[str]:
    """Texts of which two thirds are edited copies of an earlier one, some of them exact."""
    draw = random.Random(seed)
    made: list[list[str]] = []
    for _ in range(count):
        words = draw.choices(WORDS, k=draw.choice((1, 3, 8, 40, 60)))
        if made and draw.random() < 0.66:
            words = list(draw.choice(made))
            for _ in range(draw.choice((0, 0, 1, 2, 6))):
                words[draw.randrange(len(words))] = draw.choice(WORDS)
        made.append(words)
        yield " ".join(words)
    yield from ("", "?!", "Ünïcode Straße ﬁne", "unicode strasse fine")


def write_files(root: Path, files: int, rows: int, pattern: str = "own") -> None:
    """``files`` files of ``rows`` rows each, and one of held-out rows."""
    every = list(texts(files * rows, 7))
    for number in range(files):
        own = every[number * rows : (number + 1) * rows]
        if number == files - 1:
            own += every[files * rows :]
        chats = [chat(text, f"reply {at % 5}", id=f"{number}-{at}") for at, text in enumerate(own)]
        write(root, chats, f"{pattern}-{number:02d}.jsonl")
    held = [chat(text, "held", id=f"h{at}") for at, text in enumerate(every[5 : files * rows : 9])]
    write(root, held, "held.jsonl")


def _against(drop: DropDef) -> DropDef:
    return replace(drop, against="held")


BLOCKS: dict[str, tuple[DropDef, ...]] = {
    "exact": (exact(),),
    "near": (near(similarity=0.6),),
    "minhash": (near(similarity=0.8, algorithm="minhash"),),
    "both": (exact(field("prompt"), field("reply.text")), near(similarity=0.5)),
    "leakage": (_against(near(similarity=0.7)), _against(exact()), near(similarity=0.9)),
    "ngram": (_against(DropDef("ngram", (field("prompt"),), similarity=0.6, n=8)),),
    "paraphrase": (_against(DropDef("paraphrase", (field("prompt"),), similarity=0.4)),),
    "fuzzy": (DropDef("fuzzy", (field("prompt"),), similarity=0.9),),
}

_MEANING = DropDef("paraphrase", (field("prompt"),), similarity=0.9, embeddings="minilm")
ENCODED: dict[str, tuple[DropDef, ...]] = {
    "meaning": (_MEANING,),
    "leaked meaning": (_against(_MEANING),),
}
"""Blocks that encode every text, which takes its time."""


def step_of(name: str, **settings: Any) -> DedupStep:
    """The step over all own files."""
    own = dataset("own", "own-*.jsonl", id="text")
    drops = (BLOCKS | ENCODED)[name]
    held = any(drop.against for drop in drops)
    return DedupStep(
        id="dedup.own",
        name="own",
        dataset=own,
        dedup=DedupDef("own", drops, **settings),
        against=(dataset("held", "held.jsonl", id="text"),) if held else (),
    )


def outcome(root: Path, step: DedupStep, engine: Engine | None = None) -> tuple[DedupOutput, bytes]:
    """What the step comes to, and the artifact, on this engine."""
    made = context(root, f"{step.id}-{'local' if engine is None else 'elsewhere'}")
    if engine is not None:
        engines = Engines()
        engines.have("ray", engine)
        made = replace(made, policy=Policy(engine="ray"), engines=engines)
    output = run_dedup(step, made)
    return output, (made.work / "removed.jsonl").read_bytes()
