"""The part of a definition that carries meaning, as canonical JSON, and its digest.

Spans, the spelling of an expression and the examples of a rule decide nothing about a result, so
moving or reformatting a block makes nothing stale.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, is_dataclass
from typing import Any

_WITHOUT_MEANING = frozenset({"span", "source", "examples"})
_LONGEST_SHOWN = 60


def canonical(value: Any) -> Any:
    """Plain lists, dicts and scalars that mean the same as ``value``."""
    if is_dataclass(value):
        return {
            field.name: canonical(getattr(value, field.name))
            for field in fields(value)
            if field.name not in _WITHOUT_MEANING
        }
    if isinstance(value, tuple | list):
        return [canonical(item) for item in value]
    if isinstance(value, dict):
        return {str(key): canonical(item) for key, item in value.items()}
    return value


def canonical_json(value: Any) -> str:
    """ASCII, sorted keys, no spaces: the same text on every machine."""
    return json.dumps(canonical(value), sort_keys=True, separators=(",", ":"))


def digest(value: Any) -> str:
    """Hex SHA-256 of the canonical JSON."""
    return hashlib.sha256(canonical_json(value).encode("ascii")).hexdigest()


def shown(value: Any) -> str:
    """A short scalar as its JSON, so that a reader can see what changed; else a digest."""
    text = canonical_json(value)
    is_scalar = not text.startswith(("{", "["))
    return text if is_scalar and len(text) <= _LONGEST_SHOWN else f"sha256:{digest(value)[:32]}"
