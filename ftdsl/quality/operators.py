"""What the operators of the expression language do to two values."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any


def divide(left: float, right: float) -> float:
    """The quotient; not a number where ``right`` is zero, so that no comparison with it holds."""
    return left / right if right else math.nan


def is_in(left: Any, right: Any) -> bool:
    """Whether ``left`` is an element of the list ``right``."""
    return left in right


BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": divide,
    "in": is_in,
}

UNARY: dict[str, Callable[[Any], Any]] = {"not": operator.not_, "neg": operator.neg}
