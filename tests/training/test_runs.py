"""Whole training runs of the tiny model: what is written, resuming, stopping, and refusals."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import openai
import psutil
import pytest

from ftdsl.engine.console import QuietConsole
from ftdsl.engine.context import Policy, Progress, Refused, Stopped
from ftdsl.engine.run import StepContext
from ftdsl.engine.signals import StopRequest
from ftdsl.language.program import Value
from ftdsl.models.local_server import Served, running_server
from ftdsl.results.models import TrainOutput
from ftdsl.training.step import run_train
from tests.training import tiny

ROOT = Path(__file__).parents[2]
ARTIFACTS = ["README.md", "adapter/adapter_config.json", "adapter/adapter_model.safetensors"]


@dataclass
class Meddler(QuietConsole):
    """Calls ``act`` once when training has come to ``step``."""

    step: int
    act: Callable[[], None]

    def progress(self, label: str, total: int | None, unit: str) -> Progress:
        return _MeddlingBar(self, super().progress(label, total, unit), total is not None)


@dataclass
class _MeddlingBar:
    meddler: Meddler
    inner: Progress
    counts: bool
    at: int = 0
    done: bool = False

    def advance(self, amount: int = 1) -> None:
        self.at += amount
        if self.counts and not self.done and self.at >= self.meddler.step:
            self.done = True
            self.meddler.act()

    def note(self, text: str) -> None:
        self.inner.note(text)

    def close(self) -> None:
        self.inner.close()


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    tiny.write_folder(folder / "base")
    tiny.write_gguf(folder / "base", folder / "tiny.gguf")
    return folder


@pytest.fixture
def root(models: Path, tmp_path: Path) -> Path:
    """A project with the model as a folder and as a GGUF file, rows and a template."""
    shutil.copytree(models, tmp_path, dirs_exist_ok=True)
    tiny.write_rows(tmp_path)
    tiny.write_rows(tmp_path, 16, "held.jsonl")
    (tmp_path / "chat.jinja").write_text(tiny.TEMPLATE, encoding="utf-8")
    return tmp_path


@pytest.fixture(scope="module")
def whole(models: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainOutput, Path]:
    """An undisturbed run: its output and its folder."""
    root = tmp_path_factory.mktemp("whole")
    shutil.copytree(models, root, dirs_exist_ok=True)
    tiny.write_rows(root)
    tiny.write_rows(root, 16, "held.jsonl")
    return run_train(tiny.step(), tiny.context(root)), root / ".out" / "work"


def with_console(root: Path, console: QuietConsole, stop: StopRequest) -> StepContext:
    plain = tiny.context(root)
    return StepContext(root, plain.work, plain.cache, Policy(workers=1), {}, {}, console, stop)


def refusal(root: Path, *, work: str = "work", **settings: str | int | float | None) -> Refused:
    with pytest.raises(Refused) as caught:
        run_train(tiny.step(**settings), tiny.context(root, work=work))
    return caught.value


def kill_worker() -> None:
    for child in psutil.Process().children():
        if "ftdsl.training.local.worker" in child.cmdline():
            child.kill()


def test_a_run_learns_and_says_what_it_did(whole: tuple[TrainOutput, Path]) -> None:
    output, folder = whole
    assert (output.rows, output.validation_rows, output.steps) == (64, 16, 10)
    assert output.trained_parameters == 8192
    assert [point.step for point in output.curve] == list(range(11))
    held_out = [point.eval_loss for point in output.curve if point.eval_loss is not None]
    assert len(held_out) == 3  # before the first step, and after steps 5 and 10
    assert held_out[-1] < held_out[0] - 0.2
    losses = [point.loss for point in output.curve if point.loss is not None]
    assert len(losses) == 10
    assert losses[-1] < losses[0] - 0.2
    assert output.findings == ()
    assert output.memory is not None
    found = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    assert found == {*ARTIFACTS, "template.jinja", "trainer_state.json"}


def test_the_card_and_the_files_hold_no_path_of_the_machine(
    whole: tuple[TrainOutput, Path],
) -> None:
    output, folder = whole
    card = (folder / "README.md").read_text(encoding="utf-8")
    weights = (folder / "adapter" / "adapter_model.safetensors").read_bytes()
    assert hashlib.sha256(weights).hexdigest() == output.digests["adapter"]
    for name in ("adapter", "base", "rows", "validation", "template"):
        assert output.digests[name] in card
    assert "Licence of the base model" in card
    for file in folder.rglob("*.*"):
        if file.is_file():
            assert str(folder.parent.parent).encode() not in file.read_bytes(), file.name


def test_two_runs_are_the_same_to_the_bit(whole: tuple[TrainOutput, Path], root: Path) -> None:
    again = run_train(tiny.step(), tiny.context(root))
    assert again.digests == whole[0].digests
    assert again.curve == whole[0].curve
    other = run_train(tiny.step(seed=1), tiny.context(root, work="other"))
    assert other.digests["adapter"] != whole[0].digests["adapter"]


@pytest.mark.code("FT604")
def test_a_killed_worker_is_told_and_the_run_goes_on_to_the_same_end(
    whole: tuple[TrainOutput, Path], root: Path
) -> None:
    context = with_console(root, Meddler(5, kill_worker), StopRequest())
    with pytest.raises(Refused) as caught:
        run_train(tiny.step(), context)
    assert caught.value.diagnostic.code == "FT604"
    assert "killed" in caught.value.diagnostic.message
    # A checkpoint that the kill cut short is no checkpoint.
    half = context.work / "checkpoints" / "checkpoint-9"
    half.mkdir()
    (half / "trainer_state.json").write_text("{", encoding="utf-8")
    output = run_train(tiny.step(), tiny.context(root))
    assert output.resumed_from in (4, 6, 8)
    assert output.digests == whole[0].digests
    assert output.curve == whole[0].curve


def test_a_stop_leaves_a_checkpoint_and_the_run_goes_on_to_the_same_end(
    whole: tuple[TrainOutput, Path], root: Path
) -> None:
    stop = StopRequest()

    def press() -> None:
        stop.signal = signal.SIGINT

    with pytest.raises(Stopped):
        run_train(tiny.step(save_every=None), with_console(root, Meddler(3, press), stop))
    output = run_train(tiny.step(save_every=None), tiny.context(root))
    assert output.resumed_from is not None
    assert output.resumed_from >= 3
    assert output.digests == whole[0].digests


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")  # of PEFT
def test_an_adapter_over_gguf_answers_in_llama_cpp_as_in_torch(root: Path) -> None:
    settings: dict[str, Value] = {
        "max_steps": 60,
        "learning_rate": 2e-2,
        "eval_every": 60,
        "save_every": None,
        "template": "chat.jinja",
    }
    run_train(tiny.step("tiny.gguf", **settings), tiny.context(root))
    folder = root / ".out" / "work"
    questions = [f"colour {number} of {number}?" for number in range(4)]
    said = {}
    for adapter in (None, folder / "adapter.gguf"):
        served = Served(root / "tiny.gguf", adapter, folder / "template.jinja", 128)
        with running_server(served, lambda: None, threads=1) as server:
            client = openai.OpenAI(base_url=f"{server.address}/v1", api_key=server.key)
            said[adapter is not None] = [_answer(client, question) for question in questions]
            client.close()
    assert said[True] == _generated(root / "base", folder / "adapter", questions)
    assert said[True] != said[False]


def _generated(base: Path, adapter: Path, questions: list[str]) -> list[str]:
    """Greedy answers of transformers and PEFT."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base)
    plain = AutoModelForCausalLM.from_pretrained(base)
    model = PeftModel.from_pretrained(plain, str(adapter)).eval()
    found = []
    for question in questions:
        turns = [{"role": "user", "content": question}]
        asked = tokenizer.apply_chat_template(
            turns, add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        made = model.generate(**asked, max_new_tokens=12, do_sample=False)
        new = made[0][asked["input_ids"].shape[1] :]
        found.append(tokenizer.decode(new, skip_special_tokens=True))
    return found


def _answer(client: openai.OpenAI, question: str) -> str | None:
    answer = client.chat.completions.create(
        model="local",
        messages=[{"role": "user", "content": question}],
        max_tokens=12,
        temperature=0,
    )
    return answer.choices[0].message.content


def test_the_worker_ends_with_a_killed_parent(whole: tuple[TrainOutput, Path], root: Path) -> None:
    program = (
        "from pathlib import Path; from tests.training import tiny\n"
        "from ftdsl.training.step import run_train\n"
        f"run_train(tiny.step(), tiny.context(Path({str(root)!r})))\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT)
    checkpoints = root / ".out" / "work" / "checkpoints"
    until = time.monotonic() + 60
    while not (checkpoints / "checkpoint-2").is_dir():
        assert time.monotonic() < until
        assert parent.poll() is None
        time.sleep(0.01)
    (worker,) = psutil.Process(parent.pid).children()
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    worker_end = psutil.wait_procs([worker], timeout=10)
    assert not worker_end[1], "the worker outlived its parent"
    output = run_train(tiny.step(), tiny.context(root))
    assert output.digests == whole[0].digests


@pytest.mark.code("FT600")
def test_a_missing_library_is_refused_with_the_command_that_installs_it(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ftdsl.training.local.step._LIBRARIES", ("json", "no_such_library"))
    found = refusal(root).diagnostic
    assert found.code == "FT600"
    assert "no_such_library" in found.message
    assert "pip install 'ftdsl[train]'" in found.help


@pytest.mark.code("FT601")
def test_an_empty_split_is_refused(root: Path) -> None:
    (root / "held.jsonl").write_text("", encoding="utf-8")
    found = refusal(root).diagnostic
    assert found.code == "FT601"
    assert "validate = held" in found.message
    tiny.write_rows(root, 16, "held.jsonl")
    assert run_train(tiny.step(max_steps=1), tiny.context(root)).verdict == "pass"


@pytest.mark.code("FT602")
def test_a_base_that_is_not_there_is_refused(root: Path) -> None:
    found = refusal(root, work="a", base="some/model").diagnostic
    assert found.code == "FT602"
    assert "downloads nothing" in found.help
    (root / "bad.gguf").write_bytes(b"GGUF" + bytes(60))
    assert refusal(root, work="b", base="bad.gguf").diagnostic.code == "FT602"
    (root / "empty").mkdir()
    assert refusal(root, work="c", base="empty").diagnostic.code == "FT602"


@pytest.mark.code("FT603")
def test_a_template_without_marks_is_refused(root: Path) -> None:
    plain = tiny.TEMPLATE.replace("{% generation %}", "").replace("{% endgeneration %}", "")
    (root / "plain.jinja").write_text(plain, encoding="utf-8")
    found = refusal(root, template="plain.jinja").diagnostic
    assert found.code == "FT603"
    assert "generation" in found.help
    assert refusal(root, template="../chat.jinja").diagnostic.code == "FT603"


def test_a_template_that_fails_on_a_row_is_refused(root: Path) -> None:
    (root / "broken.jinja").write_text("{% generation %}{{ nothing.at.all }}", encoding="utf-8")
    assert refusal(root, template="broken.jinja").diagnostic.code == "FT603"


@pytest.mark.slow
def test_two_processes_train_together_and_are_resumed(root: Path) -> None:
    """By torchrun over gloo; killed on the way, they come to the same adapter."""
    settings: dict[str, Value] = {"processes": 2, "batch_size": 4, "max_steps": 6, "save_every": 2}
    whole = run_train(tiny.step(**settings), tiny.context(root))
    assert whole.steps == 6
    assert whole.epochs == pytest.approx(6 * 8 / 64)
    shutil.copytree(root / "base", root / "again" / "base")
    for name in ("rows.jsonl", "held.jsonl"):
        shutil.copy(root / name, root / "again" / name)
    context = with_console(root / "again", Meddler(4, kill_worker), StopRequest())
    with pytest.raises(Refused):
        run_train(tiny.step(**settings), context)
    time.sleep(1)  # the killed leader's followers look for it twice a second
    left = [one for one in psutil.process_iter(["cmdline"]) if str(context.work) in _line(one)]
    assert left == []
    output = run_train(tiny.step(**settings), tiny.context(root / "again"))
    assert output.resumed_from in (2, 4)
    assert output.digests == whole.digests
    assert output.curve == whole.curve


def _line(process: psutil.Process) -> str:
    return " ".join(process.info["cmdline"] or ())


@pytest.mark.code("FT605")
def test_rows_that_are_cut_or_mute_are_told(root: Path) -> None:
    with (root / "rows.jsonl").open("a", encoding="utf-8") as file:
        for turns in (
            [("user", "a"), ("assistant", "b" * 100)],
            [("user", "a" * 100), ("assistant", "b")],
            [("user", "a")],
        ):
            messages = [{"role": role, "content": text} for role, text in turns]
            file.write(json.dumps({"messages": messages}) + "\n")
        called = {
            "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
        }
        file.write(json.dumps(called | {"tools": [{"type": "function"}]}) + "\n")
    output = run_train(tiny.step(max_steps=1), tiny.context(root))
    assert [(one.code, one.severity) for one in output.findings] == [("FT605", "warning")] * 4
    assert [one.message.split()[0] for one in output.findings] == ["2", "1", "1", "1"]
    assert "declare tools" in output.findings[-1].message
    assert output.rows == 66


@pytest.mark.code("FT606")
def test_a_model_beyond_the_memory_is_refused_before_it_is_loaded(root: Path) -> None:
    config = json.loads((root / "base" / "config.json").read_text())
    config |= {"hidden_size": 65_536, "intermediate_size": 262_144, "num_hidden_layers": 80}
    config |= {"head_dim": 16_384}
    (root / "base" / "config.json").write_text(json.dumps(config), encoding="utf-8")
    found = refusal(root).diagnostic
    assert found.code == "FT606"
    assert "GB" in found.message


@pytest.mark.code("FT607")
def test_a_loss_that_is_no_number_is_refused(root: Path) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    place = root / "base" / "model.safetensors"
    weights = load_file(place)
    weights["model.norm.weight"] = torch.full_like(weights["model.norm.weight"], float("nan"))
    save_file(weights, place, metadata={"format": "pt"})
    found = refusal(root).diagnostic
    assert found.code == "FT607"
    assert not list((root / ".out").rglob("whole.json"))


@pytest.mark.code("FT608")
@pytest.mark.parametrize("name", ["rows.jsonl", "trainer_state.json"])
def test_a_full_disk_is_refused_by_parent_and_worker(root: Path, name: str) -> None:
    context = tiny.context(root)
    (context.work / name).symlink_to("/dev/full")  # every write to it fails with ENOSPC
    with pytest.raises(Refused) as caught:
        run_train(tiny.step(max_steps=1), context)
    assert caught.value.diagnostic.code == "FT608"


@pytest.mark.code("FT609")
def test_rows_with_nothing_to_learn_are_refused(root: Path) -> None:
    found = refusal(root, max_length=8).diagnostic
    assert found.code == "FT609"
    assert "max_length = 8" in found.help
