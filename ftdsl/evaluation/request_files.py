"""What an eval's own files add to every request: system turn, tools, the form of the answer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Refused
from ftdsl.evaluation.turns import tools_text
from ftdsl.models.answer import Turn
from ftdsl.plan.steps import EvalStep


@dataclass(frozen=True, slots=True)
class Added:
    """``system`` is before the turns of each case; ``tools`` and ``response_format`` are JSON."""

    system: tuple[Turn, ...] = ()
    tools: str = ""
    response_format: str = ""


def added_by(step: EvalStep, root: Path) -> Added:
    """What the settings ``system``, ``system_file``, ``tools`` and ``response_schema`` add. Raises
    ``Refused`` (FT536) for a file that is not what it must be."""
    settings = dict(step.eval.settings)
    system = settings.get("system")
    if (name := settings.get("system_file")) is not None:
        system = _read(step, root, str(name)).decode("utf-8", "replace").strip()
    tools = ""
    if (name := settings.get("tools")) is not None:
        tools = tools_text(_json(step, root, str(name), list, "a list of tools"))
    form = ""
    if (name := settings.get("response_schema")) is not None:
        schema = _json(step, root, str(name), dict, "a JSON Schema that is an object")
        shape = {"name": "answer", "strict": True, "schema": schema}
        form = orjson.dumps({"type": "json_schema", "json_schema": shape}).decode()
    return Added((Turn("system", str(system)),) if system is not None else (), tools, form)


def _json(step: EvalStep, root: Path, name: str, kind: type, wanted: str) -> Any:
    try:
        found = orjson.loads(_read(step, root, name))
    except orjson.JSONDecodeError as error:
        raise _refused(step, name, f"is no JSON: {error}") from None
    if not isinstance(found, kind) or not found:
        raise _refused(step, name, f"is not {wanted}")
    return found


def _read(step: EvalStep, root: Path, name: str) -> bytes:
    try:
        return (root / name).read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise _refused(step, name, f"cannot be read: {reason}") from None


def _refused(step: EvalStep, name: str, why: str) -> Refused:
    return Refused(
        Diagnostic(
            "FT536",
            f"`{name}`, which eval `{step.eval.name}` sends with every case, {why}",
            step.eval.span or Span("", 0, 0),
            help="paths are relative to the spec's own folder",
        )
    )
