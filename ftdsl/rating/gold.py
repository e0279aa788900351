"""Gold items: answers whose verdict is known, by which one sees how a rater does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ftdsl.data.rows import read_rows
from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Refused
from ftdsl.language.program import DatasetDef, SchemaDef, SourceDef
from ftdsl.plan.steps import RateStep
from ftdsl.privacy.masking import masked


class Known(NamedTuple):
    """A prompt with the better and the worse answer, or one answer with its verdict. Texts are
    masked, as those of cases are."""

    prompt: str
    answers: tuple[str, ...]
    verdict: str = ""


def known_items(step: RateStep, root: Path) -> Iterator[Known]:
    """The gold items of a rating. Raises ``Refused``: FT727 for a line that is none, FT300 and on
    for a file that cannot be read."""
    path = step.rate.gold
    if path is None:
        return
    source = SourceDef("jsonl", path, span=step.rate.span)
    dataset = DatasetDef(path, SchemaDef("", None), (source,), span=step.rate.span)
    lines = 0
    for row in read_rows(dataset, root):
        lines += 1
        yield _known(step, row.value, f"{row.path}:{row.line}")
    with (root / path).open("rb") as stream:
        lost = sum(bool(line.strip()) for line in stream) - lines
    if lost or not lines:
        raise _unusable(step, path, f"{lost} of its lines cannot be read as JSON objects")


def _known(step: RateStep, value: dict[str, object], place: str) -> Known:
    sides = step.rate.ask == "sides"
    names = ("prompt", "better", "worse") if sides else ("prompt", "output")
    texts = []
    for name in names:
        text = value.get(name)
        if not isinstance(text, str) or not text:
            raise _unusable(step, place, f"`{name}` is no text")
        texts.append(masked(text))
    if sides and texts[1] == texts[2]:
        raise _unusable(step, place, "`better` and `worse` are the same")
    return Known(texts[0], tuple(texts[1:]), "" if sides else _verdict(step, value, place))


def _verdict(step: RateStep, value: dict[str, object], place: str) -> str:
    found, points = value.get("verdict"), step.rate.points
    if step.rate.ask == "correct":
        if isinstance(found, bool):
            return "correct" if found else "incorrect"
        raise _unusable(step, place, "`verdict` is neither true nor false")
    if isinstance(found, int) and not isinstance(found, bool) and 1 <= found <= points:
        return str(found)
    raise _unusable(step, place, f"`verdict` is no whole number from 1 to {points}")


def _unusable(step: RateStep, place: str, why: str) -> Refused:
    wanted = {
        "sides": "`prompt`, `better` and `worse`",
        "correct": "`prompt`, `output` and a `verdict` of true or false",
        "scale": "`prompt`, `output` and a `verdict`, the grade",
    }[step.rate.ask]
    return Refused(
        Diagnostic(
            "FT727",
            f"gold items of `{step.rate.name}`: {place}: {why}",
            step.rate.span or Span("", 0, 0),
            help=f"each line is an object with {wanted}",
        )
    )
