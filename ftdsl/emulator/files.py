"""Files of the API: what was uploaded, and what is wrong with it as training data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ftdsl.emulator.errors import Refusal, missing

FEWEST_ROWS = 10
LARGEST_FILE = 512 * 1_000_000
LARGEST_PART = 64 * 1_000_000
_ROLES = {"system", "developer", "user", "assistant", "tool"}
_FIELDS = {
    "supervised": {"messages", "tools", "parallel_tool_calls"},
    "dpo": {"input", "preferred_output", "non_preferred_output"},
}


@dataclass(slots=True)
class StoredFile:
    """A file and its object, as the API shows it."""

    id: str
    name: str
    purpose: str
    content: bytes
    created_at: int

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "file",
            "bytes": len(self.content),
            "created_at": self.created_at,
            "filename": self.name,
            "purpose": self.purpose,
            "status": "processed",
        }


@dataclass(slots=True)
class Upload:
    """A file on its way in parts."""

    id: str
    name: str
    purpose: str
    size: int
    created_at: int
    status: str = "pending"
    parts: dict[str, bytes] = field(default_factory=dict)

    def shown(self, file: StoredFile | None = None) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "upload",
            "bytes": self.size,
            "created_at": self.created_at,
            "expires_at": self.created_at + 3600,
            "filename": self.name,
            "purpose": self.purpose,
            "status": self.status,
            **({"file": file.shown()} if file is not None else {}),
        }

    def joined(self, order: list[str]) -> bytes:
        """The parts in this order. Raises ``Refusal`` where one is missing or the size differs."""
        for part in order:
            if part not in self.parts:
                raise missing("part", part)
        content = b"".join(self.parts[part] for part in order)
        if len(content) != self.size:
            raise Refusal(400, f"the parts have {len(content)} bytes, not {self.size}")
        return content


def examples_of(content: bytes, method: str, fewest: int = FEWEST_ROWS) -> list[dict[str, Any]]:
    """The examples of a training file. Raises ValueError, with the line, where one is wrong."""
    found = list(_examples(content, method))
    if len(found) < fewest:
        raise ValueError(f"The file has {len(found)} example(s), but must have at least {fewest}.")
    return found


def _examples(content: bytes, method: str) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(content.splitlines(), start=1):
        try:
            row = json.loads(line)
        except ValueError:
            raise ValueError(f"Invalid file format. Line {number}: not valid JSON") from None
        wrong = _wrong(row, method)
        if wrong:
            raise ValueError(f"Invalid file format. Line {number}: {wrong}")
        yield row


def _wrong(row: object, method: str) -> str:
    if not isinstance(row, dict):
        return "not an object"
    known = _FIELDS.get(method)
    if known is not None and (unknown := sorted(set(row) - known)):
        return f"unexpected key {unknown[0]!r}"
    if method == "dpo":
        return _wrong_pair(row)
    wrong = _wrong_turns(row.get("messages"))
    if wrong:
        return wrong
    last = row["messages"][-1]["role"]
    if method == "supervised" and last != "assistant":
        return "the last message must be from the assistant"
    if method == "reinforcement" and last != "user":
        return "the last message must be from the user"
    return ""


def _wrong_pair(row: dict[str, Any]) -> str:
    asked = row.get("input")
    wrong = _wrong_turns(asked.get("messages") if isinstance(asked, dict) else None)
    for key in ("preferred_output", "non_preferred_output"):
        wrong = wrong or _wrong_turns(row.get(key))
        if not wrong and {turn["role"] for turn in row[key]} - {"assistant", "tool"}:
            wrong = f"{key} holds assistant and tool messages alone"
    return wrong


def _wrong_turns(turns: object) -> str:
    if not isinstance(turns, list) or not turns:
        return "missing messages"
    for turn in turns:
        if not isinstance(turn, dict) or turn.get("role") not in _ROLES:
            return "a message has no known role"
        if turn.get("content") is None and not turn.get("tool_calls"):
            return "a message has neither content nor tool calls"
    return ""


def answers_of(examples: list[dict[str, Any]]) -> dict[str, str]:
    """What a model that learned these examples by heart says: last question → answer."""
    found = {}
    for row in examples:
        if "input" in row:
            asked, said = row["input"]["messages"], row["preferred_output"][-1]
        else:
            asked, said = row["messages"][:-1], row["messages"][-1]
        if asked:
            found[str(asked[-1].get("content"))] = str(said.get("content") or "")
    return found


def mean_answer_tokens(examples: list[dict[str, Any]]) -> float:
    """Four bytes are taken for a token."""
    sizes = [max(1, len(each.encode()) / 4) for each in answers_of(examples).values()]
    return sum(sizes) / len(sizes) if sizes else 1.0
