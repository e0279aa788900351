"""Write a large chat dataset, made of the rows of real ones, for benchmarks.

    FTDSL_BENCH_DATA=FOLDER python benchmarks/generate_chat.py OUT.jsonl [--rows 180000] [--mb 344]

FOLDER holds JSON and JSONL files of instruction data in any of the usual shapes (alpaca, question
and answer, sharegpt, preference); every file below it is read. The same folder and arguments give
the same bytes. Each row is a conversation of a few real exchanges.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PAIRS = (
    ("instruction", "output"),
    ("instruction", "response"),
    ("question", "answer"),
    ("question", "ground_truth"),
    ("prompt", "completion"),
)


def rows_of(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of one JSON or JSONL file."""
    text = path.read_text(encoding="utf-8")
    values = json.loads(text) if path.suffix == ".json" else map(json.loads, text.splitlines())
    yield from (value for value in values if isinstance(value, dict))


def exchange(row: dict[str, Any]) -> tuple[str, str] | None:
    """A question and its answer, if the row holds them in a known shape."""
    for asked, answered in PAIRS:
        if isinstance(row.get(asked), str) and isinstance(row.get(answered), str):
            more = row.get("input")
            question = f"{row[asked]}\n{more}" if isinstance(more, str) and more else row[asked]
            return question, row[answered]
    turns = row.get("conversations") or row.get("messages")
    if isinstance(turns, list) and len(turns) >= 2:
        said = [str(turn.get("value") or turn.get("content") or "") for turn in turns[:2]]
        return said[0], said[1]
    return None


def exchanges(folder: Path) -> list[tuple[str, str]]:
    """Every exchange below ``folder``, in a fixed order."""
    files = sorted(p for p in folder.rglob("*") if p.suffix in (".json", ".jsonl"))
    return [pair for file in files for row in rows_of(file) if (pair := exchange(row)) is not None]


def generate(found: list[tuple[str, str]], rows: int, size: int, out: Path) -> int:
    """Write ``rows`` rows of about ``size`` bytes together; the number of bytes written."""
    choose = random.Random(20)
    written = 0
    with out.open("wb") as file:
        for number in range(rows):
            wanted = (size - written) / (rows - number) * choose.uniform(0.3, 1.7)
            messages = []
            if choose.random() < 0.2:
                messages.append({"role": "system", "content": "You are a helpful assistant."})
            length = 0
            while not length or length + 250 < wanted:
                question, answer = found[choose.randrange(len(found))]
                messages.append({"role": "user", "content": question})
                messages.append({"role": "assistant", "content": answer})
                length += len(question) + len(answer) + 90
            line = json.dumps({"messages": messages}, ensure_ascii=False).encode() + b"\n"
            written += file.write(line)
    return written


def main() -> int:
    """Read the arguments and write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("out", type=Path)
    parser.add_argument("--rows", type=int, default=180_000)
    parser.add_argument("--mb", type=float, default=344.0)
    parser.add_argument("--data", type=Path, default=os.environ.get("FTDSL_BENCH_DATA"))
    arguments = parser.parse_args()
    if arguments.data is None:
        print("name a folder of instruction data in FTDSL_BENCH_DATA or --data", file=sys.stderr)
        return 2
    found = exchanges(Path(arguments.data))
    if not found:
        print(f"{arguments.data} holds no question with an answer", file=sys.stderr)
        return 2
    written = generate(found, arguments.rows, int(arguments.mb * 1e6), arguments.out)
    print(f"{arguments.rows} rows, {written / 1e6:.1f} MB, from {len(found)} exchanges")
    return 0


if __name__ == "__main__":
    sys.exit(main())
