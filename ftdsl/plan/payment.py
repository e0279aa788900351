"""Whether a model may be asked at somebody's expense: its price is known and the operator pays."""

from __future__ import annotations

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.spending import Amount, Budget, Exhausted
from ftdsl.language.program import EvalDef, ModelDef, TrainDef
from ftdsl.plan.prices import price_of

_UNITS = {"money": "US dollars", "tokens": "tokens", "requests": "requests"}
_OPTIONS = {"money": "--budget", "tokens": "--budget-tokens", "requests": "--budget-requests"}


def payment_problem(model: ModelDef, allowed: Budget) -> Diagnostic | None:
    """Why ``model`` may not be asked within what the operator ``allowed``; None if it may."""
    span = model.span or Span("", 0, 0)
    price = price_of(model)
    if price is None:
        return Diagnostic(
            "FT532",
            f"nobody states what model `{model.name}` costs, so that no budget can hold",
            span,
            help="state it: `input_per_1m = $0.40  output_per_1m = $1.60`, or `privacy = "
            "on_premises` for a model of your own",
        )
    if price.is_free or allowed.money is not None:
        return None
    return Diagnostic(
        "FT533",
        f"model `{model.name}` costs money, and the operator has allowed none",
        span,
        notes=(f"price: {price}",),
        help="say how many US dollars this run may spend: `--budget 5`; `ftdsl plan` estimates it",
    )


def training_problem(train: TrainDef, allowed: Budget) -> Diagnostic | None:
    """Why a hosted ``train`` with a stated price may not begin within what the operator
    ``allowed``; None if it may. The budget of a spec narrows what it may cost, and allows nothing:
    a spec is whoever's pull request it comes with."""
    price = dict(train.settings).get("price_per_1m")
    if not price or allowed.money is not None:
        return None
    return Diagnostic(
        "FT533",
        f"the training `{train.name}` costs money, and the operator has allowed none",
        train.span or Span("", 0, 0),
        help="say how many US dollars this run may spend: `--budget 5`; `ftdsl plan` estimates it",
    )


def eval_budget(eval_: EvalDef) -> Budget:
    """The budget that an eval has of its own."""
    settings = dict(eval_.settings)
    found = (settings.get(name) for name in ("budget", "budget_tokens", "budget_requests"))
    return Budget(*(float(one) if isinstance(one, int | float) else None for one in found))


def budget_spent(error: Exhausted, worst: Amount, span: Span | None) -> Diagnostic:
    """The run stops here: its next request does not fit into a limit any more."""
    what, unit = error.what, _UNITS[error.what]
    limit, spent, more = (
        f"${one:,.4f}" if what == "money" else f"{one:,.0f}"
        for one in (error.limit, error.spent, getattr(worst, what))
    )
    next_ = f", and the next request may come to {more}" if what != "requests" else ""
    setting = "budget" if what == "money" else f"budget_{what}"
    raise_it = _OPTIONS[what] if error.whose == "this run" else f"`{setting}` of the eval"
    return Diagnostic(
        "FT534",
        f"the budget of {error.whose} is spent: {spent} of {limit} {unit}{next_}",
        span or Span("", 0, 0),
        help=f"the answers so far are kept: run again with a larger {raise_it}, or a lower "
        "`max_tokens`, which is what a request is reckoned at",
    )
