"""Ten rules over a large chat dataset, through ``ftdsl.validate``: speed, memory, and peers.

    FTDSL_BENCH_DATA=FOLDER python -m benchmarks.validate [--rows 180000] [--mb 344] [--repeat 3]

The dataset is made by ``benchmarks.generate_chat`` from the real rows in FOLDER. Every contender
runs in a process of its own, so that its time and peak memory (that of its children too) are its
own. ``plain loop`` is the same ten rules written by hand over orjson and ``re``; ``orjson`` only
parses. Runs are interleaved and the median is taken. CPU seconds are those of the process and its
children, so rows per second and core is rows over CPU seconds.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from benchmarks.generate_chat import exchanges, generate

SPEC = """ftspec 1

dataset support {
  schema = chat
  source = jsonl("rows.jsonl")
}

check support {
  rule known        { each must known_roles(messages) }
  rule order        { each must alternates(messages) }
  rule answered     { each must last_role(messages) == "assistant" }
  rule filled       { each must empty_turns(row) == 0 }
  rule present      { each must reply.text != "" }
  rule short_enough { each must length(reply.text) <= 20k }
  rule few_words    { each must words(reply.text) <= 2k }
  rule own_voice    { each must not matches(reply.text, "(?i)as an ai (language )?model") }
  rule no_address   {
    each must not matches(prompt, "[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+[.][A-Za-z]{2,}")
  }
  rule no_tokens    { each must special_tokens(prompt) == 0 }
}
"""


def ftdsl_validate(root: Path) -> int:
    """The contender: the public function."""
    import ftdsl

    result = ftdsl.validate(root / "spec.ftspec")
    output = next(one for one in result.result.steps if one.id == "check.support").output
    return int(output.counts.checked)


def orjson_alone(root: Path) -> int:
    """Every line parsed, and nothing else."""
    import orjson

    with (root / "rows.jsonl").open("rb") as file:
        return sum(orjson.loads(line) is not None for line in file)


def plain_loop(root: Path) -> int:
    """The ten rules by hand: what a script would do, without places, evidence or file faults."""
    import orjson

    from ftdsl.quality.measures.characters import SPECIAL

    voice = re.compile(r"as an ai (language )?model", re.IGNORECASE)
    address = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+[.][A-Za-z]{2,}")
    special = re.compile(SPECIAL)
    word = re.compile(r"\w+")
    known = {"system", "developer", "user", "assistant", "tool"}
    rows = 0
    failing = [0] * 10
    with (root / "rows.jsonl").open("rb") as file:
        for line in file:
            messages = orjson.loads(line)["messages"]
            roles = [one["role"] for one in messages]
            spoken = [role for role in roles if role != "system"]
            pairs = len(spoken) // 2
            reply = messages[-1]["content"]
            prompt = "\n".join(one["content"] for one in messages[:-1] if one["role"] != "system")
            holds = (
                all(role in known for role in roles),
                spoken == ["user", "assistant"] * pairs,
                roles[-1] == "assistant",
                all(one["content"].strip() for one in messages),
                reply != "",
                len(reply) <= 20_000,
                len(word.findall(reply)) <= 2_000,
                voice.search(reply) is None,
                address.search(prompt) is None,
                special.search(prompt) is None,
            )
            for index, held in enumerate(holds):
                failing[index] += not held
            rows += 1
    print(failing, file=sys.stderr)
    return rows


CONTENDERS = {
    "ftdsl.validate": ftdsl_validate,
    "plain loop (orjson, re)": plain_loop,
    "orjson alone": orjson_alone,
}


def peak_of(child: subprocess.Popen[bytes]) -> int:
    """The largest resident size of a process and its children together, in bytes, until it ends.
    It is watched from outside, so that watching costs the contender nothing."""
    peak = 0
    watched = psutil.Process(child.pid)
    while child.poll() is None:
        total = 0
        with contextlib.suppress(psutil.NoSuchProcess):
            for process in (watched, *watched.children(recursive=True)):
                with contextlib.suppress(psutil.NoSuchProcess):
                    total += process.memory_info().rss
        peak = max(peak, total)
        time.sleep(0.02)
    return peak


def measure(name: str, root: Path) -> dict[str, Any]:
    """Run one contender in this process."""
    started = time.perf_counter()
    rows = CONTENDERS[name](root)
    wall = time.perf_counter() - started
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(one.ru_utime + one.ru_stime for one in used)
    return {"rows": rows, "wall": wall, "cpu": cpu}


def in_a_process(name: str, root: Path) -> dict[str, Any]:
    """``measure`` in a process of its own, on a project without results of an earlier run."""
    subprocess.run(["rm", "-rf", str(root / ".ftdsl")], check=True)
    command = [sys.executable, "-m", "benchmarks.validate", "--contender", name, str(root)]
    with tempfile.TemporaryFile() as told:
        child = subprocess.Popen(command, stdout=told)
        peak = peak_of(child)
        if child.returncode:
            raise subprocess.CalledProcessError(child.returncode, command)
        told.seek(0)
        found: dict[str, Any] = json.loads(told.read().splitlines()[-1])
    return {**found, "peak": peak}


def compare(root: Path, repeat: int) -> None:
    """Run every contender ``repeat`` times in turn and print the medians."""
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in CONTENDERS}
    for _ in range(repeat):
        for name in CONTENDERS:
            runs[name].append(in_a_process(name, root))
    base = statistics.median(one["cpu"] for one in runs["ftdsl.validate"])
    print(f"{'':26}{'wall s':>8}{'CPU s':>8}{'rows/s/core':>13}{'peak MB':>9}{'CPU ratio':>11}")
    for name, found in runs.items():
        cpu = statistics.median(one["cpu"] for one in found)
        wall = statistics.median(one["wall"] for one in found)
        peak = max(one["peak"] for one in found) / 1e6
        speed = found[0]["rows"] / cpu
        print(f"{name:26}{wall:8.2f}{cpu:8.2f}{speed:13,.0f}{peak:9.0f}{cpu / base:11.2f}")


def main() -> int:
    """Read the arguments, make the data, compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("root", nargs="?", type=Path, help="a folder that holds rows.jsonl")
    parser.add_argument("--contender", choices=CONTENDERS)
    parser.add_argument("--rows", type=int, default=180_000)
    parser.add_argument("--mb", type=float, default=344.0)
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    if arguments.contender:
        print(json.dumps(measure(arguments.contender, arguments.root)))
        return 0
    data = os.environ.get("FTDSL_BENCH_DATA")
    if data is None:
        print("name a folder of instruction data in FTDSL_BENCH_DATA", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "spec.ftspec").write_text(SPEC, encoding="utf-8")
        size = int(arguments.mb * 1e6)
        written = generate(exchanges(Path(data)), arguments.rows, size, root / "rows.jsonl")
        print(f"{arguments.rows} rows, {written / 1e6:.0f} MB, ten rules", flush=True)
        compare(root, arguments.repeat)
    return 0


if __name__ == "__main__":
    sys.exit(main())
