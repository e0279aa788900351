"""How the values of a dataset lie: small enough for a lock, good enough to compare with."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=0)]


class Distribution(BaseModel):
    """``rows`` have the value. Quantities are told by ``cuts``, rising, and how many rows are at or
    ``below`` each; ``complete`` says that the cuts are all values there are. Anything else is told
    by ``values``: the most frequent ones with their rows, the remaining rows having others."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True, allow_inf_nan=False)

    rows: Count
    cuts: tuple[float, ...] = ()
    below: tuple[Count, ...] = ()
    complete: bool = True
    values: dict[str, Count] = {}
