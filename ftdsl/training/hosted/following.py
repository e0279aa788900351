"""A job on its way: looked at ever more seldom, for as long as it takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ftdsl.engine.context import Context, Progress
from ftdsl.training.hosted.wire import TERMINAL, Wire

if TYPE_CHECKING:
    from openai.types.fine_tuning import FineTuningJob, FineTuningJobEvent

_GROWTH = 1.5
_SLICE = 0.2


def follow(wire: Wire, name: str, context: Context) -> FineTuningJob:
    """Wait until the job ends. A status that nobody knows is taken for one on the way, such as
    ``paused``, which the API's own description forgets. There is no deadline: hosts promise none.
    Raises ``Stopped`` after a signal; the job goes on, and is found again by the next run."""
    bar: Progress | None = None
    done = 0
    wait = wire.timing.first
    try:
        while True:
            job = wire.job(name)
            if job.status in TERMINAL:
                return job
            if bar is None:
                bar = context.progress(
                    f"training at {wire.endpoint.host}", _steps(wire, job), "steps"
                )
            bar.note(job.status.replace("_", " "))
            reached, loss = _reached(wire.events(name)) if job.status == "running" else (done, None)
            if reached > done:
                bar.advance(reached - done)
                done = reached
                wait = wire.timing.first
            if loss is not None:
                bar.note(f"loss {loss:.3f}")
            rest(wait, context.checkpoint, wire.pause)
            wait = min(wire.timing.most, wait * _GROWTH)
    finally:
        if bar is not None:
            bar.close()


def rest(seconds: float, checkpoint: Callable[[], None], pause: Callable[[float], None]) -> None:
    """Sleep, a moment at a time, so that a signal is heard."""
    left = seconds
    while left > 0:
        checkpoint()
        pause(min(_SLICE, left))
        left -= _SLICE
    checkpoint()


def _steps(wire: Wire, job: FineTuningJob) -> int | None:
    for event in reversed(wire.events(job.id)):
        total = _data(event).get("total_steps")
        if isinstance(total, int):
            return total
    return None


def _reached(events: list[FineTuningJobEvent]) -> tuple[int, float | None]:
    """The last step that was told of, and its loss."""
    for event in reversed(events):
        data = _data(event)
        step, loss = data.get("step"), data.get("train_loss")
        if event.type == "metrics" and isinstance(step, int):
            return step, float(loss) if isinstance(loss, int | float) else None
    return 0, None


def _data(event: FineTuningJobEvent) -> dict[str, Any]:
    return event.data if isinstance(event.data, dict) else {}
