"""Leakage: which rewritten test questions each kind of line finds, and at how many false flags.

GSM8K's test problems are rewritten by ``benchmarks.rephrase`` and hidden among its training
problems; the lines hold all of them against the original test set. Recall counts a rewritten row
that is found for its own original; a false flag is a training problem that is found. Each line runs
as a step of its own, in a process of its own.

    FTDSL_BENCH_DATA=FOLDER python -m benchmarks.leakage [--seed 1]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.rephrase import rephrase

LINES = {
    "13-gram, any": "ngram on prompt { n = 13  similarity = 0.1%  AGAINST }",
    "13-gram": "ngram on prompt { n = 13  AGAINST }",
    "8-gram, any": "ngram on prompt { n = 8  similarity = 0.1%  AGAINST }",
    "8-gram": "ngram on prompt { n = 8  AGAINST }",
    "near 0.6": "near on prompt { similarity = 0.6  AGAINST }",
    "paraphrase 5%": "paraphrase on prompt { false_flags = 5%  AGAINST }",
    "paraphrase 1%": "paraphrase on prompt { false_flags = 1%  AGAINST }",
    "paraphrase 5%, embeddings": "paraphrase on prompt { embeddings = minilm "
    " false_flags = 5%  AGAINST }",
    "paraphrase 1%, embeddings": "paraphrase on prompt { embeddings = minilm "
    " false_flags = 1%  AGAINST }",
}
_SPEC = """ftspec 1

schema problem extends completion {
  id: text
}

dataset math {
  schema = problem
  source = jsonl("train.jsonl")
  id = id
}

dataset test {
  schema = problem
  source = jsonl("test.jsonl")
  id = id
}

dedup math {
  drop LINE
}
"""


def write_rows(folder: Path, name: str, rows: list[tuple[str, str]]) -> None:
    """Rows of id and question."""
    with (folder / name).open("w", encoding="utf-8") as file:
        for row_id, question in rows:
            row = {"id": row_id, "prompt": question, "completion": "-"}
            file.write(json.dumps(row) + "\n")


def problems(data: Path, name: str) -> list[str]:
    """The questions of one file of GSM8K."""
    lines = (data / "gsm8k" / name).read_text("utf-8").splitlines()
    return [json.loads(line)["question"] for line in lines]


def measured(folder: Path, line: str) -> dict[str, Any]:
    """Removed rows, CPU seconds and peak memory of one line."""
    (folder / "s.ftspec").write_text(_SPEC.replace("LINE", line), encoding="utf-8")
    command = [sys.executable, "-m", "benchmarks.leakage", "--run", str(folder)]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def run(folder: Path) -> None:
    """The child: one run of the spec in ``folder``."""
    os.chdir(folder)
    from ftdsl.cli.main import main as ftdsl

    report = folder / "report.json"
    arguments = ["validate", "s.ftspec", "-q", "--out", "out", f"--output=json={report}"]
    ftdsl(arguments)
    used = resource.getrusage(resource.RUSAGE_SELF)
    removed = json.loads(report.read_bytes())["datasets"]["math"]["removed"]
    told = {
        "removed": [[each["row_id"], each["kept_row_id"]] for each in removed],
        "cpu": used.ru_utime + used.ru_stime,
        "mb": used.ru_maxrss / 1024,
    }
    print("\n" + json.dumps(told))


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--run", type=Path)
    chosen = parser.parse_args()
    if chosen.run is not None:
        run(chosen.run)
        return 0
    data = os.environ.get("FTDSL_BENCH_DATA")
    if not data:
        print("name a folder with gsm8k in FTDSL_BENCH_DATA", file=sys.stderr)
        return 2
    test, honest = problems(Path(data), "test.jsonl"), problems(Path(data), "train.jsonl")
    rewritten = [(f"p{i}", rephrase(text, chosen.seed, i)) for i, text in enumerate(test)]
    print("| line | recall | false flags | CPU s | MB |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_rows(folder, "train.jsonl", [(f"h{i}", q) for i, q in enumerate(honest)] + rewritten)
        write_rows(folder, "test.jsonl", [(f"p{i}", q) for i, q in enumerate(test)])
        for shown, line in LINES.items():
            found = measured(folder, line.replace("AGAINST", "against = test"))
            right = sum(row == kept for row, kept in found["removed"])
            false = sum(row.startswith("h") for row, _ in found["removed"])
            print(
                f"| {shown} | {right / len(test):.1%} | {false / len(honest):.2%} "
                f"| {found['cpu']:.1f} | {found['mb']:.0f} |",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
