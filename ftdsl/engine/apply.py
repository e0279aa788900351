"""Applying a saved plan: only while everything that it was made from is still the same."""

from __future__ import annotations

import stat
from pathlib import Path

from pydantic import ValidationError

from ftdsl import __version__
from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.console import Console
from ftdsl.engine.context import Policy, Refused
from ftdsl.engine.run import run_plan
from ftdsl.engine.runs import new_run_id
from ftdsl.engine.store import replace_text
from ftdsl.language.program import Program
from ftdsl.plan.model import SCHEMA, Plan
from ftdsl.plan.moved import moved_inputs
from ftdsl.plan.planner import build_plan
from ftdsl.results.exits import exit_code
from ftdsl.results.run import RunResult

_LARGEST = 256 << 20


def read_plan(path: Path) -> Plan:
    """The plan in a ``plan.json``. Raises ``Refused`` (FT201) for a file that is none."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise _unreadable(path, "it is not an ordinary file")
        if status.st_size > _LARGEST:
            raise _unreadable(path, f"it is larger than {_LARGEST >> 20} MiB")
        data = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error.strerror or type(error).__name__) from error
    try:
        return Plan.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"][:6])
        at = f"`{where}`: " if where else ""
        raise _unreadable(path, f"{at}{first['msg']}") from error


def write_plan(path: Path, plan: Plan) -> None:
    """Save ``plan``, atomically. Raises ``OSError``."""
    replace_text(path, plan.model_dump_json(indent=1) + "\n")


def apply_plan(
    saved: Plan,
    program: Program,
    root: Path,
    out: Path,
    policy: Policy | None = None,
    *,
    console: Console | None = None,
) -> RunResult:
    """Run ``saved`` if a plan made now for ``program`` (the same spec, analysed now) says the same.

    What runs is the plan made now: a saved plan is a promise to compare with, and never a source
    of what to do. Where something moved, the result holds FT200 for each thing, and nothing ran.
    """
    now = build_plan(program, root, out, policy or Policy(), only=saved.only)
    moved = moved_inputs(saved, now)
    if moved:
        return turned_away(saved, moved)
    return run_plan(now, root, out, policy, console=console)


def turned_away(plan: Plan, diagnostics: tuple[Diagnostic, ...]) -> RunResult:
    """The result of a run that did not begin."""
    return RunResult(
        version=__version__,
        run_id=new_run_id(),
        spec=plan.spec,
        diagnostics=diagnostics,
        verdict="error",
        exit_code=exit_code("error"),
        only=plan.only,
    )


def _unreadable(path: Path, why: str) -> Refused:
    return Refused(
        Diagnostic(
            "FT201",
            f"{path} is not a plan that this version can apply: {why}",
            Span(path.name, 0, 0),
            help=f"make one with `ftdsl plan SPEC -o {path.name}` (schema {SCHEMA})",
        )
    )
