"""What a host tells of a job's curve, with its known bias taken out."""

from __future__ import annotations

import base64
import binascii
import csv
import io
import math
from collections.abc import Iterator, Sequence

from ftdsl.results.models import CurvePoint

HIDDEN_TOKENS = 2
"""OpenAI's loss and accuracy are means over the visible tokens of an answer plus two that nobody
sees and that are nearly always right: with answers of one token, accuracy cannot fall below two
thirds. Found by controlled training of GPT-4.1 (https://www.greaterwrong.com/posts/zDnA4SEbkeCj2CDHp)."""

_STEP = "step"
_LOSS = ("train_loss", "training_loss", "loss")
_ACCURACY = ("train_mean_token_accuracy", "train_accuracy")
# The mean over all validation rows alone: `valid_loss` is that of one batch.
_EVAL_LOSS = ("full_valid_loss", "eval_loss")


def read_metrics(content: bytes) -> tuple[CurvePoint, ...]:
    """The curve in a results file: a CSV, sometimes wrapped in base64. Blank is not evaluated.
    Raises ValueError where it is neither."""
    text = _unwrapped(content).decode("utf-8-sig")
    rows = csv.DictReader(io.StringIO(text))
    if _STEP not in (rows.fieldnames or ()):
        raise ValueError("the results file has no column `step`")
    return tuple(_points(rows))


def _unwrapped(content: bytes) -> bytes:
    first = content.split(b"\n", 1)[0]
    if b"," in first:
        return content
    try:
        return base64.b64decode(content, validate=False)
    except binascii.Error as error:
        raise ValueError("the results file is no CSV") from error


def _points(rows: csv.DictReader[str]) -> Iterator[CurvePoint]:
    for row in rows:
        step = _number(row, (_STEP,))
        if step is not None:
            yield CurvePoint(
                step=int(step),
                loss=_number(row, _LOSS),
                eval_loss=_number(row, _EVAL_LOSS),
                token_accuracy=_number(row, _ACCURACY),
            )


def _number(row: dict[str, str], names: Sequence[str]) -> float | None:
    for name in names:
        text = (row.get(name) or "").strip()
        if not text:
            continue
        try:
            value = float(text)
        except ValueError:
            continue
        return value if math.isfinite(value) else None
    return None


def unbiased(curve: Sequence[CurvePoint], answer_tokens: float) -> tuple[CurvePoint, ...]:
    """The curve over visible tokens alone, for answers of ``answer_tokens`` tokens in the mean:
    loss·(m+2)/m, and (accuracy·(m+2)−2)/m, never below 0."""
    if answer_tokens <= 0:
        return tuple(curve)
    scale = (answer_tokens + HIDDEN_TOKENS) / answer_tokens

    def loss(value: float | None) -> float | None:
        return None if value is None else value * scale

    def accuracy(value: float | None) -> float | None:
        return None if value is None else max(0.0, value * scale - HIDDEN_TOKENS / answer_tokens)

    return tuple(
        point.model_copy(
            update={
                "loss": loss(point.loss),
                "eval_loss": loss(point.eval_loss),
                "token_accuracy": accuracy(point.token_accuracy),
            }
        )
        for point in curve
    )
