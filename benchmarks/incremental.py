"""Validating again: nothing changed, one row edited, one rule edited, a row more.

    FTDSL_BENCH_DATA=FOLDER python -m benchmarks.incremental [--rows 180000] [--mb 344]

The data and the ten rules are those of ``benchmarks.validate``. Every line is ``ftdsl validate``
from its cold start to its exit, on a project where it ran before; the row that is edited, inserted
or deleted lies at a place drawn at random. Medians of ``--repeat`` runs.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.generate_chat import exchanges, generate
from benchmarks.processes import Taken, taken
from benchmarks.validate import SPEC

Change = Callable[[Path, random.Random], None]
ROW = b'{"messages":[{"role":"user","content":"%d?"},{"role":"assistant","content":"yes"}]}'


def nothing(_root: Path, _draw: random.Random) -> None:
    """The files as they are."""


def one_row(root: Path, draw: random.Random) -> None:
    """One row is another."""
    _replace(root, draw, 1, [ROW % draw.randrange(10**9)])


def one_more(root: Path, draw: random.Random) -> None:
    """One row is inserted: all that follow stand a line lower."""
    _replace(root, draw, 0, [ROW % draw.randrange(10**9)])


def one_less(root: Path, draw: random.Random) -> None:
    """One row is deleted."""
    _replace(root, draw, 1, [])


def one_rule(root: Path, draw: random.Random) -> None:
    """One rule has another limit."""
    limit = draw.randrange(2000, 9000)
    text = SPEC.replace("words(reply.text) <= 2k", f"words(reply.text) <= {limit}")
    (root / "spec.ftspec").write_text(text, encoding="utf-8")


def _replace(root: Path, draw: random.Random, gone: int, new: list[bytes]) -> None:
    lines = (root / "rows.jsonl").read_bytes().split(b"\n")
    at = draw.randrange(len(lines) - 1)
    lines[at : at + gone] = new
    (root / "rows.jsonl").write_bytes(b"\n".join(lines))


CHANGES: dict[str, Change] = {
    "nothing changed": nothing,
    "one row edited": one_row,
    "one row inserted": one_more,
    "one row deleted": one_less,
    "one rule edited": one_rule,
}


def validate(root: Path) -> Taken:
    """``ftdsl validate`` on the project."""
    ftdsl = str(Path(sys.executable).with_name("ftdsl"))
    found = taken([ftdsl, "validate", str(root / "spec.ftspec")])
    if found.code not in (0, 1):
        raise RuntimeError(f"ftdsl validate ended with {found.code}")
    return found


def main() -> int:
    """Make the data, validate it cold, then after each change."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=180_000)
    parser.add_argument("--mb", type=float, default=344.0)
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    data = os.environ.get("FTDSL_BENCH_DATA")
    if data is None:
        print("name a folder of instruction data in FTDSL_BENCH_DATA", file=sys.stderr)
        return 2
    draw = random.Random(4)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "spec.ftspec").write_text(SPEC, encoding="utf-8")
        size = int(arguments.mb * 1e6)
        written = generate(exchanges(Path(data)), arguments.rows, size, root / "rows.jsonl")
        print(f"{arguments.rows} rows, {written / 1e6:.0f} MB, ten rules", flush=True)
        print(f"{'':26}{'wall s':>8}{'CPU s':>8}{'of cold':>9}", flush=True)
        cold = validate(root)
        print(f"{'cold':26}{cold.wall:8.2f}{cold.cpu:8.2f}{1:9.2f}", flush=True)
        for name, change in CHANGES.items():
            runs = []
            for _ in range(arguments.repeat):
                change(root, draw)
                os.sync()  # else writing the edit down is still under way while it is looked at
                runs.append(validate(root))
            wall = statistics.median(one.wall for one in runs)
            cpu = statistics.median(one.cpu for one in runs)
            print(f"{name:26}{wall:8.2f}{cpu:8.2f}{cpu / cold.cpu:9.2f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
