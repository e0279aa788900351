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
    done, counted = 0, False
    wait = wire.timing.first
    try:
        while True:
            job = wire.job(name)
            if job.status in TERMINAL:
                return job
            steps, reached, loss = _reached(wire.newest_events(name))
            if bar is None or (steps is not None and not counted):
                if bar is not None:
                    bar.close()
                bar = context.progress(f"training at {wire.endpoint.host}", steps, "steps")
                counted = steps is not None
                done = 0
            bar.note(job.status.replace("_", " ") if loss is None else f"loss {loss:.3f}")
            if reached > done:
                bar.advance(reached - done)
                done = reached
                wait = wire.timing.first
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


def _reached(events: list[FineTuningJobEvent]) -> tuple[int | None, int, float | None]:
    """How many steps there are, the last one that was told of, and its loss."""
    for event in events:
        data = _data(event)
        step, total, loss = (data.get(key) for key in ("step", "total_steps", "train_loss"))
        if event.type == "metrics" and isinstance(step, int):
            return (
                total if isinstance(total, int) else None,
                step,
                float(loss) if isinstance(loss, int | float) else None,
            )
    return None, 0, None


def _data(event: FineTuningJobEvent) -> dict[str, Any]:
    return event.data if isinstance(event.data, dict) else {}
