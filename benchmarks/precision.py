"""What the shipped rules find in public data sets, and a sample of it to be looked at by hand.

Every rule set of the package is run over every set whose rows it can read, as a user runs it. The
table counts the findings; ``--sample FILE`` writes up to 50 of each rule and set with their text,
so that a reader can say of each whether the row has the fault: the share of those that have it is
the rule's precision.

    FTDSL_BENCH_DATA=FOLDER python -m benchmarks.precision [--sample FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.real_sets import SETS, RealSet, write_sets

LIBRARIES = ("chat", "tools", "text", "english", "privacy", "dataset", "preference")
_LEFT_OUT = {"single_turn", "uses_tools", "as_locked", "one_style"}
"""Rule sets about what some data should be, not about faults."""
_FOR = {"preference": {"preference"}, "kto": {"conversation", "kto"}}
_SAMPLE = 50
Findings = dict[str, list[dict[str, Any]]]


def rulesets(one: RealSet) -> Iterator[tuple[str, str]]:
    """(library, rule set) of those that are for the rows of ``one``."""
    from ftdsl.language.analyze import analyze
    from ftdsl.language.imports import SHIPPED

    wanted = _FOR.get(one.format, {"conversation"})
    for library in LIBRARIES:
        program = analyze(SHIPPED / f"{library}.ftspec", root=SHIPPED.parent).program
        for found in program.rulesets if program is not None else ():
            if found.schema.base in wanted and found.name not in _LEFT_OUT:
                yield library, found.name


def spec(one: RealSet) -> str:
    """A spec that holds the rows of ``one`` to every rule set."""
    used = list(rulesets(one))
    imports = [
        f'import "std/{name}.ftspec" as std_{name}' for name in dict.fromkeys(n for n, _ in used)
    ]
    source = f'dataset d {{\n  schema = {one.format}\n  source = jsonl("{one.name}.jsonl")\n}}'
    taken: set[str] = set()
    lines = []
    for library, name in used:
        again = f" except {', '.join(twice)}" if (twice := _twice(library, name, taken)) else ""
        lines.append(f"  use std_{library}.{name}{again}")
    return "\n".join(["ftspec 1", "", *imports, "", source, "", "check d {", *lines, "}", ""])


def _twice(library: str, name: str, taken: set[str]) -> list[str]:
    """Rules of the set whose names another set has, which one check cannot use both."""
    from ftdsl.language.analyze import analyze
    from ftdsl.language.imports import SHIPPED

    program = analyze(SHIPPED / f"{library}.ftspec", root=SHIPPED.parent).program
    assert program is not None, "the shipped libraries are right"
    rules = [r.name for found in program.rulesets if found.name == name for r in found.rules]
    twice = [rule for rule in rules if rule in taken]
    taken.update(rules)
    return twice


def findings(one: RealSet, folder: Path) -> tuple[int, Findings]:
    """Rows that were checked, and what was found, by rule."""
    (folder / f"{one.name}.ftspec").write_text(spec(one), encoding="utf-8")
    command = [Path(sys.executable).with_name("ftdsl"), "validate", f"{one.name}.ftspec", "-q"]
    subprocess.run(
        [*command, "--output", "json=found.json"],
        cwd=folder,
        check=False,
        stdout=subprocess.DEVNULL,
    )
    told = json.loads((folder / "found.json").read_text("utf-8"))
    found: Findings = defaultdict(list)
    for each in told["findings"]:
        found[each["rule"] or each["code"]].append(each)
    return told["counts"]["checked"], found


def main() -> int:
    """Print the table; 2 where there is no data."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=Path, help="file for the findings to be looked at")
    arguments = parser.parse_args()
    data = os.environ.get("FTDSL_BENCH_DATA")
    if data is None:
        print("name the folder of the data sets in FTDSL_BENCH_DATA", file=sys.stderr)
        return 2
    sampled: list[str] = []
    print("| rule | severity | data set | rows | findings |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_sets(Path(data), folder)
        for one in SETS:
            rows, found = findings(one, folder)
            for rule, each in sorted(found.items()):
                severity = each[0]["severity"]
                print(
                    f"| `{rule}` | {severity} | {one.name} | {rows:,} | {len(each):,} |", flush=True
                )
                shown = random.Random(0).sample(each, min(_SAMPLE, len(each)))
                sampled += [json.dumps({"set": one.name, **f}, ensure_ascii=False) for f in shown]
            print(f"| no other | | {one.name} | {rows:,} | 0 |", flush=True)
    if arguments.sample is not None:
        arguments.sample.write_text("\n".join(sampled) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
