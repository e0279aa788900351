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


def listed(text: str) -> set[str]:
    """The words of the text, in lower case, that are listed misspellings."""
    return corrections().keys() & WORD.findall(text.lower())


def spelling_choices(text: str) -> dict[str, tuple[str, ...]]:
    """Misspellings of the text that have several corrections, with these."""
    right = {word: corrections()[word] for word in sorted(listed(text))}
    return {word: tuple(filter(None, of)) for word, of in right.items() if len(of) > 1}
