"""Paths that a spec writes: relative to its folder, under the project root."""

from __future__ import annotations

import posixpath

from ftdsl.diagnostics.diagnostic import Span
from ftdsl.language.modules import Module
from ftdsl.language.reporting import replace
from ftdsl.language.workspace import Workspace


def project_path(ws: Workspace, module: Module, path: str, span: Span) -> str | None:
    """``path`` from the project root, with forward slashes; None after saying why it is no path
    of the project. Looks at the words alone: nothing is read."""
    reason, help_text, fix = _fault(path)
    if reason:
        ws.report.add(
            "FT148",
            f"the path {reason}",
            span,
            label="not a path of the project",
            help=help_text,
            fix=replace(span, f'"{fix}"') if fix else None,
        )
        return None
    joined = posixpath.normpath(posixpath.join(posixpath.dirname(module.path), path))
    if joined == ".." or joined.startswith("../"):
        ws.report.add(
            "FT148",
            "the path leaves the project",
            span,
            label="above the project's root folder",
            help="keep the file inside the project",
        )
        return None
    return joined


def _fault(path: str) -> tuple[str, str, str]:
    """What is wrong with the words of ``path``, with help and a better one; or three times ""."""
    if not path.strip():
        return "is empty", "name a file", ""
    if "://" in path:
        return "is an address", "download the file into the project first", ""
    if path.startswith("/") or (len(path) > 1 and path[1] == ":"):
        return "is absolute", "write it relative to the folder of this spec", ""
    if path.startswith("~"):
        return "starts in somebody's home folder", "write it relative to this spec's folder", ""
    if any(ord(character) < 32 or ord(character) == 127 for character in path):
        return "holds control characters", "", ""
    if "\\" in path:
        better = path.replace("\\", "/")
        return "has backslashes", f"did you mean `{better}`?", better
    return "", "", ""
