"""Preferences that other rows of the data set turn round."""

from __future__ import annotations

import base64
from array import array
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ftdsl.data.rows import Message, Row, content_text, pair_of
from ftdsl.quality.hashes import value_hash


class Contradictions:
    """Number of questions (a prompt with two answers, or of kto rows with one) that are decided in
    both ways. Keeps a 64-bit hash and one bit a row: nine bytes."""

    def __init__(self) -> None:
        self.questions = array("Q")
        self.ways = array("b")

    def add(self, column: list[Any]) -> None:
        for row in column:
            asked = _question(row)
            if asked is not None:
                self.questions.append(asked[0])
                self.ways.append(asked[1])

    def merge(self, dumped: Any) -> None:
        questions, ways = dumped
        self.questions.frombytes(base64.b64decode(questions))
        self.ways.frombytes(base64.b64decode(ways))

    def dump(self) -> Any:
        return [
            base64.b64encode(self.questions.tobytes()).decode(),
            base64.b64encode(self.ways.tobytes()).decode(),
        ]

    def value(self) -> int:
        if not self.questions:
            return 0
        questions: NDArray[np.uint64] = np.frombuffer(self.questions, np.uint64)
        ways = np.frombuffer(self.ways, np.int8).astype(bool)
        return len(np.intersect1d(questions[ways], questions[~ways]))


def _question(row: Row) -> tuple[int, bool] | None:
    """The hash of what is asked, and how the row decides it; None for a row that decides
    nothing."""
    context, chosen, rejected = pair_of(row)
    before = [(one.get("role"), _said([one])) for one in context]
    one, other = _said(chosen), _said(rejected)
    if row.base == "kto":
        return value_hash([before, one or other]), bool(chosen)
    if one == other:
        return None
    return value_hash([before, sorted((one, other))]), one < other


def _said(turns: list[Message]) -> str:
    """What the turns say and call, whatever the case and the white space."""
    calls = [one["tool_calls"] for one in turns if one.get("tool_calls")]
    text = " ".join("\n".join(content_text(one.get("content")) for one in turns).casefold().split())
    return f"{text}\n{value_hash(calls)}" if calls else text
