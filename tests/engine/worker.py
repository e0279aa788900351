"""A process that runs the plan of the tests' project: ``python -m tests.engine.worker ROOT MODE``.

``quick`` and ``slow`` are how long its steps take; ``deaf`` never asks whether it should stop;
``quiet`` shows nothing.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from ftdsl.engine.console import LineConsole, QuietConsole
from ftdsl.engine.context import Context, Policy
from ftdsl.engine.run import run_plan
from ftdsl.plan.planner import build_plan
from ftdsl.plan.steps import DatasetStep, Step
from ftdsl.results.outputs import StepOutput
from tests.engine.steps import quick, slow
from tests.plan.programs import program


def deaf(step: Step, context: Context) -> StepOutput:
    if isinstance(step, DatasetStep):
        return quick(step, context)
    time.sleep(60)
    raise AssertionError("it was not stopped")


def main(root: Path, mode: str) -> int:
    out = root / ".ftdsl"
    console = QuietConsole() if mode == "quiet" else LineConsole(sys.stderr, seconds=0.3)
    execute = {"slow": slow, "deaf": deaf}.get(mode, quick)
    plan = build_plan(program(), root, out, Policy())
    result = run_plan(plan, root, out, console=console, execute=execute)
    for diagnostic in result.diagnostics:
        print(diagnostic.code, diagnostic.message)
    print(result.verdict)
    return result.exit_code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
