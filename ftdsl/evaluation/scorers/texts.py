"""Whether an output is the text that was wanted, or holds it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from ftdsl.evaluation.scorers.unscorable import Unscorable

_WORDS = re.compile(r"\w+")


def exact_match(output: str, expected: str) -> float:
    """1 if the texts are the same, white space at the ends aside."""
    return float(output.strip() == expected.strip())


def normalized_match(output: str, expected: str) -> float:
    """1 if both have the same words in the same order after NFKC and casefold."""
    wanted = _words(expected)
    if not wanted:
        raise Unscorable("the expected text has no word")
    return float(_words(output) == wanted)


def any_match(output: str, answers: Sequence[str]) -> float:
    """1 if the output has the same words as one of several accepted answers."""
    accepted = [words for answer in answers if (words := _words(answer))]
    if not accepted:
        raise Unscorable("none of the accepted answers has a word")
    return float(_words(output) in accepted)


def contains_match(output: str, expected: str) -> float:
    """1 if the expected text occurs in the output, after NFKC and casefold."""
    wanted = _folded(expected.strip())
    if not wanted:
        raise Unscorable("the expected text is empty")
    return float(wanted in _folded(output))


def regex_match(output: str, pattern: str) -> float:
    """1 if the pattern (RE2 syntax, linear time) matches somewhere in the output."""
    return float(_pattern(pattern).search(output) is not None)


def word_f1(output: str, expected: str) -> float:
    """Harmonic mean of the shares of words, counted with repetition, that output and expected text
    have in common, after NFKC and casefold (the F1 of SQuAD: Rajpurkar et al. 2016; here no
    article is dropped)."""
    from collections import Counter

    found, wanted = Counter(_words(output)), Counter(_words(expected))
    if not wanted:
        raise Unscorable("the expected text has no word")
    common = (found & wanted).total()
    return 2 * common / (found.total() + wanted.total())


def _words(text: str) -> list[str]:
    return _WORDS.findall(_folded(text))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


@lru_cache(maxsize=256)
def _pattern(pattern: str) -> Any:
    import re2

    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)


SCORERS: Mapping[str, Callable[..., float]] = {
    "exact_match": exact_match,
    "normalized_match": normalized_match,
    "any_match": any_match,
    "contains_match": contains_match,
    "regex_match": regex_match,
    "word_f1": word_f1,
}
