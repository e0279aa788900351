"""What an import comes to: a spec, the files that it names, and what could not be taken over."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ftdsl.diagnostics.diagnostic import Diagnostic, Severity
from ftdsl.language.source import Source

_NAME = re.compile(r"[^a-z0-9]+")


@dataclass(slots=True)
class Imported:
    """``files`` are contents by relative path, the spec first. ``problems`` point into
    ``sources``."""

    files: dict[str, str] = field(default_factory=dict)
    problems: list[Diagnostic] = field(default_factory=list)
    sources: dict[str, Source] = field(default_factory=dict)
    left_out: int = 0

    @property
    def refused(self) -> bool:
        return any(one.severity is Severity.ERROR for one in self.problems)


@dataclass(frozen=True, slots=True)
class Scored:
    """One score of an imported eval: ``value`` is its expression."""

    name: str
    value: str


def identifier(text: str, taken: Sequence[str] = (), default: str = "score") -> str:
    """``text`` as a name of a spec that is not ``taken``, nor means something there."""
    name = _NAME.sub("_", text.lower()).strip("_")[:40].rstrip("_") or default
    if not name[0].isalpha() or name in RESERVED:
        name = f"{default}_{name}"
    found, number = name, 2
    while found in taken:
        found, number = f"{name}_{number}", number + 1
    return found


RESERVED = frozenset(
    {
        *("and", "or", "not", "in", "true", "false", "null", "output", "row", "rows", "score"),
        *("eval", "gate", "model", "dataset", "check", "schema", "rule", "let", "fn", "slice"),
        *("latency", "cost_per_1k", "baseline", "locked", "failing", "prompt", "messages", "reply"),
        *("by", "with", "require", "where", "must", "expect", "train", "select", "from", "warn"),
        *("import", "as", "use", "waive", "rate", "sweep", "coverage", "dedup", "extern", "fail"),
    }
)


def formatted(path: str, text: str) -> str:
    """A spec in the one layout."""
    from ftdsl.language.formatting.formatter import format_source

    return format_source(Source(path, text)).text or text


def quoted(text: str) -> str:
    """``text`` as a literal of a spec."""
    return json.dumps(text, ensure_ascii=False)


def number(value: float) -> str:
    """A plain number as a spec writes it."""
    return f"{value:.10f}".rstrip("0").rstrip(".") if value != int(value) else str(int(value))


def rows_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as JSON lines."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
