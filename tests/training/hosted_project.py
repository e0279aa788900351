"""A project whose training is hosted, and the emulated host that it is trained at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ftdsl.emulator.faults import Script, fault_of
from ftdsl.emulator.jobs import Clock
from ftdsl.emulator.platform import Platform, Rules
from ftdsl.emulator.server import Emulator, running
from tests.cli.project import Project, row

MODEL = "gpt-4.1-mini-2025-04-14"

SPEC = """ftspec 1

schema ticket extends chat {{
  ticket_id: text
  lang:      text
}}

dataset support {{
  schema = ticket
  source = jsonl("data/support.jsonl")
  id = ticket_id
  split = by_hash(ticket_id, train: 80%, holdout: 20%, seed: 7)
}}

train support_api {{
  data = support.train
  validate = support.holdout
  target openai {{
    base_url = "{url}"
    model = "{model}"
    budget = $5
    {settings}
  }}
}}

eval golden {{
  schema = ticket
  source = jsonl("data/golden.jsonl")
  score exact = exact_match(output, reply.text)
}}

gate release {{
  from = [support_api]
  eval = golden
  require exact.mean >= 50%
}}
"""


def rules(**changed: Any) -> Rules:
    """A host that finishes a job within five looks at it."""
    whole: dict[str, Any] = {"models": {MODEL: None}, "clock": Clock(polls=5)}
    return Rules(**(whole | changed))


@contextmanager
def host(*faults: str, patience: float = 2.0, **changed: Any) -> Iterator[Emulator]:
    script = Script(tuple(fault_of(one) for one in faults))
    with running(Emulator(Platform(rules(**changed)), script, patience)) as emulator:
        yield emulator


def project_at(
    root: Path, url: str, *, settings: str = "", rows: int = 60, spec: str = SPEC
) -> Project:
    """A project of ``rows`` support questions whose training is hosted at ``url``."""
    root.mkdir(exist_ok=True)
    environment: Mapping[str, str] = {"XDG_CACHE_HOME": str(root.parent / "cache")}
    made = Project(root, {**environment, "COLUMNS": "100"})
    made.write(".ftdsl-root", "")
    made.spec(spec.format(url=url, model=MODEL, settings=settings))
    asked = [
        row(f"t-{i}", f"Question number {i}?", f"The answer to question {i} is {i * 7}.")
        for i in range(rows)
    ]
    made.rows("data/support.jsonl", asked)
    made.rows("data/golden.jsonl", asked[:40])
    return made
