"""One checked spec, from the user's cache where nothing that it stands on has changed."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from ftdsl.cli.check_cache import Checked, recall, remember
from ftdsl.cli.specs import overrides_of, project_root
from ftdsl.language.project import real_path


def checked(path: Path, arguments: Namespace) -> Checked:
    """What checking the spec ``path`` comes to."""
    root = project_root(path, arguments)
    spec = real_path(path)
    overrides = overrides_of(arguments)
    cached = not getattr(arguments, "no_cache", False)
    known = recall(spec, root, overrides) if cached else None
    if known is not None:
        return known
    from ftdsl.language.analyze import analyze
    from ftdsl.language.reads import reads_of

    analysis = analyze(spec, root, overrides)
    name = spec.relative_to(root).as_posix()
    reads = reads_of(analysis.program) if analysis.program is not None else ()
    found = Checked(name, tuple(analysis.diagnostics), analysis.sources, reads)
    if cached:
        remember(spec, root, overrides, found)
    return found
