"""What becomes of rows in training, and what a hosted training bills."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Forecast(BaseModel):
    """What becomes of the rows longer than ``limit`` tokens, in the training ``train``, or where
    it is "" in ``trainer`` when nobody states a limit. ``lost_tokens`` are those not seen."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    trainer: str
    train: str = ""
    limit: int
    fate: Literal["cut", "dropped"]
    rows: int
    over: int
    lost_tokens: int


class TrainingCost(BaseModel):
    """What a hosted training bills: ``tokens`` times ``epochs``. ``money`` is in dollars, None
    where the spec states no price."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    train: str
    rows: int
    tokens: int
    epochs: int
    price_per_1m: float | None = None
    money: float | None = None
    budget: float | None = None
