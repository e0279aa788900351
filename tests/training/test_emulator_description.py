"""What the emulator answers, held against the published OpenAPI description, byte for byte as sent.

The `openai` package reads answers leniently, so the bodies are read here without it. A field that
the description does not have is a mistake, and so is a null where it allows none.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from jsonschema import Draft202012Validator
from openai import OpenAI
from openai.types.shared import ErrorObject

from ftdsl.emulator.server import Emulator
from tests.training.hosted_project import MODEL, host
from tests.training.test_hosted_creating import ROWS

DESCRIPTION = json.loads((Path(__file__).parent / "openai_description.json").read_text("utf-8"))

#: A field of the package's newer types that the recorded description does not have yet.
NEWER = {"Model": {"shutdown_date"}}


def closed(schema: Any, name: str = "") -> Any:
    """``schema`` with no room for fields that it does not name."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: closed(value) for key, value in schema.items() if key != "x-open"}
    if "properties" in schema and not schema.get("x-open"):
        made["properties"] |= dict.fromkeys(NEWER.get(name, ()), True)
        made["additionalProperties"] = False
    return made


SHAPES = {name: closed(schema, name) for name, schema in DESCRIPTION["$defs"].items()}


def problems(name: str, body: Any) -> list[str]:
    validator = Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": SHAPES})
    return [f"{one.json_path}: {one.message}" for one in validator.iter_errors(body)]


def assert_is(name: str, body: Any) -> None:
    assert not problems(name, body), problems(name, body)


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with host() as running:
        yield running


@pytest.fixture
def client(emulator: Emulator) -> Iterator[OpenAI]:
    with OpenAI(base_url=emulator.url, api_key="any", max_retries=0) as made:
        yield made


def got(emulator: Emulator, path: str, method: str = "GET") -> Any:
    request = Request(emulator.url + path, method=method, headers={"Authorization": "Bearer any"})
    with urlopen(request, timeout=10) as answer:
        return json.load(answer)


def job_of(client: OpenAI, method: dict[str, Any] | None = None, *, validated: bool = True) -> str:
    file = client.files.create(file=("rows.jsonl", ROWS), purpose="fine-tune").id
    more: dict[str, Any] = {"validation_file": file} if validated else {}
    if method is not None:
        more["method"] = method
    return client.fine_tuning.jobs.create(model=MODEL, training_file=file, **more).id


def ended(emulator: Emulator, job: str) -> Any:
    for _ in range(60):
        found = got(emulator, f"/fine_tuning/jobs/{job}")
        assert_is("FineTuningJob", found)
        if found["status"] in ("succeeded", "failed", "cancelled"):
            return found
    raise AssertionError("it never ended")


@pytest.mark.parametrize("validated", [True, False])
def test_a_job_and_all_that_is_listed_of_it(
    emulator: Emulator, client: OpenAI, *, validated: bool
) -> None:
    job = job_of(client, validated=validated)
    assert ended(emulator, job)["status"] == "succeeded"
    place = f"/fine_tuning/jobs/{job}"
    assert_is("ListFineTuningJobEventsResponse", got(emulator, f"{place}/events?limit=7"))
    found = got(emulator, f"{place}/checkpoints")
    assert found["data"]
    assert_is("ListFineTuningJobCheckpointsResponse", found)
    assert_is("ListPaginatedFineTuningJobsResponse", got(emulator, "/fine_tuning/jobs"))


def test_a_job_by_preferences(emulator: Emulator, client: OpenAI) -> None:
    pair = {
        "input": {"messages": [{"role": "user", "content": "q"}]},
        "preferred_output": [{"role": "assistant", "content": "a"}],
        "non_preferred_output": [{"role": "assistant", "content": "b"}],
    }
    rows = "".join(json.dumps(pair) + "\n" for _ in range(12)).encode()
    file = client.files.create(file=("pairs.jsonl", rows), purpose="fine-tune").id
    method: Any = {"type": "dpo", "dpo": {"hyperparameters": {"beta": 0.2, "n_epochs": 2}}}
    job = client.fine_tuning.jobs.create(model=MODEL, training_file=file, method=method).id
    assert ended(emulator, job)["method"]["dpo"]["hyperparameters"]["beta"] == 0.2


def test_a_failed_and_a_cancelled_job(emulator: Emulator, client: OpenAI) -> None:
    file = client.files.create(file=("rows.jsonl", b"{}\n" * 12), purpose="fine-tune").id
    job = client.fine_tuning.jobs.create(model=MODEL, training_file=file).id
    assert ended(emulator, job)["error"]["param"] == "training_file"
    other = job_of(client)
    found = got(emulator, f"/fine_tuning/jobs/{other}/cancel", "POST")
    assert_is("FineTuningJob", found)
    assert found["status"] == "cancelled"


def test_files_and_models(emulator: Emulator, client: OpenAI) -> None:
    file = client.files.create(file=("rows.jsonl", ROWS), purpose="fine-tune").id
    assert_is("OpenAIFile", got(emulator, f"/files/{file}"))
    assert_is("ListFilesResponse", got(emulator, "/files"))
    assert_is("Model", got(emulator, f"/models/{MODEL}"))


def test_a_file_in_parts(client: OpenAI) -> None:
    made = client.uploads.with_raw_response.create(
        bytes=len(ROWS), filename="rows.jsonl", mime_type="text/jsonl", purpose="fine-tune"
    )
    upload = json.loads(made.text)
    assert_is("Upload", upload)
    part = json.loads(client.uploads.parts.with_raw_response.create(upload["id"], data=ROWS).text)
    assert_is("UploadPart", part)
    done = client.uploads.with_raw_response.complete(upload["id"], part_ids=[part["id"]])
    whole = json.loads(done.text)
    assert_is("Upload", whole)
    assert whole["status"] == "completed"


@pytest.mark.parametrize("path", ["/files/file-x", "/fine_tuning/jobs/ftjob-x", "/models/gpt-0"])
def test_errors(path: str, emulator: Emulator) -> None:
    with pytest.raises(HTTPError) as raised:
        got(emulator, path)
    assert raised.value.code == 404
    body = json.load(raised.value)
    assert body.keys() == {"error"}
    assert body["error"].keys() <= set(ErrorObject.model_fields)
    ErrorObject.model_validate(body["error"], strict=True)


def test_a_wrong_answer_is_seen(emulator: Emulator, client: OpenAI) -> None:
    """The check itself can fail: on a null, a value, a type, a missing and an unknown field."""
    job = got(emulator, f"/fine_tuning/jobs/{job_of(client)}")
    assert_is("FineTuningJob", job)
    for change in ({"seed": None}, {"status": "paused"}, {"created_at": 1.5}, {"warp": 9}):
        assert problems("FineTuningJob", job | change), change
    assert problems("FineTuningJob", {k: v for k, v in job.items() if k != "seed"})
