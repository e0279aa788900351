"""The keys that other trainers take, as their own packages list them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Recorded:
    """``tool`` at ``version``, read beside ``beside``; the export is for ``range``. ``commands``
    maps each command of it to its keys."""

    tool: str
    version: str
    range: str
    beside: str
    commands: dict[str, frozenset[str]]


@cache
def recorded(tool: str) -> Recorded:
    """What was recorded of a tool."""
    found = json.loads((_FOLDER / f"{tool}.json").read_text(encoding="utf-8"))
    commands = {name: frozenset(keys) for name, keys in found["commands"].items()}
    return Recorded(found["tool"], found["version"], found["range"], found["beside"], commands)


def known_keys(tool: str, command: str) -> frozenset[str]:
    """The keys of one command."""
    return recorded(tool).commands[command]
