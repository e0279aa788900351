"""Gate steps over scores that a test writes down, published as evals publish them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ftdsl.evaluation.estimates import score_estimates
from ftdsl.evaluation.gates import run_gate
from ftdsl.evaluation.step import CASES_FILE
from ftdsl.language.program import Expr, GateDef, RequireDef, SliceDef
from ftdsl.plan.steps import GateStep
from ftdsl.results.models import Case, EvalOutput, GateOutput
from tests.evaluation.evals import BOOL, FLOAT, eval_def, name
from tests.models.desk import Desk, desk

Scores = Sequence[float | None]


def measure(called: str) -> Expr:
    return Expr("measure", FLOAT, value=called, source=called)


def number(value: float) -> Expr:
    return Expr("literal", FLOAT, value=value, source=str(value))


def binary(left: Expr, op: str, right: Expr) -> Expr:
    kind = FLOAT if op in "+-*/" else BOOL
    return Expr(op, kind, (left, right), source=f"{left.source} {op} {right.source}")


def at_least(bound: float, called: str = "exact.mean") -> Expr:
    return binary(measure(called), ">=", number(bound))


def not_worse(margin: float, score: str = "exact") -> Expr:
    floor = binary(measure(f"baseline.{score}.mean"), "-", number(margin))
    return binary(measure(f"{score}.mean"), ">=", floor)


def publish(
    where: Desk,
    model: str,
    scores: Scores | dict[str, Scores],
    topics: Sequence[str] = (),
    latency: Sequence[float] = (),
    cost: float | None = None,
    lag: float = 0.0,
) -> None:
    """Put the cases of an eval called ``golden`` where a gate reads them; None is unscored."""
    columns = scores if isinstance(scores, dict) else {"exact": scores}
    count = len(next(iter(columns.values())))
    cases = [
        Case(
            case_id=f"c{i}",
            line=i + 1,
            prompt="",
            expected="",
            output="",
            scores={n: float(c[i]) for n, c in columns.items() if c[i] is not None},  # type: ignore[arg-type]
            unscored={n: "why" for n, c in columns.items() if c[i] is None},
            slices={"topic": topics[i % len(topics)]} if topics else {},
            latency=latency[i] if latency else None,
            first_token=latency[i] / 2 if latency else None,
            lag=lag,
        )
        for i in range(count)
    ]
    folder = where.root / f"published-{model}"
    folder.mkdir(exist_ok=True)
    lines = [case.model_dump_json() for case in cases]
    (folder / CASES_FILE).write_text("\n".join(lines) + "\n")
    step_id = f"eval.golden.{model}"
    where.published[step_id] = folder
    output = EvalOutput(
        name="golden",
        model=model,
        scores=score_estimates(list(columns), cases),
        cost_per_1k=cost,
    )
    where.outputs = {**where.outputs, step_id: output}


def gate_step(
    *requires: RequireDef,
    baseline: str | None = None,
    locked: dict[str, float] | None = None,
    min_rows: int = 20,
) -> GateStep:
    gate = GateDef("release", ("tuned",), "golden", requires, baseline)
    return GateStep(
        id="gate.release",
        name="release",
        gate=gate,
        eval=eval_def(slices=(SliceDef("topic", name("topic"), min_rows),)),
        locked=locked or {},
    )


def require(condition: Expr, confidence: float | None = None, by: str | None = None) -> RequireDef:
    return RequireDef(condition, by, confidence or 0.95, stated=confidence is not None)


def decide(
    folder: Path,
    requirement: RequireDef,
    tuned: Scores,
    base: Scores | None = None,
    topics: Sequence[str] = (),
    locked: dict[str, float] | None = None,
) -> GateOutput:
    """A gate with one requirement over these scores."""
    where = desk(folder)
    publish(where, "tuned", tuned, topics)
    if base is not None:
        publish(where, "base", base, topics)
    step = gate_step(requirement, baseline="base" if base is not None else None, locked=locked)
    return run_gate(step, where)
