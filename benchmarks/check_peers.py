"""The shipped rules for chat over 9,000 rows, beside the checkers parallelogram and finelint.

    FTDSL_BENCH_DATA=FOLDER python -m benchmarks.check_peers [--rows 9000] [--repeat 3]

Every tool reads the same file in a process of its own, from its cold start to its exit, with
nothing kept of an earlier run; runs are interleaved and the median is taken, but finelint, which
takes minutes, runs once. The peers are
installed from PyPI at the versions below into ``benchmarks/.data/peers``, apart from the project;
one that cannot be had is said to be missing. Rules are counted where a tool has some: ftdsl's
include that every row can be read and fits its schema, parallelogram's are the modules of its
``rules``, exact duplicates among them. finelint looks for near-duplicates in the same run, so ftdsl
is also run with a ``dedup`` block.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.generate_chat import exchanges, generate
from benchmarks.processes import Taken, taken

PEERS = Path(__file__).parent / ".data" / "peers"
VERSIONS = {"parallelogram": "0.4.2", "finelint": "0.2.0"}
SPEC = """ftspec 1

import "std/chat.ftspec" as std_chat

dataset support {
  schema = chat
  source = jsonl("rows.jsonl")
}

check support {
  use std_chat.well_formed
  use std_chat.multimodal
  use std_chat.answered
}
"""
DEDUP = """
dedup support {
  drop exact on normalize(reply.text)
  drop near  on reply.text { similarity = 0.92 }
}
"""
ROW_BYTES = 1911


@dataclass(frozen=True, slots=True)
class Tool:
    """``rules`` is how many it asks of every row, where that can be said; ``path`` is where its
    packages lie, if apart; ``answers`` are the exit codes of a run that came to its end."""

    name: str
    command: tuple[str, ...]
    rules: int | None = None
    path: str = ""
    answers: tuple[int, ...] = (0, 1)


def rules_of_spec(root: Path) -> int:
    """The rules of the spec, and the two that every dataset has."""
    import ftdsl

    program = ftdsl.analyze(root / "spec.ftspec").program
    assert program is not None
    return len(program.checks[0].rules) + 2


def installed() -> dict[str, str]:
    """The peers that can be had, by name, with why the others cannot."""
    wanted = [f"{name}=={version}" for name, version in VERSIONS.items()]
    missing = {}
    for name, pinned in zip(VERSIONS, wanted, strict=True):
        if (PEERS / name / name).is_dir():
            continue
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(PEERS / name)]
        done = subprocess.run([*pip, pinned], check=False, capture_output=True, text=True)
        if done.returncode != 0:
            missing[name] = (done.stderr.strip().splitlines() or ["pip failed"])[-1]
    return missing


def tools(root: Path, missing: dict[str, str]) -> list[Tool]:
    """What runs, with its command."""
    ftdsl = str(Path(sys.executable).with_name("ftdsl"))
    count = rules_of_spec(root)
    found = [
        Tool("ftdsl", (ftdsl, "validate", str(root / "spec.ftspec")), count),
        Tool("ftdsl with dedup", (ftdsl, "validate", str(root / "dedup.ftspec")), count),
    ]
    for name, verb, rules, answers in (
        ("parallelogram", "check", 6, (0, 1, 2)),
        ("finelint", "inspect", None, (0, 1)),
    ):
        if name not in missing:
            place = PEERS / name
            command = (sys.executable, str(place / "bin" / name), verb, str(root / "rows.jsonl"))
            found.append(Tool(name, command, rules, str(place), answers))
    return found


def run(tool: Tool, root: Path) -> Taken:
    """One cold run, in the folder of the data: finelint writes its report where it stands."""
    shutil.rmtree(root / ".ftdsl", ignore_errors=True)
    there = ("/bin/sh", "-c", 'cd "$0" && exec "$@"', str(root), *tool.command)
    found = taken(there, {"PYTHONPATH": tool.path} if tool.path else None)
    if found.code not in tool.answers:
        raise RuntimeError(f"{tool.name} ended with {found.code}")
    return found


def main() -> int:
    """Make the data, run all, print the ratios to ftdsl."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=9_000)
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    data = os.environ.get("FTDSL_BENCH_DATA")
    if data is None:
        print("name a folder of instruction data in FTDSL_BENCH_DATA", file=sys.stderr)
        return 2
    missing = installed()
    for name, why in missing.items():
        print(f"{name} {VERSIONS[name]} is left out, it cannot be installed: {why}")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "spec.ftspec").write_text(SPEC, encoding="utf-8")
        (root / "dedup.ftspec").write_text(SPEC + DEDUP, encoding="utf-8")
        size = arguments.rows * ROW_BYTES
        written = generate(exchanges(Path(data)), arguments.rows, size, root / "rows.jsonl")
        print(f"{arguments.rows} rows, {written / 1e6:.0f} MB", flush=True)
        show(tools(root, missing), root, arguments.repeat)
    return 0


def show(compared: list[Tool], root: Path, repeat: int) -> None:
    """Medians of interleaved runs; the ratios are of CPU seconds."""
    runs: dict[str, list[Taken]] = {tool.name: [] for tool in compared}
    for number in range(repeat):
        for tool in compared:
            if number == 0 or tool.name != "finelint":
                runs[tool.name].append(run(tool, root))
    cpu = {name: statistics.median(one.cpu for one in found) for name, found in runs.items()}
    print(f"{'':18}{'wall s':>8}{'CPU s':>8}{'ratio':>7}{'rules':>7}{'ms/rule':>9}{'ratio':>7}")
    base = compared[0]
    assert base.rules is not None
    for tool in compared:
        wall = statistics.median(one.wall for one in runs[tool.name])
        ratio = cpu[tool.name] / cpu[base.name]
        line = f"{tool.name:18}{wall:8.2f}{cpu[tool.name]:8.2f}{ratio:7.1f}"
        if tool.rules is not None:
            each = cpu[tool.name] / tool.rules
            line += f"{tool.rules:7}{each * 1e3:9.0f}{ratio * base.rules / tool.rules:7.1f}"
        print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
