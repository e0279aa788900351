"""What a cluster is called: the words that most set its texts apart, as far as they read well."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from ftdsl.quality.across.word_vectors import Rarity

_WORDS = 3
# Candidates: the most frequent words of a cluster.
_FREQUENT = 150
# Only letters: a long word, or one with digits, may be a key or a number that nobody should read
# in a report.
_READABLE = re.compile(r"[^\W\d_]{3,20}")
# English words that say how a text is built and not what it is about. Those of other languages are
# left to their frequency.
_BUILDING = frozenset(
    re.findall(
        r"\w+",
        """
about after all also and another any are because been before being between both but can could
did does doing done during each every few first following for from get give given had has have
having her here hers him his how into its itself just last let like made make many may might
more most much must need new not now off one only other our out over own per please said same
second she should some such than that the their them then there these they this those three
through two under until upon use used using very was way were what when where whether which
while who whom whose why will with within without would you your yours
""",
    )
)


def typical_words(
    texts: Sequence[Sequence[str]], which: Sequence[int], rarity: Rarity
) -> dict[str, str]:
    """For each cluster its typical words: frequent within it, rare elsewhere."""
    within: dict[int, Counter[str]] = {}
    for words, cluster in zip(texts, which, strict=True):
        within.setdefault(cluster, Counter()).update(set(words))
    labels: dict[str, str] = {}
    for cluster, counts in sorted(within.items()):
        frequent = counts.most_common(_FREQUENT)
        frequent.sort(key=lambda pair: (-pair[1] * (rarity.rarity(pair[0]) - 1), pair[0]))
        readable = [word for word, _ in frequent if _READABLE.fullmatch(word)]
        telling = [word for word in readable if word not in _BUILDING]
        labels[str(cluster)] = ", ".join((telling or readable)[:_WORDS])
    return labels
