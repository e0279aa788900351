"""Which steps a selector such as ``gate.release``, ``check`` or ``golden`` stands for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.diagnostics.suggestion import suggest
from ftdsl.engine.context import Refused
from ftdsl.plan.steps import PendingStep, Step


def narrow(steps: Sequence[Step], only: Sequence[str]) -> tuple[tuple[Step, ...], frozenset[str]]:
    """The selected steps with all that they need, in the given order; and the ids that were
    selected themselves. All steps, and no ids, without selectors.

    A selector is a step's id or the beginning of it up to a dot (``eval.golden`` stands for that
    eval of every model), a kind (``check``) or the name of a block. What of a selected block
    cannot run comes along, so that it is never left out in silence. Raises ``Refused`` (FT202).
    """
    if not only:
        return tuple(steps), frozenset()
    chosen: set[str] = set()
    for selector in only:
        found = [step.id for step in steps if _matches(step, selector)]
        if not found:
            raise Refused(_names_nothing(selector, steps))
        chosen.update(found)
    needed = _with_needs(steps, chosen)
    needed |= {step.id for step in steps if isinstance(step, PendingStep) and _is_of(step, needed)}
    return tuple(step for step in steps if step.id in needed), frozenset(chosen)


def _matches(step: Step, selector: str) -> bool:
    kind = step.block if isinstance(step, PendingStep) else step.kind
    return selector in (step.id, step.name, kind) or step.id.startswith(f"{selector}.")


def _with_needs(steps: Sequence[Step], chosen: Iterable[str]) -> set[str]:
    found = set(chosen)
    for step in reversed(steps):
        if step.id in found:
            found.update(step.needs)
    return found


def _is_of(pending: PendingStep, needed: set[str]) -> bool:
    """Whether it is a rule or score of a block that is among the ``needed`` steps."""
    owner = {"rule": "check", "score": "eval"}.get(pending.block)
    if owner is None:
        return False
    prefix = f"{owner}.{pending.name.partition('.')[0]}"
    return any(step == prefix or step.startswith(f"{prefix}.") for step in needed)


def _names_nothing(selector: str, steps: Sequence[Step]) -> Diagnostic:
    names = {name for step in steps for name in (step.id, step.name, step.kind)}
    near = suggest(selector, sorted(names))
    return Diagnostic(
        "FT202",
        f"no step of this spec is called `{selector}`",
        Span("", 0, 0),
        help=f"did you mean `{near}`?" if near else "`ftdsl plan` lists the steps",
    )
