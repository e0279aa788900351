"""The text form of a lock: TOML with one fact a line, sorted, so that branches merge line by line.

The same lock is the same text on every machine.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ftdsl.plan.lock_model import Lock

_HEAD = "# What `ftdsl lock` recorded for the specs of this folder. Commit it; do not edit it.\n"
_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")


def render(lock: Lock) -> str:
    """The whole file."""
    plain = lock.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    lines = [f"schema = {_value(lock.schema_)}", *_tables(plain.get("specs", {}), ("specs",))]
    return _HEAD + "\n".join(lines) + "\n"


def _tables(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """``[path]`` with its own facts, if it has any, then the tables below it."""
    facts = {key: value for key, value in table.items() if not isinstance(value, dict)}
    if facts:
        yield ""
        yield f"[{'.'.join(_key(part) for part in path)}]"
        yield from (f"{_key(key)} = {_value(facts[key])}" for key in sorted(facts))
    for key in sorted(table.keys() - facts.keys()):
        yield from _tables(table[key], (*path, key))


def _key(name: str) -> str:
    return name if _BARE.match(name) else _value(name)


def _value(value: Any) -> str:
    """A TOML scalar. JSON's strings are TOML's, but for DEL, which TOML wants escaped."""
    if isinstance(value, str):
        text = value.encode("utf-8", "replace").decode("utf-8")
        return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)
