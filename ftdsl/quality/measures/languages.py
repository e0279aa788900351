"""Which language a text is in, guessed from its letters by py3langid (97 languages)."""

from __future__ import annotations

from functools import cache
from typing import Any

HEAD = 1000
"""Characters of a text that are looked at: enough to tell, and it bounds the time."""
DOUBT = 0.01
"""Belief in a language below which a text is said not to be in it."""
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


def _guess(text: str) -> tuple[str, float] | None:
    """The likeliest language and the belief in it; None where there is too little text."""
    head = text[:HEAD]
    if sum(map(str.isalpha, head)) < _LEAST_LETTERS:
        return None
    code, belief = _identifier().classify(head)
    return str(code), float(belief)


def in_language(text: str, language: str) -> bool:
    """Whether ``text`` may be in ``language``: others are not all but certain."""
    wanted, guess = language.partition("-")[0].lower(), _guess(text)
    if guess is None or guess[0] == wanted:
        return True
    if guess[1] >= 1 - DOUBT:
        return False
    return any(code == wanted and one > DOUBT for code, one in _identifier().rank(text[:HEAD]))


def _other_language(text: str, language: str) -> str:
    guess = _guess(text)
    if guess is None or in_language(text, language):
        return ""
    return f"likely `{guess[0]}` ({guess[1]:.1%})"


FUNCTIONS: dict[str, Any] = {"lang": lang}
EACH: dict[str, Any] = {"in_language": in_language}
REASONS: dict[str, Any] = {"in_language": _other_language}
