"""Which language a text is in, guessed from its letters by py3langid (97 languages)."""

from __future__ import annotations

from typing import Any

HEAD = 1000
"""Characters of a text that are looked at: enough to tell, and it bounds the time."""


def lang(column: list[str]) -> list[str]:
    """ISO 639-1 code of each text's language; "und" for a text without a letter. Short texts are
    often guessed wrong: do not ask below about twenty characters (Lui and Baldwin 2012)."""
    import py3langid

    heads = (one[:HEAD] for one in column)
    return [
        str(py3langid.classify(head)[0]) if any(map(str.isalpha, head)) else "und" for head in heads
    ]


FUNCTIONS: dict[str, Any] = {"lang": lang}
