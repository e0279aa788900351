"""The rules, in the order in which they are to be listened to: a bug before a rate, a rate before
the number of passes. Thresholds that no source states are marked as this project's own."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from statistics import median, pstdev
from typing import Literal

from ftdsl.advice.evidence import Evidence

State = Literal["fired", "holds", "unknown"]


@dataclass(frozen=True, slots=True)
class Change:
    """One setting of the target and its next value, written as in a spec."""

    setting: str
    value: str


@dataclass(frozen=True, slots=True)
class Told:
    """What a rule says. ``evidence`` gives the figures; ``change`` is the one next thing to try."""

    state: State
    evidence: str
    advice: str = ""
    change: Change | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """``source`` says who gives this advice, and whose its thresholds are."""

    code: str
    name: str
    source: str
    ask: Callable[[Evidence], Told]


_DIVERGED, _JUMP, _STEEP = 2.0, 2.0, 100.0
_STILL = 0.05
_BAD_GAP = 1.5
_GL_WARN, _GL_FIRE = 5.0, 20.0


def _holds(evidence: str) -> Told:
    return Told("holds", evidence)


def _unknown(why: str) -> Told:
    return Told("unknown", why)


def mask_bug(seen: Evidence) -> Told:
    """A loss of 0, no token learned, or no gradient at the first step."""
    if not seen.losses:
        return _unknown("no loss was logged")
    first = seen.points[0]
    zero = all(loss == 0 for _, loss in seen.losses[:3])
    broken = first.grad_norm is not None and not math.isfinite(first.grad_norm)
    if zero or broken or seen.output.tokens == 0:
        what = "the loss is 0 from the start" if zero else "the first gradient is no number"
        advice = (
            "nothing is learned from: look at the mask and the chat template before any setting, "
            "with `trainable_tokens(row) > 0` as a rule"
        )
        return Told("fired", what if zero or broken else "no token was learned from", advice)
    return _holds(f"the loss begins at {seen.losses[0][1]:.3f}")


def diverged(seen: Evidence) -> Told:
    """A loss that is no number, or over twice the first one for three logged steps."""
    first = seen.first_loss
    if first is None:
        return _unknown("no loss was logged")
    odd = [step for step, loss in seen.losses if not math.isfinite(loss)]
    high = [loss > _DIVERGED * first for _, loss in seen.losses]
    runs = any(all(high[at : at + 3]) for at in range(len(high) - 2))
    if not odd and not runs:
        return _holds(f"the loss stays below {_DIVERGED:g} × {first:.3f}")
    where = f"the loss is no number at step {odd[0]}" if odd else (
        f"the loss is over {_DIVERGED:g} × {first:.3f} for three logged steps"
    )  # fmt: skip
    change = _scaled(seen, 0.5)
    return Told("fired", where, "train more slowly, and warm up over 5–10% of the steps", change)


def spike(seen: Evidence) -> Told:
    """One step's loss twice the running median, or a gradient of more than 100."""
    values = [loss for _, loss in seen.losses if math.isfinite(loss)]
    if len(values) < 10:
        return _unknown("fewer than 10 losses were logged")
    for at in range(5, len(values)):
        usual = median(values[max(0, at - 20) : at])
        if usual > 0.05 and values[at] > _JUMP * usual:
            step = seen.losses[at][0]
            told = f"at step {step} the loss is {values[at]:.3f} after a median of {usual:.3f}"
            return Told("fired", told, "look at the rows of that step; `max_grad_norm` bounds them")
    steep = [(p.step, p.grad_norm) for p in seen.points if p.grad_norm and p.grad_norm > _STEEP]
    if steep:
        told = f"the gradient's norm is {steep[0][1]:.0f} at step {steep[0][0]}"
        return Told("fired", told, "look at the rows of that step; `max_grad_norm` bounds them")
    return _holds("no step stands out")


def not_converging(seen: Evidence) -> Told:
    """The training loss falls by less than 5% in an epoch or more."""
    first, last = seen.first_loss, seen.last_loss
    if first is None or last is None or len(seen.losses) < 10:
        return _unknown("fewer than 10 losses were logged")
    if seen.output.epochs < 1:
        return _unknown("less than one pass was made")
    fall = (first - last) / first if first else 0.0
    told = f"the training loss goes from {first:.3f} to {last:.3f}, {fall:.0%} down"
    if fall >= _STILL or last > first * 1.2:
        return _holds(told)
    return Told("fired", told, "a higher learning rate", _scaled(seen, 2.0, most=2.0))


def overfit(seen: Evidence) -> Told:
    """Generalisation loss (Prechelt 1998): how far the last validation loss lies above the best."""
    if len(seen.validations) < 3:
        return _unknown(f"{len(seen.validations)} validations; three are needed")
    best = seen.best
    assert best is not None, "there are validations"
    last = seen.validations[-1][1]
    gl = 100 * (last / best[1] - 1) if best[1] > 0 else 0.0
    told = (
        f"the validation loss is {last:.3f} at the end and {best[1]:.3f} at its best, "
        f"after {seen.epoch_of(best[0]):.1f} passes ({gl:.0f}% above)"
    )
    if gl < _GL_WARN:
        return _holds(told)
    if seen.gain is not None and seen.gain.low > 0:
        gain = seen.gain
        gained = f"yet `{gain.score}` gains {gain.mean:+.1%} (at least {gain.low:.1%})"
        return _holds(f"{told}, {gained}: choose the checkpoint by the score")
    epochs = max(1, math.ceil(seen.epoch_of(best[0]) - 1e-6))
    if gl >= _GL_FIRE or epochs < seen.output.epochs:
        return Told("fired", told, "fewer passes: as many as the best took", _epochs(seen, epochs))
    return _holds(told)


def gap(seen: Evidence) -> Told:
    """Validation over training loss, where the latter is not tiny."""
    last = seen.last_loss
    if last is None or not seen.validations:
        return _unknown("both losses are needed")
    if last < 0.2:
        return _unknown(f"the training loss is {last:.3f}; below 0.2 the ratio says nothing")
    ratio = seen.validations[-1][1] / last
    told = f"validation over training loss is {ratio:.2f}"
    if ratio <= _BAD_GAP:
        return _holds(told)
    advice = "more varied rows, or fewer passes; look for duplicates among the training rows"
    return Told("fired", told, advice)


def memorised(seen: Evidence) -> Told:
    """A training loss below 0.2: sources disagree on whether that is too low."""
    if seen.last_loss is None:
        return _unknown("no loss was logged")
    told = f"the training loss ends at {seen.last_loss:.3f}"
    if seen.last_loss >= 0.2:
        return _holds(told)
    advice = "it may know its rows by heart: act only if validation or a score says so too"
    return Told("fired", told, advice)


def underfit(seen: Evidence) -> Told:
    """The validation loss still falls by 1% or more, and training rows are not reproduced yet."""
    if len(seen.validations) < 3:
        return _unknown(f"{len(seen.validations)} validations; three are needed")
    last = [loss for _, loss in seen.validations[-3:]]
    falls = [1 - after / before for before, after in pairwise(last) if before > 0]
    told = "the validation loss falls by " + " and ".join(f"{fall:.1%}" for fall in falls)
    right = seen.last_accuracy
    if right is not None:
        told += f"; {right:.0%} of the training tokens are right"
    if len(falls) < 2 or min(falls) < 0.01 or (right is not None and right > 0.95):
        return _holds(told)
    if not_converging(seen).state == "fired":
        return _holds(f"{told}, but slowly: the rate comes first")
    epochs = math.ceil(seen.output.epochs) + 1
    return Told("fired", told, "one or two more passes", _epochs(seen, epochs))


def noisy(seen: Evidence) -> Told:
    """A validation loss that goes up and down, or a training loss that scatters widely."""
    values = [loss for _, loss in seen.validations]
    turns = sum(a * b < 0 for a, b in pairwise([b - a for a, b in pairwise(values[-6:])]))
    spread = _scatter([loss for _, loss in seen.losses])
    if len(values) < 3 and spread is None:
        return _unknown("too few points")
    told = f"the validation loss turns {turns} times in its last {len(values[-6:])} values"
    if spread is not None:
        told += f"; the training loss scatters by {spread:.0%} around its trend"
    if turns < 3 and (spread is None or spread < 0.08):
        return _holds(told)
    batch = seen.settings.get("batch_size")
    change = None
    if isinstance(batch, int) and not isinstance(batch, bool):
        change = Change("batch_size", str(batch * 2))
    return Told("fired", told, "a larger batch, or a look at contradicting rows", change)


def _scatter(losses: list[float]) -> float | None:
    """Spread around the moving mean of the last half, over that mean."""
    half = [loss for loss in losses[len(losses) // 2 :] if math.isfinite(loss)]
    if len(half) < 20:
        return None
    means = [sum(half[at - 5 : at + 6]) / 11 for at in range(5, len(half) - 5)]
    rests = [half[at + 5] / mean - 1 for at, mean in enumerate(means) if mean > 0]
    return pstdev(rests) if len(rests) > 5 else None


def plateau(seen: Evidence) -> Told:
    """The validation loss hardly changes after the first pass."""
    after = [loss for step, loss in seen.validations if seen.epoch_of(step) >= 0.99]
    if len(after) < 3:
        return _unknown("three validations after the first pass are needed")
    change = max(after) / min(after) - 1 if min(after) > 0 else 0.0
    told = f"after the first pass the validation loss moves by {change:.1%}"
    if change >= 0.01 or seen.output.epochs <= 1:
        return _holds(told)
    return Told("fired", told, "one pass is enough", _epochs(seen, 1))


def few_steps(seen: Evidence) -> Told:
    """Fewer than 20 updates."""
    told = f"{seen.output.steps} optimizer steps"
    if seen.output.steps >= 20 or seen.output.steps == 0:
        return _holds(told)
    batch = seen.settings.get("batch_size")
    change = None
    if isinstance(batch, int) and not isinstance(batch, bool) and batch > 1:
        change = Change("batch_size", str(max(1, batch // 2)))
    return Told("fired", told, "a smaller batch makes more updates of the same rows", change)


def many_epochs(seen: Evidence) -> Told:
    """Passes outside what is usual for so many rows."""
    rows, epochs = seen.output.rows, seen.output.epochs
    low, high = next(
        bounds
        for most, bounds in (
            (100, (3, 5)), (500, (2, 3)), (2000, (1, 2)), (math.inf, (1, 1)),
        )
        if rows < most
    )  # fmt: skip
    told = f"{epochs:g} passes over {rows:,} rows; {low} to {high} are usual"
    if low <= epochs <= high:
        return _holds(told)
    validated = overfit(seen)
    if validated.state == "holds" and epochs > high:
        return _holds(f"{told}, and the validation loss allows them")
    value = low if epochs < low else high
    return Told("fired", told, "begin with what is usual", _epochs(seen, value))


def thin_validation(seen: Evidence) -> Told:
    """Too few validations, or too few rows, for anything to be seen."""
    rows, count = seen.output.validation_rows, len(seen.validations)
    told = f"{count} validations on {rows} rows"
    if count >= 3 and rows >= 30:
        return _holds(told)
    advice = "validate on 30 rows or more, three times or more: `eval_every`"
    if rows == 0:
        return Told("fired", "there is no validation", "name a split to watch the loss on")
    every = max(1, seen.output.steps // 5)
    change = None if seen.is_hosted or count >= 3 else Change("eval_every", str(every))
    return Told("fired", told, advice, change)


def no_gain(seen: Evidence) -> Told:
    """Whether the trained model is better than its base on the eval at all."""
    gain = seen.gain
    if gain is None:
        return _unknown("no eval asked both the base and the trained model")
    told = f"`{gain.score}` gains {gain.mean:+.1%} [{gain.low:+.1%}, {gain.high:+.1%}]"
    if gain.low > 0:
        return _holds(told)
    advice = "look at the rows and at the eval before any setting: is what it asks in the rows?"
    return Told("fired", told, advice)


def more_data(seen: Evidence) -> Told:
    """Whether more rows of the same kind are worth their making: what the second half of those
    there are has brought."""
    half = seen.half
    if half is None:
        return _unknown("no training of the same settings on half of the rows was asked the same")
    gain = half.gain
    told = (
        f"`{gain.score}` gains {gain.mean:+.1%} [{gain.low:+.1%}, {gain.high:+.1%}] from "
        f"{half.rows:,} rows (`{half.name}`) to {seen.output.rows:,}"
    )
    if gain.low > 0:
        advice = "more rows of the same kind: expect about as much from twice as many"
        return Told("fired", told, advice)
    return _holds(f"{told}: more rows of the same kind are not shown to help")


def _scaled(seen: Evidence, factor: float, most: float = math.inf) -> Change | None:
    stated = seen.settings.get(seen.rate)
    if not isinstance(stated, int | float) or isinstance(stated, bool):
        # `auto` at a host: 1 is the host's own rate.
        return Change(seen.rate, f"{factor:g}") if seen.is_hosted else None
    value = stated * factor
    if seen.is_hosted:
        value = min(value, most)
    return Change(seen.rate, f"{value:g}") if value != stated else None


def _epochs(seen: Evidence, value: int) -> Change | None:
    stated = seen.settings.get("n_epochs")
    return None if stated == value else Change("n_epochs", str(value))


RULES: tuple[Rule, ...] = (
    Rule("FT640", "mask-bug", "trl#6025", mask_bug),
    Rule("FT641", "diverged", "Axolotl's loss watchdog: twice, three times in a row", diverged),
    Rule("FT642", "spike", "Axolotl, training stability: 2–10 times, norm over 100", spike),
    Rule(
        "FT643", "not-converging",
        "OpenAI: raise the learning rate multiplier; 5% is this project's own", not_converging,
    ),
    Rule("FT644", "overfit", "Prechelt 1998; bounds of 5 and 20 are this project's own", overfit),
    Rule("FT645", "gap", "Microsoft, training curves: 1.5 is moderate", gap),
    Rule("FT647", "noisy", "Microsoft; the numbers are this project's own", noisy),
    Rule(
        "FT646", "underfit",
        "OpenAI and Fireworks: 1 or 2 epochs more; 1% is this project's own", underfit,
    ),
    Rule("FT648", "plateau", "Microsoft; 1% is this project's own", plateau),
    Rule("FT649", "memorised", "Unsloth, against its own other page", memorised),
    Rule("FT650", "few-steps", "OpenAI's arithmetic of steps; 20 is this project's own", few_steps),
    Rule("FT651", "epochs-for-rows", "Microsoft, hyperparameters", many_epochs),
    Rule("FT652", "thin-validation", "Microsoft: test sets of 30 to 100", thin_validation),
    Rule("FT653", "no-gain", "OpenAI: good evals first", no_gain),
    Rule("FT659", "more-data", "OpenAI, best practices: all rows against half of them", more_data),
)  # fmt: skip
"""Every rule, those first that must be listened to before others."""
