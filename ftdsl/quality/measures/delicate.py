"""Personal data and secrets in a text: how many, and which, shown masked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ftdsl.privacy.detector import Family
from ftdsl.privacy.personal_data import (
    CARDS,
    EMAILS,
    IBANS,
    IP_ADDRESSES,
    PHONES,
    SOCIAL_SECURITY,
)
from ftdsl.privacy.secrets import SECRETS
from ftdsl.quality.texts import as_texts

_MOST_SHOWN = 5

FAMILIES: dict[str, Family] = {
    "emails": EMAILS,
    "phone_numbers": PHONES,
    "card_numbers": CARDS,
    "ibans": IBANS,
    "ip_addresses": IP_ADDRESSES,
    "social_security_numbers": SOCIAL_SECURITY,
    "secrets": SECRETS,
}


def _counter(family: Family) -> Callable[[list[str]], list[int]]:
    def count(column: list[str]) -> list[int]:
        texts = as_texts(column)
        counts = [0] * len(texts)
        places = family.suspects(texts.joined)
        if places:
            for row in set(texts.rows_at(np.array(places))):
                counts[row] = len(family.marks(texts.utf8[row]))
        return counts

    return count


def _reason(family: Family) -> Callable[[str], str]:
    def reason(text: str) -> str:
        marks = family.marks(text.encode())
        told = [f"{mark.kind} {mark.masked}" for mark in marks[:_MOST_SHOWN]]
        return ", ".join(told) + (" …" if len(marks) > _MOST_SHOWN else "")

    return reason


FUNCTIONS: dict[str, Any] = {name: _counter(family) for name, family in FAMILIES.items()}
REASONS: dict[str, Any] = {name: _reason(family) for name, family in FAMILIES.items()}
