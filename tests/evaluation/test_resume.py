"""An eval killed in the middle and run again: the same result, and no answer is asked for twice."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

from ftdsl.engine.context import Policy
from ftdsl.evaluation.step import CASES_FILE, run_eval
from ftdsl.language.program import ModelDef
from ftdsl.results.models import EvalOutput
from tests.evaluation.evals import eval_def, eval_step, write_cases
from tests.models.desk import desk
from tests.models.faulty_server import Handler, Log, completion, serving

ROOT = Path(__file__).parents[2]
COUNT = 60
_TIMES = frozenset({"latency", "queued", "lag"})
_WORKER = """
import sys
from pathlib import Path
from tests.evaluation.test_resume import ask
ask(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
"""


def answer(handler: Handler) -> None:
    """Right for two cases of three, decided by the question alone."""
    time.sleep(0.03)
    number = int(handler.server.log.bodies[-1]["messages"][-1]["content"].removeprefix("case "))
    handler.send(json.dumps(completion("right" if number % 3 else "wrong")).encode())


def ask(folder: Path, url: str, concurrency: int = 1) -> EvalOutput:
    model = ModelDef("m", "openai_compatible", (("base_url", url), ("name", "m")))
    return run_eval(eval_step(model, eval_def(concurrency=concurrency)), desk(folder, Policy()))


def results(folder: Path, output: EvalOutput) -> tuple[object, list[object]]:
    rows = [json.loads(line) for line in (folder / ".work" / CASES_FILE).read_text().splitlines()]
    return output.scores, [{k: v for k, v in row.items() if k not in _TIMES} for row in rows]


def wait_for(log: Log, requests: int) -> None:
    until = time.monotonic() + 60
    while len(log.bodies) < requests and time.monotonic() < until:
        time.sleep(0.01)


def test_killed_in_the_middle_and_resumed(tmp_path: Path) -> None:
    for name in ("whole", "killed"):
        (tmp_path / name).mkdir()
        write_cases(tmp_path / name, [(f"case {i}", "right") for i in range(COUNT)])
    with serving(answer) as (url, log):
        whole = results(tmp_path / "whole", ask(tmp_path / "whole", url))
        assert len(log.bodies) == COUNT
        log.bodies.clear()
        for requests in (10, 30):  # killed twice, the second time after a resume
            command = [sys.executable, "-c", _WORKER, str(tmp_path / "killed"), url, "1"]
            with subprocess.Popen(command, cwd=ROOT) as worker:
                wait_for(log, requests)
                worker.send_signal(signal.SIGKILL)
        asked = len(log.bodies)
        assert 30 <= asked < COUNT
        resumed = ask(tmp_path / "killed", url)
        # One request was in flight at each kill, and only its answer can be lost.
        assert COUNT <= len(log.bodies) <= COUNT + 2
    assert resumed.cached >= asked - 2
    assert results(tmp_path / "killed", resumed) == whole


def test_many_at_once_are_killed_and_only_what_was_in_flight_is_asked_again(tmp_path: Path) -> None:
    """The server knows what it had answered in full before the kill, and what it had not."""
    count, concurrency = 300, 8
    write_cases(tmp_path, [(f"case {i}", "right") for i in range(count)])
    with serving(answer) as (url, log):
        command = [sys.executable, "-c", _WORKER, str(tmp_path), url, str(concurrency)]
        with subprocess.Popen(command, cwd=ROOT) as worker:
            wait_for(log, 100)
            worker.send_signal(signal.SIGKILL)
        asked = len(log.bodies)
        assert 100 <= asked < count
        resumed = ask(tmp_path, url, concurrency)
        questions = [body["messages"][-1]["content"] for body in log.bodies]
        assert len(set(questions)) == count
        assert len(questions) <= count + concurrency
        assert resumed.cached >= asked - concurrency
        again = ask(tmp_path, url, concurrency)
        assert len(log.bodies) == len(questions)
    assert (again.requests, again.cached) == (0, count)
