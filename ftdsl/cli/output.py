"""Where reports go: ``--output FORMAT[=PATH]``, several at once, files replaced atomically."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator
from pathlib import Path

from ftdsl.cli.console import print_text, style_for
from ftdsl.cli.usage import UsageError, nearest
from ftdsl.record import record, replace
from ftdsl.reports.formats import FORMATS, chunks
from ftdsl.reports.report import Report

_PIECE = 1 << 16


@record
class Output:
    """One report to write. ``path`` None is standard output."""

    format: str
    path: Path | None


def outputs(arguments: Namespace) -> tuple[Output, ...]:
    """What the options ask for. The terminal gets the full report unless another format does.
    UsageError for an unknown format or two reports on standard output."""
    chosen = tuple(_output(word) for word in arguments.output)
    on_stdout = [each for each in chosen if each.path is None]
    if len(on_stdout) > 1:
        names = " and ".join(each.format for each in on_stdout)
        raise UsageError("FT252", f"{names} cannot share standard output", "write one to a file")
    if on_stdout:
        return chosen
    return (*chosen, Output("full", None))


def publish(report: Report, arguments: Namespace) -> int:
    """Write ``report`` everywhere it is wanted and return its exit code."""
    for output in outputs(arguments):
        style = style_for(arguments, sys.stdout)
        if output.path is not None:
            plain = replace(style, color=False, width=100)
            write(output.path, chunks(report, output.format, plain))
        else:
            for chunk in gathered(chunks(report, output.format, style)):
                print_text(chunk)
    return report.exit_code


def text_of(report: Report, arguments: Namespace) -> str:
    """What ``publish`` writes to standard output."""
    style = style_for(arguments, sys.stdout)
    shown = (one for one in outputs(arguments) if one.path is None)
    return "".join(piece for one in shown for piece in chunks(report, one.format, style))


def gathered(pieces: Iterable[str]) -> Iterator[str]:
    """The same text in pieces of some 64 KiB, so that a terminal is not written to line by line."""
    held: list[str] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= _PIECE:
            yield "".join(held)
            held, size = [], 0
    yield "".join(held)


def write(path: Path, text: str | bytes | Iterable[str]) -> None:
    """Put ``text``, whole or in pieces, at ``path``: the old file or the new one is there at any
    moment, never a torn one. UsageError when it cannot be written."""
    import tempfile

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        with os.fdopen(handle, "wb") as stream:
            pieces = (text,) if isinstance(text, str | bytes) else text
            stream.writelines(one.encode() if isinstance(one, str) else one for one in pieces)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> UsageError:
    reason = error.strerror or str(error)
    return UsageError("FT253", f"cannot write {path}: {reason}", "choose a path you may write to")


def _output(word: str) -> Output:
    name, equals, path = word.partition("=")
    if name not in FORMATS:
        near = nearest(name, list(FORMATS))
        known = ", ".join(FORMATS)
        help_line = f"did you mean `{near}`?" if near else f"the formats are {known}"
        raise UsageError("FT252", f"there is no output format `{name}`", help_line)
    if equals and not path:
        raise UsageError("FT252", f"`{word}` names no file", f"write `--output {name}=PATH`")
    return Output(name, Path(path) if equals else None)
