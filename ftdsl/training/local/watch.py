"""What is looked at while a model trains: progress, a wish to stop, a loss that broke."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ftdsl.training.local.checkpoints import seal
from ftdsl.training.local.job import Event, Settings, Stepped, Validated
from ftdsl.training.local.ranks import agreed, rank, together


class Watch:
    """``broken`` is the step at which the loss was not finite; ``halted`` tells that the run was
    stopped on request, with a checkpoint at its last step."""

    def __init__(self, tell: Callable[[Event], None], asked_to_stop: Callable[[], bool]) -> None:
        self.tell = tell
        self.asked_to_stop = asked_to_stop
        self.loss: float | None = None
        self.broken: int | None = None
        self.halted = False
        self.saved_at: int | None = None

    def logged(self, step: int, logs: dict[str, Any]) -> None:
        for name in ("loss", "eval_loss"):
            value = logs.get(name)
            if isinstance(value, float) and not math.isfinite(value):
                self.broken = step
        if isinstance(loss := logs.get("loss"), float) and math.isfinite(loss):
            self.loss = loss
        if isinstance(loss := logs.get("eval_loss"), float) and math.isfinite(loss):
            epoch = float(logs.get("epoch") or 0.0)
            self.tell(Validated(step=step, epoch=epoch, eval_loss=loss))

    def saved(self, step: int, folder: Path) -> None:
        self.saved_at = step
        together()  # each process writes a part of it
        if self.broken is None and folder.is_dir() and rank() == 0:
            seal(folder)


def callbacks(watch: Watch, settings: Settings) -> list[Any]:
    """The trainer callbacks that keep ``watch`` up to date, and early stopping if it is set."""
    from transformers import EarlyStoppingCallback, TrainerCallback

    def on_log(_: Any, __: Any, state: Any, control: Any, logs: Any = None, **___: Any) -> None:
        watch.logged(state.global_step, logs or {})
        if watch.broken is not None:
            control.should_training_stop = True

    def on_step_end(_: Any, args: Any, state: Any, control: Any, **___: Any) -> None:
        watch.tell(Stepped(step=state.global_step, loss=watch.loss))
        if agreed(watch.asked_to_stop(), args.device):
            watch.halted = True
            control.should_save = True
            control.should_training_stop = True

    def on_save(_: Any, args: Any, state: Any, __: Any, **___: Any) -> None:
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        watch.saved(state.global_step, folder)

    def on_epoch_end(_: Any, __: Any, state: Any, control: Any, **___: Any) -> None:
        # Writing a checkpoint a second time would leave a torn one that is marked as whole.
        if watch.saved_at == state.global_step:
            control.should_save = False

    hooks: dict[str, Any] = {
        "on_log": on_log,
        "on_step_end": on_step_end,
        "on_epoch_end": on_epoch_end,
        "on_save": on_save,
    }
    found: list[Any] = [type("Watching", (TrainerCallback,), hooks)()]
    if settings.early_stopping:
        found.append(EarlyStoppingCallback(early_stopping_patience=settings.early_stopping))
    return found
