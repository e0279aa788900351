"""The plane in which vectors differ most: their two first principal axes, the same every time."""

from __future__ import annotations

import numpy as np

from ftdsl.quality.across.word_vectors import Vectors

# Vectors that the axes are taken from.
FITTED = 1_000
# Share of the places beyond each edge of the map, which are put on it.
_BEYOND = 0.005
# How much of a place is its rank among the others: texts lie dense, and a map of distances alone
# shows them as one blot.
_BY_RANK = 0.6


class Plane:
    """The axes of ``vectors``, and where on a map of unit length and height others lie.

    Principal axes from the eigenvectors of the products of all pairs (of the covariance, where
    that is smaller), each turned so that its largest part is positive. ``explained`` is the share
    of the variance that the two hold together."""

    def __init__(self, vectors: Vectors) -> None:
        fitted = vectors[:FITTED].astype(np.float64)
        self._mean = fitted.mean(axis=0)
        centred = fitted - self._mean
        by_pairs = len(centred) < centred.shape[1]
        values, found = np.linalg.eigh(centred @ centred.T if by_pairs else centred.T @ centred)
        two = found[:, ::-1][:, :2]
        self._axes = centred.T @ two if by_pairs else two
        for axis in self._axes.T:
            axis *= np.sign(axis[np.abs(axis).argmax()]) / (np.linalg.norm(axis) or 1.0)
        total = float(values.clip(0).sum())
        self.explained = round(float(values[-2:].sum()) / total, 4) if total > 1e-12 else 0.0
        places = centred @ self._axes
        self._ranked = np.sort(places, axis=0)
        self._low = np.quantile(places, _BEYOND, axis=0)
        self._high = np.quantile(places, 1 - _BEYOND, axis=0)

    def places(self, vectors: Vectors) -> list[tuple[float, float]]:
        """Across and down, from 0 to 1, to a thousandth: partly by distance, partly by rank."""
        places = (vectors.astype(np.float64) - self._mean) @ self._axes
        spread = np.where(self._high > self._low, self._high - self._low, 1.0)
        straight = np.where(self._high > self._low, (places - self._low) / spread, 0.5)
        steps = np.linspace(0, 1, len(self._ranked))
        ranks = np.column_stack(
            [np.interp(places[:, axis], self._ranked[:, axis], steps) for axis in (0, 1)]
        )
        shares = (1 - _BY_RANK) * straight.clip(0, 1) + _BY_RANK * ranks
        return [(float(x), float(y)) for x, y in np.round(shares, 3)]
