"""Step functions for tests of the engine: they write real artifacts, resume, and answer quickly."""

from __future__ import annotations

import time
from pathlib import Path

from ftdsl.data.step import run_dataset
from ftdsl.engine.context import Context
from ftdsl.plan.steps import DatasetStep, EvalStep, GateStep, PreflightStep, Step, TrainStep
from ftdsl.results.models import (
    CheckOutput,
    Counts,
    Estimate,
    EvalOutput,
    GateOutput,
    TrainOutput,
)
from ftdsl.results.outputs import StepOutput
from ftdsl.results.preflight import PreflightOutput, SplitTokens

PARTS = 3


def quick(step: Step, context: Context) -> StepOutput:
    """Real digests for datasets; for the others a few parts, each kept across interruptions."""
    return worked(step, context, 0.0)


def slow(step: Step, context: Context) -> StepOutput:
    """As ``quick``, with ten seconds of work in each step but the datasets."""
    return worked(step, context, 10.0)


def worked(step: Step, context: Context, seconds: float) -> StepOutput:
    if isinstance(step, DatasetStep):
        return run_dataset(step, context)
    bar = context.progress("parts", total=PARTS, unit="parts")
    for number in range(PARTS):
        part = context.work / f"part-{number}.txt"
        if not part.exists():
            until = time.monotonic() + seconds / PARTS
            while time.monotonic() < until:
                time.sleep(0.02)
                context.checkpoint()
            write_whole(part, f"{step.id} part {number}\n")
        context.checkpoint()
        bar.advance()
    bar.close()
    return answer(step)


def write_whole(part: Path, text: str) -> None:
    new = part.with_suffix(".new")
    new.write_text(text)
    new.replace(part)


def answer(step: Step) -> StepOutput:
    if isinstance(step, PreflightStep):
        split = SplitTokens(split="data", rows=16, left_out=0, tokens=400, learned=90)
        target, name = step.train.target, step.name
        return PreflightOutput(
            name=name, target=target, base="base-model", splits=(split,), verdict="pass"
        )
    if isinstance(step, TrainStep):
        return TrainOutput(
            name=step.name,
            target="trl",
            base="base-model",
            rows=16,
            validation_rows=4,
            steps=1,
            epochs=1.0,
            tokens=100,
            trained_parameters=1,
            total_parameters=10,
            seconds=0.0,
            curve=(),
            digests={"tokenizer": "t" * 64, "chat_template": "c" * 64},
            adapter="part-0.txt",
            model_card="part-1.txt",
        )
    if isinstance(step, EvalStep):
        mean = 0.9 if step.train is not None else 0.4
        score = Estimate(
            mean=mean, low=mean - 0.1, high=mean + 0.1, n=20, unscored=0, method="wilson"
        )
        return EvalOutput(name=step.name, model=step.model_name, scores={"exact": score})
    if isinstance(step, GateStep):
        return GateOutput(name=step.name, eval=step.eval.name, requirements=(), verdict="pass")
    counts = Counts(discovered=20, checked=20)
    return CheckOutput(name=step.name, counts=counts, splits={"train": 16}, verdict="pass")
