"""Fine-tuning jobs: how they go from validation to a model, and what they show on the way."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ftdsl.emulator.curves import Point, Shape, points
from ftdsl.emulator.errors import Refusal
from ftdsl.emulator.files import mean_answer_tokens

TERMINAL = ("succeeded", "failed", "cancelled")
_VALIDATED, _STARTED = 0.2, 0.4
_FEWEST_STEPS = 100


@dataclass(slots=True)
class Clock:
    """How far a job is. With ``polls``, every look at a job takes it a step on its way; else it
    takes ``seconds`` of real time."""

    polls: int | None = None
    seconds: float = 10.0
    now: Callable[[], float] = time.time


@dataclass(slots=True)
class Job:
    """One job. ``progress`` runs from 0 to 1; ``problem`` is the error that validation will end
    in, ``moderation`` the one that the finished model will."""

    id: str
    request: dict[str, Any]
    method: str
    hyperparameters: dict[str, Any]
    created_at: int
    examples: list[dict[str, Any]]
    shape: Shape
    clock: Clock
    training_bytes: int
    problem: dict[str, Any] | None = None
    moderation: bool = False
    progress: float = 0.0
    seen_at: float = 0.0
    status: str = "validating_files"
    paused: bool = False
    finished_at: int | None = None
    result_file: str | None = None
    error: dict[str, Any] | None = None
    hidden_from: int = 0
    curve: list[Point] = field(default_factory=list)

    @property
    def seed(self) -> int:
        given = self.request.get("seed")
        return given if isinstance(given, int) else sum(self.id.encode()) * 7919 % 2**31

    @property
    def rows(self) -> int:
        return max(1, len(self.examples))

    @property
    def resolved(self) -> dict[str, Any]:
        """The hyperparameters with every ``auto`` resolved: epochs as OpenAI's cookbook does,
        a batch of 0.2% of the rows, and the provider's own rate."""
        auto = {
            "n_epochs": auto_epochs(self.rows),
            "batch_size": min(256, max(1, round(self.rows * 0.002))),
            "learning_rate_multiplier": 2.0,
        }
        own = {k: v for k, v in self.hyperparameters.items() if v != "auto"}
        return auto | own

    @property
    def steps(self) -> int:
        found = self.resolved
        return math.ceil(self.rows / int(found["batch_size"])) * int(found["n_epochs"])

    @property
    def tokens(self) -> int:
        """What is billed: four bytes are taken for a token, in every epoch."""
        return self.training_bytes // 4 * int(self.resolved["n_epochs"])

    @property
    def model_name(self) -> str:
        suffix = self.request.get("suffix") or ""
        return f"ft:{self.request['model']}:emulated:{suffix}:{self.id.removeprefix('ftjob-')[:8]}"

    @property
    def steps_done(self) -> int:
        share = (self.progress - _STARTED) / (1 - _STARTED)
        return max(0, min(self.steps, math.floor(self.steps * share + 1e-9)))

    def look(self) -> None:
        """Let time pass: a poll, or the seconds since the last look."""
        now = self.clock.now()
        if self.status in TERMINAL:
            return
        if not self.paused:
            if self.clock.polls is not None:
                self.progress += 1 / self.clock.polls
            else:
                self.progress += (now - (self.seen_at or now)) / self.clock.seconds
        self.seen_at = now
        self._settle(int(now))

    def _settle(self, now: int) -> None:
        if self.paused:
            self.status = "paused"
        elif self.progress < _VALIDATED - 1e-9:
            self.status = "validating_files"
        elif self.problem is not None:
            self._end("failed", now, self.problem)
        elif self.progress < _STARTED - 1e-9:
            self.status = "queued"
        elif self.progress < 1 - 1e-9:
            self._run()
        elif self.moderation:
            self._run()
            message = (
                "Error while running moderation eval refusals_v3: the model's answers were "
                "flagged for harassment/threatening."
            )
            self._end("failed", now, {"code": "moderation", "message": message, "param": None})
        else:
            self._run()
            self._end("succeeded", now, None)

    def _run(self) -> None:
        self.status = "running"
        if not self.curve:
            self.curve = list(
                points(
                    self.shape,
                    self.steps,
                    int(self.resolved["n_epochs"]),
                    seed=self.seed,
                    validated=self.request.get("validation_file") is not None,
                    tokens=1.0 if self.shape == "short-answers" else self._answer_tokens,
                )
            )

    @property
    def _answer_tokens(self) -> float:
        return mean_answer_tokens(self.examples)

    def _end(self, status: str, now: int, error: dict[str, Any] | None) -> None:
        self.status, self.error = status, error
        self.finished_at = max(now, self.created_at)
        self.progress = min(self.progress, 1.0)

    def cancel(self) -> None:
        if self.status in TERMINAL:
            raise Refusal(400, f"Job is already {self.status}.", code="invalid_state")
        self.paused = False
        self._end("cancelled", int(self.clock.now()), None)

    def pause(self) -> None:
        if self.status != "running":
            raise Refusal(400, f"A job that is {self.status} cannot be paused.")
        self.paused, self.status = True, "paused"

    def resume(self) -> None:
        if not self.paused:
            raise Refusal(400, f"A job that is {self.status} cannot be resumed.")
        self.paused, self.status, self.seen_at = False, "running", self.clock.now()

    # ------------------------------------------------------------------ as the API shows it

    def shown(self) -> dict[str, Any]:
        done = self.status == "succeeded"
        running = self.status == "running"
        resolved = self.hyperparameters if self.status == "validating_files" else self.resolved
        method: dict[str, Any] = {"type": self.method, self.method: {"hyperparameters": resolved}}
        if self.method == "reinforcement":
            method[self.method]["grader"] = self.request["method"][self.method]["grader"]
        return {
            "object": "fine_tuning.job",
            "id": self.id,
            "model": self.request["model"],
            "created_at": self.created_at,
            "finished_at": self.finished_at,
            "estimated_finish": self.created_at + 60 if running else None,
            "fine_tuned_model": self.model_name if done else None,
            "organization_id": "org-emulated",
            "result_files": [self.result_file] if done and self.result_file else [],
            "status": self.status,
            "validation_file": self.request.get("validation_file"),
            "training_file": self.request["training_file"],
            "hyperparameters": resolved if self.method == "supervised" else {},
            "trained_tokens": self.tokens if done else None,
            "error": self.error,
            "integrations": [],
            "seed": self.seed,
            "method": method,
            "metadata": self.request.get("metadata"),
        }

    def events(self) -> list[dict[str, Any]]:
        """Newest first, as the API lists them."""
        told = [self._event(0, "Created fine-tuning job: " + self.id)]
        told.append(self._event(1, "Validating training file: " + self.request["training_file"]))
        if self.problem is None and self.progress >= _VALIDATED - 1e-9:
            told.append(self._event(2, "Files validated, moving job to queued state"))
        if self.curve:
            told.append(self._event(3, "Fine-tuning job started"))
        told += [self._metrics(point) for point in self.curve[: self.steps_done]]
        if self.status == "succeeded":
            told.append(self._event(self.steps + 4, "The job has successfully completed"))
        elif self.status == "failed" and self.error is not None:
            told.append(self._event(self.steps + 4, self.error["message"], "error"))
        elif self.status == "cancelled":
            told.append(self._event(self.steps + 4, "The job was cancelled", "warn"))
        return told[::-1]

    def _event(self, number: int, message: str, level: str = "info") -> dict[str, Any]:
        return {
            "object": "fine_tuning.job.event",
            "id": f"ftevent-{self.id.removeprefix('ftjob-')}-{number:06d}",
            "created_at": self.created_at + number,
            "level": level,
            "message": message,
            "type": "message",
            "data": {},
        }

    def _metrics(self, point: Point) -> dict[str, Any]:
        data = {
            "step": point.step,
            "total_steps": self.steps,
            "train_loss": point.train_loss,
            "train_mean_token_accuracy": point.train_accuracy,
        }
        if point.valid_loss is not None:
            data["valid_loss"] = point.valid_loss
        if point.full_valid_loss is not None:
            data["full_valid_loss"] = point.full_valid_loss
        message = f"Step {point.step}/{self.steps}: training loss={point.train_loss:.2f}"
        return self._event(point.step + 3, message) | {"type": "metrics", "data": data}

    def checkpoints(self) -> list[dict[str, Any]]:
        """The ends of the last three epochs, newest first."""
        epochs = int(self.resolved["n_epochs"])
        ends = [round(self.steps * (each + 1) / epochs) for each in range(epochs)][-3:]
        reached = [end for end in ends if end <= self.steps_done and self.curve]
        return [self._checkpoint(self.curve[end - 1]) for end in reached[::-1]]

    def _checkpoint(self, point: Point) -> dict[str, Any]:
        last = point.step == self.steps
        metrics = {
            "step": point.step,
            "train_loss": point.train_loss,
            "train_mean_token_accuracy": point.train_accuracy,
            "valid_loss": point.valid_loss,
            "valid_mean_token_accuracy": point.valid_accuracy,
            "full_valid_loss": point.full_valid_loss,
            "full_valid_mean_token_accuracy": point.full_valid_accuracy,
        }
        return {
            "object": "fine_tuning.job.checkpoint",
            "id": f"ftckpt-{self.id.removeprefix('ftjob-')}-{point.step}",
            "created_at": self.created_at + point.step,
            "fine_tuned_model_checkpoint": self.model_name
            if last
            else f"{self.model_name}:ckpt-step-{point.step}",
            "fine_tuning_job_id": self.id,
            "step_number": point.step,
            "metrics": {name: value for name, value in metrics.items() if value is not None},
        }


def auto_epochs(rows: int) -> int:
    """What OpenAI's cookbook (``Chat_finetuning_data_prep``) takes for ``auto``."""
    if rows * 3 < _FEWEST_STEPS:
        return min(25, _FEWEST_STEPS // rows)
    return max(1, 25_000 // rows) if rows * 3 > 25_000 else 3
