"""Text that was written as UTF-8 and read as another encoding.

A cheap pattern sifts out the texts that hold a pair of characters as a misread one shows them;
ftfy's heuristic, which knows what such pairs mean in real languages, then decides: `CAFÉ»` is
French, `Ã©` is no one's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ftdsl.quality.measures.patterns import pattern
from ftdsl.quality.texts import as_texts

_BEHIND = "\x80-\xbfƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ€‚"
_BEHIND_CYRILLIC = "\x80-\xbfЂЃ‚ѓ„…†‡€‰Љ‹ЊЌЋЏђ‘’“”•–—™љ›њќћџЎўЈҐЁЄЇІіґё№єјЅѕї"
SUSPECT = (
    f"[\xc2-\xf4][{_BEHIND}]|[РСВГ][{_BEHIND_CYRILLIC}]|[ΒΓΞΟβ][{_BEHIND}]|вЂ|ā€|‚Ä|≈[°¢]"
    "|‚[âó]|[ÃÂ] |\ufffd"
)
REPLACED = "\ufffd"
_AROUND = 12


def mojibake(column: list[str]) -> list[bool]:
    """Whether each text was read in a wrong encoding, or holds the replacement character."""
    from ftfy.badness import is_bad

    texts = as_texts(column)
    found = [False] * len(texts)
    if not texts.ascii:
        for row in pattern(SUSPECT).rows(texts):
            found[row] = REPLACED in texts[row] or is_bad(texts[row])
    return found


def places(text: str) -> Iterator[tuple[int, int]]:
    """(start, end) of every pair that a misread character shows, and of every replacement one."""
    yield from (match.span() for match in re.finditer(SUSPECT, text))


def _where(text: str) -> str:
    at, _ = next(places(text), (-1, -1))
    if at < 0:
        return ""
    return f"`{text[max(at - _AROUND, 0) : at + _AROUND]}`"


FUNCTIONS: dict[str, Any] = {"mojibake": mojibake}
REASONS: dict[str, Any] = {"mojibake": _where}
