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


def _guesses(text: str) -> list[tuple[str, float]]:
    """The languages with the belief in each, the likeliest first; none where there is too little
    text."""
    head = text[:HEAD]
    if sum(map(str.isalpha, head)) < _LEAST_LETTERS:
        return []
    identifier = _identifier()
    likeliest, belief = identifier.classify(head)
    if belief >= 1 - DOUBT:
        return [(str(likeliest), float(belief))]
    return [(str(code), float(one)) for code, one in identifier.rank(head)]


def in_language(text: str, language: str) -> bool:
    """Whether ``text`` may be in ``language``: others are not all but certain."""
    beliefs = dict(_guesses(text))
    return not beliefs or beliefs.get(language.partition("-")[0].lower(), 0.0) > DOUBT


def _other_language(text: str, language: str) -> str:
    if in_language(text, language):
        return ""
    code, belief = _guesses(text)[0]
    return f"likely `{code}` ({belief:.1%})"


FUNCTIONS: dict[str, Any] = {"lang": lang}
EACH: dict[str, Any] = {"in_language": in_language}
REASONS: dict[str, Any] = {"in_language": _other_language}
