"""Whether an output ends in the number, or the choice, that was wanted."""

from __future__ import annotations

import decimal
import re
from collections import deque
from collections.abc import Callable, Mapping
from decimal import Decimal

from ftdsl.evaluation.scorers.unscorable import Unscorable

_NUMBER = re.compile(r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d{1,3}\b)?|\.\d+")
# A sign touches its number, or the currency before it, and nothing that it could be taken from.
_SIGN = re.compile(r"(?<![\w)\].%])([-+])\$?$")
_DIGITS = 60  # digits to which two numbers are subtracted

# A letter is a choice where the output says so (`answer: B`, `answer is (B)`), where it is set off
# (`(B)`, `B.` or `B)` that begins a line, `**B**`), or where it is all that stands on a line.
_SAID = re.compile(
    r"(?i:\b(?:answer|choice|option)\b(?:\s+is)?\s*:?)\s*\**\s*[\(\[]?([A-Z])\b(?!['’])"
)
_SET_OFF = re.compile(r"[\(\[]([A-Z])[\)\]]|\*\*([A-Z])\*\*|^\s*([A-Z])(?:[.):]|\s*$)", re.M)


def numeric_match(
    output: str, expected: str, tolerance: float = 0.0, relative: float = 0.0
) -> float:
    """1 if the last numbers of both texts differ by at most ``tolerance``, or by at most the share
    ``relative`` of the expected one. An output without a number is wrong; an expected text without
    one leaves the case unscored."""
    wanted = last_number(expected)
    if wanted is None:
        raise Unscorable("the expected text has no number")
    found = last_number(output)
    if found is None:
        return 0.0
    if tolerance == 0 and relative == 0:
        return float(found == wanted)
    with decimal.localcontext(prec=_DIGITS):
        allowed = max(Decimal(repr(tolerance)), Decimal(repr(relative)) * abs(wanted))
        return float(abs(found - wanted) <= allowed)


def last_number(text: str) -> Decimal | None:
    """The last number written in ``text``: ``-1,234.50``, ``.5``, ``3e8``; thousands may be set
    off by commas. ``16-3`` is two positive numbers."""
    text = text.replace("\u2212", "-")
    found = deque(_NUMBER.finditer(text), maxlen=1)
    if not found:
        return None
    last = found.pop()
    value = Decimal(last.group().replace(",", ""))
    sign = _SIGN.search(text[max(0, last.start() - 16) : last.start()])
    return -value if sign is not None and sign.group(1) == "-" else value


def choice_match(output: str, expected: str) -> float:
    """1 if the output chooses the expected letter: of a multiple-choice question. An output that
    chooses none is wrong; an expected text that is no single choice leaves the case unscored."""
    wanted = chosen_letter(expected)
    if wanted is None:
        raise Unscorable("the expected text names no choice such as `B` or `(B)`")
    return float(chosen_letter(output) == wanted)


def chosen_letter(text: str) -> str | None:
    """The choice that ``text`` makes: the last that is called the answer, else the last that is
    set off; None where there is none."""
    for pattern in (_SAID, _SET_OFF):
        found = deque(pattern.finditer(text), maxlen=1)
        if found:
            return next(one for one in found.pop().groups() if one is not None)
    return None


SCORERS: Mapping[str, Callable[..., float]] = {
    "numeric_match": numeric_match,
    "choice_match": choice_match,
}
