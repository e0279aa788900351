"""The loss curve of a run, from the trainer's log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ftdsl.results.models import CurvePoint

_NAMES = {
    "epoch": "epoch",
    "loss": "loss",
    "eval_loss": "eval_loss",
    "learning_rate": "learning_rate",
    "grad_norm": "grad_norm",
    "mean_token_accuracy": "token_accuracy",
    "rewards/margins": "reward_margin",
    "rewards/accuracies": "reward_accuracy",
}


def loss_curve(history: Iterable[Mapping[str, float]]) -> tuple[CurvePoint, ...]:
    """One point a logged step, in order. A step's training loss and validation loss, which the
    trainer logs apart, become one point; its summary of the whole run is left out."""
    points: dict[int, dict[str, float]] = {}
    for entry in history:
        if "loss" not in entry and "eval_loss" not in entry:
            continue
        point = points.setdefault(int(entry["step"]), {})
        for name, ours in _NAMES.items():
            if name in entry:
                point[ours] = entry[name]
    return tuple(CurvePoint(step=step, **values) for step, values in sorted(points.items()))
