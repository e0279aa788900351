"""From a typed program to a plan: its steps, their keys, what is stale and why, what it costs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ftdsl import __version__
from ftdsl.engine.context import Policy
from ftdsl.engine.folder import is_refused
from ftdsl.engine.store import Store
from ftdsl.language.program import Program
from ftdsl.plan import baseline, lock
from ftdsl.plan.baseline import baseline_path
from ftdsl.plan.blocks import build_steps
from ftdsl.plan.cost import step_cost, total
from ftdsl.plan.files import Files
from ftdsl.plan.freshness import stale_reasons
from ftdsl.plan.inputs import Inputs, step_inputs, step_key
from ftdsl.plan.lock import lock_path, locked_of
from ftdsl.plan.model import Cost, FileDigest, Plan, PlannedStep
from ftdsl.plan.problems import step_problems
from ftdsl.plan.rating import WAITS, waits
from ftdsl.plan.selection import narrow
from ftdsl.plan.steps import CheckStep, PendingStep, RateStep, Step, TrainStep
from ftdsl.plan.training import exact_cost, training_figures


def build_plan(
    program: Program, root: Path, out: Path, policy: Policy, *, only: Sequence[str] = ()
) -> Plan:
    """What would run for ``program``. Reads the digests of its files; calls nobody.

    ``root`` is the project root, ``out`` the output folder. ``only`` narrows the plan to steps and
    what they need: an id (``gate.release``), a kind (``check``) or a block's name. Raises
    ``Refused`` (FT202) for a selector that names nothing, (FT203, FT377) for a lock file or a
    baseline that is damaged.
    """
    files, store = Files(root, out / "cache"), Store(out)
    steps = build_steps(program, locked_of(lock.read(root, program.path), program.path))
    if policy.baseline:
        steps = _with_baseline(steps, root, baseline_path(program.path))
    chosen, requested = narrow(steps, only)
    planned = plan_steps(chosen, files, store, policy, requested)
    read = [*(spec.path for spec in program.files), lock_path(program.path)]
    digests = {spec.path: spec.sha256 for spec in program.files}
    found = [(path, digests.get(path) or files.digest(path)) for path in read]
    if not is_refused(out):
        files.save()
    return Plan(
        version=__version__,
        spec=program.path,
        edition=program.edition,
        files=tuple(FileDigest(path=path, sha256=sha256) for path, sha256 in found if sha256),
        only=tuple(only),
        steps=planned,
        total=total(step.cost for step in planned if step.state == "stale"),
    )


def _with_baseline(steps: tuple[Step, ...], root: Path, path: str) -> tuple[Step, ...]:
    """The steps, those with a baseline pointing at it. Raises ``Refused`` (FT377)."""
    known = baseline.read(root, path).datasets
    return tuple(
        step.model_copy(update={"baseline": path})
        if isinstance(step, CheckStep) and step.name in known
        else step
        for step in steps
    )


def plan_steps(
    steps: Iterable[Step],
    files: Files,
    store: Store,
    policy: Policy,
    requested: frozenset[str] = frozenset(),
) -> tuple[PlannedStep, ...]:
    """Key, state, cost and problems of each step, in the given order."""
    planned: list[PlannedStep] = []
    keys: dict[str, str] = {}
    costs: dict[str, Cost] = {}
    stuck: set[str] = set()
    for step in steps:
        inputs = step_inputs(step, files, keys)
        keys[step.id] = step_key(step, inputs)
        costs[step.id] = step_cost(step, files)
        found = _planned(step, keys[step.id], inputs, store, files, policy, stuck, costs)
        if isinstance(step, TrainStep):
            found = _with_figures(found, step, store, keys)
        if found.state in ("pending", "blocked"):
            stuck.add(step.id)
        planned.append(found.model_copy(update={"requested": step.id in requested}))
    return tuple(planned)


def _with_figures(
    planned: PlannedStep, step: TrainStep, store: Store, keys: dict[str, str]
) -> PlannedStep:
    """A training with what it takes."""
    figures = training_figures(step, store, keys, planned.cost)
    cost = exact_cost(step, planned.cost, figures)
    return planned.model_copy(update={"training": figures, "cost": cost})


def _planned(
    step: Step,
    key: str,
    inputs: Inputs,
    store: Store,
    files: Files,
    policy: Policy,
    stuck: set[str],
    costs: dict[str, Cost],
) -> PlannedStep:
    cost = costs[step.id]
    if isinstance(step, PendingStep):
        return PlannedStep(step=step, key=key, inputs=inputs, state="pending", reasons=(step.why,))
    if blockers := [need for need in step.needs if need in stuck]:
        why = f"it needs {blockers[0]}, which cannot run"
        return PlannedStep(step=step, key=key, inputs=inputs, state="blocked", reasons=(why,))
    if isinstance(step, RateStep) and waits(step, inputs):
        why = WAITS.format(step.name)
        return PlannedStep(step=step, key=key, inputs=inputs, state="waiting", reasons=(why,))
    reasons = stale_reasons(store, step.id, key, inputs)
    if not reasons:
        return PlannedStep(step=step, key=key, inputs=inputs, state="fresh", cost=cost)
    problems = step_problems(step, files, store, policy, costs)
    return PlannedStep(
        step=step,
        key=key,
        inputs=inputs,
        state="stale",
        reasons=reasons,
        cost=cost,
        problems=problems,
    )
