"""How one requirement is decided over one set of cases: by a point, an interval, or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ftdsl.evaluation.estimates import clusters_of, score_estimates
from ftdsl.evaluation.evidence import (
    AgainstLock,
    Evidence,
    Sample,
    locked_interval,
)
from ftdsl.evaluation.flakiness import flakiness
from ftdsl.evaluation.judges.evidence import judged_evidence, unfit_judge
from ftdsl.evaluation.label_evidence import label_evidence, reads_labels
from ftdsl.language.conditions import Condition, Undecidable
from ftdsl.results.judging import JudgeReport
from ftdsl.results.models import Requirement
from ftdsl.statistics.means import LEAST_CLUSTERS
from ftdsl.statistics.power import least_cases
from ftdsl.statistics.quantiles import percentile, quantile_interval

MOST_UNSCORED = 0.05
"""With a larger share of unscored cases nothing is decided: they are seldom unscored by chance."""

_BASELINE = "baseline."
_MEAN = ".mean"
_TIMES = ("latency", "first_token")
_QUANTILES = {f"{time}.p{one:.0f}": one / 100 for time in _TIMES for one in (50, 95)}


@dataclass(frozen=True, slots=True)
class Asked:
    """One comparison of a requirement, for one candidate and, with ``slice``, some of its cases.

    ``baseline`` are the same cases under the baseline model; None when the lock's figures, if any,
    are the baseline. ``locked`` is empty for a slice: the lock knows only the whole.
    ``cost_per_case`` are the dollars that one more case costs under all models that it is put to.
    """

    condition: Condition
    text: str
    candidate: str
    cases: Sequence[Decided]
    baseline: Sequence[Decided] | None
    locked: Mapping[str, float]
    cost_per_1k: float | None
    stated: bool
    cost_per_case: float | None = None
    slice: str = ""
    spec_line: int | None = None
    judges: Mapping[str, JudgeReport] = field(default_factory=dict)


class Decided(Protocol):
    """What a decision needs of a case."""

    @property
    def scores(self) -> Mapping[str, float]: ...

    @property
    def slices(self) -> Mapping[str, str]: ...

    @property
    def cluster(self) -> str | None: ...

    @property
    def epochs(self) -> Mapping[str, tuple[float, ...]]: ...

    @property
    def latency(self) -> float | None: ...

    @property
    def first_token(self) -> float | None: ...

    @property
    def lag(self) -> float: ...


class Decision:
    """``at(confidence)`` is the requirement as decided with intervals of that confidence."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        names = [name for name, _ in asked.condition.weights]
        self._graded = bool(names) and all(_is_mean(name) for name in names)
        self._evidence: Evidence | None = None
        self._blocked = ""
        if names and all(map(reads_labels, names)):
            self._graded = True
            self._read_labels()
            return
        if self._graded:
            self._blocked = self._hindrance()
            if self._blocked in ("", self._unscored_note()):
                self._evidence = self._means()

    def at(self, confidence: float) -> Requirement:
        if self._evidence is not None:
            return self._by_evidence(self._evidence, confidence)
        if self._graded:
            return self._undecided(self._blocked, confidence)
        return self._by_value(confidence)

    def _read_labels(self) -> None:
        asked = self.asked
        found = label_evidence(
            asked.condition.weights, asked.cases, asked.baseline, stated=asked.stated
        )
        if isinstance(found, str):
            self._blocked = found
        else:
            self._evidence = found

    # ------------------------------------------------------------------ means of scores

    @property
    def _split(self) -> tuple[dict[str, float], dict[str, float]]:
        """Weights by score: the candidate's and the baseline's."""
        own, other = {}, {}
        for name, weight in self.asked.condition.weights:
            if name.startswith(_BASELINE):
                other[name.removeprefix(_BASELINE).removesuffix(_MEAN)] = weight
            else:
                own[name.removesuffix(_MEAN)] = weight
        return own, other

    def _hindrance(self) -> str:
        """Why the means cannot be compared, or ""."""
        own, other = self._split
        asked = self.asked
        if other and asked.baseline is None:
            if asked.slice:
                return "the lock file knows no slices: lock again, or name a `baseline` model"
            missing = [name for name in other if f"{name}{_MEAN}" not in asked.locked]
            if missing:
                return f"ftspec.lock holds no baseline of `{missing[0]}` yet: `ftdsl lock`"
        if not own:
            return "it says nothing of the candidate"
        if unfit := unfit_judge(asked.judges, [*own, *other]):
            return unfit
        if not self._scored():
            return "no case has all the scores it needs"
        clusters = clusters_of(asked.cases)
        if clusters is not None and len(set(clusters)) < LEAST_CLUSTERS:
            return f"{len(set(clusters))} clusters are too few: at least {LEAST_CLUSTERS}"
        return self._unscored_note()

    def _scored(self) -> list[int]:
        """The places of the cases that have every score asked for, under both models."""
        own, other = self._split
        baseline = self.asked.baseline
        return [
            place
            for place, case in enumerate(self.asked.cases)
            if own.keys() <= case.scores.keys()
            and (baseline is None or other.keys() <= baseline[place].scores.keys())
        ]

    def _unscored_note(self) -> str:
        count = len(self.asked.cases)
        share = (count - len(self._scored())) / count
        if share <= MOST_UNSCORED:
            return ""
        return f"{share:.1%} of the cases are unscored; at most {MOST_UNSCORED:.0%} may be"

    def _means(self) -> Evidence:
        own, other = self._split
        places, asked = self._scored(), self.asked
        candidate = {name: [asked.cases[p].scores[name] for p in places] for name in own}
        clusters = clusters_of([asked.cases[p] for p in places])
        if asked.baseline is not None:
            baseline = {name: [asked.baseline[p].scores[name] for p in places] for name in other}
            sample = Sample(candidate, baseline, clusters)
            return judged_evidence(own, other, sample, asked.judges)
        evidence = judged_evidence(own, {}, Sample(candidate, clusters=clusters), asked.judges)
        for name, weight in other.items():
            locked = [asked.locked.get(f"{name}.{part}") for part in ("mean", "low", "high")]
            mean, low, high = (value if value is not None else 0.0 for value in locked)
            interval = locked_interval(mean, low, high, weight)
            evidence = AgainstLock(evidence, weight * mean, interval)
        return evidence

    def _by_evidence(self, evidence: Evidence, confidence: float) -> Requirement:
        asked, point = self.asked, evidence.estimate
        low, high = evidence.interval(confidence)
        by = (low, high) if asked.stated else (point, point)
        verdict = "inconclusive" if self._blocked else asked.condition.verdict(*by)
        needed = None
        if verdict == "inconclusive" and not self._blocked:
            needed = least_cases(
                lambda n: (
                    asked.condition.verdict(*evidence.interval_at(n, confidence)) != "inconclusive"
                ),
                evidence.n + 1,
            )
        fixed, broken = evidence.flips or (None, None)
        found = self._requirement(verdict, point, low, high, confidence)
        return found.model_copy(
            update={
                "n": evidence.n,
                "needed_n": needed,
                "needed_cost": self._further(evidence.n, needed),
                "method": evidence.chosen.method,
                "why": evidence.chosen.why,
                "paired": asked.baseline is not None
                and any(name.startswith(_BASELINE) for name, _ in asked.condition.weights),
                "fixed": fixed,
                "broken": broken,
                "note": self._blocked or evidence.note,
            }
        )

    def _further(self, n: int, needed: int | None) -> float | None:
        """The dollars for the cases that are still to be asked."""
        each = self.asked.cost_per_case
        return None if needed is None or each is None else (needed - n) * each

    # ------------------------------------------------------------------ all other measures

    def _by_value(self, confidence: float) -> Requirement:
        """A sum with other measures than means: decided on the values themselves."""
        asked = self.asked
        weights = asked.condition.weights
        if unfit := unfit_judge(asked.judges, map(_judged_name, dict(weights))):
            return self._undecided(unfit, confidence)
        if asked.stated and len(weights) == 1 and weights[0][0] in _QUANTILES:
            return self._by_quantile(*weights[0], confidence)
        if asked.stated:
            raise Undecidable(
                "only mean scores and times have an interval to decide `with`, and figures of "
                "labels among themselves"
            )
        total = 0.0
        for name, weight in weights:
            value = self._value(name)
            if value is None:
                return self._undecided(f"`{name}` is not known for this model", confidence)
            total += weight * value
        verdict = asked.condition.verdict(total, total)
        return self._requirement(verdict, total, total, total, confidence)

    def _by_quantile(self, name: str, weight: float, confidence: float) -> Requirement:
        waits = self._waits(name)
        if not waits:
            return self._undecided(f"`{name}` is not known for this model", confidence)
        value = weight * percentile(waits, _QUANTILES[name])
        ends = quantile_interval(waits, _QUANTILES[name], confidence)
        if ends is None:
            note = f"{len(waits)} answers are too few for an upper limit of `{name}`"
            return self._undecided(note, confidence)
        low, high = sorted(weight * end for end in ends)
        verdict = self.asked.condition.verdict(low, high)
        found = self._requirement(verdict, value, low, high, confidence)
        why = "waiting times, without assuming how they are spread"
        how = {"n": len(waits), "method": "order statistics", "why": why}
        return found.model_copy(update=how)

    def _value(self, name: str) -> float | None:
        if name in _QUANTILES:
            waits = self._waits(name)
            return percentile(waits, _QUANTILES[name]) if waits else None
        if name == "cost_per_1k":
            return self.asked.cost_per_1k
        if reads_labels(name):
            weights = [(name, 1.0)]
            of_labels = label_evidence(weights, self.asked.cases, self.asked.baseline, stated=False)
            return None if isinstance(of_labels, str) else of_labels.estimate
        cases: Sequence[Decided] | None = self.asked.cases
        if name.startswith(_BASELINE):
            name, cases = name.removeprefix(_BASELINE), self.asked.baseline
            if cases is None:
                return self.asked.locked.get(name)
        score, _, part = name.rpartition(".")
        found = score_estimates([score], cases or (), self.asked.judges)[score]
        if part == "unscored":
            return found.unscored / len(self.asked.cases)
        if part == "flaky":
            flaky = flakiness([score], cases or ())
            return flaky[score].rate if flaky else None
        return float(getattr(found, part)) if found.n else None

    def _waits(self, name: str) -> list[float]:
        time = name.partition(".")[0]
        waits = (getattr(case, time) for case in self.asked.cases)
        return [one for one in waits if one is not None]

    # ------------------------------------------------------------------ the result

    def _undecided(self, note: str, confidence: float) -> Requirement:
        bound = self.asked.condition.bound
        found = self._requirement("inconclusive", bound, bound, bound, confidence)
        return found.model_copy(update={"n": 0, "method": "none", "note": note})

    def _requirement(
        self, verdict: str, estimate: float, low: float, high: float, confidence: float
    ) -> Requirement:
        asked = self.asked
        return Requirement.model_validate(
            {
                "requirement": asked.text,
                "candidate": asked.candidate,
                "slice": asked.slice,
                "verdict": verdict,
                "estimate": estimate,
                "low": low,
                "high": high,
                "bound": asked.condition.bound,
                "op": asked.condition.op,
                "unit": _unit(asked.condition),
                "n": len(asked.cases),
                "method": "value",
                "confidence": confidence,
                "spec_line": asked.spec_line,
            }
        )


def _unit(condition: Condition) -> str:
    names = {name for name, _ in condition.weights}
    if names and names <= _QUANTILES.keys():
        return "seconds"
    return "dollars" if names == {"cost_per_1k"} else "share"


def _judged_name(measure: str) -> str:
    """The score whose correctness a measure reads; "" for one that says nothing of it."""
    score, _, part = measure.removeprefix(_BASELINE).rpartition(".")
    return "" if part == "unscored" else score


def _is_mean(name: str) -> bool:
    return name.endswith(_MEAN)


def holm(decisions: Sequence[Decision], confidence: float) -> list[Requirement]:
    """All ``decisions`` at a joint confidence: Holm's step-down procedure (Scandinavian Journal of
    Statistics 6, 1979) over the passes, and likewise over the fails.

    Those that pass at 1 - α/k, k being how many have not passed yet, are decided; and again, until
    none does. ``confidence`` of each result is the level that it was decided at.
    """
    alpha, count = 1 - confidence, len(decisions)
    decided: dict[int, Requirement] = {}
    strictest = 0
    for verdict in ("pass", "fail"):
        k = count
        while k:
            left = [place for place in range(count) if place not in decided]
            found = {place: decisions[place].at(1 - alpha / k) for place in left}
            now = {place: one for place, one in found.items() if one.verdict == verdict}
            if not now:
                break
            decided |= now
            k -= len(now)
        strictest = max(strictest, k)
    level = 1 - alpha / max(1, strictest)
    return [
        decided[place] if place in decided else one.at(level) for place, one in enumerate(decisions)
    ]
