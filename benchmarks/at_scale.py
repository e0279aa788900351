"""How CPU and bytes grow with the rows when data steps are dealt out as on a cluster.

The corpora are those of ``benchmarks.dedup``. Every block and shard function runs here, one after
the other, so that its CPU is its own and every byte that would travel is counted: what blocks deal
out to shards, what shards tell blocks, and what comes back to the run. Beside it the same step on
the local engine. Each figure is of a process of its own.

    FTDSL_BENCH_DATA=FOLDER python -m benchmarks.at_scale [--rows 10000 50000] [--dedup-only]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.dedup import write_corpus
from ftdsl.api import validate
from ftdsl.engine.context import Policy
from ftdsl.engine.engines import Engines
from ftdsl.engine.local import LocalEngine

SPEC = """ftspec 1

dataset rows {
  schema = chat
  source = jsonl("rows.jsonl")
}

check rows {
  rule short { each must words(reply.text) <= 400 }
  rule long_enough { each must words(prompt) >= 1 }
  rule varied { expect mean(words(prompt)) >= 1 }
}

dedup rows { drop near on prompt { METHOD  similarity = 0.8 } }

COVERAGE"""
COVERAGE = """coverage rows {
  by bucket(words(prompt), edges: [64, 256]) { each >= 0.01% }
  by cluster(prompt, k: 20, seed: 1) { each >= 0.01% }
}
"""
METHODS = {"exact": "", "minhash": "method = minhash(shingle: 5, permutations: 128, seed: 1)"}
STEPS = {"examined": "check", "cover": "coverage", "look_block": "evidence"}
SHUFFLED = ("scattered", "counted", "pieced")


class Counting(LocalEngine):
    """This process in place of a cluster of ``width`` cores."""

    distributed = True

    def __init__(self, width: int) -> None:
        self.width = width
        self.cpu: Counter[str] = Counter()
        self.bytes: Counter[str] = Counter()

    def map(
        self,
        function: Callable[..., Any],
        blocks: Iterable[tuple[Any, ...]],
        checkpoint: Callable[[], None],
    ) -> Iterator[Any]:
        for block in blocks:
            checkpoint()
            yield self.submit(function, *block)

    def submit(self, function: Callable[..., Any], *arguments: Any, pieces: int = 1) -> Any:
        began = time.process_time()
        answer = function(*arguments)
        name = function.__name__
        self.cpu[name] += time.process_time() - began
        if name == "read_block":
            self.bytes["to the run"] += weight(answer[0])
            self.bytes["shingles"] += weight(answer[1:])
        elif name == "pieced":
            self.bytes["to the run"] += weight(answer[0])
            self.bytes["shuffled"] += weight(answer[1:])
        elif name in SHUFFLED:
            self.bytes["shuffled"] += weight(answer)
        del pieces
        return answer

    def place(self, kind: Callable[..., Any], *arguments: Any) -> Any:
        began = time.process_time()
        station = super().place(kind, *arguments)
        self.cpu["shards"] += time.process_time() - began
        return _Timed(station, self.cpu)


class _Timed:
    def __init__(self, station: Any, cpu: Counter[str]) -> None:
        self._station, self._cpu = station, cpu

    def ask(self, method: str, *arguments: Any) -> Any:
        began = time.process_time()
        answer = self._station.ask(method, *arguments)
        self._cpu["shards"] += time.process_time() - began
        return answer


def weight(value: Any) -> int:
    """Bytes of the arrays and of the bytes in ``value``."""
    if isinstance(value, np.ndarray):
        return int(value.nbytes)
    if isinstance(value, bytes):
        return len(value)
    if isinstance(value, list | tuple):
        return sum(map(weight, value))
    if is_dataclass(value):
        return sum(weight(getattr(value, one.name)) for one in fields(value))
    return 0


def measured(folder: Path, engine: str, width: int) -> dict[str, Any]:
    """Run the spec in ``folder`` once, and say what it took."""
    counting = Counting(width)
    began = time.process_time()
    if engine == "dealt out":
        kept = Engines.wanted
        Engines.wanted = lambda _, __: counting  # type: ignore[method-assign]
        view = validate(folder / "s.ftspec", out=folder / "out", policy=Policy(engine="ray"))
        Engines.wanted = kept  # type: ignore[method-assign]
    else:
        view = validate(folder / "s.ftspec", out=folder / "out", policy=Policy(workers=1))
    whole = time.process_time() - began
    seconds = {step.id: step.seconds for step in view.result.steps}
    removed = len(view.removed)
    return {
        "cpu": whole,
        "parts": dict(counting.cpu),
        "bytes": dict(counting.bytes),
        "wall": seconds,
        "removed": removed,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
    }


def run(rows: Path, method: str, engine: str, width: int, *, coverage: bool) -> dict[str, Any]:
    """The same in a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / ".ftdsl-root").touch()
        spec = SPEC.replace("METHOD", METHODS[method])
        spec = spec.replace("COVERAGE", COVERAGE if coverage else "")
        (folder / "s.ftspec").write_text(spec, encoding="utf-8")
        os.link(rows, folder / "rows.jsonl")
        words = [sys.executable, "-m", "benchmarks.at_scale", "--one", engine, str(folder)]
        done = subprocess.run(
            [*words, "--width", str(width)], stdout=subprocess.PIPE, text=True, check=True
        )
        found: dict[str, Any] = json.loads(done.stdout)
        return found


def table(rows: int, size: int, method: str, here: dict[str, Any], there: dict[str, Any]) -> str:
    """One line of the table: all by row."""
    assert here["removed"] == there["removed"], "both engines remove the same rows"
    cpu = Counter(there["parts"])
    steps = {name: cpu.pop(key, 0.0) for key, name in STEPS.items()}
    read, exchanged = cpu.pop("read_block", 0.0), sum(cpu[name] for name in SHUFFLED)
    own = there["cpu"] - sum(there["parts"].values())
    micro = [steps["check"], read, exchanged, cpu["shards"], steps["coverage"], own]
    shown = "  ".join(f"{1e6 * one / rows:8.1f}" for one in micro)
    bytes_ = "  ".join(
        f"{there['bytes'].get(name, 0) / rows:8.1f}"
        for name in ("shingles", "shuffled", "to the run")
    )
    local = f"{1e6 * here['cpu'] / rows:8.1f}"
    return f"{rows:8,} {size >> 20:5} MB {method:8} {shown}  {local}  {bytes_}  {there['peak']:6}"


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 50_000])
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument(
        "--dedup-only", action="store_true", help="leave out coverage and the local engine"
    )
    parser.add_argument("--one", nargs=2)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measured(Path(given.one[1]), given.one[0], given.width)))
        return 0
    data = os.environ.get("FTDSL_BENCH_DATA")
    if not data:
        print("name a folder of instruction data in FTDSL_BENCH_DATA", file=sys.stderr)
        return 2
    print("microseconds of CPU a row, and bytes a row; peak MB of the whole in one process")
    print(
        "    rows           method      check      read  exchange    shards  coverage   the run"
        "   (local)  shingles  shuffled    to run    peak"
    )
    with tempfile.TemporaryDirectory() as name:
        for rows in given.rows:
            path = Path(name) / f"{rows}.jsonl"
            write_corpus(Path(data), rows, path)
            for method in METHODS:
                found = {
                    one: run(path, method, one, given.width, coverage=not given.dedup_only)
                    for one in (("dealt out",) if given.dedup_only else ("local", "dealt out"))
                }
                there = found["dealt out"]
                here = found.get("local", there)
                print(table(rows, path.stat().st_size, method, here, there), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
