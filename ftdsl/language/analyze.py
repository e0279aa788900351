"""From a path to a typed program and all that is wrong with it: the one way a spec is read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from ftdsl.diagnostics.diagnostic import Diagnostic, Severity
from ftdsl.language.doubt import without_doubtful
from ftdsl.language.imports import Loader
from ftdsl.language.lowering import lower
from ftdsl.language.overrides import apply_overrides
from ftdsl.language.program import Program
from ftdsl.language.project import find_root, real_path
from ftdsl.language.source import Source
from ftdsl.language.workspace import Workspace
from ftdsl.record import record


@record
class Analysis:
    """``program`` is None if any diagnostic is an error. ``diagnostics`` are in the order of files
    and places. ``sources`` are the files that were read, by root-relative path."""

    program: Program | None
    diagnostics: tuple[Diagnostic, ...]
    sources: Mapping[str, Source]


def analyze(
    path: str | os.PathLike[str],
    root: str | os.PathLike[str] | None = None,
    overrides: Mapping[str, str] | None = None,
    today: date | None = None,
) -> Analysis:
    """Read and check the spec ``path`` and all it imports; reads no data and no network.

    ``root`` is the project root: the nearest folder above the spec marked as one when left
    out. ``overrides`` are values of `let`s by name, as on the command line. ``today`` decides which
    waivers have ended. Whatever the files hold, this returns.
    """
    place = real_path(Path(path))
    top = Path(os.path.realpath(root)) if root is not None else find_root(place)
    ws = Workspace(top, today or date.today(), dict(overrides or {}))
    main = Loader(ws).load_main(os.path.relpath(place, top).replace(os.sep, "/"))
    program = None
    if main is not None:
        apply_overrides(ws, main)
        program = lower(ws)
    diagnostics = without_doubtful(ws.report.sorted(), ws.sources)
    if any(one.severity is Severity.ERROR for one in diagnostics):
        program = None
    return Analysis(program, diagnostics, ws.sources)
