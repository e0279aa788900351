"""Regular expressions: whether a pattern is one that is matched in linear time, and why not."""

from __future__ import annotations

import re as backtracking

import re2

from ftdsl.record import record

_LOOK_AROUND = ("(?=", "(?!", "(?<=", "(?<!")
_BACK_REFERENCE = backtracking.compile(r"(?<!\\)(?:\\\\)*\\[1-9]")
_MAX_LENGTH = 10_000


@record
class PatternFault:
    """Why a pattern cannot be used."""

    message: str
    label: str
    help: str = ""


def pattern_fault(pattern: str) -> PatternFault | None:
    """What is wrong with ``pattern``, or None. Nothing is matched."""
    if len(pattern) > _MAX_LENGTH:
        return PatternFault(
            "the pattern is too long", f"{len(pattern)} characters of at most {_MAX_LENGTH}"
        )
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options)
    except re2.error as error:
        return _explained(pattern, error)
    return None


def _explained(pattern: str, error: Exception) -> PatternFault:
    for sign in _LOOK_AROUND:
        if sign in pattern:
            return PatternFault(
                "look-around is not part of linear-time patterns",
                f"`{sign}` looks around",
                "write two conditions, as in `matches(…) and not matches(…)`",
            )
    if _BACK_REFERENCE.search(pattern):
        return PatternFault(
            "back-references are not part of linear-time patterns", "refers back to a group"
        )
    reason = error.args[0] if error.args else "not a regular expression"
    words = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
    return PatternFault("the pattern is not a regular expression", words)
