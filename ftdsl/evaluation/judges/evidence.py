"""Evidence of a gate on judged scores: corrected for the judge, at any confidence."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ftdsl.evaluation.evidence import Evidence, Sample, mean_evidence
from ftdsl.evaluation.judges.calibration import doubt, share_interval, slope, true_share
from ftdsl.evaluation.judges.correction import BY_RATES, CORRECTED, MEASURED, can_correct
from ftdsl.results.judging import Calibration, JudgeReport
from ftdsl.statistics.proportions import Interval, normal_quantile
from ftdsl.statistics.shares import Chosen


def unfit_judge(judges: Mapping[str, JudgeReport], scores: Iterable[str]) -> str:
    """Why a judge of one of ``scores`` may decide nothing; "" where all may."""
    for name in scores:
        report = judges.get(name)
        if report is None:
            continue
        if report.canaries_missed:
            missed, of = len(report.canaries_missed), report.canaries
            return f"the judge of `{name}` misses {missed} of {of} canaries"
        if report.calibration is None:
            return f"nobody has measured the judge of `{name}`"
        if report.calibration.unusable:
            return f"the judge of `{name}`: {report.calibration.unusable}"
    return ""


@dataclass(frozen=True, slots=True)
class JudgedShare:
    """``weight`` times the true share of good answers, of ``n`` judged by yes or no."""

    share: float
    n: int
    by: Calibration
    weight: float = 1.0
    chosen: Chosen = BY_RATES
    note: str = ""
    flips: None = None

    @property
    def estimate(self) -> float:
        return self.weight * true_share(self.share, self.by)

    def interval(self, confidence: float) -> Interval:
        return self.interval_at(self.n, confidence)

    def interval_at(self, n: float, confidence: float) -> Interval:
        low, high = share_interval(self.share, n, self.by, confidence)
        ends = (self.weight * low, self.weight * high)
        return min(ends), max(ends)


@dataclass(frozen=True, slots=True)
class Corrected:
    """``times`` the raw evidence plus ``add``, with what is not known of the judges: ``spread`` is
    the standard error that they add. Both halves are joined by MOVER (Zou and Donner 2008)."""

    raw: Evidence
    times: float
    add: float
    spread: float

    @property
    def estimate(self) -> float:
        return self.times * self.raw.estimate + self.add

    @property
    def n(self) -> int:
        return self.raw.n

    @property
    def chosen(self) -> Chosen:
        method, why = self.raw.chosen
        return Chosen(f"{method}, {CORRECTED}", f"{why}; {MEASURED}")

    @property
    def note(self) -> str:
        return self.raw.note

    @property
    def flips(self) -> tuple[int, int] | None:
        return self.raw.flips

    def interval(self, confidence: float) -> Interval:
        return self._joined(self.raw.interval(confidence), confidence)

    def interval_at(self, n: float, confidence: float) -> Interval:
        return self._joined(self.raw.interval_at(n, confidence), confidence)

    def _joined(self, raw: Interval, confidence: float) -> Interval:
        extra = normal_quantile(confidence) * self.spread
        ends = sorted(self.times * end + self.add for end in raw)
        below, above = self.estimate - ends[0], ends[1] - self.estimate
        return self.estimate - math.hypot(below, extra), self.estimate + math.hypot(above, extra)


def judged_evidence(
    candidate: Mapping[str, float],
    baseline: Mapping[str, float],
    sample: Sample,
    judges: Mapping[str, JudgeReport],
) -> Evidence:
    """Evidence on the sum of weight times mean score, the means of judged scores corrected.

    The judge is taken to err alike on both models: what it does to both cancels.
    """
    measured = {
        name: report.calibration
        for name, report in judges.items()
        if name in {*candidate, *baseline}
        and report.calibration is not None
        and can_correct(report.calibration)
    }
    if not measured:
        return mean_evidence(candidate, baseline, sample)
    only = next(iter(candidate))
    alone = len(candidate) == 1 and not baseline and sample.clusters is None
    if alone and measured[only].method == "rates":
        values = sample.candidate[only]
        share = math.fsum(values) / len(values)
        return JudgedShare(share, len(values), measured[only], candidate[only])
    spread = math.sqrt(_doubts(candidate, baseline, sample, measured))
    if len(candidate) == 1 and baseline == {only: -candidate[only]}:
        # One score of two models: the raw difference keeps its own method.
        raw = mean_evidence({only: 1.0}, {only: -1.0}, sample)
        return Corrected(raw, candidate[only] * slope(measured[only])[0], 0.0, spread)
    add = 0.0
    scaled: list[dict[str, float]] = []
    for weights in (candidate, baseline):
        own = {}
        for name, weight in weights.items():
            times, shift = slope(measured[name]) if name in measured else (1.0, 0.0)
            own[name] = weight * times
            add += weight * shift
        scaled.append(own)
    return Corrected(mean_evidence(scaled[0], scaled[1], sample), 1.0, add, spread)


def _doubts(
    candidate: Mapping[str, float],
    baseline: Mapping[str, float],
    sample: Sample,
    measured: Mapping[str, Calibration],
) -> float:
    total = 0.0
    for name, by in measured.items():
        times, shift = slope(by)
        terms, means = {}, {}
        for who, weights, columns in (
            ("candidate", candidate, sample.candidate),
            ("baseline", baseline, sample.baseline),
        ):
            if name in weights:
                values = columns[name]
                terms[who] = weights[name]
                means[who] = times * math.fsum(values) / len(values) + shift
        total += doubt(terms, means, by)
    return total
