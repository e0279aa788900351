"""How many planted faults the shipped rules find: recall, by rule and kind of fault.

Rows of Alpaca and of GSM8K without a finding are taken, one fault is planted into each, and the
rule that is for it is asked, as a user asks it. The base line is 0 by construction: every row
passed before.

    FTDSL_BENCH_DATA=FOLDER python -m benchmarks.recall [--planted 200] [--seed 1] [--missed FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.faults import FAULTS, Clean, Exchange, FaultKind
from benchmarks.real_sets import write_sets

SOURCES = ("alpaca", "gsm8k")
_SPEC = """ftspec 1

import "std/chat.ftspec" as std_chat
import "std/text.ftspec" as std_text
import "std/english.ftspec" as std_english
import "std/privacy.ftspec" as std_privacy

dataset d {
  schema = chat
  source = jsonl("rows.jsonl")
}

check d {
  use std_chat.well_formed
  use std_text.clean
  use std_text.no_boilerplate
  use std_text.no_leftovers
  use std_english.spelled
  use std_english.in_english
  use std_privacy.no_personal_data
  use std_privacy.no_us_numbers
  use std_privacy.no_secrets
}
"""


def exchanges(folder: Path, name: str) -> list[Exchange]:
    """Questions and answers of single turns."""
    found = []
    for line in (folder / f"{name}.jsonl").open(encoding="utf-8"):
        row = json.loads(line)
        if name == "alpaca":
            found.append((f"{row['instruction']}\n{row['input']}".strip(), row["output"]))
        else:
            asked, said = (one["content"] for one in row["messages"])
            found.append((asked, said))
    return found


def broken(rows: list[Exchange], folder: Path) -> dict[int, set[str]]:
    """By the row's number the rules that it breaks."""
    with (folder / "rows.jsonl").open("w", encoding="utf-8") as file:
        for asked, said in rows:
            turns = [("user", asked), ("assistant", said)]
            messages = [{"role": role, "content": text} for role, text in turns]
            file.write(json.dumps({"messages": messages}, ensure_ascii=False) + "\n")
    (folder / "s.ftspec").write_text(_SPEC, encoding="utf-8")
    command = [Path(sys.executable).with_name("ftdsl"), "validate", "s.ftspec", "-q"]
    subprocess.run(
        [*command, "--output", "json=found.json"],
        cwd=folder,
        check=False,
        stdout=subprocess.DEVNULL,
    )
    told: dict[str, Any] = json.loads((folder / "found.json").read_text("utf-8"))
    found: dict[int, set[str]] = defaultdict(set)
    for each in told["findings"]:
        if each["line"] is not None:
            found[each["line"] - 1].add(each["rule"])
    return found


def planted(kind: FaultKind, clean: list[Exchange], count: int, random: Random) -> list[Exchange]:
    """``count`` clean rows with the fault, or all into which it fits."""
    found = []
    for asked, said in random.sample(clean, len(clean)):
        made = kind.plant(Clean(asked, said, random))
        if made is not None:
            found.append(made)
        if len(found) == count:
            break
    return found


def _share(found: int, planted: int) -> str:
    return f"{found} of {planted} ({found / planted:.0%})" if planted else "–"


def main() -> int:
    """Print the table; 2 where there is no data."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--planted", type=int, default=200, help="rows with each fault")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--missed", type=Path, help="file for the rows that were not found")
    arguments = parser.parse_args()
    data = os.environ.get("FTDSL_BENCH_DATA")
    if data is None:
        print("name the folder of the data sets in FTDSL_BENCH_DATA", file=sys.stderr)
        return 2
    missed: list[dict[str, str]] = []
    counts: dict[str, dict[str, tuple[int, int]]] = defaultdict(dict)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_sets(Path(data), folder)
        for name in SOURCES:
            random = Random(f"{arguments.seed} {name}")
            every = exchanges(folder, name)
            spoilt = broken(every, folder)
            clean = [row for number, row in enumerate(every) if number not in spoilt and row[1]]
            print(f"{name}: {len(clean):,} of {len(every):,} rows have no finding", flush=True)
            groups = [(kind, planted(kind, clean, arguments.planted, random)) for kind in FAULTS]
            found = broken([row for _, rows in groups for row in rows], folder)
            at = 0
            for kind, rows in groups:
                hits = [kind.rule in found[at + k] for k in range(len(rows))]
                at += len(rows)
                counts[kind.name][name] = sum(hits), len(hits)
                missed += [
                    {"set": name, "fault": kind.name, "asked": row[0], "said": row[1]}
                    for row, hit in zip(rows, hits, strict=True)
                    if not hit
                ]
    print(f"\n| fault | rule | {' | '.join(SOURCES)} |\n|---|---|{'---|' * len(SOURCES)}")
    for kind in FAULTS:
        told = " | ".join(_share(*counts[kind.name][name]) for name in SOURCES)
        print(f"| {kind.name} | `{kind.rule}` | {told} |")
    if arguments.missed is not None:
        lines = (json.dumps(one, ensure_ascii=False) for one in missed)
        arguments.missed.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
