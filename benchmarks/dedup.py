"""Near-duplicates: ftdsl's step beside parsing alone, datasketch, rensa, gaoya, text-dedup, Daft.

Rows are made from the real exchanges below ``FTDSL_BENCH_DATA``. Each is a few of them with half of
the words exchanged for others of the same data, since there are not enough different rows; one row
in twenty is a copy of an earlier one of which a share of the words is exchanged again, so that
similarities from 0.3 to 1 occur, many of them near 0.8. Every tool runs in a process of its own, so
that its time and its peak memory are its own; pairs at Jaccard 0.8 over word 5-grams are counted
against brute force on the smallest corpus, and against the exact join on the next. Each peer is
installed with pip into an environment of its own, below ``--environments``, which is kept; one that
cannot be is named with the reason. The slow ones run on the smaller corpora alone.

    FTDSL_BENCH_DATA=FOLDER python -m benchmarks.dedup [--rows 10000 50000 180000]
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.dedup_peers import (
    FUZZY_ROWS,
    PEERS,
    SHINGLE,
    SIMILARITY,
    Pairs,
    prompts,
    rapidfuzz_all,
    told,
)
from benchmarks.generate_chat import exchanges
from benchmarks.peer_venvs import Environment, default_folder, environment

# Names the cache folder that a run of the step finds.
CACHE = "FTDSL_BENCH_CACHE"
# Rows up to which each of the slow ones runs.
MOST_ROWS = {
    "brute-force": 10_000,
    "datasketch-loop": 10_000,
    "rapidfuzz-all-pairs": 10_000,
    "pairs-exact-join": 50_000,
    "pairs-minhash": 50_000,
    "datasketch-batch": 50_000,
    "text-dedup": 50_000,
}
OWN = ("parse-alone", "start-alone", "step-auto", "step-added-1%", "step-minhash", "step-twin")

# Shares of the words that are exchanged in a copy, and the rows that copies are made of.
COPY_SHARES = (0.0, 0.005, 0.01, 0.02, 0.025, 0.03, 0.05, 0.1)
ORIGINALS = 20_000


def write_corpus(folder: Path, rows: int, out: Path) -> None:
    """``rows`` rows of chat, the same for the same folder."""
    found = [" ".join(pair).split(" ") for pair in exchanges(folder)]
    vocabulary = sorted({word for one in found for word in one})
    draw = random.Random(rows)
    earlier: list[list[str]] = []
    with out.open("w", encoding="utf-8") as file:
        for number in range(rows):
            if number % 20 == 19:
                words, share = list(draw.choice(earlier)), draw.choice(COPY_SHARES)
            else:
                words, share = [], 0.5
                for _ in range(draw.randint(1, 4)):
                    words += draw.choice(found)
            for _ in range(round(share * len(words))):
                words[draw.randrange(len(words))] = draw.choice(vocabulary)
            if number % 20 != 19 and len(earlier) < ORIGINALS:
                earlier.append(words)
            prompt = " ".join(words)
            turns = [{"role": "user", "content": prompt}, {"role": "assistant", "content": "ok"}]
            file.write(json.dumps({"messages": turns}, ensure_ascii=False) + "\n")


def ftdsl_pairs(path: Path, algorithm: str) -> Pairs:
    """All similar pairs of rows, found by the comparer that the step uses."""
    from ftdsl.dedup.near import NearComparer

    comparer = NearComparer(SIMILARITY, algorithm=algorithm, shingle=SHINGLE)
    texts = list(prompts(path))
    parts = [
        [(text,) for text in texts[start : start + 1024]] for start in range(0, len(texts), 1024)
    ]
    added = [comparer.add(part) for part in parts]
    found = comparer.index().similar(np.arange(len(comparer)), True)
    classes = np.concatenate(added)
    members: dict[int, list[int]] = {}
    for row, class_ in enumerate(classes.tolist()):
        members.setdefault(class_, []).append(row)
    pairs = {(a, b) for rows in members.values() for a in rows for b in rows if a < b}
    for left, right in zip(found.left.tolist(), found.right.tolist(), strict=True):
        pairs |= {(min(a, b), max(a, b)) for a in members[left] for b in members[right]}
    return pairs


def brute_force(path: Path) -> Pairs:
    """All similar pairs, by comparing the sets of every two rows that share a shingle."""
    from ftdsl.dedup.shingles import shingle_words

    sets = [shingle_words(text, SHINGLE) for text in prompts(path)]
    holders: dict[tuple[str, ...], list[int]] = {}
    pairs: Pairs = set()
    for row, one in enumerate(sets):
        shared: dict[int, int] = {}
        for shingle in one:
            for other in holders.setdefault(shingle, []):
                shared[other] = shared.get(other, 0) + 1
            holders[shingle].append(row)
        for other, common in shared.items():
            if common / (len(one) + len(sets[other]) - common) >= SIMILARITY:
                pairs.add((other, row))
    return pairs


def parse_alone(path: Path) -> int:
    """orjson over every line, and nothing else."""
    import orjson

    with path.open("rb") as file:
        return sum(1 for line in file if orjson.loads(line))


def start_alone(path: Path) -> int:  # noqa: ARG001 (every tool is given one)
    """What every run of the step begins with: Python, and what the step imports."""
    import ftdsl.dedup.step
    import ftdsl.engine.run  # noqa: F401

    return 0


def step_removals(path: Path, algorithm: str) -> int:
    """The step itself, from file to ``removed.jsonl``; how many rows it removes."""
    from ftdsl.dedup.step import run_dedup
    from ftdsl.engine.console import QuietConsole
    from ftdsl.engine.context import Policy
    from ftdsl.engine.run import StepContext
    from ftdsl.engine.signals import StopRequest
    from ftdsl.language.program import (
        DatasetDef,
        DedupDef,
        DropDef,
        Expr,
        SchemaDef,
        SourceDef,
        Type,
    )
    from ftdsl.plan.steps import DedupStep

    rows = DatasetDef("rows", SchemaDef("chat", "chat"), (SourceDef("jsonl", path.name),))
    prompt = Expr("field", Type("text"), value="prompt", source="prompt")
    drop = DropDef("near", (prompt,), algorithm=algorithm, similarity=SIMILARITY)
    step = DedupStep(id="dedup.rows", name="rows", dataset=rows, dedup=DedupDef("rows", (drop,)))
    with tempfile.TemporaryDirectory() as work:
        cache = Path(os.environ.get(CACHE, work))
        context = StepContext(
            path.parent, Path(work), cache, Policy(), {}, {}, QuietConsole(), StopRequest()
        )
        return len(run_dedup(step, context).removed)


def step_twin(path: Path) -> int:
    """The step without the compiled kernel."""
    from ftdsl.dedup import kernel, twin

    kernel.choose(twin)
    return step_removals(path, "auto")


TOOLS: dict[str, Callable[[Path], Any]] = {
    "parse-alone": parse_alone,
    "start-alone": start_alone,
    "step-twin": step_twin,
    "step-auto": lambda path: step_removals(path, "auto"),
    "step-minhash": lambda path: step_removals(path, "minhash"),
    "step-added-1%": lambda path: step_removals(path, "auto"),
    "pairs-exact-join": lambda path: ftdsl_pairs(path, "exact_join"),
    "pairs-minhash": lambda path: ftdsl_pairs(path, "minhash"),
    "brute-force": brute_force,
    "rapidfuzz-all-pairs": rapidfuzz_all,
}


def run_here(tool: str, path: Path) -> None:
    """Run one tool in this process and print what it found and took."""
    started = time.perf_counter()
    found = TOOLS[tool](path)
    seconds = time.perf_counter() - started
    print(json.dumps(told(found, seconds)))


def run_apart(tool: str, path: Path) -> dict[str, Any]:
    """Run one tool in a fresh process. The step finds the digests of the file, as in every run: the
    step before it, ``dataset``, has made them."""
    if tool == "step-added-1%":
        return run_added(path)
    with tempfile.TemporaryDirectory() as cache:
        if tool.startswith("step"):
            digest(path, Path(cache))
        return run_with(tool, path, Path(cache))


def run_peer(tool: str, path: Path, python: Path) -> dict[str, Any] | str:
    """Run one peer in its environment; the last line of what it complained of, if it failed."""
    command = [str(python), "-m", "benchmarks.dedup_peers", tool, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def run_with(tool: str, path: Path, cache: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.dedup", "--tool", tool, str(path)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, CACHE: str(cache)},
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def run_added(path: Path) -> dict[str, Any]:
    """The step over all rows, when a run before it knew all but the last hundredth."""
    with tempfile.TemporaryDirectory() as folder:
        grown, cache = Path(folder) / "rows.jsonl", Path(folder) / "cache"
        with path.open("rb") as whole:
            rows = sum(1 for _ in whole)
        for most in (rows - rows // 100, rows):
            with path.open("rb") as whole, grown.open("wb") as file:
                file.writelines(islice(whole, most))
            digest(grown, cache)
            result = run_with("step-auto", grown, cache)
        return result


def digest(path: Path, cache: Path) -> None:
    """Make the digests of a file and of its chunks."""
    from ftdsl.plan.digests import DIGESTS_FILE, FileDigests

    digests = FileDigests(cache / DIGESTS_FILE)
    digests.facts(path, cut=True)
    digests.save()


def tools_for(rows: int) -> list[str]:
    """What runs over a corpus of this many rows, the truth first."""
    names = ["brute-force", "pairs-exact-join", "pairs-minhash", *OWN, *PEERS]
    names.append("rapidfuzz-all-pairs")
    return [name for name in names if rows <= MOST_ROWS.get(name, rows)]


def outcome(tool: str, path: Path, peers: dict[str, Environment]) -> dict[str, Any] | str:
    """What a tool found and took, or why there is nothing."""
    if tool not in PEERS:
        return run_apart(tool, path)
    there = peers[PEERS[tool][0]]
    return there.reason if there.python is None else run_peer(tool, path, there.python)


def show(
    rows: int, path: Path, peers: dict[str, Environment], left_out: Sequence[str] = ()
) -> dict[str, float]:
    """Run and print one corpus; CPU seconds by tool, which a busy machine changes least."""
    print(f"\n{rows} rows, {path.stat().st_size / 1e6:.0f} MB")
    print(
        f"{'tool':22}{'s':>9}{'CPU s':>9}{'MB':>8}{'found':>9}{'recall':>8}{'precision':>10}",
        flush=True,
    )
    truth: Pairs = set()
    seconds: dict[str, float] = {}
    for tool in tools_for(rows):
        if tool in left_out:
            continue
        result = outcome(tool, path, peers)
        if isinstance(result, str):
            print(f"{tool:22} not run: {result}", flush=True)
            continue
        seconds[tool] = result["cpu"]
        line = f"{tool:22}{result['seconds']:9.2f}{result['cpu']:9.2f}{result['mb']:8.0f}"
        if result["pairs"] is None:
            print(f"{line}{result['removed']:9} rows", flush=True)
            continue
        pairs = {(a, b) for a, b in result["pairs"]}
        truth = truth or pairs
        wanted = truth
        if tool.startswith("rapidfuzz"):
            wanted = {pair for pair in truth if max(pair) < FUZZY_ROWS}
            line = line.replace(tool.ljust(22), f"rapidfuzz, {FUZZY_ROWS} rows".ljust(22))
        both = len(pairs & wanted)
        recall, precision = both / max(1, len(wanted)), both / max(1, len(pairs))
        shown = f"{recall:8.4f}{precision:10.4f}" if "pairs-exact-join" in seconds else ""
        print(f"{line}{len(pairs):9}{shown}", flush=True)
    for tool, own in seconds.items():
        print(
            f"  {tool}: {own / seconds['step-auto']:.2f} times step-auto's CPU time, "
            f"{own / seconds['parse-alone']:.2f} times that of parsing",
            flush=True,
        )
    return seconds


def main() -> int:
    """Read the arguments, run all sizes, print the growth of the time with the rows."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 50_000, 180_000])
    parser.add_argument("--tool", choices=sorted(TOOLS))
    parser.add_argument("--corpora", type=Path, help="a folder to write the corpora to, and keep")
    parser.add_argument("--environments", type=Path, default=default_folder())
    parser.add_argument("--leave-out", nargs="*", default=[], help="tools that are not run")
    parser.add_argument("path", type=Path, nargs="?")
    arguments = parser.parse_args()
    if arguments.tool is not None:
        run_here(arguments.tool, arguments.path)
        return 0
    folder = os.environ.get("FTDSL_BENCH_DATA")
    if not folder:
        print("name a folder of instruction data in FTDSL_BENCH_DATA", file=sys.stderr)
        return 2
    names = dict.fromkeys(needed for needed, _ in PEERS.values())
    peers = {name: environment(name, arguments.environments) for name in names}
    for there in peers.values():
        print(f"{there.peer}: {there.reason or 'installed'}", flush=True)
    taken: dict[int, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for rows in arguments.rows:
            path = (arguments.corpora or Path(scratch)) / f"rows-{rows}.jsonl"
            if not path.exists():
                write_corpus(Path(folder), rows, path)
            taken[rows] = show(rows, path, peers, arguments.leave_out)
    small, large = min(taken), max(taken)
    if small < large:
        for tool in ("step-auto", "step-twin", "step-minhash"):
            growth = math.log(taken[large][tool] / taken[small][tool]) / math.log(large / small)
            print(f"{tool}: CPU time grows with rows^{growth:.2f} from {small} to {large} rows")
    return 0


if __name__ == "__main__":
    sys.exit(main())
