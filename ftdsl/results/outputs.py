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
from ftdsl.results.selection import SelectOutput

StepOutput = (
    DatasetOutput
    | CheckOutput
    | DedupOutput
    | CoverageOutput
    | TrainOutput
    | EvalOutput
    | GateOutput
    | SelectOutput
)
