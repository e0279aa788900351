"""Which language a text is in, guessed from its letters by py3langid (97 languages)."""

from __future__ import annotations

from functools import cache
from typing import Any

HEAD = 1000
"""Characters of a text that are looked at: enough to tell, and it bounds the time."""
CERTAIN = 0.99
_LEAST_LETTERS = 40


def lang(column: list[str]) -> list[str]:
    """ISO 639-1 code of each text's language; "und" for a text without a letter. Short texts are
    often guessed wrong: do not ask below about twenty characters (Lui and Baldwin 2012)."""
    import py3langid

    heads = (one[:HEAD] for one in column)
    return [
        str(py3langid.classify(head)[0]) if any(map(str.isalpha, head)) else "und" for head in heads
    ]


@cache
def _identifier() -> Any:
    from py3langid import langid

    return langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)


def _guess(text: str) -> tuple[str, float]:
    """The likeliest language and how sure the guess is; ("", 0) where there is too little text."""
    head = text[:HEAD]
    if sum(map(str.isalpha, head)) < _LEAST_LETTERS:
        return "", 0.0
    code, belief = _identifier().classify(head)
    return str(code), float(belief)


def in_language(text: str, language: str) -> bool:
    """Whether ``text`` may be in ``language``: another one is not all but certain."""
    code, belief = _guess(text)
    return belief < CERTAIN or code == language.partition("-")[0].lower()


def _other_language(text: str, language: str) -> str:
    code, belief = _guess(text)
    return "" if in_language(text, language) else f"`{code}`, {belief:.1%} sure"


FUNCTIONS: dict[str, Any] = {"lang": lang}
EACH: dict[str, Any] = {"in_language": in_language}
REASONS: dict[str, Any] = {"in_language": _other_language}
