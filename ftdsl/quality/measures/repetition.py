"""Text that says the same again: runs of words, lines, sentences, and the prompt in the reply."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from ftdsl.quality.measures.casing import normalize

_WORD = re.compile(r"\w+")
_SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s+|\n+")
_LEAST_SENTENCE = 12
"""Characters below which a sentence, such as "Yes." or "1.", may well come twice."""
_LEAST_ECHO = 9
"""Words below which a prompt may stand at the head of its reply as a title does."""
_SHOWN = 60


def repeated(column: list[str], n: int = 3) -> list[float]:
    """Share of each text's runs of ``n`` words (lower case) that occur earlier in it; 0 where the
    text is shorter than ``n`` words. The "duplicate n-gram" filter of Gopher (Rae et al. 2021)."""
    return [_repeated(one, n) for one in column]


def _repeated(text: str, n: int) -> float:
    words = _WORD.findall(text.lower())
    total = len(words) - n + 1
    if total <= 0:
        return 0.0
    return 1.0 - len(set(zip(*(words[i:] for i in range(n)), strict=False))) / total


def _lines(text: str) -> list[str]:
    return [line for one in text.split("\n") if (line := one.strip())]


def _sentences(text: str) -> list[str]:
    parts = (one.strip() for one in _SENTENCE_END.split(text))
    return [one for one in parts if len(one) >= _LEAST_SENTENCE]


def _share(parts: Callable[[str], list[str]]) -> Callable[[list[str]], list[float]]:
    def share(column: list[str]) -> list[float]:
        found = map(parts, column)
        return [1.0 - len(set(one)) / len(one) if one else 0.0 for one in found]

    return share


def _most_repeated(parts: Callable[[str], list[str]]) -> Callable[[str], str]:
    def reason(text: str) -> str:
        part, times = Counter(parts(text) or [""]).most_common(1)[0]
        return f"{times} times `{part[:_SHOWN]}`" if times > 1 else ""

    return reason


def _most_repeated_run(text: str, n: int = 3) -> str:
    words = _WORD.findall(text.lower())
    runs = [" ".join(words[i : i + n]) for i in range(len(words) - n + 1)]
    return _most_repeated(lambda _: runs)(text)


def echoes(text: str, other: str) -> bool:
    """Whether ``text`` begins with all of ``other``, word for word; not asked of fewer than
    ``_LEAST_ECHO`` words."""
    head = text[: 2 * len(other) + 200]
    if other[:1].casefold() not in head.casefold():
        return False
    words = normalize(other)
    return words.count(" ") + 1 >= _LEAST_ECHO and f"{normalize(head)} ".startswith(f"{words} ")


FUNCTIONS: dict[str, Any] = {
    "repeated": repeated,
    "repeated_lines": _share(_lines),
    "repeated_sentences": _share(_sentences),
}
EACH: dict[str, Any] = {"echoes": echoes}
REASONS: dict[str, Any] = {
    "repeated": _most_repeated_run,
    "repeated_lines": _most_repeated(_lines),
    "repeated_sentences": _most_repeated(_sentences),
}
