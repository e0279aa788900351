"""At most one job for one intent: a thousand seeded schedules of faults, crashes and late lists."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from openai.types.fine_tuning import FineTuningJob

from ftdsl.emulator.errors import Refusal
from ftdsl.emulator.faults import Fault, Kind, Route, Script
from ftdsl.emulator.platform import Platform
from ftdsl.emulator.server import Emulator, running
from ftdsl.models.hosts import Endpoint
from ftdsl.models.retry import RetryPolicy
from ftdsl.training.hosted.creating import ATTEMPT, KEY, Line, create_once, intent_key
from ftdsl.training.hosted.wire import HostError, Timing, Wire
from tests.training.hosted_project import MODEL, rules

BEFORE: tuple[Kind, ...] = ("drop", "500", "429")
AFTER: tuple[Kind, ...] = ("lost", "500-after", "truncated", "html")
DOUBT = (0.0, 0.0, 0.0, 0.0, 0.0)
ROWS = b"".join(
    b'{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}\n'
    for _ in range(12)
)


class Crash(BaseException):
    """The process dies here."""


@dataclass(slots=True)
class Crashing:
    """A line that dies before or after some of its requests."""

    inner: Line
    deaths: set[tuple[int, str]]
    asked: int = 0

    def create(self, body: Mapping[str, Any]) -> FineTuningJob:
        self._at("before")
        job = self.inner.create(body)
        self._at("after", last=True)
        return job

    def jobs(self, metadata: Mapping[str, str]) -> list[FineTuningJob]:
        self._at("before")
        found = self.inner.jobs(metadata)
        self._at("after", last=True)
        return found

    def _at(self, when: str, *, last: bool = False) -> None:
        place = (self.asked, when)
        if last:
            self.asked += 1
        if place in self.deaths:
            self.deaths.remove(place)
            raise Crash


@dataclass(slots=True)
class Direct:
    """The platform without HTTP: the same faults, as ``Wire`` would tell them."""

    platform: Platform
    script: Script
    seen: list[str] = field(default_factory=list)

    def create(self, body: Mapping[str, Any]) -> FineTuningJob:
        return self._ask("create", lambda: self.platform.create_job(body))

    def jobs(self, metadata: Mapping[str, str]) -> list[FineTuningJob]:
        query = {f"metadata[{key}]": value for key, value in metadata.items()}
        for _ in range(6):  # as often as ``Wire`` repeats what may be repeated
            try:
                page = self._ask_plain("list", lambda: self.platform.list_jobs(query))
                return [FineTuningJob.construct(**each) for each in page["data"]]
            except HostError as error:
                last = error
        raise last

    def _ask(self, route: Route, action: Any) -> FineTuningJob:
        return FineTuningJob.construct(**self._ask_plain(route, action))

    def _ask_plain(self, route: Route, action: Any) -> dict[str, Any]:
        fault = self.script.next(route)
        if fault == "429":
            raise HostError("slow down", status=429)
        if fault in BEFORE:
            raise HostError(fault, status=500 if fault == "500" else None, doubtful=True)
        try:
            found: dict[str, Any] = action()
        except Refusal as refusal:
            raise HostError(str(refusal), status=refusal.status) from refusal
        if fault is not None:
            raise HostError(fault, doubtful=True)
        return found


def schedule(seed: int) -> tuple[Script, set[tuple[int, str]], int]:
    """Faults, deaths, and for how many listings a new job does not show."""
    draw = random.Random(seed)
    faults = [
        Fault(route, nth, draw.choice(BEFORE + AFTER))
        for route, most in (("create", 6), ("list", 12))
        for nth in range(1, most)
        if draw.random() < 0.45
    ]
    deaths = {
        (draw.randrange(12), draw.choice(("before", "after"))) for _ in range(draw.randrange(4))
    }
    return Script(tuple(faults)), deaths, draw.randrange(4)


def until_made(line: Line, platform: Platform, record: Path, deaths: set[tuple[int, str]]) -> str:
    """Run again and again, as a user would, until the job is there; its id."""
    file = next(iter(platform.files))
    body = {"model": MODEL, "training_file": file, "metadata": {"ftdsl_train": "t"}}
    key = intent_key("http://host/v1", body, {"rows": "digest"})
    for _ in range(30):
        try:
            made = create_once(
                Crashing(line, deaths), body, key, record, doubt=DOUBT, pause=lambda _: None
            )
        except (HostError, Crash):
            continue
        assert (made.job.metadata or {})[KEY] == key
        assert (made.job.metadata or {})[ATTEMPT] == "1"
        return made.job.id
    raise AssertionError("it was never made")


def platform_of(lag: int) -> Platform:
    platform = Platform(rules(list_lag=lag))
    platform.add_file("rows.jsonl", "fine-tune", ROWS)
    return platform


def test_a_thousand_schedules_make_one_job_each(tmp_path: Path) -> None:
    doubted = 0
    for seed in range(1000):
        script, deaths, lag = schedule(seed)
        platform = platform_of(lag)
        record = tmp_path / f"{seed}.json"
        name = until_made(Direct(platform, script), platform, record, deaths)
        assert list(platform.jobs) == [name], f"schedule {seed}"
        doubted += script.asked["create"] > 1 or script.asked["list"] > 2
    assert doubted > 500, "the schedules are too tame to prove anything"


def test_without_looking_again_there_would_be_more() -> None:
    """What the schedules do to a client that repeats a create that failed."""
    many = 0
    for seed in range(200):
        script, _, lag = schedule(seed)
        platform = platform_of(lag)
        line = Direct(platform, script)
        file = next(iter(platform.files))
        for _ in range(10):
            try:
                line.create({"model": MODEL, "training_file": file})
            except HostError:
                continue
            break
        many += len(platform.jobs) > 1
    assert many > 50


@pytest.mark.parametrize(
    "seeds", [range(20), pytest.param(range(1000), marks=pytest.mark.slow)], ids=["few", "all"]
)
def test_schedules_over_the_network(seeds: range, tmp_path: Path) -> None:
    with running(Emulator(platform_of(0))) as emulator:
        endpoint = Endpoint(emulator.url, "127.0.0.1", True)
        retry = RetryPolicy(attempts=6, base=0.0, cap=0.0, retry_after_cap=0.0)
        with Wire(endpoint, Timing(5.0, 0.0, 0.0, DOUBT, retry), lambda _: None) as wire:
            for seed in seeds:
                emulator.script, deaths, lag = schedule(seed)
                emulator.platform = platform_of(lag)
                record = tmp_path / f"{seed}.json"
                name = until_made(wire, emulator.platform, record, deaths)
                assert list(emulator.platform.jobs) == [name], f"schedule {seed}"


def test_a_failed_job_is_not_adopted(tmp_path: Path) -> None:
    platform = platform_of(0)
    line = Direct(platform, Script())
    file = next(iter(platform.files))
    body = {"model": MODEL, "training_file": file}
    key = intent_key("http://host/v1", body, {})

    def make() -> tuple[str, bool, str]:
        made = create_once(
            line, body, key, tmp_path / "intent.json", doubt=(0.0,), pause=lambda _: None
        )
        return made.job.id, made.adopted, (made.job.metadata or {})[ATTEMPT]

    first, adopted, attempt = make()
    assert (adopted, attempt) == (False, "1")
    assert make() == (first, True, "1")
    platform.act(first, "cancel")
    second, adopted, attempt = make()
    assert (adopted, attempt) == (False, "2")
    assert second != first
    assert make() == (second, True, "2")


def test_the_key_is_of_bytes_not_of_ids() -> None:
    body = {"model": MODEL, "training_file": "file-1", "seed": 1}
    other = body | {"training_file": "file-2"}
    assert intent_key("u", body, {"rows": "a"}) == intent_key("u", other, {"rows": "a"})
    assert intent_key("u", body, {"rows": "a"}) != intent_key("u", body, {"rows": "b"})
    assert intent_key("u", body, {"rows": "a"}) != intent_key("v", body, {"rows": "a"})
    assert intent_key("u", body, {}) != intent_key("u", body | {"seed": 2}, {})
