"""How every row format reads: its messages, prompt, reply, system text and whole text."""

from __future__ import annotations

from operator import itemgetter

from ftdsl.data.formats import MESSAGES, Message, content_text, openai_pair, pair
from ftdsl.data.row import Row

_SYSTEM = frozenset({"system", "developer"})
PAIRS = frozenset({"preference", "openai_preference"})
"""Row formats with two answers."""
_ROLE, _CONTENT = itemgetter("role"), itemgetter("content")


def messages(row: Row) -> list[Message]:
    """The row's turns, oldest first, as dicts with ``role`` and ``content``; none for a plain
    record. A preference row ends with its chosen answer. Do not change them: they may be the
    row's own."""
    if row.base == "chat":
        turns_: list[Message] = row.value["messages"]
        return turns_
    if row.turns is None:
        row.turns = [] if row.base is None else MESSAGES[row.base](row.value)
    return row.turns


def exchange_of(turns_: list[Message]) -> tuple[str, str]:
    """``prompt`` and ``reply`` of these turns, in one go."""
    roles = list(map(_ROLE, turns_))
    last = len(roles) - 1
    while last >= 0 and roles[last] != "assistant":
        last -= 1
    before = turns_ if last < 0 else turns_[:last]
    if not _SYSTEM.isdisjoint(roles):
        before = [one for one, role in zip(before, roles, strict=False) if role not in _SYSTEM]
    try:
        asked = "\n".join(map(_CONTENT, before))
    except (KeyError, TypeError):
        # A turn whose content is no text: parts, or none beside a tool call.
        asked = "\n".join([content_text(one.get("content")) for one in before])
    return asked, content_text(turns_[last].get("content")) if last >= 0 else ""


def reply(row: Row) -> str:
    """The text of the last assistant turn, "" if there is none."""
    return exchange_of(messages(row))[1]


def prompt(row: Row) -> str:
    """All turns before the last assistant's, without system turns, joined by a newline. Without
    an assistant turn it is all of them."""
    return exchange_of(messages(row))[0]


def system(row: Row) -> str | None:
    """The text of the system turns joined by a newline; None if there is none."""
    texts = [content_text(one.get("content")) for one in messages(row) if one["role"] in _SYSTEM]
    return "\n".join(texts) if texts else None


def text(row: Row) -> str:
    """All texts of the row joined by a newline: of its turns, or of a plain record's text
    fields."""
    if row.base is None:
        return "\n".join(one for one in row.value.values() if isinstance(one, str))
    texts = [content_text(one.get("content")) for one in messages(row)]
    if row.base in PAIRS:
        texts.append(rejected(row))
    return "\n".join(texts)


def turn_count(row: Row) -> int:
    """How many turns the row has."""
    return len(messages(row))


def chosen(row: Row) -> str:
    """The preferred answer's text; of a kto row the answer if it is labelled good, else ""."""
    return _last_text(pair_of(row)[1])


def rejected(row: Row) -> str:
    """The dispreferred answer's text; of a kto row the answer if it is labelled bad, else ""."""
    return _last_text(pair_of(row)[2])


def pair_of(row: Row) -> tuple[list[Message], list[Message], list[Message]]:
    """The prompt's turns, and those of the preferred and of the other answer. A kto row has one
    answer, which is the preferred one if it is labelled good; other formats have no answers."""
    if row.base == "preference":
        return pair(row.value)
    if row.base == "openai_preference":
        return openai_pair(row.value)
    if row.base != "kto":
        return messages(row), [], []
    context, answer = _divided(messages(row))
    return (context, answer, []) if row.value["label"] else (context, [], answer)


def _divided(said: list[Message]) -> tuple[list[Message], list[Message]]:
    """Turns before and after the last of a user or a system."""
    at = len(said)
    while at and said[at - 1]["role"] not in ("user", *_SYSTEM):
        at -= 1
    return said[:at], said[at:]


def _last_text(said: list[Message]) -> str:
    return content_text(said[-1].get("content")) if said else ""
