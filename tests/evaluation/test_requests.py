"""What goes to the model beside the text of a case, seen at the server."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from ftdsl.engine.context import Refused
from ftdsl.evaluation.pictures import LARGEST
from ftdsl.evaluation.step import run_eval
from ftdsl.language.program import ModelDef, Value
from ftdsl.results.models import EvalOutput
from tests.evaluation.evals import CASES, eval_def, eval_step, name, score
from tests.models.desk import desk
from tests.models.faulty_server import Log, Reply, says, serving

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
TOOL = {"name": "look_up", "parameters": {"type": "object", "properties": {}}}
WHOLE_TOOL = {"type": "function", "function": TOOL}


def ask(
    folder: Path, rows: list[dict[str, Any]], reply: Reply | None = None, **settings: Value
) -> tuple[EvalOutput, Log]:
    with serving(reply or says("a")) as (url, log):
        return ask_at(url, folder, rows, **settings), log


def ask_at(url: str, folder: Path, rows: list[dict[str, Any]], **settings: Value) -> EvalOutput:
    (folder / CASES).write_text("".join(json.dumps(row) + "\n" for row in rows))
    model = ModelDef("m", "openai_compatible", (("base_url", url), ("name", "m")))
    scores = (score("calls", "tool_name_match", name("row")),) if "tools" in rows[0] else ()
    step = eval_step(model, eval_def(*scores, concurrency=1, **settings))
    return run_eval(step, desk(folder))


def case(*turns: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": "c0", "messages": [*turns, {"role": "assistant", "content": "a"}], **more}


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def shows(url: str) -> dict[str, Any]:
    return user(
        [{"type": "text", "text": "what?"}, {"type": "image_url", "image_url": {"url": url}}]
    )


def test_every_turn_before_the_last_answer_is_sent(tmp_path: Path) -> None:
    said = {"role": "assistant", "content": "hello"}
    _, log = ask(tmp_path, [case(user("hi"), said, user("and?"))], system="be brief")
    assert log.bodies[0]["messages"] == [
        {"role": "system", "content": "be brief"}, user("hi"), said, user("and?"),
    ]  # fmt: skip


def test_tool_calls_and_their_results_are_sent_as_the_api_takes_them(tmp_path: Path) -> None:
    calls = {
        "role": "assistant",
        "tool_calls": [{"function": {"name": "look_up", "arguments": {}}}],
    }
    result = {"role": "tool", "tool_call_id": "call_0", "content": "42"}
    row = case(user("how many?"), calls, result)
    row["messages"][-1] = {"role": "assistant", "content": "42"}
    _, log = ask(tmp_path, [row])
    _, sent, answered = log.bodies[0]["messages"]
    assert sent == {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {"id": "call_0", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}
        ],
    }
    assert answered == {"role": "tool", "content": "42", "tool_call_id": "call_0"}


def test_tools_come_from_the_row_or_else_from_the_eval(tmp_path: Path) -> None:
    (tmp_path / "tools.json").write_text(json.dumps([TOOL]))
    own = WHOLE_TOOL | {"function": TOOL | {"name": "other"}}
    call = {"id": "1", "type": "function", "function": {"name": "other", "arguments": "{}"}}
    row = {
        "id": "c0",
        "messages": [user("q"), {"role": "assistant", "tool_calls": [call]}],
        "tools": [own],
    }
    plain = {k: v for k, v in row.items() if k != "tools"} | {"id": "c1"}
    reply = says(None, "tool_calls", tool_calls=[call])
    found, log = ask(tmp_path, [row, plain], reply, tools="tools.json")
    assert [body["tools"] for body in log.bodies] == [[own], [WHOLE_TOOL]]
    assert [one.scores["calls"] for one in found.cases] == [1.0, 1.0]
    assert json.loads(found.cases[0].output) == [call]


def test_an_answer_is_held_to_a_schema(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    (tmp_path / "answer.json").write_text(json.dumps(schema))
    _, log = ask(tmp_path, [case(user("q"))], response_schema="answer.json")
    assert log.bodies[0]["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "answer", "strict": True, "schema": schema},
    }


def test_a_system_turn_from_a_file_and_sampling_as_the_server_likes(tmp_path: Path) -> None:
    (tmp_path / "system.md").write_text("Be kind.\n")
    _, log = ask(
        tmp_path, [case(user("q"))], system_file="system.md", temperature="server", seed="server",
        top_p=0.5, stop="\n", reasoning_effort="low",
    )  # fmt: skip
    (body,) = log.bodies
    assert body["messages"][0] == {"role": "system", "content": "Be kind."}
    assert "temperature" not in body
    assert "seed" not in body
    assert (body["top_p"], body["stop"], body["reasoning_effort"]) == (0.5, "\n", "low")


def test_a_picture_of_the_project_is_sent_as_data(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "cat.png").write_bytes(PNG)
    url = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    _, log = ask(tmp_path, [case(shows("cat.png"))], images="images")
    assert log.bodies[0]["messages"][0]["content"] == [
        {"type": "text", "text": "what?"},
        {"type": "image_url", "image_url": {"url": url}},
    ]
    _, log = ask(tmp_path, [case(shows(url))])
    assert log.bodies[0]["messages"][0]["content"][1]["image_url"]["url"] == url


def test_a_picture_counts_by_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    rows = [case(shows("cat.png"))]
    with serving(says("a")) as (url, log):
        for number, data in enumerate((PNG, PNG, PNG + b"\0"), start=1):
            (tmp_path / "images" / "cat.png").write_bytes(data)
            found = ask_at(url, tmp_path, rows, images="images")
            assert found.cached == (number == 2)
        (tmp_path / "images" / "cat.png").rename(tmp_path / "images" / "dog.png")
        found = ask_at(url, tmp_path, [case(shows("dog.png"))], images="images")
    assert found.cached == 1
    assert len(log.bodies) == 2


@pytest.mark.code("FT535")
@pytest.mark.parametrize(
    ("url", "images", "why"),
    [
        ("cat.png", None, "does not say where"),
        ("dog.png", "images", "not in the folder"),
        ("../cases.jsonl", "images", "not in the folder"),
        ("/etc/hostname", "images", "not in the folder"),
        ("out.png", "images", "not in the folder"),
        ("text.png", "images", "no PNG"),
        ("big.png", "images", "larger than 8 MiB"),
        ("https://example.org/cat.png", "images", "no file of the project"),
        ("file:///etc/hostname", "images", "no file of the project"),
        ("data:text/html;base64,AAAA", "images", "no file of the project"),
    ],
)
def test_no_other_file_is_sent_and_nothing_is_fetched(
    tmp_path: Path, url: str, images: str | None, why: str
) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    (folder / "cat.png").write_bytes(PNG)
    (folder / "text.png").write_text("hello")
    (folder / "out.png").symlink_to("/etc/hostname")
    with (folder / "big.png").open("wb") as stream:
        stream.write(PNG)
        stream.truncate(LARGEST + 1)
    settings = {"images": images} if images else {}
    with pytest.raises(Refused, match=why) as refused:
        ask(tmp_path, [case(shows(url))], **settings)
    assert refused.value.diagnostic.code == "FT535"
    assert "cases.jsonl:1" in refused.value.diagnostic.message


@pytest.mark.code("FT536")
@pytest.mark.parametrize(
    ("setting", "body"),
    [
        ("tools", '{"name": "look_up"}'),
        ("tools", "[]"),
        ("tools", "[half"),
        ("response_schema", "[1]"),
        ("response_schema", None),
        ("system_file", None),
    ],
)
def test_a_file_that_goes_with_every_case_must_be_right(
    tmp_path: Path, setting: str, body: str | None
) -> None:
    if body is not None:
        (tmp_path / "file.json").write_text(body)
    with pytest.raises(Refused) as refused:
        ask(tmp_path, [case(user("q"))], **{setting: "file.json"})
    assert refused.value.diagnostic.code == "FT536"
