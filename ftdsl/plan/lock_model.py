"""What ``ftspec.lock`` holds: for each spec of its folder, what was accepted last time."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from ftdsl.results.distribution import Distribution

SCHEMA: Final = "ftdsl.lock/1"


class LockModel(BaseModel):
    """The base of all parts of a lock: frozen, closed to unknown keys, finite numbers only."""

    model_config = ConfigDict(
        defer_build=True,
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        validate_by_name=True,
        serialize_by_alias=True,
    )


class LockedDataset(LockModel):
    """``digest`` over all files; ``rows`` that could be read, ``kept`` after dedup; ``splits`` in
    rows; ``files`` maps root-relative paths to SHA-256; ``distributions`` are of what rules compare
    with the lock, by the expression."""

    digest: str
    rows: int | None = Field(default=None, ge=0)
    kept: int | None = Field(default=None, ge=0)
    splits: dict[str, int] = {}
    files: dict[str, str] = {}
    distributions: dict[str, Distribution] = {}


class LockedScore(LockModel):
    """A mean with its confidence interval, over ``n`` cases."""

    mean: float
    low: float
    high: float
    n: int = Field(ge=0)
    confidence: float = 0.95
    method: str = ""


class LockedBaseline(LockModel):
    """The model that a gate accepted, and its scores then. ``eval`` names the eval; ``run`` is the
    address of the run that they were chosen from, "" where they were taken as they came. ``cases``
    is the digest of the file with the scores of each case; see ``lock_cases``."""

    model: str
    eval: str
    run: str = ""
    cases: str = ""
    scores: dict[str, LockedScore] = {}


class SpecLock(LockModel):
    """One spec. ``models`` hold their resolved settings and the digests of their files; ``trains``
    the digests that a training run reported (base weights, tokenizer, chat template, adapter)."""

    datasets: dict[str, LockedDataset] = {}
    models: dict[str, dict[str, str]] = {}
    trains: dict[str, dict[str, str]] = {}
    baselines: dict[str, LockedBaseline] = {}


class Lock(LockModel):
    """``specs`` maps the file name of a spec to what is locked for it."""

    schema_: Literal["ftdsl.lock/1"] = Field(default=SCHEMA, alias="schema")
    specs: dict[str, SpecLock] = {}
