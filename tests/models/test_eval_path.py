"""What an eval loads, and how it measures time."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

from ftdsl.evaluation.step import run_eval
from ftdsl.language.program import ModelDef
from ftdsl.models.answer import Question, Turn
from ftdsl.models.asking import answer_all
from ftdsl.models.watched_loop import WatchedLoop, late_by
from tests.evaluation.evals import eval_def, eval_step, write_cases
from tests.models.desk import desk
from tests.models.faulty_server import DONE, USAGE, piece, says, serving, streams
from tests.models.test_faulty_host import model

ROOT = Path(__file__).parents[2]
_HEAVY = ("openai", "httpx2", "torch", "transformers", "pandas", "sklearn", "pyarrow")
_WORKER = f"""
import sys
from pathlib import Path
from tests.evaluation.test_resume import ask
ask(Path(sys.argv[1]), sys.argv[2])
print(*sorted(set({_HEAVY!r}) & set(sys.modules)))
"""


def test_an_eval_imports_no_heavy_library(tmp_path: Path) -> None:
    write_cases(tmp_path, [("case 1", "right")])
    with serving(says("right")) as (url, log):
        command = [sys.executable, "-c", _WORKER, str(tmp_path), url]
        found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert len(log.bodies) == 1
    assert found.stdout.strip() == ""


def remote(url: str) -> ModelDef:
    return ModelDef("m", "openai_compatible", (("base_url", url), ("name", "m")))


def test_times_are_of_the_socket_and_waiting_is_apart(tmp_path: Path) -> None:
    """One at a time: the second case waits for the first, and its latency does not know of it."""
    write_cases(tmp_path, [(f"q{i}", "a") for i in range(6)])
    with serving(says("a", wait=0.1)) as (url, _):
        found = run_eval(eval_step(remote(url), eval_def(concurrency=1)), desk(tmp_path))
    assert 0.1 <= found.latency["p50"] < 0.4
    assert found.queued["p50"] < 0.05
    assert found.client_share is not None
    assert found.client_share < 0.5
    assert found.first_token == {}


def test_the_first_token_is_timed_where_the_step_asks_for_it(tmp_path: Path) -> None:
    write_cases(tmp_path, [(f"q{i}", "red") for i in range(3)])
    pieces = (piece("r"), piece("ed"), piece(reason="stop"), USAGE, DONE)
    with serving(streams(*pieces, wait=0.04)) as (url, log):
        step = eval_step(remote(url), eval_def(concurrency=1)).model_copy(update={"timed": True})
        found = run_eval(step, desk(tmp_path))
    assert all(body["stream"] for body in log.bodies)
    assert found.scores["exact"].mean == 1.0
    assert 0.04 <= found.first_token["p50"] < found.latency["p50"] - 0.1
    assert found.latency["p50"] >= 0.2
    assert [case.first_token is not None for case in found.cases] == [True] * 3


def test_a_loop_knows_how_late_it_may_be() -> None:
    async def work() -> tuple[float, float]:
        await asyncio.sleep(0.01)
        fresh = late_by()
        time.sleep(0.05)
        await asyncio.sleep(0)
        return fresh, late_by()

    with asyncio.Runner(loop_factory=WatchedLoop) as runner:
        fresh, busy = runner.run(work())
    assert fresh < 0.05
    assert busy >= 0.05
    assert asyncio.run(_unwatched()) == 0.0


async def _unwatched() -> float:
    return late_by()


def test_an_answer_says_how_much_of_its_time_may_be_ours(tmp_path: Path) -> None:
    """A progress bar that takes long stands for any work between two answers."""
    questions = [Question(f"c{i}", (Turn("user", f"q {i}"),)) for i in range(12)]
    with serving(says("a", wait=0.02)) as (url, _):
        slow = model(url, concurrency=4)
        found = answer_all(slow, questions, desk(tmp_path), lambda _: time.sleep(0.02))
        quick = answer_all(replace(slow, identity={"url": "another"}), questions, desk(tmp_path))
    assert max(one.lag for one in found) >= 0.02
    assert sum(one.lag for one in quick) < sum(one.lag for one in found) / 2
    assert all(one.latency is not None and one.lag <= one.latency for one in found)
