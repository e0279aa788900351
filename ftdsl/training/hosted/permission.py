"""Whether a training may reach its host, by the one set of rules that models go by."""

from __future__ import annotations

from ftdsl.engine.context import Policy
from ftdsl.language.program import TrainDef
from ftdsl.models.hosts import Endpoint, permitted_endpoint
from ftdsl.plan.hosting import hosted_model


def endpoint_of(train: TrainDef, policy: Policy) -> Endpoint:
    """Where ``train`` is trained. Raises ``Refused``: FT502 for no URL, FT503 for a host that the
    operator has not allowed (exit code 4)."""
    return permitted_endpoint(hosted_model(train), policy, sends="its rows")
