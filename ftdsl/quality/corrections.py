"""What a listed misspelling may have meant, by codespell's list."""

from __future__ import annotations

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

WORD = re.compile(r"(?<![\w'])[A-Za-z]+(?:'[A-Za-z]+)*(?![\w'])")


@cache
def corrections() -> dict[str, tuple[str, ...]]:
    """The corrections of each listed misspelling. The last one of several is "": it says that
    only a person can choose."""
    package = find_spec("codespell_lib")
    if package is None or package.origin is None:
        return {}
    listed = (Path(package.origin).parent / "data" / "dictionary.txt").read_text("utf-8")
    pairs = (line.partition("->")[::2] for line in listed.splitlines())
    return {wrong: _choices(right) for wrong, right in pairs if right}


def _choices(right: str) -> tuple[str, ...]:
    """A trailing comma, or a reason behind the last one, means that a person must choose."""
    words = [one.strip() for one in right.split(",")]
    if len(words) == 1:
        return (words[0],)
    return (*(one for one in words[:-1] if one), "")


def spelling_choices(text: str) -> dict[str, tuple[str, ...]]:
    """Misspellings of the text that have several corrections, with these."""
    words = {match[0].lower() for match in WORD.finditer(text)}
    listed = {word: corrections().get(word, ()) for word in sorted(words)}
    return {word: tuple(filter(None, right)) for word, right in listed.items() if len(right) > 1}
