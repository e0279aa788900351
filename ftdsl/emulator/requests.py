"""What a request to create a job may hold, and the ranges that the API's description states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ftdsl.emulator.errors import Refusal

METHODS = ("supervised", "dpo", "reinforcement")
_TOP = {
    "model", "training_file", "validation_file", "hyperparameters", "integrations", "metadata",
    "method", "seed", "suffix",
}  # fmt: skip
#: name → (lowest, highest, whether the lowest is excluded, whether it is whole)
_COMMON: dict[str, tuple[float, float, bool, bool]] = {
    "batch_size": (1, 256, False, True),
    "learning_rate_multiplier": (0, float("inf"), True, False),
    "n_epochs": (1, 50, False, True),
}
_RANGES: dict[str, dict[str, tuple[float, float, bool, bool]]] = {
    "supervised": _COMMON,
    "dpo": _COMMON | {"beta": (0, 2, True, False)},
    "reinforcement": _COMMON
    | {
        "compute_multiplier": (1e-5, 10, True, False),
        "eval_interval": (1, float("inf"), False, True),
        "eval_samples": (1, float("inf"), False, True),
    },
}
_EFFORTS = ("default", "low", "medium", "high")


def method_of(body: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The method's type and its hyperparameters. Raises ``Refusal`` for what the API refuses."""
    unknown = sorted(set(body) - _TOP)
    if unknown:
        raise _bad(f"Unrecognized request argument supplied: {unknown[0]}", unknown[0])
    for name in ("model", "training_file"):
        if not isinstance(body.get(name), str):
            raise _bad(f"Missing required parameter: '{name}'.", name)
    _check_names(body)
    method = body.get("method")
    if method is None:
        return "supervised", _in_range("supervised", body.get("hyperparameters") or {})
    kind = method.get("type") if isinstance(method, dict) else None
    if kind not in METHODS:
        raise _bad(f"Invalid value: '{kind}'. Supported values are: {METHODS}.", "method.type")
    own = method.get(kind) or {}
    if kind == "reinforcement" and not isinstance(own.get("grader"), dict):
        raise _bad("Missing required parameter: 'method.reinforcement.grader'.", "method")
    return kind, _in_range(kind, own.get("hyperparameters") or {})


def _check_names(body: Mapping[str, Any]) -> None:
    suffix, seed = body.get("suffix"), body.get("seed")
    if suffix is not None and not 1 <= len(suffix) <= 64:
        raise _bad("Invalid 'suffix': 1 to 64 characters.", "suffix")
    if seed is not None and not 0 <= seed <= 2**31 - 1:
        raise _bad("Invalid 'seed': 0 to 2147483647.", "seed")
    metadata = body.get("metadata") or {}
    if len(metadata) > 16:
        raise _bad("Invalid 'metadata': at most 16 pairs.", "metadata")
    for key, value in metadata.items():
        if len(key) > 64 or not isinstance(value, str) or len(value) > 512:
            raise _bad(f"Invalid 'metadata': {key[:64]}.", "metadata")


def _in_range(method: str, given: Mapping[str, Any]) -> dict[str, Any]:
    for name, value in given.items():
        if name == "reasoning_effort" and method == "reinforcement":
            if value not in _EFFORTS:
                raise _bad(f"Invalid value: '{value}'.", "reasoning_effort")
            continue
        if name not in _RANGES[method]:
            raise _bad(f"Unrecognized hyperparameter: {name}", name)
        low, high, open_, whole = _RANGES[method][name]
        if value == "auto":
            continue
        right = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
        if not right or value > high or value < low or (open_ and value == low):
            raise _bad(f"Invalid value for '{name}': {value} is not in [{low}, {high}].", name)
    return dict(given)


def _bad(message: str, param: str) -> Refusal:
    return Refusal(400, message, code="invalid_value", param=param)
