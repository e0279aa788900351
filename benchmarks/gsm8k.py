"""Recorded answers of four models to the 1,319 test problems of GSM8K, scored and compared.

Our numeric match is held to the correctness that the authors recorded, and the four are ranked by a
``select`` and compared in pairs by gates, all from one spec over recorded outputs. Prints the
tables of ``docs/explanation/gsm8k.md``.

    FTDSL_BENCH_DATA=FOLDER python -m benchmarks.gsm8k
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from ftdsl.api import RunView, apply, plan
from ftdsl.results.models import EvalOutput, GateOutput, Requirement
from ftdsl.results.selection import SelectOutput

SOURCE = "gsm8k/example_model_solutions.jsonl"
MODELS = ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification")
_EVAL = """ftspec 1

schema problem extends completion {
  id: text
}

eval problems {
  schema = problem
  source = jsonl("cases.jsonl")
  id     = id
  score right   = numeric_match(output, reply.text)
  score written = exact_match(output, reply.text)
}
"""


@dataclass(frozen=True, slots=True)
class Found:
    """What the run came to. ``disagreements`` are (model, case, ours, the authors')."""

    scores: dict[str, EvalOutput]
    selection: SelectOutput
    pairs: dict[tuple[str, str], Requirement]
    agreed: int
    disagreements: tuple[tuple[str, str, float | None, bool], ...]
    seconds: float


def project(folder: Path, data: Path) -> Path:
    """A spec over the recorded answers, its files, and nothing else."""
    rows = read(data)
    with (folder / "cases.jsonl").open("w", encoding="utf-8") as stream:
        for number, row in enumerate(rows):
            case = {
                "id": f"p{number}",
                "prompt": row["question"],
                "completion": row["ground_truth"],
            }
            stream.write(json.dumps(case) + "\n")
    blocks = [_EVAL]
    for model in MODELS:
        name = f"m{model}"
        with (folder / f"{name}.jsonl").open("w", encoding="utf-8") as stream:
            for number, row in enumerate(rows):
                told = {"id": f"p{number}", "output": row[model]["solution"]}
                stream.write(json.dumps(told) + "\n")
        outputs = f'jsonl("{name}.jsonl", id: "id", output: "output")'
        blocks.append(f"model {name} {{ provider = replay  outputs = {outputs} }}\n")
    names = ", ".join(f"m{model}" for model in MODELS)
    best = "best = max(right.mean)"
    blocks.append(f"select leader {{ from = [{names}]  eval = problems  {best} }}\n")
    for one, other in combinations(MODELS, 2):
        line = "require right.mean >= baseline.right.mean with confidence 95%"
        pair = f"from = m{other}  baseline = m{one}  eval = problems"
        blocks.append(f"gate g{other}_over_{one} {{ {pair}  {line} }}\n")
    (folder / ".ftdsl-root").touch()
    spec = folder / "gsm8k.ftspec"
    spec.write_text("\n".join(blocks), encoding="utf-8")
    return spec


def read(data: Path) -> list[dict[str, Any]]:
    """The problems with the four answers to each."""
    with (data / SOURCE).open("rb") as stream:
        return [json.loads(line) for line in stream]


def measure(folder: Path, data: Path) -> Found:
    """Run the spec in ``folder`` and hold its scores to what the authors recorded."""
    view = apply(plan(project(folder, data)))
    outputs = [step.output for step in view.result.steps]
    selection = next(one for one in outputs if isinstance(one, SelectOutput))
    pairs = {
        (one.requirements[0].candidate[1:], str(one.baseline)[1:]): one.requirements[0]
        for one in outputs
        if isinstance(one, GateOutput)
    }
    agreed, found = _held(view, read(data))
    scores = {one.model[1:]: one for one in outputs if isinstance(one, EvalOutput)}
    return Found(scores, selection, pairs, agreed, tuple(found), view.result.seconds)


def _held(
    view: RunView, rows: list[dict[str, Any]]
) -> tuple[int, list[tuple[str, str, float | None, bool]]]:
    agreed, found = 0, []
    for model in MODELS:
        for case in view.cases("problems", f"m{model}"):
            said = rows[int(case["case_id"][1:])][model]["is_correct"]
            ours = case["scores"].get("right")
            if ours == float(said):
                agreed += 1
            else:
                found.append((model, str(case["case_id"]), ours, bool(said)))
    return agreed, found


def tables(found: Found) -> str:
    """Markdown."""
    total = found.agreed + len(found.disagreements)
    lines = [f"Agreement: {found.agreed:,} of {total:,} answers.", ""]
    lines += [f"- {one}" for one in found.disagreements]
    lines += ["| model | right | 95% interval | method | exact text |", "|---|---|---|---|---|"]
    for model in MODELS:
        one, text = (found.scores[model].scores[name] for name in ("right", "written"))
        lines.append(
            f"| {model} | {one.mean:.1%} | {one.low:.1%} to {one.high:.1%} | {one.method} | "
            f"{text.mean:.1%} |"
        )
    heads = "| candidate | against | fixed | broken | difference | 95% interval | McNemar mid-p |"
    lines += ["", heads, "|---|---|---|---|---|---|---|"]
    for (candidate, baseline), one in found.pairs.items():
        lines.append(
            f"| {candidate} | {baseline} | {one.fixed} | {one.broken} | "
            f"{100 * one.estimate:+.1f} pp | {100 * one.low:+.1f} to {100 * one.high:+.1f} | "
            f"{one.note.rpartition(' ')[2]} |"
        )
    return "\n".join(lines)


def main() -> int:
    """Print the tables."""
    data = os.environ.get("FTDSL_BENCH_DATA")
    if not data:
        print("name a folder with gsm8k in FTDSL_BENCH_DATA", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), Path(data))
    print(tables(found))
    ranks = [f"{one.rank}. {one.model[1:]}" for one in found.selection.contenders]
    print(f"\nselect: {', '.join(ranks)}; chosen {', '.join(found.selection.chosen)}")
    print(f"{found.seconds:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
