"""What the best result that a number of cases can have would decide, before any is asked."""

from __future__ import annotations

from ftdsl.language.conditions import Condition, Undecidable, conditions
from ftdsl.language.program import EvalDef, RequireDef

_BASELINE = "baseline."
_MEAN = ".mean"


def margin_of(condition: Condition) -> tuple[str, float] | None:
    """Score and margin, where ``condition`` asks that a score is not worse than the baseline's by
    more than it: a negative one asks for a gain."""
    weights = dict(condition.weights)
    own = [name for name in weights if not name.startswith(_BASELINE)]
    if len(own) != 1 or not own[0].endswith(_MEAN) or condition.op not in (">", ">="):
        return None
    if weights != {own[0]: 1.0, f"{_BASELINE}{own[0]}": -1.0}:
        return None
    return own[0].removesuffix(_MEAN), -condition.bound


def bound_of(condition: Condition) -> tuple[str, float] | None:
    """Score and bound, where ``condition`` asks that one mean score reaches a bound."""
    if len(condition.weights) != 1 or condition.op not in (">", ">="):
        return None
    (name, weight), *_ = condition.weights
    if weight <= 0 or not name.endswith(_MEAN) or name.startswith(_BASELINE):
        return None
    return name.removesuffix(_MEAN), condition.bound / weight


def may_pass(condition: Condition, n: int, confidence: float, eval_: EvalDef) -> bool:
    """Whether the best of results with ``n`` cases passes: all right; where a gain is asked for,
    all right and the baseline's wrong; where none is, no case differs. True as well for conditions
    of another form."""
    from ftdsl.statistics.proportions import clopper_pearson, tango
    from ftdsl.statistics.shares import share_interval

    if (found := margin_of(condition)) is not None:
        score, margin = found
        gained = n if margin <= 0 else 0
        graded = gained / n - clopper_pearson(0, n, confidence)[1]
        low = tango(gained, 0, n, confidence)[0] if _is_yes_or_no(score, eval_) else graded
        return condition.verdict(low, 1.0) == "pass"
    if (found := bound_of(condition)) is not None:
        _, bound = found
        return share_interval(n, n, confidence)[0] >= bound
    return True


def least_to_pass(condition: Condition, confidence: float, eval_: EvalDef) -> int | None:
    """The smallest number of cases of which the best result passes; None where none does."""
    from ftdsl.statistics.power import least_cases

    return least_cases(lambda n: may_pass(condition, n, confidence, eval_))


def _is_yes_or_no(score: str, eval_: EvalDef) -> bool:
    """Whether each case scores 0 or 1: not with the mean of several answers."""
    if dict(eval_.settings).get("history") == "own_each":
        return False
    kind = next((one.value.type.name for one in eval_.scores if one.name == score), "")
    return kind == "bool" and dict(eval_.settings).get("epochs", 1) == 1


def slice_rows(require: RequireDef, eval_: EvalDef) -> int | None:
    """The fewest rows that a gating slice has; None where ``require`` names no slice."""
    return next((one.min_rows for one in eval_.slices if one.name == require.by), None)


def parts(require: RequireDef) -> tuple[Condition, ...]:
    """The comparisons of ``require``; none where it is of no form that can be decided."""
    try:
        return tuple(conditions(require.condition))
    except Undecidable:
        return ()
