"""A plan as ``dvc.yaml``: a stage for every step, so that DVC runs what is stale and no more."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from ftdsl.interchange.trainers.config import scalar
from ftdsl.plan.model import Plan, PlannedStep

FILE = "dvc.yaml"
_FROM_FILE = "file "


def dvc_file(plan: Plan, to_root: str, from_root: str, source: str) -> str:
    """The text of ``dvc.yaml`` in a folder that is ``from_root`` from the project's root, which is
    ``to_root`` from there. What a stage leaves is its report, in that folder; results stay in
    ftdsl's own store, which resumes where DVC only repeats."""
    stages = "".join(
        line
        for step in plan.steps
        if step.state != "pending"
        for line in _stage(plan, step, to_root, from_root)
    )
    return f"# {source}\nstages:\n{stages}"


def stage_name(step_id: str) -> str:
    """DVC allows neither dots nor colons in a name."""
    return step_id.replace(".", "-").replace(":", "-").replace("@", "-")


def _stage(plan: Plan, step: PlannedStep, to_root: str, from_root: str) -> Iterator[str]:
    report = _report(from_root, step.id)
    words = ["ftdsl", "run", plan.spec, "--only", step.id, "-q", "--output", f"json={report}"]
    specs = sorted({one.path for one in plan.files if _is_file(one.path)})
    data = sorted(
        name.removeprefix(_FROM_FILE) for name in step.inputs if name.startswith(_FROM_FILE)
    )
    needed = [_report(from_root, need) for need in step.step.needs if plan.step(need) is not None]
    yield f"  {stage_name(step.id)}:\n"
    yield f"    wdir: {scalar(to_root)}\n"
    yield f"    cmd: {scalar(shlex.join(words))}\n"
    yield from _listed("deps", [*dict.fromkeys([*specs, *data, *needed])])
    yield "    outs:\n"
    yield f"      - {scalar(report)}:\n"
    yield "          cache: false\n"


def _is_file(path: str) -> bool:
    """The lock is written by hand, and the shipped rule sets come with the package."""
    return not path.startswith("std/") and not path.endswith(".lock")


def _report(from_root: str, step_id: str) -> str:
    name = f"stages/{stage_name(step_id)}.json"
    return name if from_root in ("", ".") else f"{from_root}/{name}"


def _listed(key: str, values: Sequence[str]) -> Iterator[str]:
    if values:
        yield f"    {key}:\n"
        yield from (f"      - {scalar(value)}\n" for value in values)
