"""Validation, dedup and coverage on a real Ray cluster of two machines' worth of processes."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import psutil
import pytest

from ftdsl.api import RunView, validate
from ftdsl.data.rows import resolve_files
from ftdsl.engine import ray_engine
from ftdsl.engine.context import Policy, Refused
from ftdsl.engine.ray_engine import RayEngine
from ftdsl.language.program import DatasetDef, SchemaDef, SourceDef

pytest.importorskip("ray")

PROGRAM = Path(sys.executable).with_name("ftdsl")

SPEC = """ftspec 1

schema turn extends chat { topic: text }

dataset support {
  schema = turn
  source = jsonl("data/*.jsonl")
  split = by_hash(topic, train: 80%, holdout: 20%, seed: 3)
}

eval golden {
  schema = turn
  source = jsonl("golden.jsonl")
  score exact = exact_match(output, reply.text)
}

check support {
  rule short { each must words(reply.text) <= 60 }
  rule kinds { expect distinct(topic) >= 3 }
  rule level { expect mean(words(prompt)) <= 1 }
}

dedup support {
  drop exact on normalize(prompt, reply.text)
  drop near on prompt { similarity = 0.6 }
  drop near on reply.text { method = minhash(shingle: 5)  similarity = 0.8 }
  drop ngram on prompt { against = golden  similarity = 0.5 }
  keep = longest
}

coverage support {
  by topic { each >= 1% }
  by bucket(words(prompt), edges: [10, 40]) { each >= 1% }
  by cluster(prompt, k: 4, seed: 1) { each >= 1% }
  expect distinct_n(reply.text, n: 2) >= 0.99
}
"""
NODE = {"num_cpus": 1, "object_store_memory": 90 << 20}
CLIENT: list[str] = []
"""Where the cluster's server for Ray Client listens."""
WORDS = [f"word{number}" for number in range(700)]


def rows(count: int, seed: int) -> Iterator[str]:
    draw = random.Random(seed)
    made: list[list[str]] = []
    for at in range(count):
        words = draw.choices(WORDS, k=draw.choice((4, 30, 60, 120)))
        if made and draw.random() < 0.5:
            words = list(draw.choice(made))
            for _ in range(draw.choice((0, 1, 2, 8))):
                words[draw.randrange(len(words))] = draw.choice(WORDS)
        made.append(words)
        reply = " ".join(words[::-1][: draw.choice((20, 50, 80))])
        turns = [
            {"role": "user", "content": " ".join(words)},
            {"role": "assistant", "content": reply},
        ]
        yield json.dumps({"messages": turns, "topic": f"t{at % 5}"})


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    (root / "data").mkdir()
    (root / ".ftdsl-root").touch()
    (root / "support.ftspec").write_text(SPEC, encoding="utf-8")
    every = list(rows(2400, 1))
    (root / "data" / "a.jsonl").write_text("\n".join([*every[:2000], "{not a row", ""]))
    (root / "data" / "b.jsonl").write_text("\n".join(every[2000:]) + "\n")
    (root / "golden.jsonl").write_text("\n".join(every[1900:2100:20]) + "\n")
    return root


@pytest.fixture(scope="module")
def address(cluster: Any) -> str:
    return str(cluster.address)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A cluster of two nodes, each with one core and a store of its own."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster

    # Servers of other tests of this process, such as that of the grammar, live on.
    before = set(psutil.Process().children(recursive=True))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        client = free.getsockname()[1]
    head = {**NODE, "include_dashboard": False, "ray_client_server_port": client}
    with warnings.catch_warnings():
        # Ray leaves the log files of its client server to be closed by whoever comes.
        warnings.simplefilter("ignore", ResourceWarning)
        cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        cluster.add_node(**NODE)
        CLIENT.append(f"ray://127.0.0.1:{client}")
        yield cluster
    finally:
        cluster.shutdown()
        own = set(psutil.Process().children(recursive=True)) - before
        _, left = psutil.wait_procs(own, timeout=20)
        assert not left, "no process of the cluster outlives it"


def missing_dataset() -> DatasetDef:
    return DatasetDef("gone", SchemaDef("gone", None), (SourceDef("jsonl", "gone.jsonl"),))


def validated(project: Path, out: str, policy: Policy) -> RunView:
    return validate(project / "support.ftspec", out=project / out, policy=policy)


def told(view: RunView) -> dict[str, bytes]:
    """Every byte that the steps came to: results and artifacts, by step."""
    found: dict[str, bytes] = {}
    for step in view.result.steps:
        assert step.status == "done", (step.id, step.diagnostics)
        assert step.output is not None
        found[step.id] = step.output.model_dump_json().encode()
        for path in sorted((view.out / step.artifacts).glob("*.jsonl")):
            found[f"{step.id}/{path.name}"] = path.read_bytes()
    return found


@pytest.fixture(scope="module")
def here(project: Path) -> dict[str, bytes]:
    found = told(validated(project, "here", Policy()))
    removed = found["dedup.support/removed.jsonl"].decode()
    for method in ("exact", "near on prompt", "near on reply.text", "13-gram on prompt"):
        assert f'"clause":"{method}' in removed, f"{method} removes rows"
    assert found["check.support/findings.jsonl"].count(b"\n") > 100
    return found


def kill_some(done: threading.Event, killed: list[str]) -> None:
    """SIGKILL a worker in the middle of a call, three times, and later an actor."""
    wanted = ["ray::_answer", "ray::_answer", "ray::_answer", "ray::_Stays"]
    while wanted and not done.wait(0.02):
        for process in psutil.process_iter(["cmdline"]):
            title = " ".join(process.info["cmdline"] or ())
            if title.startswith(wanted[0]):
                process.send_signal(signal.SIGKILL)
                killed.append(wanted.pop(0))
                time.sleep(1.0)
                break


def test_a_killed_worker_changes_no_byte(
    project: Path, address: str, here: dict[str, bytes]
) -> None:
    done, killed = threading.Event(), list[str]()
    killer = threading.Thread(target=kill_some, args=(done, killed))
    killer.start()
    try:
        there = told(validated(project, "there", Policy(engine="ray", ray=address)))
    finally:
        done.set()
        killer.join()
    assert "ray::_answer" in killed
    assert there.keys() == here.keys()
    for name, whole in here.items():
        assert there[name] == whole, name


@pytest.mark.slow
@pytest.mark.code("FT423")
def test_every_machine_has_the_same_versions(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_engine, "_installed", lambda: ("0.0.9", "3.11", "2.0"))
    with pytest.raises(Refused) as caught, RayEngine(Policy(engine="ray", ray=address)):
        raise AssertionError("it is open")
    assert caught.value.diagnostic.code == "FT423"
    assert "(here 0.0.9)" in caught.value.diagnostic.message


@pytest.mark.slow
@pytest.mark.code("FT422")
def test_what_cannot_be_done_again_is_told(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_engine, "_RETRIES", 1)
    with RayEngine(Policy(engine="ray", ray=address)) as engine:
        with pytest.raises(Refused) as caught:
            engine.gather([engine.submit(os._exit, 9)], lambda: None)
        assert caught.value.diagnostic.code == "FT422"
        refused = engine.submit(resolve_files, missing_dataset(), Path("/nowhere"))
        for handle in (refused, engine.submit(len, refused)):
            with pytest.raises(Refused) as caught:
                engine.gather([handle], lambda: None)
            assert caught.value.diagnostic.code == "FT300"
        with pytest.raises(ModuleNotFoundError) as lacking:
            engine.gather([engine.submit(import_module, "no_such_library")], lambda: None)
        assert lacking.value.name == "no_such_library"


@pytest.mark.code("FT421")
def test_a_cluster_that_is_not_there_is_told_at_once() -> None:
    for place in ("127.0.0.1:9", "ray://127.0.0.1:9", "nonsense"):
        started = time.monotonic()
        with pytest.raises(Refused) as caught, RayEngine(Policy(engine="ray", ray=place)):
            raise AssertionError("it is open")
        assert caught.value.diagnostic.code == "FT421"
        assert time.monotonic() - started < 30


@pytest.mark.code("FT420")
def test_ray_is_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(Refused) as caught, RayEngine(Policy(engine="ray")):
        raise AssertionError("it is open")
    assert caught.value.diagnostic.code == "FT420"
    assert "ftdsl[ray]" in caught.value.diagnostic.help


@pytest.mark.slow
def test_a_lost_machine_changes_no_byte(
    project: Path, cluster: Any, here: dict[str, bytes]
) -> None:
    """It goes when the shards of the join stand, with its share of sets, pieces and shards."""
    extra, lost = cluster.add_node(**NODE), []

    def lose() -> None:
        while not done.wait(0.02):
            titles = (one.info["cmdline"] for one in psutil.process_iter(["cmdline"]))
            if any(" ".join(title or ()).startswith("ray::_Stays") for title in titles):
                cluster.remove_node(extra, allow_graceful=False)
                lost.append(extra)
                return

    done = threading.Event()
    loser = threading.Thread(target=lose)
    loser.start()
    try:
        there = told(validated(project, "lost", Policy(engine="ray", ray=cluster.address)))
    finally:
        done.set()
        loser.join()
        if not lost:
            cluster.remove_node(extra)
    assert lost
    assert there == here


@pytest.mark.slow
def test_a_cluster_is_joined_from_outside(
    project: Path, address: str, here: dict[str, bytes]
) -> None:
    """By Ray Client, as from a machine that is no part of it, and in a process of its own."""
    assert address
    words = [PROGRAM, "validate", "support.ftspec", "--engine", "ray", "--out", "outside"]
    done = subprocess.run(
        [*words, "--ray-address", CLIENT[0]],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    (removed,) = (project / "outside" / "steps" / "dedup.support").glob("*/removed.jsonl")
    assert removed.read_bytes() == here["dedup.support/removed.jsonl"]


@pytest.mark.slow
def test_the_program_starts_a_cluster_and_ends_it(project: Path, here: dict[str, bytes]) -> None:
    before = {process.pid for process in psutil.process_iter()}
    words = [PROGRAM, "validate", "support.ftspec", "--engine", "ray", "--out", "started"]
    done = subprocess.run(words, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    folder = project / "started" / "steps" / "dedup.support"
    (removed,) = folder.glob("*/removed.jsonl")
    assert removed.read_bytes() == here["dedup.support/removed.jsonl"]
    left = [one for one in psutil.process_iter(["cmdline"]) if one.pid not in before]
    assert not [one for one in left if "ray" in " ".join(one.info["cmdline"] or ())]
