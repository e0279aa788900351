"""The jobs that trainings of a spec have at their host, for a look and for a hand on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ftdsl.engine.context import Policy
from ftdsl.language.program import TrainDef
from ftdsl.training.hosted.creating import BLOCK
from ftdsl.training.hosted.failures import refused_by_host
from ftdsl.training.hosted.permission import endpoint_of
from ftdsl.training.hosted.wire import TERMINAL, HostError, Wire, timing_of

Action = Literal["cancel", "pause", "resume"]


@dataclass(frozen=True, slots=True)
class ListedJob:
    """One job, as the host shows it."""

    id: str
    status: str
    base: str
    model: str
    created_at: int


def listed_jobs(train: TrainDef, policy: Policy, action: Action | None = None) -> list[ListedJob]:
    """The jobs of ``train``, newest first; ``action`` is done to each that has not ended. Raises
    ``Refused`` (FT503, FT504, FT611–FT619)."""
    endpoint = endpoint_of(train, policy)
    try:
        with Wire(endpoint, timing_of(endpoint)) as wire:
            jobs = wire.jobs({BLOCK: train.name[:512]})
            if action is not None:
                jobs = [j if j.status in TERMINAL else wire.act(j.id, action) for j in jobs]
    except HostError as error:
        raise refused_by_host(train, endpoint.host, error) from error
    return [
        ListedJob(job.id, job.status, job.model, job.fine_tuned_model or "", job.created_at)
        for job in jobs
    ]
