"""The public data sets that rules are tried on, as files of rows that a spec can read.

They lie below ``FTDSL_BENCH_DATA``: LLaMA-Factory's demonstrations, GPTeacher's tool instructions,
GSM8K. ``write_sets`` puts each as JSON lines into a folder, in the format that its rows have.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RealSet:
    """``format`` is the row format of a spec; ``rows`` reads the set below a folder."""

    name: str
    format: str
    rows: Callable[[Path], Iterator[Row]]


def _array(path: str) -> Callable[[Path], Iterator[Row]]:
    return lambda folder: iter(json.loads((folder / path).read_text("utf-8")))


def _chat(asked: str, answered: str) -> Row:
    turns = [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]
    return {"messages": turns}


def _pairs_as_chats(folder: Path) -> Iterator[Row]:
    """Both replies of every pair, each as a conversation of its own."""
    for row in _array("llamafactory/dpo_en_demo.json")(folder):
        for reply in (row["chosen"], row["rejected"]):
            yield {"conversations": [*row["conversations"], reply]}


def _instructions(folder: Path) -> Iterator[Row]:
    for row in _array("gpteacher/toolformer-dedupe-only.json")(folder):
        yield {"instruction": row["instruction"], "input": row["input"], "output": row["response"]}


def _lines(path: Path) -> Iterator[Row]:
    with path.open("rb") as file:
        yield from map(json.loads, file)


def _problems(folder: Path) -> Iterator[Row]:
    for name in ("train", "test"):
        for row in _lines(folder / f"gsm8k/{name}.jsonl"):
            yield _chat(row["question"], row["answer"])


def _solutions(folder: Path) -> Iterator[Row]:
    for row in _lines(folder / "gsm8k/example_model_solutions.jsonl"):
        for name, given in row.items():
            if name not in ("question", "ground_truth"):
                yield _chat(row["question"], given["solution"])


SETS = (
    RealSet("alpaca", "alpaca", _array("llamafactory/alpaca_en_demo.json")),
    RealSet("dpo", "sharegpt", _pairs_as_chats),
    RealSet("kto", "kto", _array("llamafactory/kto_en_demo.json")),
    RealSet("glaive", "sharegpt", _array("llamafactory/glaive_toolcall_en_demo.json")),
    RealSet("gpteacher", "alpaca", _instructions),
    RealSet("gsm8k", "chat", _problems),
    RealSet("solutions", "chat", _solutions),
    RealSet("pairs", "preference", _array("llamafactory/dpo_en_demo.json")),
)


def write_sets(data: Path, folder: Path) -> None:
    """Every set as ``NAME.jsonl`` in ``folder``."""
    for one in SETS:
        with (folder / f"{one.name}.jsonl").open("w", encoding="utf-8") as file:
            for row in one.rows(data):
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
