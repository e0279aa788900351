"""What is wrong with one place of a data file, before any rule is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Refused
from ftdsl.privacy.masking import BEYOND, masked

EXCERPT = 120


@dataclass(frozen=True, slots=True)
class Fault:
    """``line`` is 1-based, ``offset`` the byte of the fault in the decompressed stream, ``column``
    the 1-based character within the line. A ``fatal`` fault keeps the row from being checked."""

    code: str
    message: str
    line: int | None = None
    offset: int | None = None
    column: int | None = None
    help: str = ""
    excerpt: str = ""
    fatal: bool = True
    severity: Literal["error", "warning"] = "error"


def excerpt(data: bytes) -> str:
    """The start of ``data`` as text that is safe to store: undecodable bytes as ``\\xNN``, personal
    data and secrets masked."""
    return masked(data[: EXCERPT + BEYOND].decode("utf-8", "backslashreplace"), EXCERPT)


def refusal(code: str, message: str, span: Span | None, help: str = "", path: str = "") -> Refused:
    """The exception that says a source cannot be read at all. It points at the source in the spec
    where that is known, else at the file."""
    place = span if span is not None else Span(path, 0, 0)
    return Refused(Diagnostic(code, message, place, help=help))
