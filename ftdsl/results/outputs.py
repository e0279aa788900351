"""All that a step may return."""

from __future__ import annotations

from ftdsl.results.models import (
    CheckOutput,
    CoverageOutput,
    DatasetOutput,
    DedupOutput,
    EvalOutput,
    GateOutput,
    TrainOutput,
)
from ftdsl.results.preflight import PreflightOutput
from ftdsl.results.rating import RateOutput
from ftdsl.results.selection import SelectOutput
from ftdsl.results.sweep import SweepOutput

StepOutput = (
    DatasetOutput
    | CheckOutput
    | DedupOutput
    | CoverageOutput
    | PreflightOutput
    | TrainOutput
    | EvalOutput
    | GateOutput
    | SelectOutput
    | SweepOutput
    | RateOutput
)
