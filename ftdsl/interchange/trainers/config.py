"""A configuration file: keys that the tool knows, each below the intent that it says, as YAML."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ftdsl.interchange.trainers.asked import Asked
from ftdsl.interchange.trainers.keys import known_keys

_PLAIN = re.compile(r"[A-Za-z_./][A-Za-z0-9_./:-]*\Z")
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_WORDS = "true false yes no on off y n null none nan inf .nan .inf ~ . .. ="
_OTHER_THINGS = frozenset(_WORDS.split(" "))
"""Texts that a reader of YAML takes for something else."""


@dataclass(slots=True)
class Config:
    """``command`` chooses the recorded list of keys. A key with dots stands in nested mappings.
    Parts follow one another in the order in which they were put."""

    asked: Asked
    command: str
    _parts: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def put(self, intents: str, **keys: Any) -> None:
        """Write ``keys``, which say what ``intents`` (names of settings, apart by spaces) say.
        A key whose value is None is left out; ``__`` in a name stands for a dot."""
        names = intents.split()
        self.asked.met(*names)
        told = ", ".join(name for name in names if not name.startswith("adapter."))
        values = {key.replace("__", "."): value for key, value in keys.items() if value is not None}
        if values:
            self._parts.append((told, values))

    def default(self, why: str, **keys: Any) -> None:
        """Write what no intent decides, so that no default of the tool is left to be guessed."""
        values = {key.replace("__", "."): value for key, value in keys.items() if value is not None}
        self._parts.append((f"({why})", values))

    def values(self) -> dict[str, Any]:
        """All keys, with dots."""
        return {key: value for _, part in self._parts for key, value in part.items()}

    def text(self, header: Sequence[str]) -> str:
        """The file. An AssertionError for a key that the tool's recorded list does not hold."""
        unknown = set(flat_keys(self.values())) - known_keys(self.asked.tool, self.command)
        assert not unknown, f"no keys of {self.asked.tool}: {sorted(unknown)}"
        if any("." in key for key in self.values()):
            body = "".join(_nested(self._parts))
        else:
            body = "".join(_flat(self._parts))
        return "".join(f"# {line}".rstrip() + "\n" for line in header) + body


def flat_keys(values: Mapping[str, Any]) -> Iterator[str]:
    """Keys with dots, and those of mappings in lists as ``datasets[].path``."""
    for key, value in values.items():
        yield key
        if isinstance(value, list):
            for item in value:
                if isinstance(item, dict):
                    yield from (f"{key}[].{inner}" for inner in item)


def _flat(parts: list[tuple[str, dict[str, Any]]]) -> Iterator[str]:
    for told, values in parts:
        yield f"\n# {told}\n"
        for key, value in values.items():
            yield from _entry(key, value, "")


def _nested(parts: list[tuple[str, dict[str, Any]]]) -> Iterator[str]:
    """Sections in the order of their first key; the intent stands above its first key in each."""
    sections: dict[str, list[tuple[str, str, Any]]] = {}
    for told, values in parts:
        for key, value in values.items():
            *path, name = key.split(".")
            sections.setdefault(".".join(path), []).append((told, name, value))
    opened: list[str] = []
    for section in sorted(sections, key=lambda one: _order(one, sections)):
        path = section.split(".") if section else []
        shared = 0
        while shared < min(len(path), len(opened)) and path[shared] == opened[shared]:
            shared += 1
        for depth in range(shared, len(path)):
            yield ("\n" if depth == 0 else "") + "  " * depth + path[depth] + ":\n"
        opened = path
        last = ""
        for told, name, value in sections[section]:
            if told != last:
                yield "  " * len(path) + f"# {told}\n"
                last = told
            yield from _entry(name, value, "  " * len(path))


def _order(section: str, sections: Mapping[str, Any]) -> tuple[int, ...]:
    """A section comes after those that it lies in, and beside its siblings."""
    names = list(sections)
    path = section.split(".")
    parents = [".".join(path[: depth + 1]) for depth in range(len(path))]
    firsts = []
    for parent in parents:
        below = (i for i, one in enumerate(names) if one == parent or one.startswith(f"{parent}."))
        firsts.append(min(below))
    return tuple(firsts)


def _entry(key: str, value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        yield f"{indent}{key}:\n"
        for item in value:
            for position, (inner, one) in enumerate(item.items()):
                mark = "- " if position == 0 else "  "
                yield f"{indent}  {mark}{inner}: {scalar(one)}\n"
    else:
        yield f"{indent}{key}: {scalar(value)}\n"


def scalar(value: Any) -> str:
    """A value on one line, the same for readers of YAML 1.1 and 1.2."""
    if isinstance(value, list):
        return "[" + ", ".join(scalar(one) for one in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{scalar(k)}: {scalar(v)}" for k, v in value.items()) + "}"
    if isinstance(value, str):
        plain = _PLAIN.match(value) and value.casefold() not in _OTHER_THINGS
        colon = ": " in value or value.endswith(":")
        if plain and not colon:
            return value
        quoted = json.dumps(value, ensure_ascii=False)
        return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)
    if isinstance(value, float):
        return _float(value)
    return json.dumps(value)


def _float(value: float) -> str:
    """YAML 1.1 takes ``1e-05`` for a text: a number has a point."""
    text = repr(value)
    mantissa, e, exponent = text.partition("e")
    return text if not e or "." in mantissa else f"{mantissa}.0e{exponent}"
