"""The step ``rate``: what the ratings in the project say of the answers that there are now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ftdsl.diagnostics.diagnostic import Diagnostic
from ftdsl.engine.context import Context, Refused
from ftdsl.evaluation.gates import worst
from ftdsl.evaluation.rated import decide
from ftdsl.evaluation.requirements import line_of
from ftdsl.evaluation.step import read_cases
from ftdsl.plan.steps import RateStep
from ftdsl.rating import opinions as of
from ftdsl.rating.batch import Batch, batch_of
from ftdsl.rating.checks import counted, problems
from ftdsl.rating.judged import judges_against_people
from ftdsl.rating.keeping import rating_files
from ftdsl.rating.raters import raters, told
from ftdsl.rating.rows import Placed, effective, read_ratings, unique
from ftdsl.results.models import Case, EvalOutput
from ftdsl.results.rating import RateOutput

CUSTOMARY_ALPHA = 0.667
"""Below it Krippendorff draws no conclusion ("Content analysis", 2004, p. 241)."""
_SURE_BIAS = 0.01


def run_rate(step: RateStep, context: Context) -> RateOutput:
    """Read the ratings and work out what they say. Raises ``Refused``: FT720 to FT729 for ratings
    and gold items that cannot be used; those of other answers are set aside and counted."""
    cases = {
        name: read_cases(context.artifacts(f"eval.{step.eval.name}.{name}"))
        for name in step.rate.compare
    }
    outputs = {name: context.outputs[f"eval.{step.eval.name}.{name}"] for name in cases}
    evals = {name: one for name, one in outputs.items() if isinstance(one, EvalOutput)}
    batch = batch_of(step, cases, context.root)
    placed, wrong = all_ratings(step, context.root)
    kept = counted(batch, placed)
    wrong += [one for _, one in problems(batch, kept)]
    if wrong:
        raise Refused(_first_of(wrong))
    return rate_output(step, batch, kept, cases, evals, context.root, len(placed) - len(kept))


def all_ratings(step: RateStep, root: Path) -> tuple[list[Placed], list[Diagnostic]]:
    """The ratings in the project's folder, of this batch and of earlier ones."""
    placed: list[Placed] = []
    wrong: list[Diagnostic] = []
    for source in rating_files(root, step.rate.ratings):
        found, bad = read_ratings(source)
        placed += found
        wrong += bad
    return placed, wrong


def rate_output(
    step: RateStep,
    batch: Batch,
    placed: Sequence[Placed],
    cases: Mapping[str, Sequence[Case]],
    outputs: Mapping[str, EvalOutput],
    root: Path,
    set_aside: int = 0,
) -> RateOutput:
    """What ``placed`` ratings, all of which are good, say of ``batch``."""
    every = list(unique(placed))
    holding = effective(every)
    said = of.Said.of(batch, holding)
    rate = step.rate
    reliability, sides = of.reliability(said), of.side_bias(said.every)
    people = raters(batch, holding, every)
    found = RateOutput.model_validate(
        {
            "name": rate.name,
            "eval": step.eval.name,
            "batch": batch.id,
            "ask": rate.ask,
            "points": rate.points,
            "models": rate.compare,
            "items": batch.shown,
            "rated": len(said.by_item),
            "enough": said.enough(rate.min_raters),
            "min_raters": rate.min_raters,
            "ratings": len(said.every),
            "set_aside": set_aside,
            "gold": sum(bool(item.gold) for item in batch.items.values()),
            "opinions": of.opinions(said),
            "ranking": of.ranking(said),
            "reliability": reliability,
            "side_bias": sides,
            "raters": people,
            "judges": judges_against_people(said, cases, outputs),
            "reasons": of.reasons(said),
        }
    )
    notes = [*_notes(found, batch), *told(people)]
    decided = [
        one
        for require in rate.requires
        for one in decide(require, found, rate.compare[-1], line_of(require.span, root))
    ]
    verdict = worst(decided) if rate.requires else "pass"
    return found.model_copy(
        update={"requirements": tuple(decided), "notes": tuple(notes), "verdict": verdict}
    )


def _notes(found: RateOutput, batch: Batch) -> list[str]:
    notes = []
    if not found.ratings:
        notes.append("waits for ratings of the answers that there are now")
    if found.set_aside:
        notes.append(f"{found.set_aside} ratings are of earlier answers or another question")
    if found.items > found.rated and found.rated:
        notes.append(f"{found.items - found.rated} of {found.items} items are not rated yet")
    if batch.unanswered:
        notes.append(f"{batch.unanswered} cases lack an answer of some model, and are not shown")
    same = sum(one.identical for one in found.opinions)
    if same:
        notes.append(f"{same} pairs are the same answer twice: ties that nobody was asked about")
    if found.reliability.alpha is not None and found.reliability.alpha < CUSTOMARY_ALPHA:
        notes.append(
            f"raters agree little: alpha {found.reliability.alpha:.2f} is below "
            f"{CUSTOMARY_ALPHA}, from which on one customarily draws conclusions"
        )
    if found.side_bias is not None and found.side_bias.p < _SURE_BIAS:
        notes.append(f"raters prefer a side: {found.side_bias.share:.0%} of the verdicts are left")
    if batch.betrayed:
        notes.append(f"answers name a compared model: {', '.join(batch.betrayed)}")
    return notes


def _first_of(wrong: Sequence[Diagnostic]) -> Diagnostic:
    first, more = wrong[0], len(wrong) - 1
    if not more:
        return first
    return Diagnostic(
        first.code, f"{first.message}, and {more} more are wrong", first.span, label=first.label,
        related=first.related, help=first.help,
    )  # fmt: skip
