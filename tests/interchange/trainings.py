"""A project with trainings to export, checked already."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ftdsl.cli.main import main

SPEC = """ftspec 1

schema ticket extends chat {{ ticket_id: text }}

dataset support {{
  schema = ticket
  source = jsonl("support.jsonl")
  id = ticket_id
  split = by_hash(ticket_id, train: 80%, holdout: 20%, seed: 7)
}}

dedup support {{ drop exact on normalize(prompt, reply.text) }}

train tuned {{
  base = "Qwen/Qwen3-0.6B"
  data = support.train
  validate = support.holdout
  target trl {{
    {settings}
  }}
}}
"""
PLAIN = """method = sft
    adapter = lora(rank: 8, alpha: 16, targets: ["q_proj", "v_proj"])
    learning_rate = 1e-5
    n_epochs = 2
    batch_size = 4
    accumulation = 2
    max_length = 512
    warmup_ratio = 10%
    scheduler = cosine
    eval_every = 5"""


def rows(count: int = 60) -> list[dict[str, Any]]:
    """Questions with answers; the last two are one row twice."""
    found = [
        {
            "ticket_id": f"t-{i}",
            "messages": [
                {"role": "user", "content": f"Question {i}?"},
                {"role": "assistant", "content": f"Answer {i * 7}, é."},
            ],
        }
        for i in range(count)
    ]
    return [*found, found[-1] | {"ticket_id": "twin"}]


def project(root: Path, settings: str = PLAIN, spec: str = SPEC) -> Path:
    """A spec and its rows below ``root``, not checked yet."""
    (root / ".ftdsl-root").touch()
    (root / "a.ftspec").write_text(spec.format(settings=settings), encoding="utf-8")
    write(root, rows())
    return root


def write(root: Path, found: list[dict[str, Any]]) -> None:
    text = "".join(json.dumps(row) + "\n" for row in found)
    (root / "support.jsonl").write_text(text, encoding="utf-8")


def validated() -> None:
    """Check the project of the working directory, as one does before an export."""
    assert main(["validate", "a.ftspec", "-q"]) == 0


def exported(to: str, *words: str) -> int:
    return main(["export", "a.ftspec", "--to", to, "--out", to, *words])
