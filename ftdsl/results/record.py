"""What a team keeps of a run: digests, settings, scores with intervals, costs and environment.

A record holds no text of the data, no path of the machine and nothing that changes when nothing
does, but for times. ``address`` is the digest of what was run and what it came to: two runs of the
same address are the same run twice.
"""

from __future__ import annotations

import hashlib
import json
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from ftdsl.results.models import Verdict

SCHEMA: Final = "ftdsl.record/1"
RECORD = "record.json"
"""The file's name in a run's folder."""

_APART = frozenset({"address", "run_id", "started", "seconds", "version", "environment", "costs"})
"""What two runs of the same may differ in."""


class RecordModel(BaseModel):
    """The base of all parts of a record: frozen, and closed to unknown keys."""

    model_config = ConfigDict(
        defer_build=True,
        frozen=True,
        extra="forbid",
        validate_by_name=True,
        serialize_by_alias=True,
    )


class DatasetRecord(RecordModel):
    """``files`` maps root-relative paths to SHA-256; counts are None where a run did not count."""

    digest: str
    files: dict[str, str] = {}
    rows: int | None = None
    kept: int | None = None
    splits: dict[str, int] = {}


class StepRecord(RecordModel):
    """``inputs`` names all that decided the outcome, ``key`` is the digest of exactly that."""

    key: str
    status: str
    verdict: Verdict | None = None
    seconds: float = 0.0
    inputs: dict[str, str] = {}


class ScoreRecord(RecordModel):
    """One score of a model over an eval, or over the cases whose ``slice`` is ``value``."""

    eval: str
    model: str
    score: str
    slice: str = ""
    value: str = ""
    mean: float
    low: float
    high: float
    n: int
    unscored: int = 0
    confidence: float = 0.95
    method: str = ""


class CostRecord(RecordModel):
    """What this run itself took: what earlier runs had left counts for nothing. ``money`` is in US
    dollars, and None where no price is known."""

    money: float | None = 0.0
    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    trained_tokens: int = 0


class PartRecord(RecordModel):
    """A file of the run's folder."""

    sha256: str
    size: int


class RunRecord(RecordModel):
    """``started`` is in UTC. ``files`` are the spec, its imports and the lock; ``parts`` the other
    files of the folder; ``gates`` how each gate decided."""

    schema_: Literal["ftdsl.record/1"] = Field(default=SCHEMA, alias="schema")
    address: str = ""
    run_id: str
    started: str
    version: str
    spec: str
    only: tuple[str, ...] = ()
    verdict: Verdict
    exit_code: int
    seconds: float
    files: dict[str, str] = {}
    datasets: dict[str, DatasetRecord] = {}
    steps: dict[str, StepRecord] = {}
    scores: tuple[ScoreRecord, ...] = ()
    gates: dict[str, str] = {}
    costs: CostRecord = CostRecord()
    environment: dict[str, str] = {}
    parts: dict[str, PartRecord] = {}

    def addressed(self) -> RunRecord:
        """The record with its own address."""
        return self.model_copy(update={"address": address_of(self)})


def address_of(record: RunRecord) -> str:
    """SHA-256 of what was run and what it came to, in canonical JSON."""
    told = record.model_dump(mode="json", exclude=set(_APART))
    for step in told["steps"].values():
        # A result that still held is the same result.
        step["status"] = "done" if step["status"] == "fresh" else step["status"]
        del step["seconds"]
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


class RowMark(RecordModel):
    """One row of a dataset as a run saw it: its content's digest, its id as reports show it, where
    it stood, and whether dedup kept it. A line of ``rows/NAME.jsonl``."""

    digest: str
    id: str
    path: str
    line: int
    split: str | None = None
    kept: bool = True
