"""A case of an eval without its texts: what gates and locks read, small enough to hold many."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from sys import intern
from typing import NamedTuple

import orjson


class ScoredCase(NamedTuple):
    """``key`` names the case and what it asks and expects, so that a case that was edited is
    another one; ``labels`` are the expected and the given one, where they were asked for. See
    ``Case`` for the others. Cases share their mappings: do not change them."""

    case_id: str
    key: str
    scores: Mapping[str, float]
    slices: Mapping[str, str]
    cluster: str | None
    epochs: Mapping[str, tuple[float, ...]]
    labels: tuple[str, str] | None = None
    latency: float | None = None
    first_token: float | None = None
    lag: float = 0.0


def case_key(case_id: str, prompt: str, expected: str) -> str:
    """16 hex digits of a case as it is published, which is masked."""
    told = "\0".join((case_id, prompt, expected)).encode("utf-8", "surrogatepass")
    return blake2b(told, digest_size=8).hexdigest()


def read_scored(
    path: Path, label: Callable[[str], str] | None = None, labelled: str = ""
) -> Iterator[ScoredCase]:
    """The cases of a file of ``Case``, one by one; equal parts of them are held once. ``label``
    finds the label in an expected and in a given text, of the cases that have the score
    ``labelled``."""
    scores: dict[tuple[tuple[str, float], ...], dict[str, float]] = {}
    slices: dict[tuple[tuple[str, str], ...], dict[str, str]] = {}
    with path.open("rb") as stream:
        for line in stream:
            case = orjson.loads(line)
            epochs = {name: tuple(each) for name, each in (case.get("epochs") or {}).items()}
            of, parts = case["scores"], case.get("slices") or {}
            cluster = case.get("cluster")
            yield ScoredCase(
                case["case_id"],
                case_key(case["case_id"], case["prompt"], case["expected"]),
                scores.setdefault(tuple(of.items()), of) if len(scores) < _SHARED else of,
                slices.setdefault(tuple(parts.items()), parts) if len(slices) < _SHARED else parts,
                intern(cluster) if cluster is not None else None,
                epochs or _NONE,
                labels=(intern(label(case["expected"])), intern(label(case["output"])))
                if label is not None and labelled in of
                else None,
                latency=case.get("latency"),
                first_token=case.get("first_token"),
                lag=case.get("lag") or 0.0,
            )


_NONE: Mapping[str, tuple[float, ...]] = {}
_SHARED = 10_000  # different ones that are looked for again
