"""What a dataset covers: groups against their bounds, lengths, and a map of clusters."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Part(BaseModel):
    """As all results: frozen, and closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Bar(_Part):
    """One bucket of a coverage group against its bound. ``note`` says more of the key: the typical
    words of a cluster. ``missing_rows`` further rows of this key would meet a lower bound."""

    key: str
    rows: int
    share: float
    bound: float | None = None
    op: str = ""
    is_share: bool = True
    met: bool = True
    missing_rows: int = 0
    note: str = ""


class MapPoint(_Part):
    """One text on the map of clusters: across and down from 0 to 1. ``dropped``: dedup dropped the
    row. ``text`` is its beginning."""

    x: float
    y: float
    cluster: int
    dropped: bool = False
    text: str = ""


class ClusterMap(_Part):
    """A part of the ``texts`` different ones that clusters were made from, on their two first
    principal axes, which hold the share ``explained`` of the variance."""

    points: tuple[MapPoint, ...]
    texts: int
    explained: float


class CoverageGroup(_Part):
    """``entropy`` in bits of how the rows fall into the groups, ``effective`` is two to it."""

    source: str
    bars: tuple[Bar, ...]
    entropy: float
    effective: float
    map: ClusterMap | None = None


class LengthHistogram(_Part):
    """Words of one text of each row: ``counts`` of the half-open bins between ``edges``."""

    source: str
    edges: tuple[int, ...]
    counts: tuple[int, ...]
    median: int
    p95: int
    longest: int
