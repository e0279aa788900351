"""How like an output is to the text that was wanted, by letters and by words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from ftdsl.evaluation.scorers.unscorable import Unscorable


def ratio(output: str, expected: str) -> float:
    """Normalised insert-and-delete likeness: 1 - distance / (both lengths)."""
    from rapidfuzz import fuzz

    return _share(fuzz.ratio, output, expected)


def partial_ratio(output: str, expected: str) -> float:
    """``ratio`` of the shorter text with its best place in the longer."""
    from rapidfuzz import fuzz

    return _share(fuzz.partial_ratio, output, expected)


def token_sort_ratio(output: str, expected: str) -> float:
    """``ratio`` of the texts with their words sorted."""
    from rapidfuzz import fuzz

    return _share(fuzz.token_sort_ratio, output, expected)


def token_set_ratio(output: str, expected: str) -> float:
    """Likeness of the sets of words: 1 when one's words are all among the other's."""
    from rapidfuzz import fuzz

    return _share(fuzz.token_set_ratio, output, expected)


def bleu(output: str, expected: str) -> float:
    """BLEU of one output as sacrebleu computes it for a sentence: 13a tokens, exponential
    smoothing, orders up to the longest that the output has (Post 2018). The mean over the cases is
    not corpus BLEU."""
    _wanted(expected)
    return float(_bleu().sentence_score(output, [expected]).score) / 100


def chrf(output: str, expected: str) -> float:
    """chrF2: F-score of runs of 1 to 6 characters, recall weighing twice (Popović 2015;
    sacrebleu)."""
    _wanted(expected)
    return float(_chrf().sentence_score(output, [expected]).score) / 100


def rouge(output: str, expected: str, variant: str = "rougeL") -> float:
    """ROUGE F-measure (Lin 2004) as rouge-score computes it, words stemmed."""
    _wanted(expected)
    return float(_rouge(variant).score(expected, output)[variant].fmeasure)


def _wanted(expected: str) -> None:
    if not expected.strip():
        raise Unscorable("the expected text is empty")


def _share(measure: Callable[[str, str], float], output: str, expected: str) -> float:
    # The library calls two empty texts unlike for some of the ratios.
    return 1.0 if output == expected else measure(output, expected) / 100


@lru_cache(maxsize=1)
def _bleu() -> Any:
    from sacrebleu.metrics.bleu import BLEU

    return BLEU(effective_order=True)


@lru_cache(maxsize=1)
def _chrf() -> Any:
    from sacrebleu.metrics.chrf import CHRF

    return CHRF()


@lru_cache(maxsize=4)
def _rouge(variant: str) -> Any:
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer([variant], use_stemmer=True)


SCORERS: Mapping[str, Callable[..., float]] = {
    "ratio": ratio,
    "partial_ratio": partial_ratio,
    "token_sort_ratio": token_sort_ratio,
    "token_set_ratio": token_set_ratio,
    "bleu": bleu,
    "chrf": chrf,
    "rouge": rouge,
}
