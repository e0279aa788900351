"""A training's files for another trainer: golden, closed, and refused where they would be wrong."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ftdsl.cli.main import main
from ftdsl.diagnostics.diagnostic import Severity
from ftdsl.interchange.trainers.asked import Asked, Machines, Written
from ftdsl.interchange.trainers.config import flat_keys, scalar
from ftdsl.interchange.trainers.export import TRAINERS, export
from ftdsl.interchange.trainers.keys import known_keys, recorded
from ftdsl.interchange.trainers.machines import JOBS
from ftdsl.language.catalog.training_blocks import TARGETS
from ftdsl.language.program import TrainDef, Value
from tests.interchange.trainings import PLAIN, exported, project, rows, validated, write

GOLDEN = Path(__file__).parent / "trainings"
TOOLS = tuple(one for one in TRAINERS if one not in JOBS)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return project(tmp_path)


@pytest.mark.parametrize("to", TOOLS)
def test_the_files_of_each_trainer(to: str, here: Path, record: bool) -> None:
    validated()
    assert exported(to) == 0
    found = sorted(one for one in (here / to).rglob("*") if one.is_file())
    names = [one.relative_to(here / to).as_posix() for one in found]
    assert {"train.yaml", "data/train.jsonl", "data/validation.jsonl"} <= set(names)
    for path, name in zip(found, names, strict=True):
        if path.suffix == ".jsonl":
            continue
        golden = GOLDEN / to / name
        if record:
            golden.parent.mkdir(parents=True, exist_ok=True)
            golden.write_bytes(path.read_bytes())
        assert path.read_text("utf-8") == golden.read_text("utf-8"), f"{name}: --record writes it"


def test_the_rows_are_those_that_dedup_kept(here: Path) -> None:
    validated()
    assert exported("trl") == 0
    lines = [
        json.loads(line)
        for split in ("train", "validation")
        for line in (here / "trl" / "data" / f"{split}.jsonl").read_text("utf-8").splitlines()
    ]
    said = sorted(line["messages"][-1]["content"] for line in lines)
    assert said == sorted(row["messages"][-1]["content"] for row in rows()[:-1])
    assert all(line.keys() == {"messages"} for line in lines)
    with_twin = [row for row in rows() if row["ticket_id"] == "twin"]
    assert with_twin, "the project has a duplicate to be left out"


@pytest.mark.code("FT673")
def test_rows_that_were_not_checked_are_not_exported(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exported("trl") == 2
    assert "error[FT673]" in capsys.readouterr().out
    assert not list((here / "trl").rglob("*.*"))
    validated()
    assert exported("trl") == 0
    write(here, rows(50))
    capsys.readouterr()
    assert exported("trl") == 2
    assert "has not run over the rows as they are now" in capsys.readouterr().out
    rule = "check support { rule short { each must words(reply.text) <= 1 } }"
    spec = here / "a.ftspec"
    spec.write_text(spec.read_text() + rule)
    assert main(["validate", "a.ftspec", "-q"]) == 1
    capsys.readouterr()
    assert exported("trl") == 2
    assert "`check.support` found what must not be in the rows" in capsys.readouterr().out


@pytest.mark.code("FT670")
@pytest.mark.usefixtures("here")
def test_a_training_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "a.ftspec", "tunde", "--to", "trl", "--out", "x"]) == 2
    said = capsys.readouterr().err
    assert "FT670" in said and "did you mean `tuned`?" in said


@pytest.mark.code("FT671", "FT676")
def test_what_a_trainer_cannot_be_told_is_refused(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project(here, f"{PLAIN}\n    early_stopping = 3")
    validated()
    assert exported("oumi") == 1
    assert "error[FT671]: oumi cannot be told `early_stopping = 3`" in capsys.readouterr().out
    assert not (here / "oumi" / "train.yaml").exists()
    assert exported("trl") == 1
    assert exported("llama-factory") == 0
    assert "warning[FT676]: llama-factory cuts a row" in capsys.readouterr().out
    text = (here / "llama-factory" / "train.yaml").read_text()
    assert "early_stopping_steps: 3" in text and "load_best_model_at_end: true" in text


@pytest.mark.code("FT672")
def test_a_base_that_others_cannot_read(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = here / "a.ftspec"
    spec.write_text(spec.read_text().replace("Qwen/Qwen3-0.6B", "weights.gguf"))
    validated()
    assert exported("trl") == 2
    assert "error[FT672]" in capsys.readouterr().out
    assert exported("trl", "--base", "Qwen/Qwen3-1.7B") == 0
    assert "model_name_or_path: Qwen/Qwen3-1.7B" in (here / "trl" / "train.yaml").read_text()


def test_a_base_in_the_project_is_named_from_where_the_files_are(here: Path) -> None:
    (here / "weights").mkdir()
    spec = here / "a.ftspec"
    spec.write_text(spec.read_text().replace("Qwen/Qwen3-0.6B", "weights"))
    validated()
    assert exported("trl") == 0
    assert "model_name_or_path: ../weights\n" in (here / "trl" / "train.yaml").read_text()


@pytest.mark.code("FT674")
@pytest.mark.parametrize(
    ("to", "change", "why"),
    [
        ("axolotl", {"tools": [{"type": "function"}]}, "it declares tools"),
        ("llama-factory", {"messages": [{"role": "assistant", "content": "Hi"}]}, "question and"),
        ("ms-swift", {"messages": [{"role": "assistant", "content": "", "name": "x"}]}, "`name`"),
    ],
)
def test_a_row_that_a_format_cannot_hold(
    to: str, change: dict[str, Any], why: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = rows()
    # A row of the rows to learn from: which split it falls into hangs on its id alone.
    found[0] |= change
    write(here, found)
    assert main(["validate", "a.ftspec", "-q"]) in (0, 1)
    capsys.readouterr()
    assert exported(to) == 1
    said = capsys.readouterr().out
    assert "error[FT674]: support.jsonl:1 cannot be written" in said and why in said
    assert not (here / to / "train.yaml").exists()


def test_a_template_goes_along(here: Path) -> None:
    (here / "chat.jinja").write_text("{% generation %}é{% endgeneration %}")
    project(here, f'{PLAIN}\n    template = "chat.jinja"')
    validated()
    assert exported("axolotl") == 0
    assert (here / "axolotl" / "template.jinja").read_text() == (here / "chat.jinja").read_text()
    assert "chat_template_jinja: template.jinja" in (here / "axolotl" / "train.yaml").read_text()
    assert exported("ms-swift") == 1


@pytest.mark.usefixtures("here")
def test_an_export_takes_less_than_a_second() -> None:
    validated()
    start = time.process_time()
    assert exported("trl") == 0
    assert time.process_time() - start < 1


# ------------------------------------------------------------------ closed, whatever is asked


def value_of(entry: Any) -> st.SearchStrategy[Value]:
    """Any value that the checker lets through for a setting."""
    low, high = entry.minimum, entry.maximum
    if entry.type == "choice":
        return st.sampled_from(entry.choices)
    if entry.type == "bool":
        return st.booleans()
    if entry.type == "int" and "auto" in entry.choices:
        return st.one_of(st.just("auto"), st.integers(int(low), 64))
    if entry.type == "int":
        return st.integers(int(low), int(min(high, 4096)))
    if entry.type in ("float", "share"):
        return st.floats(low, high, allow_nan=False)
    return st.just("chat.jinja")


@st.composite
def trains(draw: st.DrawFn) -> TrainDef:
    values: dict[str, Value] = {}
    for entry in TARGETS["trl"]:
        if entry.name == "adapter":
            kind = draw(st.sampled_from(["none", "lora", "qlora"]))
            values["adapter"] = kind
            if kind != "none":
                values |= {
                    "adapter.rank": draw(st.integers(1, 64)), "adapter.alpha": 32,
                    "adapter.dropout": draw(st.floats(0, 1)),
                    "adapter.targets": draw(st.sampled_from(["all-linear", "q_proj,v_proj"])),
                }  # fmt: skip
        elif entry.default is not None or draw(st.booleans()):
            values[entry.name] = draw(value_of(entry))
    return TrainDef("t", ("d", "train"), None, "org/model", "trl", tuple(sorted(values.items())))


@st.composite
def askings(draw: st.DrawFn, to: str) -> Asked:
    train = draw(trains())
    written = Written("data/train.jsonl", draw(st.integers(1, 10**7)))
    if draw(st.booleans()):
        written = Written(written.rows, written.count, "data/validation.jsonl", 7)
    template = "template.jinja" if dict(train.settings).get("template") else None
    tool = "trl" if to == "accelerate" else to
    machines = Machines(draw(st.integers(1, 4)), draw(st.integers(1, 8)))
    return Asked(train, tool, "org/model", written, template, machines)


@pytest.mark.parametrize("to", TOOLS)
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_any_training_is_written_with_known_keys_or_refused(to: str, data: st.DataObject) -> None:
    asked = data.draw(askings(to))
    made = export(asked, to, "source")
    wrong = [one for one in made.problems if one.severity is Severity.ERROR]
    if wrong:
        assert not made.files
        assert all(one.code == "FT671" and " cannot be told `" in one.message for one in wrong)
        return
    text = made.files["train.yaml"]
    read = yaml.safe_load(text)
    keys = set(flat_keys(read)) if to != "oumi" else set(_dotted(read, ""))
    command = {"trl": asked.method, "accelerate": asked.method, "ms-swift": "sft"}.get(to, "train")
    assert keys <= known_keys(asked.tool, command)
    numbers = dict(asked.settings)
    each = [key for key in keys if "per_device_train" in key or key == "micro_batch_size"]
    (size,) = (_at(read, key) for key in each)
    passes = _at(read, next(key for key in keys if key.endswith("gradient_accumulation_steps")))
    stated = int(numbers["batch_size"] or 1) * int(numbers["accumulation"] or 1)
    assert size * passes * asked.machines.world == stated * int(numbers.get("processes") or 1)
    rate = next(key for key in keys if key.endswith("learning_rate"))
    assert math.isclose(_at(read, rate), float(numbers["learning_rate"] or 0))


PAIRS = """ftspec 1

schema pair extends preference {{ ticket_id: text }}

dataset support {{
  schema = pair
  source = jsonl("support.jsonl")
  id = ticket_id
  split = by_hash(ticket_id, train: 80%, holdout: 20%, seed: 7)
}}

train tuned {{
  base = "Qwen/Qwen3-0.6B"
  data = support.train
  validate = support.holdout
  target trl {{
    {settings}
  }}
}}
"""


def test_preferences_for_trl(here: Path) -> None:
    project(here, "method = dpo  adapter = qlora(rank: 8)  beta = 0.2  loss = hinge", PAIRS)
    pairs = [
        {"ticket_id": f"t-{i}", "prompt": f"Q{i}?", "chosen": f"Yes {i}.", "rejected": "No."}
        for i in range(40)
    ]
    write(here, pairs)
    validated()
    assert exported("trl") == 0
    read = yaml.safe_load((here / "trl" / "train.yaml").read_text())
    assert (read["beta"], read["loss_type"], read["load_in_4bit"]) == (0.2, ["hinge"], True)
    assert "packing" not in read and "assistant_only_loss" not in read
    first = json.loads((here / "trl" / "data" / "train.jsonl").read_text().splitlines()[0])
    assert first.keys() == {"prompt", "chosen", "rejected"}
    assert first["chosen"][0]["role"] == "assistant"
    assert exported("axolotl") == 1


@pytest.mark.parametrize("to", TOOLS)
def test_a_setting_that_no_exporter_knows_is_refused(to: str) -> None:
    defaults = tuple((one.name, one.default) for one in TARGETS["trl"] if one.default is not None)
    more = (*defaults, ("warp", 9))
    train = TrainDef("t", ("d", "train"), None, "m", "trl", tuple(sorted(more)))
    tool = "trl" if to == "accelerate" else to
    made = export(Asked(train, tool, "m", Written("data/train.jsonl", 9)), to, "source")
    assert [one.message for one in made.problems if "`warp = 9`" in one.message]
    assert not made.files


_LEAVES = st.one_of(
    st.text(), st.floats(allow_nan=False, allow_infinity=False), st.integers(), st.booleans()
)


@given(st.recursive(_LEAVES, lambda inner: st.lists(inner, max_size=3), max_leaves=4))
def test_any_value_reads_back_as_itself(value: Any) -> None:
    assert yaml.safe_load(f"a: {scalar(value)}\n") == {"a": value}


@pytest.mark.parametrize("word", ["yes", "NO", "null", "~", "1e-5", "0x1", "12:30", "a: b", "on"])
def test_words_that_yaml_takes_for_something_else(word: str) -> None:
    assert yaml.safe_load(f"a: {scalar(word)}\n") == {"a": word}


def test_every_recorded_list_says_what_it_was_read_from() -> None:
    for tool in (*TOOLS,):
        found = recorded(tool)
        assert found.tool == tool and found.version and found.range
        assert all(found.commands.values())


def _dotted(values: dict[str, Any], prefix: str) -> list[str]:
    found = []
    for key, value in values.items():
        if isinstance(value, dict):
            found += _dotted(value, f"{prefix}{key}.")
        else:
            found += [f"{prefix}{one}" for one in flat_keys({key: value})]
    return found


def _at(values: Any, key: str) -> Any:
    for part in key.split("."):
        values = values[part]
    return values
