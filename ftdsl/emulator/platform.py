"""The platform behind the API: its files, jobs and models, and one method for every request."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ftdsl.emulator.curves import Shape, table
from ftdsl.emulator.errors import Refusal, closed, missing, out_of_quota
from ftdsl.emulator.files import (
    LARGEST_FILE,
    LARGEST_PART,
    StoredFile,
    Upload,
    answers_of,
    examples_of,
)
from ftdsl.emulator.jobs import TERMINAL, Clock, Job
from ftdsl.emulator.requests import method_of

UNKNOWN = "I do not know."
"""What a model says that was not trained, or was asked what it has not learned."""


@dataclass(slots=True)
class Rules:
    """How the platform behaves. ``models`` maps base models to their shutdown date, or None;
    ``quota`` is the number of tokens that may still be trained; ``list_lag`` is for how many
    listings a new job does not show; ``moderated`` words make a model fail its safety check, and
    ``refused`` words make a line of a file invalid."""

    models: Mapping[str, str | None]
    clock: Clock = field(default_factory=Clock)
    shape: Shape = "healthy"
    closed: bool = False
    quota: int | None = None
    list_lag: int = 0
    moderated: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    seed: int = 0


@dataclass(slots=True)
class Platform:
    """All state. Every public method takes the lock, so that requests may come side by side."""

    rules: Rules
    files: dict[str, StoredFile] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    spent: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)
    draw: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.draw = random.Random(self.rules.seed)

    def _id(self, prefix: str) -> str:
        letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
        return prefix + "".join(self.draw.choices(letters, k=24))

    def _now(self) -> int:
        return int(self.rules.clock.now())

    # ------------------------------------------------------------------ files

    def add_file(self, name: str, purpose: str, content: bytes) -> dict[str, Any]:
        with self.lock:
            if len(content) > LARGEST_FILE:
                raise Refusal(400, "The file is larger than 512 MB.", code="file_too_large")
            file = StoredFile(self._id("file-"), name, purpose, content, self._now())
            self.files[file.id] = file
            return file.shown()

    def file(self, name: str) -> StoredFile:
        with self.lock:
            if name not in self.files:
                raise missing("File object", name)
            return self.files[name]

    def list_files(self, query: Mapping[str, str]) -> dict[str, Any]:
        with self.lock:
            purpose = query.get("purpose")
            found = [f.shown() for f in self.files.values() if purpose in (None, f.purpose)]
            return _named(_page(found[::-1], query, 10_000))

    def delete_file(self, name: str) -> dict[str, Any]:
        with self.lock:
            self.file(name)
            del self.files[name]
            return {"id": name, "object": "file", "deleted": True}

    def start_upload(self, body: Mapping[str, Any]) -> dict[str, Any]:
        with self.lock:
            upload = Upload(
                self._id("upload_"), body["filename"], body["purpose"], body["bytes"], self._now()
            )
            self.uploads[upload.id] = upload
            return upload.shown()

    def add_part(self, name: str, data: bytes) -> dict[str, Any]:
        with self.lock:
            upload = self._pending(name)
            if len(data) > LARGEST_PART:
                raise Refusal(400, "The part is larger than 64 MB.")
            part = self._id("part_")
            upload.parts[part] = data
            return {
                "id": part,
                "object": "upload.part",
                "created_at": self._now(),
                "upload_id": name,
            }

    def complete_upload(self, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
        with self.lock:
            upload = self._pending(name)
            content = upload.joined(body["part_ids"])
            file = StoredFile(self._id("file-"), upload.name, upload.purpose, content, self._now())
            self.files[file.id] = file
            upload.status = "completed"
            return upload.shown(file)

    def cancel_upload(self, name: str) -> dict[str, Any]:
        with self.lock:
            upload = self._pending(name)
            upload.status = "cancelled"
            return upload.shown()

    def _pending(self, name: str) -> Upload:
        upload = self.uploads.get(name)
        if upload is None:
            raise missing("Upload", name)
        if upload.status != "pending":
            raise Refusal(400, f"The upload is {upload.status}.")
        return upload

    # ------------------------------------------------------------------ jobs

    def create_job(self, body: Mapping[str, Any]) -> dict[str, Any]:
        with self.lock:
            if self.rules.closed:
                raise closed()
            method, hyperparameters = method_of(body)
            self.model(str(body["model"]))
            training = self.file(str(body["training_file"]))
            if body.get("validation_file") is not None:
                self.file(str(body["validation_file"]))
            job = Job(
                self._id("ftjob-"), dict(body), method, hyperparameters, self._now(), [],
                self.rules.shape, self.rules.clock, len(training.content),
            )  # fmt: skip
            self._validate(job, training)
            if self.rules.quota is not None and self.spent + job.tokens > self.rules.quota:
                raise out_of_quota()
            job.hidden_from = self.rules.list_lag
            self.jobs[job.id] = job
            return job.shown()

    def _validate(self, job: Job, training: StoredFile) -> None:
        """Read the files now; what is wrong shows when validation has had its time."""
        param = "training_file"
        try:
            job.examples = examples_of(training.content, job.method)
            validation = job.request.get("validation_file")
            if validation is not None:
                param = "validation_file"
                examples_of(self.files[validation].content, job.method, fewest=1)
        except ValueError as error:
            code = f"invalid_{param}"
            job.problem = {"code": code, "message": str(error), "param": param}
        text = training.content.decode("utf-8", "replace").casefold()
        for number, line in enumerate(text.splitlines(), start=1):
            if job.problem is None and any(word in line for word in self.rules.refused):
                message = f"Invalid file format. Line {number}: the example is not supported"
                job.problem = {
                    "code": "invalid_training_file",
                    "message": message,
                    "param": "training_file",
                }
        job.moderation = any(word in text for word in self.rules.moderated)

    def job(self, name: str) -> Job:
        if name not in self.jobs:
            raise missing("fine-tuning job", name)
        return self.jobs[name]

    def show_job(self, name: str) -> dict[str, Any]:
        with self.lock:
            return self._looked_at(name).shown()

    def _looked_at(self, name: str) -> Job:
        job = self.job(name)
        before = job.status
        job.look()
        if job.status == "succeeded" and before not in TERMINAL:
            self.spent += job.tokens
            content = table(job.curve).encode()
            file = StoredFile(
                self._id("file-"), "step_metrics.csv", "fine-tune-results", content, self._now()
            )
            self.files[file.id] = file
            job.result_file = file.id
        return job

    def list_jobs(self, query: Mapping[str, str]) -> dict[str, Any]:
        with self.lock:
            wanted = {
                key[len("metadata[") : -1]: value
                for key, value in query.items()
                if key.startswith("metadata[") and key.endswith("]")
            }
            found = []
            for job in reversed(self.jobs.values()):
                if job.hidden_from > 0:
                    job.hidden_from -= 1
                    continue
                metadata = job.request.get("metadata") or {}
                if all(metadata.get(key) == value for key, value in wanted.items()):
                    found.append(job.shown())
            return _page(found, query, 20)

    def act(self, name: str, action: str) -> dict[str, Any]:
        """Cancel, pause or resume."""
        with self.lock:
            job = self.job(name)
            {"cancel": job.cancel, "pause": job.pause, "resume": job.resume}[action]()
            return job.shown()

    def events(self, name: str, query: Mapping[str, str]) -> dict[str, Any]:
        with self.lock:
            return _page(self.job(name).events(), query, 20)

    def checkpoints(self, name: str, query: Mapping[str, str]) -> dict[str, Any]:
        with self.lock:
            return _named(_page(self.job(name).checkpoints(), query, 10))

    # ------------------------------------------------------------------ models

    def model(self, name: str) -> dict[str, Any]:
        with self.lock:
            shutdown = self.rules.models.get(name)
            if name not in self.rules.models and self._trained(name) is None:
                raise Refusal(
                    404, f"The model '{name}' does not exist or you do not have access to it.",
                    code="model_not_found", param="model",
                )  # fmt: skip
            return {
                "id": name,
                "object": "model",
                "created": 1_700_000_000,
                "owned_by": "emulated",
                "shutdown_date": shutdown,
            }

    def _trained(self, name: str) -> Job | None:
        found = (
            job
            for job in self.jobs.values()
            if job.status == "succeeded" and name.partition(":ckpt-step")[0] == job.model_name
        )
        return next(found, None)

    def chat(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """A trained model says by heart what it was trained to say, and every other ``UNKNOWN``."""
        with self.lock:
            name = str(body.get("model"))
            self.model(name)
            asked = str((body.get("messages") or [{}])[-1].get("content"))
            job = self._trained(name)
            said = UNKNOWN if job is None else answers_of(job.examples).get(asked, UNKNOWN)
            usage = len(json.dumps(body.get("messages"))) // 4, max(1, len(said) // 4)
            return {
                "id": self._id("chatcmpl-"),
                "object": "chat.completion",
                "created": self._now(),
                "model": name,
                "choices": [
                    {
                        "index": 0,
                        "finish_reason": "stop",
                        "logprobs": None,
                        "message": {"role": "assistant", "content": said, "refusal": None},
                    }
                ],
                "usage": {
                    "prompt_tokens": usage[0],
                    "completion_tokens": usage[1],
                    "total_tokens": sum(usage),
                },
            }


def _page(found: list[dict[str, Any]], query: Mapping[str, str], most: int) -> dict[str, Any]:
    """A page of a list, after the object that ``after`` names."""
    limit = int(query.get("limit", most))
    if not 1 <= limit <= 10_000:
        raise Refusal(400, "Invalid 'limit'.", param="limit")
    after = query.get("after")
    start = 0
    if after is not None:
        places = [place for place, each in enumerate(found) if each["id"] == after]
        if not places:
            raise missing("object", after)
        start = places[0] + 1
    data = found[start : start + limit]
    return {"object": "list", "data": data, "has_more": start + limit < len(found)}


def _named(page: dict[str, Any]) -> dict[str, Any]:
    """A page that also says where it begins and ends."""
    data = page["data"]
    ends = {"first_id": data[0]["id"], "last_id": data[-1]["id"]} if data else {}
    return page | {"first_id": None, "last_id": None} | ends
