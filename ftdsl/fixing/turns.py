"""Fixes of a whole row: its roles and the keys of its turns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ftdsl.data.formats import SPEAKERS
from ftdsl.fixing.calls import CALL_FIXES
from ftdsl.fixing.edits import Edit
from ftdsl.quality.measures.conversation import ROLES

CANONICAL = {
    "human": "user",
    "gpt": "assistant",
    "bot": "assistant",
    "ai": "assistant",
    "chatbot": "assistant",
    "model": "assistant",
    "observation": "tool",
    "function_response": "tool",
}
"""Other names of the roles, in lower case."""
_KNOWN = ROLES
_LISTS = ("messages", "prompt", "completion", "chosen", "rejected", "conversations")


def canonical_roles(value: dict[str, Any]) -> list[Edit]:
    """Each role that is known by another name becomes that of its kind."""
    edits = []
    for name in _LISTS:
        for index, one in enumerate(_turns(value.get(name))):
            for key in ("role", "from"):
                role = one.get(key)
                if isinstance(role, str) and (better := _canonical(role, key)) != role:
                    edits.append(Edit((name, index, key), better))
    return edits


def _canonical(role: str, key: str) -> str:
    plain = role.strip().lower()
    if key == "from":
        return plain if plain in SPEAKERS else role
    return plain if plain in _KNOWN else CANONICAL.get(plain, role)


def from_value_to_role_content(value: dict[str, Any]) -> list[Edit]:
    """Turns of ``messages`` that are written as ShareGPT writes them."""
    edits = []
    for index, one in enumerate(_turns(value.get("messages"))):
        if "role" in one or not isinstance(one.get("from"), str) or "content" in one:
            continue
        speaker = one["from"].strip().lower()
        role = SPEAKERS.get(speaker, CANONICAL.get(speaker, speaker))
        edits.append(Edit(("messages", index, "from"), role))
        edits.append(Edit(("messages", index, "from"), key="role"))
        edits.append(Edit(("messages", index, "value"), key="content"))
    return edits


def _turns(value: Any) -> list[dict[str, Any]]:
    """The turns of a field; an entry that is none stands as an empty one."""
    if not isinstance(value, list):
        return []
    return [one if isinstance(one, dict) else {} for one in value]


ROW_FIXES: dict[str, Callable[[dict[str, Any]], list[Edit]]] = {
    "canonical_roles": canonical_roles,
    "from_value_to_role_content": from_value_to_role_content,
    **CALL_FIXES,
}
"""The one implementation of every row fix that edits a row, by name."""

DROPS_ROW = frozenset({"drop_blank_row"})
"""Fixes that take the row out."""
