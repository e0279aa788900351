"""Whether a text ends where its writer meant it to end.

A reply that was cut at a token limit ends in the middle of a sentence, a word or a bracket. Only
signs that a finished text does not show are counted; a heading, a list item, a name, a formula or a
line of code may end without a full stop.
"""

from __future__ import annotations

import re
from typing import Any

from ftdsl.quality.measures.markup import fences_closed

_LEAST_WORDS = 8
"""Shorter texts are answers such as a name or a class; they end as they like."""
_TAIL = 2000
_LAST_WORDS = """the a an and or nor of its their your our my whose than because although unless
whereas into onto including"""
_NEVER_LAST = frozenset(_LAST_WORDS.split())
"""Words that no English sentence ends with."""
_LEAST_IN_PARAGRAPH = 12
_SENTENCE_END = re.compile(r"[a-z][.!?][\"')”’]? +[\"'“(]?[A-Z]")
_SIGNED = re.compile(r"[#@]\w+$|(?:^|[.!?\"'”’»]) *(?:[-–—~]|by) *[A-Z][\w.'’ -]*$|https?://\S+$")
_ITEM = re.compile(r"^(?:[-*•+]\s+|\(?[0-9]{1,3}[.):]\s+|[A-Za-z][.)]\s+)?(?:[^.!?]{1,40}:\s+)?")
_LAST_WORD = re.compile(r"(?:^|[\s(\[\"'“*_])([A-Za-z]+)$")
_BRACKETS = {")": "(", "]": "[", "}": "{"}


def unfinished(text: str) -> str:
    """Why the text seems to be cut off; "" where it does not."""
    end = text.rstrip()
    if not end or not fences_closed(text) or end.endswith("```"):
        return ""  # an open fence is a finding of its own
    last_line = end[-_TAIL:].rpartition("\n")[2].strip()
    words = last_line.split()
    if len(words) < _LEAST_WORDS or not _is_prose(last_line):
        return ""
    if end[-1] == ",":
        return "ends in a comma"
    if end[-1] in "-–—" and end[-2:-1].isalpha():
        return "ends in the middle of a word"
    last = _LAST_WORD.search(end[-40:])
    if last is not None and last[1] in _NEVER_LAST:
        return f"ends in `{last[1]}`"
    bracket = _open_bracket(last_line) if end[-1].isalnum() else ""
    return bracket or ("its last sentence has no end" if _goes_on(end, last_line) else "")


def _goes_on(end: str, last_line: str) -> bool:
    """Whether the last line stops in a small letter where what stands before it, in the line or as
    the line above, are sentences that end. A line alone may be a heading, or an item of a list:
    they end as they like, and so do a tag and the author of a quotation."""
    if not end[-1].islower() or _SIGNED.search(last_line[-80:]):
        return False
    said = _ITEM.sub("", last_line)
    if _SENTENCE_END.search(said) and len(said.split()) >= _LEAST_IN_PARAGRAPH:
        return True
    above = end[-_TAIL:].rpartition("\n")[0].rstrip().rpartition("\n")[2].strip()
    if said != last_line or _ITEM.sub("", above) != above or not _is_prose(above):
        return False
    return above.endswith((".", "!", "?")) and len(above.split()) >= _LEAST_WORDS


def _is_prose(line: str) -> bool:
    """Whether a line reads as a sentence: mostly letters, no code, no verse, no table."""
    letters = sum(one.isalpha() or one == " " for one in line)
    return letters >= 0.85 * len(line) and not line.startswith(("|", ">>>", "$ ", "    "))


def _open_bracket(line: str) -> str:
    open_: list[str] = []
    for one in line:
        if one in "([{":
            open_.append(one)
        elif one in _BRACKETS and open_ and open_[-1] == _BRACKETS[one]:
            open_.pop()
    return f"`{open_[-1]}` is never closed" if open_ else ""


def truncated(text: str) -> bool:
    """Whether the text seems to be cut off."""
    return bool(unfinished(text))


EACH: dict[str, Any] = {"truncated": truncated}
REASONS: dict[str, Any] = {"truncated": unfinished}
