"""What a model's tokens cost: nothing here, what the spec states, or what the dated table says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from ftdsl.language.program import ModelDef
from ftdsl.plan.hosting import host_of, is_free_of_charge

_TABLE = Path(__file__).with_name("prices.toml")
_MILLION = 1e6
_STATED = ("input_per_1m", "cached_per_1m", "output_per_1m")
_IMAGE = 48_169
"""Tokens that a picture may count for at most: of the models of the table gpt-4o-mini counts most,
2,833 and 5,667 for each of at most eight tiles."""


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens. ``cached`` is of input that the server had seen before.
    ``source`` says who states it, and ``as_of`` when, where it is from the table."""

    input: float = 0.0
    cached: float = 0.0
    output: float = 0.0
    source: str = ""
    as_of: date | None = None

    @property
    def is_free(self) -> bool:
        return self.input == self.cached == self.output == 0

    def of(self, prompt: float, completion: float, cached: float = 0.0) -> float:
        """Dollars for so many tokens; ``cached`` are among the ``prompt`` ones."""
        fresh = prompt - cached
        paid = fresh * self.input + cached * self.cached + completion * self.output
        return paid / _MILLION

    def __str__(self) -> str:
        if self.is_free:
            return "free of charge"
        when = f", {self.as_of}" if self.as_of is not None else ""
        return (
            f"${self.input:g} in, ${self.cached:g} cached, ${self.output:g} out per 1M tokens "
            f"({self.source}{when})"
        )


def price_of(model: ModelDef) -> Price | None:
    """What ``model`` costs; None where nobody states it.

    Nothing on this machine and on the premises, unless the spec states a price. Of a price in the
    spec and one in the table the dearer counts, part by part: a spec can not make a model cheaper
    than it is known to be.
    """
    stated, listed = _stated(model), _listed(model)
    if stated is None:
        return Price(source="runs here") if listed is None and is_free_of_charge(model) else listed
    if listed is None:
        return stated
    return Price(
        max(stated.input, listed.input),
        max(stated.cached, listed.cached),
        max(stated.output, listed.output),
        stated.source if stated.input >= listed.input else listed.source,
        None if stated.input >= listed.input else listed.as_of,
    )


def prompt_bound(body: bytes, images: int) -> int:
    """Tokens that a request's prompt has at most: a token is at least a byte of it, and the JSON
    around each message is longer than what a chat template puts there."""
    return len(body) + images * _IMAGE


def _stated(model: ModelDef) -> Price | None:
    settings = dict(model.settings)
    input_, cached, output = (settings.get(name) for name in _STATED)
    if not isinstance(input_, int | float) or not isinstance(output, int | float):
        return None
    known = cached if isinstance(cached, int | float) else input_
    return Price(float(input_), float(known), float(output), "stated in the spec")


def _listed(model: ModelDef) -> Price | None:
    name = str(dict(model.settings).get("name") or model.name)
    return price_table().get((host_of(model) or "", name))


@cache
def price_table() -> dict[tuple[str, str], Price]:
    """The shipped table by host and model."""
    import tomllib

    entries: list[dict[str, Any]] = tomllib.loads(_TABLE.read_text("utf-8"))["price"]
    return {
        (entry["host"], model): Price(
            entry["input"], entry["cached"], entry["output"], entry["source"], entry["as_of"]
        )
        for entry in entries
        for model in entry["models"]
    }
