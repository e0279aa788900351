"""From the settings of ``target openai`` to the request for a job."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ftdsl.language.catalog.training_blocks import OF_METHOD
from ftdsl.language.program import Value
from ftdsl.plan.cost import auto_epochs
from ftdsl.training.hosted.creating import BLOCK

METHODS = {"sft": "supervised", "dpo": "dpo", "reinforcement": "reinforcement"}
_COMMON = ("batch_size", "learning_rate_multiplier")
GRADERS = ("string_check", "text_similarity", "python", "score_model", "multi")


def job_request(
    name: str,
    settings: Mapping[str, Value],
    epochs: int,
    files: Mapping[str, str],
    grader: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """The body of the request. ``files`` maps ``training_file`` and ``validation_file`` to ids;
    ``epochs`` is sent as a number even where the spec says ``auto``, for its cost must be known
    before it is spent; ``auto`` of other settings is the host's to resolve."""
    method = str(settings["method"])
    its = [key for key, methods in OF_METHOD["openai"].items() if method in methods]
    named = [key for key in (*_COMMON, *its) if key != "grader"]
    own = {key: settings[key] for key in named if settings.get(key) is not None}
    inner: dict[str, Any] = {"hyperparameters": {"n_epochs": epochs, **own}}
    if grader is not None:
        inner["grader"] = dict(grader)
    kind = METHODS[method]
    body: dict[str, Any] = {
        "model": str(settings["model"]),
        **files,
        "method": {"type": kind, kind: inner},
        "metadata": {BLOCK: name[:512]},
    }
    for key in ("seed", "suffix"):
        if settings.get(key) is not None:
            body[key] = settings[key]
    return body


def epochs_of(settings: Mapping[str, Value], rows: int) -> int:
    """The declared passes, or for ``auto`` what OpenAI's cookbook takes for so many rows."""
    stated = settings.get("n_epochs")
    if isinstance(stated, int) and not isinstance(stated, bool):
        return stated
    return auto_epochs(rows)


def read_grader(path: Path) -> dict[str, Any]:
    """The grader in a JSON file. Raises ValueError where the API would refuse it at sight, and
    OSError where it cannot be read."""
    try:
        found = json.loads(path.read_bytes())
    except UnicodeDecodeError as error:
        raise ValueError("it is not UTF-8") from error
    _check_grader(found, "the grader")
    assert isinstance(found, dict)
    return found


def _check_grader(found: object, name: str) -> None:
    if not isinstance(found, dict):
        raise ValueError(f"{name} is not an object")
    kind = found.get("type")
    if kind not in GRADERS:
        raise ValueError(f"{name} has the type {kind!r}, which is none of {', '.join(GRADERS)}")
    for key in _NEEDED[kind]:
        if key not in found:
            raise ValueError(f"{name} of type {kind} lacks `{key}`")
    if kind == "multi":
        graders = found["graders"]
        inner = graders.values() if isinstance(graders, dict) else graders
        for each in inner:
            _check_grader(each, f"{name}'s part")


_NEEDED: dict[str, tuple[str, ...]] = {
    "string_check": ("name", "input", "reference", "operation"),
    "text_similarity": ("name", "input", "reference", "evaluation_metric"),
    "python": ("name", "source"),
    "score_model": ("name", "input", "model"),
    "multi": ("name", "graders", "calculate_output"),
}
