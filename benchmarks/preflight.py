"""A preflight over many rows: masks and counts of all of them, again, and with one row edited.

    FTDSL_BENCH_DATA=FOLDER python -m benchmarks.preflight [--rows 100000] [--mb 100]

FOLDER holds instruction data as for ``benchmarks.generate_chat``. The base is the tokenizer of
Gemma 3 270M out of its pip package, read before the clock starts, or a folder with tokenizer.json.
Every line is ``ftdsl train … --check`` from its cold start to its exit: the dataset, its file and
schema findings, and the preflight.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.generate_chat import exchanges, generate
from benchmarks.processes import Taken, taken

TEMPLATE = Path(__file__).parents[1] / "specs" / "data" / "quickstart" / "plain.jinja"
SPEC = """ftspec 1

dataset rows { schema = chat  source = jsonl("rows.jsonl") }

model base { provider = local  %s  template = "plain.jinja" }

train small {
  base = base
  data = rows
  validate = none
  unvalidated = "a benchmark"
  target trl {
    method = sft
    adapter = lora(rank: 8, alpha: 16)
    max_length = 1k
    max_untrained = 100%%
    template = "plain.jinja"
  }
}
"""


def project(root: Path, data: Path, rows: int, size: int, base: Path | None) -> None:
    """The rows, the spec, the template and the base's tokenizer."""
    generate(exchanges(data), rows, size, root / "rows.jsonl")
    shutil.copyfile(TEMPLATE, root / "plain.jinja")
    source = 'package = "gemma-3-270m"' if base is None else 'path = "base"'
    (root / "spec.ftspec").write_text(SPEC % source, encoding="utf-8")
    (root / ".ftdsl-root").touch()
    if base is not None:
        (root / "base").mkdir()
        for file in base.glob("tokenizer*.json"):
            shutil.copyfile(file, root / "base" / file.name)
        # What else makes a base of a folder: the check reads neither.
        (root / "base" / "config.json").write_text("{}")
        (root / "base" / "model.safetensors").write_bytes(b"")


def main() -> int:
    """Print what each run takes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--mb", type=float, default=100.0)
    parser.add_argument("--base", type=Path)
    parser.add_argument("--data", type=Path, default=os.environ.get("FTDSL_BENCH_DATA"))
    arguments = parser.parse_args()
    if arguments.data is None:
        print("name a folder of instruction data in FTDSL_BENCH_DATA or --data", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="ftdsl-preflight-") as folder:
        root = Path(folder)
        project(root, Path(arguments.data), arguments.rows, int(arguments.mb * 1e6), arguments.base)
        command = ("train", str(root / "spec.ftspec"), "small", "--check", "-q")
        whole = (root / "rows.jsonl").read_bytes()
        if arguments.base is None:
            (root / "rows.jsonl").write_bytes(b"\n".join(whole.split(b"\n", 100)[:100]) + b"\n")
            _told("the tokenizer read, 100 rows", taken(_words(command)))
            (root / "rows.jsonl").write_bytes(whole)
        _told(f"{arguments.rows:,} rows", taken(_words(command)))
        _told("nothing changed", taken(_words(command)))
        lines = whole.split(b"\n")
        lines[len(lines) // 2] = json.dumps(_edited(json.loads(lines[0]))).encode()
        (root / "rows.jsonl").write_bytes(b"\n".join(lines))
        _told("one row edited", taken(_words(command)))
        told = subprocess.run(_words((*command[:-1],)), capture_output=True, text=True, check=False)
        print("\n".join(one for one in told.stdout.splitlines() if "tokens a pass" in one))
    return 0


def _edited(row: dict[str, list[dict[str, str]]]) -> dict[str, list[dict[str, str]]]:
    row["messages"][-1]["content"] += " Indeed."
    return row


def _words(command: tuple[str, ...]) -> tuple[str, ...]:
    return (str(Path(sys.executable).with_name("ftdsl")), *command)


def _told(name: str, found: Taken) -> None:
    print(
        f"{name:<32} {found.wall:7.1f} s wall  {found.cpu:7.1f} s CPU  {found.peak / 1e6:6.0f} MB"
        f"  exit {found.code}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
