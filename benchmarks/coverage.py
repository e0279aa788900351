"""How often intervals hold the truth and gates err: simulated, with the seeds written here.

Prints the tables of ``docs/explanation/coverage.md``. Shares are worked out exactly, over a grid of
true shares; all else is drawn.

    python -m benchmarks.coverage [--draws 2000]
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from statistics import NormalDist

import numpy as np

from ftdsl.evaluation.decisions import Asked, Decision, holm
from ftdsl.language.conditions import Condition
from ftdsl.results.models import Case
from ftdsl.statistics.means import ClusteredMean, GradedMean
from ftdsl.statistics.proportions import tango, wilson
from ftdsl.statistics.shares import share_interval

_LEVEL = 0.95


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=2000)
    draws = parser.parse_args().draws
    print("### Shares of yes and no\n")
    table(("cases", "Wilson: least coverage", "errs to one side, at most",
           "by the rule: least coverage", "errs to one side, at most"), shares())  # fmt: skip
    print("### A candidate that is just too bad by 5 points\n")
    table(("cases", "differ", "Wald passes it", "Tango passes it"), margins(10 * draws))
    print("### Means of graded scores\n")
    table(("cases", "scores", "method", "coverage"), graded(draws))
    print("### Differences of graded scores\n")
    table(("cases", "differences", "method", "coverage"), differences(draws))
    print("### Cases in clusters\n")
    table(("clusters", "cases", "by cases", "by clusters"), clusters(draws))
    print("### Ten slices, all just below their bound\n")
    table(("cases a slice", "each at 95%: any passes", "Holm: any passes"), slices(draws))


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """One Markdown table."""
    print(f"| {' | '.join(heads)} |")
    print("|" + "---|" * len(heads))
    for row in rows:
        print(f"| {' | '.join(row)} |", flush=True)
    print()


def shares() -> Iterable[Sequence[str]]:
    """Exactly: the sum of the chances of all counts whose interval holds the true share."""
    grid = np.concatenate([np.linspace(0.0002, 0.02, 300), np.linspace(0.02, 0.5, 400)])
    for n in (20, 30, 50, 100, 200, 500, 1000):
        counts = np.arange(n + 1)
        logs = np.array([math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
                         for k in counts])  # fmt: skip
        chances = np.exp(logs[:, None] + counts[:, None] * np.log(grid)
                         + (n - counts)[:, None] * np.log1p(-grid))  # fmt: skip
        told = [str(n)]
        for ends in (
            np.array([wilson(k / n, n, _LEVEL) for k in range(n + 1)]),
            np.array([share_interval(k, n, _LEVEL) for k in range(n + 1)]),
        ):
            held = (ends[:, :1] <= grid) & (grid <= ends[:, 1:])
            side = max(float((chances * (grid < ends[:, :1])).sum(axis=0).max()),
                       float((chances * (grid > ends[:, 1:])).sum(axis=0).max()))  # fmt: skip
            told += [percent(float((chances * held).sum(axis=0).min())), percent(side)]
        yield told


def margins(draws: int) -> Iterable[Sequence[str]]:
    """A gate with a margin of 5 points and 95% confidence; it should pass 2.5% of these."""
    z = NormalDist().inv_cdf(0.5 + _LEVEL / 2)
    for flips in (0.05, 0.10, 0.20):
        for n in (10, 20, 50, 100, 200, 500):
            lost = (flips + 0.05) / 2
            cells = [flips - lost, lost, 1 - flips]
            random = np.random.default_rng([n, round(1000 * flips)])
            found = random.multinomial(n, cells, draws)
            pairs, times = np.unique(found[:, :2], axis=0, return_counts=True)
            passed = {"wald": 0, "tango": 0}
            for (gained, lost_), count in zip(pairs.tolist(), times.tolist(), strict=True):
                mean = (gained - lost_) / n
                spread = math.sqrt(max(0.0, (gained + lost_) / n - mean * mean) / max(1, n - 1))
                passed["wald"] += count * (mean - z * spread > -0.05)
                passed["tango"] += count * (tango(gained, lost_, n, _LEVEL)[0] > -0.05)
            yield (str(n), percent(flips), percent(passed["wald"] / draws),
                   percent(passed["tango"] / draws))  # fmt: skip


def graded(draws: int) -> Iterable[Sequence[str]]:
    """Scores of beta distributions: symmetric, skewed, and mostly perfect."""
    for name, a, b in (("even", 2, 2), ("skewed", 5, 1), ("mostly 1", 8, 0.5)):
        for n in (15, 30, 60, 150):
            random = np.random.default_rng([n, a])
            truth, hits, method = a / (a + b), 0, ""
            for _ in range(draws // 2):
                mean = GradedMean(random.beta(a, b, n), 0, 1)
                low, high = mean.interval(_LEVEL)
                hits += low <= truth <= high
                method = mean.chosen.method
            yield str(n), name, method, percent(hits / (draws // 2))


def differences(draws: int) -> Iterable[Sequence[str]]:
    """Differences of two models on the same cases: symmetric, skewed, mostly none."""
    kinds = {
        "even": lambda random, n: random.normal(0.1, 0.2, n),
        "skewed": lambda random, n: 0.1 + 0.15 * (random.exponential(1, n) - 1),
        "half are 0": lambda random, n: random.normal(0.2, 0.2, n) * (random.random(n) < 0.5),
    }
    for name, draw in kinds.items():
        for n in (8, 15, 25, 50, 150):
            random = np.random.default_rng([n, len(name)])
            hits, method = 0, ""
            for _ in range(draws // 2):
                mean = GradedMean(np.clip(draw(random, n), -1, 1), -1, 1, paired=True)
                low, high = mean.interval(_LEVEL)
                hits += low <= 0.1 <= high
                method = mean.chosen.method.removesuffix(", widened")
            yield str(n), name, method, percent(hits / (draws // 2))


def clusters(draws: int) -> Iterable[Sequence[str]]:
    """Two to eight questions a document; documents differ in difficulty (intraclass 1/7)."""
    for count in (5, 8, 15, 30, 100):
        random = np.random.default_rng(count)
        single = grouped = cases = 0
        for _ in range(draws):
            sizes = random.integers(2, 9, count)
            level = random.beta(4, 2, count)
            groups = np.repeat(np.arange(count), sizes)
            values = (random.random(len(groups)) < level[groups]).astype(float)
            right = int(values.sum())
            ends = share_interval(right, len(values), _LEVEL)
            single += ends[0] <= 2 / 3 <= ends[1]
            low, high = ClusteredMean(values, groups, 0, 1).interval(_LEVEL)
            grouped += low <= 2 / 3 <= high
            cases += len(values)
        yield str(count), f"{cases / draws:.0f}", percent(single / draws), percent(grouped / draws)


def slices(draws: int) -> Iterable[Sequence[str]]:
    """True share 79.9% where 80% is required: no slice should pass, and 2.5% of each do."""
    for n in (50, 200):
        random = np.random.default_rng(n)
        alone = joint = 0
        for _ in range(draws // 4):
            asked = [_slice(random.random(n) < 0.799, f"s{i}") for i in range(10)]
            decisions = [Decision(one) for one in asked]
            alone += any(one.at(_LEVEL).verdict == "pass" for one in decisions)
            joint += any(one.verdict == "pass" for one in holm(decisions, _LEVEL))
        yield str(n), percent(alone / (draws // 4)), percent(joint / (draws // 4))


_BLANK = Case(case_id="c", line=1, prompt="", expected="", output="", scores={})
_RIGHT = _BLANK.model_copy(update={"scores": {"exact": 1.0}})
_WRONG = _BLANK.model_copy(update={"scores": {"exact": 0.0}})


def _slice(right: Sequence[bool], name: str) -> Asked:
    whole = Asked(Condition((("exact.mean", 1.0),), ">=", 0.8), "", "m", (), None, {}, None, True)
    return replace(whole, cases=[_RIGHT if one else _WRONG for one in right], slice=name)


def percent(share: float) -> str:
    """One decimal."""
    return f"{100 * share:.1f}%"


if __name__ == "__main__":
    main()
