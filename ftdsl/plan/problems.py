"""What stands in a step's way before it runs: files that are not there, hosts not allowed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Policy
from ftdsl.engine.store import Store
from ftdsl.language.program import DatasetDef, ModelDef, TrainDef
from ftdsl.plan.decidability import gate_warnings
from ftdsl.plan.files import Files
from ftdsl.plan.hosting import LOOPBACK, host_of, hosted_model, is_hosted
from ftdsl.plan.lifecycle import lifecycle_problems
from ftdsl.plan.model import Cost
from ftdsl.plan.payment import payment_problem, training_problem
from ftdsl.plan.steps import DatasetStep, EvalStep, GateStep, Step, SweepStep, TrainStep


def step_problems(
    step: Step, files: Files, store: Store, policy: Policy, costs: Mapping[str, Cost]
) -> tuple[Diagnostic, ...]:
    """Problems of this step alone; the step itself decides when it runs. ``store`` holds what
    earlier runs found, ``costs`` what each step before it takes."""
    match step:
        case DatasetStep():
            return tuple(_file_problems(step.dataset, files))
        case SweepStep(scoring=scoring):
            return step_problems(scoring, files, store, policy, costs)
        case EvalStep():
            asked = (*(() if step.model is None else (step.model,)), *step.judges)
            hosts = [one for model in asked for one in _host_problems(model, policy)]
            return tuple(hosts) or tuple(
                one for model in asked for one in _payment_problems(model, policy)
            )
        case TrainStep(train=train):
            ends = tuple(lifecycle_problems(train, step.base_model, date.today()))
            return (*ends, *(_hosting_problems(train, policy) if is_hosted(train) else ()))
        case GateStep():
            return tuple(gate_warnings(step, files, store, costs))
        case _:
            return ()


def _hosting_problems(train: TrainDef, policy: Policy) -> tuple[Diagnostic, ...]:
    unreached = tuple(_host_problems(hosted_model(train), policy))
    unpaid = training_problem(train, policy.ledger.budget)
    return unreached or (() if unpaid is None else (unpaid,))


def _file_problems(dataset: DatasetDef, files: Files) -> Iterator[Diagnostic]:
    problem = files.of(dataset).problem
    if problem is not None:
        yield problem


def _payment_problems(model: ModelDef, policy: Policy) -> Iterator[Diagnostic]:
    problem = payment_problem(model, policy.ledger.budget)
    if problem is not None:
        yield problem


def _host_problems(model: ModelDef, policy: Policy) -> Iterator[Diagnostic]:
    host = host_of(model)
    if host is None or host in LOOPBACK:
        return
    if policy.offline:
        why = "this run is offline"
    elif host not in policy.allowed_hosts:
        why = "the operator has not allowed this host"
    else:
        return
    yield Diagnostic(
        "FT210",
        f"model `{model.name}` is asked at {host}, but {why}",
        model.span or Span("", 0, 0),
        help=f"allow it on the command line: `--allow-host {host}`",
    )
