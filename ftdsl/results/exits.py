"""The one place that turns a verdict into the process's exit code. Imports nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ftdsl.results.models import Verdict

VERDICT_CODES: dict[Verdict, int] = {
    "pass": 0,
    "fail": 1,
    "error": 2,
    "stopped": 3,
    "refused": 4,
    "inconclusive": 5,
}


def exit_code(verdict: Verdict, signal: int | None = None) -> int:
    """The process's exit code: 128 + signal for a run that a signal stopped, else the verdict's."""
    if verdict == "stopped" and signal is not None:
        return 128 + signal
    return VERDICT_CODES[verdict]
