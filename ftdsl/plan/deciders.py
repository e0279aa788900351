"""Which models and measures gates read."""

from __future__ import annotations

from ftdsl.language.program import GateDef
from ftdsl.plan.expressions import measures_in


def compared(gate: GateDef) -> tuple[str, ...]:
    """The gate's candidates, then its baseline, each once."""
    baseline = (gate.baseline,) if gate.baseline is not None else ()
    return tuple(dict.fromkeys((*gate.candidates, *baseline)))


def reads_lock(gate: GateDef) -> bool:
    """Whether the gate compares with the lock's baseline."""
    return gate.baseline is None and any(n.startswith("baseline.") for n in gate_measures(gate))


def reads_locked_cases(gate: GateDef) -> bool:
    """Whether it compares with the lock's baseline case by case."""
    return gate.baseline is None and (reads_lock(gate) or bool(gate.guards))


def gate_measures(gate: GateDef) -> tuple[str, ...]:
    """What its requirements read."""
    return measures_in(*(require.condition for require in gate.requires))
