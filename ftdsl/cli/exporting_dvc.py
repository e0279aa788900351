"""A spec's plan as ``dvc.yaml``."""

from __future__ import annotations

import os
from argparse import Namespace
from pathlib import Path

from ftdsl.api import SpecError, plan
from ftdsl.cli.exporting_evals import results_folder
from ftdsl.cli.output import write
from ftdsl.cli.session import analysed
from ftdsl.interchange.dvc import FILE, dvc_file
from ftdsl.reports.report import Report


def export_dvc(arguments: Namespace) -> Report:
    """Write dvc.yaml for all steps, or for what one block needs."""
    seen = analysed(arguments.spec, arguments)
    if seen.program is None or not seen.ok:
        raise SpecError(seen)
    only = (arguments.name,) if arguments.name else ()
    made = plan(seen, out=results_folder(arguments, seen.root), only=only).plan
    folder = Path(arguments.out)
    place = folder.resolve()
    to_root = Path(os.path.relpath(seen.root, place)).as_posix()
    from_root = Path(os.path.relpath(place, seen.root)).as_posix()
    text = dvc_file(made, to_root, from_root, f"The plan of {seen.path}, written by ftdsl.")
    write(folder / FILE, text)
    count = sum(one.state != "pending" for one in made.steps)
    notes = (f"wrote {folder / FILE}: {count} stages", f"run it: cd {folder} && dvc repro")
    return Report("export", "pass", seen.path, notes=notes)
