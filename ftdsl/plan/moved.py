"""What differs between a saved plan and one made now, and which files changed under a step."""

from __future__ import annotations

from collections.abc import Iterator

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.plan.files import Files
from ftdsl.plan.freshness import changes
from ftdsl.plan.lock import FILE as LOCK_FILE
from ftdsl.plan.model import Plan, PlannedStep

_FILE = "file "
_SHOWN_STEPS = 3


def moved_files(planned: PlannedStep, files: Files) -> tuple[str, ...]:
    """Root-relative paths of the step's files whose bytes are not those it was planned with."""
    return tuple(
        name.removeprefix(_FILE)
        for name, sha256 in planned.inputs.items()
        if name.startswith(_FILE) and files.digest(name.removeprefix(_FILE)) != sha256
    )


def moved_inputs(saved: Plan, now: Plan) -> tuple[Diagnostic, ...]:
    """FT200, once for each thing that is not as ``saved`` says; empty when it can be applied.

    Which steps are fresh may differ: a step that ran meanwhile is only less to do. A lock that
    changed matters only where a step reads the changed entry.
    """
    causes: dict[str, list[str]] = {reason: [] for reason in _files(saved, now)}
    for reason, id_ in _steps(saved, now):
        causes.setdefault(reason, []).append(id_)
    only = "".join(f" --only {selector}" for selector in saved.only)
    command = f"ftdsl plan {saved.spec}{only} -o plan.json"
    return tuple(
        Diagnostic(
            "FT200",
            f"the plan no longer holds: {reason}{_listed(ids)}",
            Span(saved.spec, 0, 0),
            help=f"make a new plan and review it: `{command}`",
        )
        for reason, ids in causes.items()
    )


def _listed(ids: list[str]) -> str:
    """`` (check.a, dedup.a and 2 more)``; nothing for a reason that is of no single step."""
    found = [id_ for id_ in ids if id_]
    more = f" and {len(found) - _SHOWN_STEPS} more" if len(found) > _SHOWN_STEPS else ""
    return f" ({', '.join(found[:_SHOWN_STEPS])}{more})" if found else ""


def _files(saved: Plan, now: Plan) -> Iterator[str]:
    before = {file.path: file.sha256 for file in saved.files if not _is_lock(file.path)}
    after = {file.path: file.sha256 for file in now.files if not _is_lock(file.path)}
    yield from changes(_named(before), _named(after))


def _named(files: dict[str, str]) -> dict[str, str]:
    return {f"{_FILE}{path}": sha256 for path, sha256 in files.items()}


def _is_lock(path: str) -> bool:
    return path.rpartition("/")[2] == LOCK_FILE


def _steps(saved: Plan, now: Plan) -> Iterator[tuple[str, str]]:
    """(reason, id of the step that it concerns, or "")."""
    before = {planned.id: planned for planned in saved.steps}
    after = {planned.id: planned for planned in now.steps}
    yield from ((f"step {id_} is new", "") for id_ in after if id_ not in before)
    yield from ((f"step {id_} is gone", "") for id_ in before if id_ not in after)
    for id_, planned in before.items():
        if id_ in after and planned.key != after[id_].key:
            found = changes(planned.inputs, after[id_].inputs)
            if found and all(reason.endswith(" would run again") for reason in found):
                continue  # said where it comes from
            yield from ((reason, id_) for reason in found)
            if not found:
                yield f"{id_} has another key than the plan says", ""
