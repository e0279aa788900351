"""What a judge may answer, and what its answer says: one JSON object of a closed form, or nothing.

A reply of any other form has no verdict. It is counted, and never read as the worst one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

Word = str | int
_FENCE = "```"
_KEYS = {"reason", "verdict"}
COMPARED: tuple[Word, ...] = ("A", "B", "tie")


class Unparsable(Exception):
    """The reply is not of the form that was asked for; the message says in what."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """``value`` is in [0, 1]; of a comparison 1 is for the answer called A."""

    value: float
    reason: str


@dataclass(frozen=True, slots=True)
class Form:
    """The verdicts that are allowed, the worst first, and what they count.

    ``yes_no``, grades from 1 to ``grades``, or which of two answers is better.
    """

    words: tuple[Word, ...]
    values: tuple[float, ...]

    @property
    def response_format(self) -> str:
        """The form of a reply as the API takes it. The reason stands first, so that it is thought
        before the verdict is given."""
        whole = all(isinstance(word, int) for word in self.words)
        verdict = {"type": "integer" if whole else "string", "enum": list(self.words)}
        form = {
            "type": "object",
            "properties": {"reason": {"type": "string"}, "verdict": verdict},
            "required": ["reason", "verdict"],
            "additionalProperties": False,
        }
        asked = {"name": "verdict", "strict": True, "schema": form}
        return json.dumps({"type": "json_schema", "json_schema": asked}, separators=(",", ":"))

    @property
    def told(self) -> str:
        """The form in words for the judge."""
        shown = ", ".join(json.dumps(word) for word in self.words)
        return f'{{"reason": "one or two sentences", "verdict": V}} where V is one of {shown}'


def yes_no() -> Form:
    return Form(("no", "yes"), (0.0, 1.0))


def graded(grades: int) -> Form:
    """Whole numbers from 1, the worst, to ``grades``, spread evenly over [0, 1]."""
    return Form(tuple(range(1, grades + 1)), tuple(place / (grades - 1) for place in range(grades)))


def compared() -> Form:
    return Form(COMPARED, (1.0, 0.0, 0.5))


def read(reply: str, form: Form) -> Verdict:
    """The verdict of ``reply``, a Markdown fence around it aside. Raises ``Unparsable``."""
    found = _object(_unfenced(reply.strip()))
    if found.keys() != _KEYS:
        named = ", ".join(sorted(map(repr, found))) or "nothing"
        raise Unparsable(f"the reply has {named} for its fields")
    reason, word = found["reason"], found["verdict"]
    if not isinstance(reason, str):
        raise Unparsable("the reason is no text")
    for known, value in zip(form.words, form.values, strict=True):
        if type(word) is type(known) and word == known:
            return Verdict(value, reason)
    raise Unparsable(f"{json.dumps(word)[:40]} is none of the verdicts asked for")


def _unfenced(text: str) -> str:
    if text.startswith(_FENCE) and text.endswith(_FENCE) and "\n" in text:
        return text[text.index("\n") : -len(_FENCE)].strip()
    return text


def _object(text: str) -> dict[str, object]:
    try:
        found = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise Unparsable("the reply is no JSON") from None
    if not isinstance(found, dict):
        raise Unparsable("the reply is no JSON object")
    return found


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A field that is given twice leaves open which is meant."""
    if len({name for name, _ in pairs}) < len(pairs):
        raise Unparsable("the reply gives a field twice")
    return dict(pairs)
