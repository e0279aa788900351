"""Ratings as they lie in git: one JSON object a line, one file a rater and batch, only added to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.language.source import Source

LARGEST_FILE = 64 * 1024 * 1024
SIDES: Final = ("left_much", "left", "tie", "right", "right_much", "both_bad")
SINGLE: Final = ("correct", "incorrect")
SKIP: Final = "skip"
_LINE = re.compile(r"[^\n]+")
_MOMENT = r"^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z)?$"
_HEX = r"^[0-9a-f]+$"


class Rating(BaseModel):
    """One verdict. ``left`` and ``right``, or ``output`` of single answers, are digests of what was
    shown; ``batch`` and ``rubric`` of all that was shown and asked. ``supersedes`` is the id of the
    verdict that this one corrects, ``repeat`` tells that the item was shown before, and ``ms`` how
    long it was looked at."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    v: Literal[1]
    id: str = Field(min_length=16, max_length=64, pattern=_HEX)
    rate: str = Field(max_length=200)
    batch: str = Field(max_length=64, pattern=_HEX)
    rubric: str = Field(max_length=64, pattern=_HEX)
    rater: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{1,31}$")
    item: str = Field(max_length=64, pattern=_HEX)
    left: str = Field("", max_length=64)
    right: str = Field("", max_length=64)
    output: str = Field("", max_length=64)
    verdict: str = Field(max_length=20)
    reasons: list[str] = Field(default_factory=list, max_length=20)
    note: str = Field("", max_length=4000)
    repeat: bool = False
    ms: int = Field(0, ge=0)
    at: str = Field("", pattern=_MOMENT)
    supersedes: str | None = Field(None, max_length=64)

    @property
    def shown(self) -> tuple[str, ...]:
        """The digests of what was shown."""
        return (self.left, self.right) if self.left or self.right else (self.output,)


@dataclass(frozen=True, slots=True)
class Placed:
    """A rating, the line that it was read from, and where that stands."""

    rating: Rating
    line: str
    span: Span


def read_ratings(source: Source) -> tuple[list[Placed], list[Diagnostic]]:
    """The ratings of a file, and a diagnostic (FT720) for each line that is none."""
    found: list[Placed] = []
    problems: list[Diagnostic] = []
    if source.fault is not None:
        offset = source.fault.offset
        return [], [_malformed(source.span(offset, offset + 1), "the file is not UTF-8")]
    for match in _LINE.finditer(source.text):
        line = match[0].strip()
        if not line:
            continue
        span = source.span(match.start(), match.end())
        try:
            value = json.loads(line, object_pairs_hook=_once, parse_constant=_no_number)
            found.append(Placed(Rating.model_validate(value), line, span))
        except ValidationError as error:
            problems.append(_malformed(span, _said(error)))
        except (ValueError, RecursionError) as error:
            problems.append(_malformed(span, f"it is no JSON object: {error}"))
    return found, problems


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no JSON")


def _said(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"`{where}`: {first['msg']}" if where else str(first["msg"])


def _malformed(span: Span, why: str) -> Diagnostic:
    return Diagnostic(
        "FT720",
        f"this line is no rating: {why}",
        span,
        help="the page writes these lines, and they are only added to: take the file as it came",
    )


def effective(ratings: Iterable[Rating]) -> list[Rating]:
    """Those that no later one corrects; of several by one rater on one item the latest."""
    every = list(ratings)
    corrected = {one.supersedes for one in every}
    kept: dict[tuple[str, str, bool], Rating] = {}
    for one in every:
        place = (one.rater, one.item, one.repeat)
        if one.id not in corrected and (place not in kept or kept[place].at <= one.at):
            kept[place] = one
    return list(kept.values())


def verdicts_of(ask: str, points: int) -> tuple[str, ...]:
    """What may be said, but for that one cannot say."""
    if ask == "sides":
        return SIDES
    return SINGLE if ask == "correct" else tuple(str(grade) for grade in range(1, points + 1))


def unique(placed: Iterable[Placed]) -> Iterator[Rating]:
    """Each rating once: the same line may come in two files."""
    seen: set[str] = set()
    for one in placed:
        if one.rating.id not in seen:
            seen.add(one.rating.id)
            yield one.rating
