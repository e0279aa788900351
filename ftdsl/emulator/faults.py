"""What goes wrong, by script: the fault that the n-th request of a kind meets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import (
    Literal,
    get_args,
)

Route = Literal[
    "upload", "part", "complete", "files", "content", "create", "list", "retrieve", "events",
    "checkpoints", "cancel", "pause", "resume", "model", "chat",
]  # fmt: skip
ROUTES: tuple[Route, ...] = get_args(Route)

Kind = Literal[
    "drop", "lost", "500", "500-after", "429", "quota", "403", "slow", "truncated", "html",
]  # fmt: skip
KINDS: dict[Kind, str] = {
    "drop": "the connection closes before anything is done",
    "lost": "it is done, and the connection closes without an answer",
    "500": "HTTP 500, and nothing is done",
    "500-after": "it is done, and answered with HTTP 500",
    "429": "HTTP 429 with Retry-After: 0",
    "quota": "HTTP 429 with insufficient_quota",
    "403": "HTTP 403, as from a platform that is closed to the account",
    "slow": "it is done, and the answer comes after `patience` seconds",
    "truncated": "it is done, and half of the answer is sent",
    "html": "it is done, and the answer is a page of a proxy",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """``kind`` for request number ``nth`` of ``route`` (from 1; 0 for every one)."""

    route: Route
    nth: int
    kind: Kind


def fault_of(text: str) -> Fault:
    """``create:1:lost`` as a fault; ``*`` in the middle means every request. Raises ValueError."""
    parts = text.split(":")
    if len(parts) != 3:
        raise ValueError(f"`{text}` is not ROUTE:N:KIND, such as create:1:lost")
    route, nth, kind = parts
    found_route = next((each for each in ROUTES if each == route), None)
    found_kind = next((each for each in KINDS if each == kind), None)
    if found_route is None:
        raise ValueError(f"there is no route `{route}`; there are {', '.join(ROUTES)}")
    if found_kind is None:
        raise ValueError(f"there is no fault `{kind}`; there are {', '.join(KINDS)}")
    if nth != "*" and not (nth.isdecimal() and int(nth) > 0):
        raise ValueError(f"`{nth}` in `{text}` is neither a number from 1 nor *")
    return Fault(found_route, 0 if nth == "*" else int(nth), found_kind)


@dataclass(slots=True)
class Script:
    """The faults still to come, and how often each route was asked."""

    faults: tuple[Fault, ...] = ()
    asked: Counter[str] = field(default_factory=Counter)

    def next(self, route: Route) -> Kind | None:
        """Counts a request of ``route``; the fault that it meets, if any."""
        self.asked[route] += 1
        return _first(self.faults, route, self.asked[route])


def _first(faults: Iterable[Fault], route: Route, nth: int) -> Kind | None:
    return next((one.kind for one in faults if one.route == route and one.nth in (0, nth)), None)
