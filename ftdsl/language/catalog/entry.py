"""The shape of a catalog entry: everything the checker, planner, docs and completion need."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Cost(StrEnum):
    """What a call costs, for the planner and for where a rule may use it."""

    CHEAP = "cheap"
    HEAVY = "heavy"
    NETWORK = "network"
    PAID = "paid"


class Scope(StrEnum):
    """Where a function may stand: over one row, over the whole dataset, over a model's output,
    as the source of a dataset, or as the value of one setting."""

    ROW = "row"
    DATASET = "dataset"
    SCORE = "score"
    SOURCE = "source"
    SETTING = "setting"


@dataclass(frozen=True, slots=True)
class Parameter:
    """``type`` is written as in a spec: ``text``, ``int``, ``ratio``, ``list(text)``, ``any``,
    ``row``; ``rows`` takes any row expression and makes the function an aggregate.
    ``default`` None means required."""

    name: str
    type: str
    doc: str
    default: str | int | float | bool | None = None
    keyword: bool = False


@dataclass(frozen=True, slots=True)
class FunctionEntry:
    """A function, measure or scorer. ``extra`` names the optional dependency group its
    implementation needs, or is ""."""

    name: str
    parameters: tuple[Parameter, ...]
    result: str
    scope: Scope
    cost: Cost
    doc: str
    example: str
    extra: str = ""


@dataclass(frozen=True, slots=True)
class SettingEntry:
    """One ``key = value`` of a block. ``type`` as for parameters, or ``name``, ``names``,
    ``source``, ``call:lora`` …; ``choices`` closes the set of bare words it takes."""

    name: str
    type: str
    doc: str
    default: str | int | float | bool | None = None
    required: bool = False
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, slots=True)
class BlockEntry:
    """A block kind and what may stand in it. ``runs`` is False while its step does not exist."""

    kind: str
    doc: str
    settings: tuple[SettingEntry, ...]
    statements: tuple[str, ...]
    example: str
    runs: bool = True
