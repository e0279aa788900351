"""What the emulator answers has the shapes that OpenAI publishes, as its package states them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from openai import OpenAI
from openai.types import FileObject, Model, Upload
from openai.types.chat import ChatCompletion
from openai.types.fine_tuning import FineTuningJob, FineTuningJobEvent
from openai.types.fine_tuning.jobs import FineTuningJobCheckpoint
from openai.types.uploads import UploadPart

from ftdsl.emulator.server import Emulator
from tests.training.hosted_project import MODEL, host
from tests.training.test_hosted_creating import ROWS


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with host() as running:
        yield running


@pytest.fixture
def client(emulator: Emulator) -> Iterator[OpenAI]:
    with OpenAI(base_url=emulator.url, api_key="any", max_retries=0) as made:
        yield made


def strict(kind: Any, found: Any) -> None:
    """The package itself checks no answer; its types do when they are asked to. A field that the
    type does not know is one that the API does not have."""
    whole = found.model_dump()
    kind.model_validate(whole)
    unknown = set(whole) - set(kind.model_fields)
    assert not unknown, unknown


def finished(client: OpenAI, job: str) -> FineTuningJob:
    for _ in range(50):
        found = client.fine_tuning.jobs.retrieve(job)
        strict(FineTuningJob, found)
        if found.status in ("succeeded", "failed"):
            return found
    raise AssertionError("it never ended")


def test_the_life_of_a_job(client: OpenAI) -> None:
    file = client.files.create(file=("rows.jsonl", ROWS), purpose="fine-tune")
    strict(FileObject, file)
    job = client.fine_tuning.jobs.create(
        model=MODEL,
        training_file=file.id,
        validation_file=file.id,
        metadata={"a": "b"},
        method={"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 4}}},
    )
    strict(FineTuningJob, job)
    done = finished(client, job.id)
    assert (done.status, done.trained_tokens) == ("succeeded", len(ROWS) // 4 * 4)
    events = list(client.fine_tuning.jobs.list_events(job.id, limit=7))
    for event in events:
        strict(FineTuningJobEvent, event)
    assert events[0].message == "The job has successfully completed"
    assert len({event.id for event in events}) == len(events) > 7
    checkpoints = list(client.fine_tuning.jobs.checkpoints.list(job.id, limit=2))
    for checkpoint in checkpoints:
        strict(FineTuningJobCheckpoint, checkpoint)
    assert [each.step_number for each in checkpoints] == [48, 36, 24]
    assert client.files.content(done.result_files[0]).content.startswith(b"step,train_loss")
    assert done.fine_tuned_model is not None
    said = client.chat.completions.create(
        model=done.fine_tuned_model, messages=[{"role": "user", "content": "q"}]
    )
    strict(ChatCompletion, said)
    assert said.choices[0].message.content == "a"
    listed = list(client.fine_tuning.jobs.list(metadata={"a": "b"}))
    assert [each.id for each in listed] == [job.id]
    assert list(client.fine_tuning.jobs.list(metadata={"a": "c"})) == []


def test_a_file_in_parts(client: OpenAI, emulator: Emulator) -> None:
    upload = client.uploads.create(
        bytes=len(ROWS), filename="rows.jsonl", mime_type="text/jsonl", purpose="fine-tune"
    )
    strict(Upload, upload)
    parts = [client.uploads.parts.create(upload.id, data=part) for part in (ROWS[:100], ROWS[100:])]
    for part in parts:
        strict(UploadPart, part)
    done = client.uploads.complete(upload.id, part_ids=[part.id for part in parts])
    assert done.file is not None
    assert emulator.platform.file(done.file.id).content == ROWS


def test_pause_resume_and_the_race_with_the_end(client: OpenAI) -> None:
    file = client.files.create(file=("rows.jsonl", ROWS), purpose="fine-tune")
    job = client.fine_tuning.jobs.create(model=MODEL, training_file=file.id)
    while client.fine_tuning.jobs.retrieve(job.id).status != "running":
        continue
    with warnings.catch_warnings():
        # "paused" stands in the description's example and not in its list of statuses.
        warnings.simplefilter("ignore")
        assert client.fine_tuning.jobs.pause(job.id).status == "paused"
        for _ in range(20):
            assert client.fine_tuning.jobs.retrieve(job.id).status == "paused"
    assert client.fine_tuning.jobs.resume(job.id).status == "running"
    assert finished(client, job.id).status == "succeeded"
    with pytest.raises(Exception, match="already succeeded"):
        client.fine_tuning.jobs.cancel(job.id)


def test_models_have_an_end(client: OpenAI) -> None:
    strict(Model, client.models.retrieve(MODEL))
    with pytest.raises(Exception, match="does not exist"):
        client.models.retrieve("gpt-0")
