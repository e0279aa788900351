"""How long the texts of a dataset are: words of each part, counted into bins that never move."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from ftdsl.language import catalog
from ftdsl.language.program import DatasetDef, Expr, Type
from ftdsl.results.coverage import LengthHistogram

# Half-open bins, so that datasets and versions of one can be laid side by side.
EDGES = (
    *(0, 1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700),
    *(1000, 1500, 2000, 3000, 5000, 7000, 10_000, 20_000, 50_000, 100_000, 1_000_000, 10**12),
)
# Text fields of a plain record that are measured.
_FIELDS = 4


class Lengths:
    """Words of one text of each row: how often each number occurs."""

    def __init__(self, subject: Expr) -> None:
        self.subject = subject
        self._counts: Counter[int] = Counter()

    def add(self, values: Sequence[Any]) -> None:
        """The numbers of more rows."""
        self._counts.update(value for value in values if value is not None)

    def dump(self) -> dict[int, int]:
        """What the rows came to."""
        return dict(self._counts)

    def merge(self, dumped: dict[int, int]) -> None:
        """Take in what another one was given."""
        self._counts.update(dumped)

    def histogram(self) -> LengthHistogram | None:
        """Bins from the first that has rows to the last; None where there are no rows."""
        if not self._counts:
            return None
        lengths = sorted(self._counts)
        first = bisect_right(EDGES, lengths[0]) - 1
        last = bisect_right(EDGES, lengths[-1]) - 1
        counts = [0] * (last - first + 1)
        for length, often in self._counts.items():
            counts[bisect_right(EDGES, length) - 1 - first] += often
        return LengthHistogram(
            source=self.subject.source,
            edges=(*EDGES[first : last + 1], *EDGES[last + 1 : last + 2]),
            counts=tuple(counts),
            median=self._quantile(lengths, 0.5),
            p95=self._quantile(lengths, 0.95),
            longest=lengths[-1],
        )

    def _quantile(self, lengths: Sequence[int], share: float) -> int:
        """The smallest length that at least this share of the rows does not exceed."""
        sums = list(accumulate(self._counts[length] for length in lengths))
        wanted = share * sums[-1]
        return next(one for one, upto in zip(lengths, sums, strict=True) if upto >= wanted - 1e-9)


def measured(dataset: DatasetDef) -> list[Lengths]:
    """The texts of a dataset whose words are counted: what is asked and what is answered, or the
    first text fields of a plain record."""
    base = dataset.schema.base
    if base is None:
        fields = (one for one in dataset.schema.fields if one.type.name == "text")
        views = [(one.name, one.type) for one in fields][:_FIELDS]
    else:
        # A row of kto has one answer, good or bad: its reply.
        paired = "chosen.text" in {view.name for view in catalog.FORMATS[base].views}
        answers = ["chosen.text", "rejected.text"] if paired and base != "kto" else ["reply.text"]
        names = ["prompt", *answers]
        views = [(name, Type("text")) for name in names]
    return [
        Lengths(
            Expr(
                "call",
                Type("int"),
                (Expr("field", kind, value=name, source=name),),
                "words",
                f"words({name})",
            )
        )
        for name, kind in views
    ]
