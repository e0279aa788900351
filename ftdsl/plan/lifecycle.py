"""Until when a model can be trained and asked, and what its licence asks: a dated table.

What the spec states (``available_until``, ``license``) comes first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from ftdsl.diagnostics.diagnostic import Diagnostic, Severity, Span
from ftdsl.language.program import ModelDef, TrainDef
from ftdsl.plan.hosting import host_of, hosted_model, is_hosted

_TABLE = Path(__file__).with_name("lifecycle.toml")
SOON = timedelta(days=180)
"""A model that goes within this time is warned of: it takes that long to have another ready."""
UNSTATED = "not stated"


@dataclass(frozen=True, slots=True)
class Life:
    """The last day on which a training can begin, and the day on which the model goes; None where
    nobody says."""

    last_job: date | None
    shutdown: date | None
    told: str


@dataclass(frozen=True, slots=True)
class Licence:
    """What a licence ``asks`` of those who train from a model, "" for nothing of note."""

    name: str
    asks: str
    commercial: bool
    told: str


def life_of(train: TrainDef, base: ModelDef | None) -> Life | None:
    """What is known of the end of the model that ``train`` starts from; None where it has none."""
    if not is_hosted(train):
        stated = dict(base.settings).get("available_until") if base is not None else None
        when = _day(stated)
        return None if when is None else Life(None, when, "stated in the spec")
    host = host_of(hosted_model(train)) or ""
    name = str(dict(train.settings).get("model"))
    return _tables()[0].get((host, name))


def licence_of(name: str) -> Licence | None:
    """What is known of a licence by its name on a model card; None for one that nobody listed."""
    return _tables()[1].get(name.partition(" (")[0].strip().casefold())


def lifecycle_problems(train: TrainDef, base: ModelDef | None, today: date) -> Iterator[Diagnostic]:
    """FT628 where a training can begin no more, or where its model goes soon or is gone."""
    life = life_of(train, base)
    if life is None:
        return
    name = str(dict(train.settings).get("model") or train.base)
    for day, gone, soon in (
        (life.last_job, "is trained no more since", "is trained no more after"),
        (life.shutdown, "was shut down on", "is shut down on"),
    ):
        if day is None or day - today > SOON:
            continue
        is_over = day < today
        yield Diagnostic(
            "FT628",
            f"`{name}` {gone if is_over else soon} {day}",
            train.span or Span("", 0, 0),
            severity=Severity.ERROR if is_over else Severity.WARNING,
            notes=(f"as {life.told}",),
            help="the same block trains here: `target trl` with a `base` whose weights you have",
        )


def licence_problem(train: TrainDef, name: str) -> Diagnostic | None:
    """FT629 where nobody states the licence of a base, or where it forbids commercial use."""
    span = train.span or Span("", 0, 0)
    if name == UNSTATED:
        return Diagnostic(
            "FT629",
            f"nobody states the licence of the base `{train.base}`",
            span,
            severity=Severity.WARNING,
            help='state it where the base is declared, `license = "apache-2.0"`, or in the front '
            "matter of its model card",
        )
    found = licence_of(name)
    if found is None or found.commercial:
        return None
    return Diagnostic(
        "FT629",
        f"the licence of the base `{train.base}`, {name}, asks: {found.asks}",
        span,
        severity=Severity.WARNING,
        notes=(f"as {found.told}",),
        help="the trained model is under the same terms; choose another base where they do not fit",
    )


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


@cache
def _tables() -> tuple[dict[tuple[str, str], Life], dict[str, Licence]]:
    """The shipped table: models by host and name, licences by name."""
    import tomllib

    read: dict[str, list[dict[str, Any]]] = tomllib.loads(_TABLE.read_text("utf-8"))
    lives = {
        (entry["host"], model): Life(entry.get("last_job"), entry.get("shutdown"), _told(entry))
        for entry in read["model"]
        for model in entry["models"]
    }
    licences = {
        name.casefold(): Licence(name, entry["asks"], entry["commercial"], _told(entry))
        for entry in read["licence"]
        for name in entry["names"]
    }
    return lives, licences


def _told(entry: dict[str, Any]) -> str:
    return f"{entry['source']} said on {entry['as_of']}"
