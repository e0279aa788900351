"""The verdicts of people that a judge is measured by: one JSON object a line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ftdsl.data.rows import read_rows
from ftdsl.diagnostics.diagnostic import Diagnostic
from ftdsl.engine.context import Context, Refused
from ftdsl.evaluation.judges.asking import Item
from ftdsl.evaluation.judges.call import JudgeCall
from ftdsl.language.program import DatasetDef, SchemaDef, SourceDef

_PLAIN = SchemaDef("", None)
_COMPARED = {"win": 1.0, "tie": 0.5, "loss": 0.0}


@dataclass(frozen=True, slots=True)
class Label:
    """What a person says of one answer, in [0, 1]. A canary is an answer of which nobody doubts
    it: it tells whether the judge works, and takes no part in the measuring."""

    item: Item
    value: float
    canary: bool
    place: str


def read_labels(call: JudgeCall, context: Context) -> list[Label]:
    """The labelled answers of a call, none where it names no file. Raises ``Refused``: FT573, and
    FT300 and on for a file that cannot be read."""
    if not call.labels:
        return []
    source = SourceDef("jsonl", call.labels, span=call.span)
    dataset = DatasetDef(call.labels, _PLAIN, (source,), span=call.span)
    found = list(_labels(call, dataset, context))
    with (context.root / call.labels).open("rb") as stream:
        lost = sum(bool(line.strip()) for line in stream) - len(found)
    if lost:
        raise _unusable(call, f"{call.labels}: {lost} of its lines cannot be read as JSON objects")
    return found


def _labels(call: JudgeCall, dataset: DatasetDef, context: Context) -> Iterator[Label]:
    for row in read_rows(dataset, context.root):
        place, value = f"{row.path}:{row.line}", row.value
        texts = {name: value.get(name, "") for name in ("prompt", "output", "reference", "rival")}
        for name, text in texts.items():
            if not isinstance(text, str) or (name in ("prompt", "output") and name not in value):
                raise _unusable(call, f"{place}: `{name}` is no text")
        if call.kind == "pairwise" and not texts["rival"]:
            raise _unusable(call, f"{place}: a comparison needs `rival`, the other answer")
        if call.kind != "pairwise":
            texts["rival"] = ""
        canary = value.get("canary", False)
        if not isinstance(canary, bool):
            raise _unusable(call, f"{place}: `canary` is neither true nor false")
        yield Label(Item(**texts), _verdict(call, value.get("verdict"), place), canary, place)


def _verdict(call: JudgeCall, found: object, place: str) -> float:
    if call.kind == "pairwise":
        if isinstance(found, str) and found in _COMPARED:
            return _COMPARED[found]
        wanted = "`win`, `tie` or `loss`, said of `output`"
    elif call.grades == 2:
        if isinstance(found, bool):
            return float(found)
        wanted = "true or false"
    else:
        whole = isinstance(found, int) and not isinstance(found, bool)
        if whole and 1 <= int(str(found)) <= call.grades:
            return (int(str(found)) - 1) / (call.grades - 1)
        wanted = f"a whole number from 1 to {call.grades}"
    raise _unusable(call, f"{place}: the `verdict` is not {wanted}")


def _unusable(call: JudgeCall, message: str) -> Refused:
    return Refused(
        Diagnostic(
            "FT573",
            f"labels of `{call.score.name}`: {message}",
            call.span,
            help="each line is an object with `prompt`, `output` and `verdict`",
        )
    )
