"""Words that are no answer: refusals, phrases of an assistant about itself, stand-ins, leftovers.

Phrases are English ones that models and annotators are known for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ftdsl.quality.measures.patterns import count_matches, pattern

_HEAD = 320
"""Characters of a reply in which a refusal stands: further on it is part of an answer."""

_ME = r"(?:as|i am|i'm|being|i'm just|i am just|i'm only)"
_MODEL = (
    r"(?:an? (?:(?:artificial intelligence|ai|ai-based|ai-powered|text[- ]based ai)"
    r"(?: (?:language )?model| assistant| chatbot)?|(?:large )?language model|virtual assistant"
    r"|machine learning model)|chatgpt)\b"
)
BOILERPLATE = (
    rf"(?i)\b{_ME} (?:just |only |simply )?{_MODEL}"
    r"|\bmy (?:knowledge|training) (?:cut-?off|data (?:only )?goes up to)"
    r"|\bmy (?:knowledge|training data) was (?:last )?(?:updated|cut off) in "
    r"|\bmy (?:last|latest) (?:knowledge )?update (?:was )?in (?:[a-z]+ )?20[0-9]{2}"
    r"|\bi (?:do not|don't) have (?:personal (?:opinions?|preferences?|experiences?|feelings)"
    r"|access to (?:real-time|the internet)|the ability to browse)"
    r"|\bi(?:'m| am| was)[^.\n]{0,60} (?:trained|developed|created) by openai\b"
)
_SORRY = (
    r"(?:(?:i(?:'m| am) )?(?:so |very |truly )?sorry,? (?:but |that )?"
    r"|(?:i )?(?:apologize|apologise),? (?:but )?|unfortunately,? )"
)
_CANNOT = (
    r"i(?:'m| am)? ?(?:afraid (?:that )?i )?"
    r"(?:cannot|can't|can not|won't be able to|will not be able to|won't|will not|unable to"
    r"|not able to|must decline to|have to decline to|do not feel comfortable"
    r"|don't feel comfortable)"
)
_WHAT = (
    r" (?:assist|help|fulfill|fulfil|comply|provide|answer|generate|create|write|complete|engage"
    r"|continue|process|respond|discuss|share|give|offer|do that|do this|perform|support"
    r"|participate|produce|access|browse|translate)"
)
REFUSAL = (
    rf"(?i)^\s*{_SORRY}?{_CANNOT}(?: to)?{_WHAT}"
    rf"|^\s*(?:{_SORRY})?as {_MODEL},? (?:and |so |therefore )?{_CANNOT}"
    r"|^\s*(?:i believe )?(?:it is|it's|it would be) (?:not |in)appropriate for me to "
    r"|^\s*sorry,? (?:but )?i (?:do not|don't) (?:have|know|understand)"
)

_STAND_INS = frozenset(
    {
        "n/a",
        "n.a.",
        "null",
        "nan",
        "undefined",
        "tbd",
        "tba",
        "todo",
        "xxx",
        "placeholder",
        "-",
        "--",
    }
    | {"...", "…", ".", "?", "{}", "[]", '""', "''", "not applicable", "no input", "no output"}
    | {
        f"{a}{word}{b}"
        for word in ("noinput", "no input", "nooutput", "no output", "empty", "none")
        for a, b in ("<>", "[]", "()")
    }
    | {"noinput", "nooutput"}
)
_LONGEST_STAND_IN = 16
UNFILLED = (
    r"(?i)lorem ipsum dolor"
    r"|<(?:no ?input|no ?output|placeholder|insert[ _][a-z _]{2,30})>"
    r"|\[(?:insert|enter|add|your|fill in)\b[^\]\n]{1,60}\]"
    r"|\[(?:(?:first |last |full |company |customer |recipient'?s? |sender'?s? )?name|company|date"
    r"|address|phone(?: number)?|email(?: address)?|city|title|position)\]"
    r"|<(?:your|company|customer|first|last|full|recipient|sender)[ _-]?"
    r"(?:name|address|email|phone)>"
    r"|\{\{ ?[a-z]+[_ .]?(?:name|date|address|email|phone|company|number) ?\}\}|\bxx/xx/xxxx\b"
)
MERGED = (
    r"(?mi)^\s*(?:###\s*)?(?:[0-9]{1,3}\.\s*)?(?:instruction|task)\s*:\s*\S[^\n]*\n+"
    r"\s*(?:[0-9]{1,3}\.\s*)?(?:###\s*)?(?:input|output|response)\s*:"
    r"|^\s*[0-9]{1,3}\.\s*instruction\s*:"
    r"|^\s*###\s*(?:instruction|input|response|human|assistant)\s*:"
    r"|^\s*#{2,3}\s*(?:instruction|response)\s*$"
)
URL = r"^\s*<?(?:https?://|www\.)\S+\s*$"
ATTACHMENT = (
    r"(?i)[<\[(](?:image|picture|photo|figure|video|audio|file|document|pdf|screenshot|attachment|map"
    r"|graph|chart)s?(?: (?:is )?(?:attached|here|omitted|removed|not shown|placeholder))?[>\])]"
)


_SHOWN = 80


def refusal(column: list[str]) -> list[bool]:
    """Whether each text begins as a refusal does."""
    return [pattern(REFUSAL).found(one[:_HEAD].encode()) for one in column]


def stand_in(text: str) -> bool:
    """Whether the whole text only stands in for one, such as ``<noinput>`` or ``N/A``. A bare
    "none" or "unknown" is not counted: it may be the answer."""
    shown = text.strip().strip("`")
    return len(shown) <= _LONGEST_STAND_IN and shown.lower() in _STAND_INS


def url_only(column: list[str]) -> list[bool]:
    """Whether the last line of each text is nothing but the address of a page."""
    lasts = [one.rstrip().rpartition("\n")[2] for one in column]
    return [("://" in one or "www." in one) and pattern(URL).found(one.encode()) for one in lasts]


def _counting(source: str) -> Callable[[list[str]], list[int]]:
    return lambda column: count_matches(column, source)


def _first(source: str) -> Callable[[str], str]:
    def reason(text: str) -> str:
        data = text.encode()
        found = pattern(source).spans(data)
        return f"`{' '.join(data[slice(*found[0])].decode().split())[:_SHOWN]}`" if found else ""

    return reason


_COUNTED = {
    "boilerplate": BOILERPLATE,
    "unfilled": UNFILLED,
    "merged_rows": MERGED,
    "attachments": ATTACHMENT,
}
FUNCTIONS: dict[str, Any] = {
    "refusal": refusal,
    "url_only": url_only,
    **{name: _counting(source) for name, source in _COUNTED.items()},
}
EACH: dict[str, Any] = {"stand_in": stand_in}
REASONS: dict[str, Any] = {
    "refusal": lambda text: _first(REFUSAL)(text[:_HEAD]),
    **{name: _first(source) for name, source in _COUNTED.items()},
}
