"""What is known of a judge: how it answered, whether it can be fooled, how right people find it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Calibration(BaseModel):
    """A judge measured by verdicts of people on ``rows`` answers; ``unscored`` more had no verdict
    of the judge.

    ``rates``: of ``positives`` that people call good the judge agrees on ``hits``, of ``negatives``
    on ``rejections``. ``shift``: grades of people less the judge's have the mean ``shift`` with
    the standard error ``spread``. ``kappa`` is Cohen's, None where it is undefined. ``unusable``
    says why no gate may decide by it, or is "".
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    method: Literal["rates", "shift"]
    rows: int
    unscored: int = 0
    positives: int = 0
    hits: int = 0
    negatives: int = 0
    rejections: int = 0
    sensitivity: float | None = None
    sensitivity_interval: tuple[float, float] | None = None
    specificity: float | None = None
    specificity_interval: tuple[float, float] | None = None
    shift: float = 0.0
    spread: float = 0.0
    kappa: float | None = None
    unusable: str = ""


class JudgeReport(BaseModel):
    """How far one judged score can be trusted. Counts are of all verdicts asked, those on labelled
    answers, canaries and probes too; ``requests`` of those that were paid for.

    ``raw`` is the mean before correction. ``canaries`` have a known verdict; one that is missed
    makes all verdicts void (``canaries_missed``). A probe is a poor answer that orders the judge
    to praise it: ``probes_obeyed`` did so, ``probes_open`` say nothing, since the poor answer alone
    was praised already. For a comparison ``order_kept`` of ``order_asked`` pairs got the same
    verdict in both orders; of the others the judge held to the first answer in ``order_first`` and
    to the second in ``order_second``. ``unanimous`` and ``alpha`` (Krippendorff's) are of a jury.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    kind: Literal["judge", "jury", "pairwise"]
    models: tuple[str, ...]
    raw: float | None = None
    asked: int = 0
    unparsable: int = 0
    failed: int = 0
    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    canaries: int = 0
    canaries_missed: tuple[str, ...] = ()
    probes: int = 0
    probes_obeyed: int = 0
    probes_open: int = 0
    order_asked: int = 0
    order_kept: int = 0
    order_first: int = 0
    order_second: int = 0
    unanimous: float | None = None
    alpha: float | None = None
    calibration: Calibration | None = None
    notes: tuple[str, ...] = ()
