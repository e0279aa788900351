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


def label_match(output: str, expected: str, labels: Sequence[str]) -> float:
    """1 if the output names the expected label and no other. A label within a longer one that is
    named, such as "spam" in "not spam", is not named by it. Raises Unscorable where the expected
    text is none of the labels."""
    known = {tuple(_words(label)) for label in labels}
    wanted = tuple(_words(expected))
    if wanted not in known or not wanted:
        raise Unscorable("the expected text is none of the labels")
    return float(_named(_words(output), known) == {wanted})


def _named(words: Sequence[str], labels: set[tuple[str, ...]]) -> set[tuple[str, ...]]:
    """The labels that occur in ``words``, from each place on the longest."""
    found, place = set(), 0
    lengths = sorted({len(label) for label in labels if label}, reverse=True)
    while place < len(words):
        here = (tuple(words[place : place + length]) for length in lengths)
        label = next((one for one in here if one in labels), None)
        if label is not None:
            found.add(label)
        place += len(label) if label is not None else 1
    return found


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
    "label_match": label_match,
    "contains_match": contains_match,
    "regex_match": regex_match,
    "word_f1": word_f1,
}
