"""A spec that trains on nothing has evals all the same."""

from __future__ import annotations

import json
from pathlib import Path

from ftdsl.cli.main import main

SPEC = """ftspec 1

schema ticket extends chat { id: text }

model old { provider = replay  outputs = jsonl("old.jsonl", id: "id", output: "output") }

eval golden {
  schema = ticket
  source = jsonl("cases.jsonl")
  id = id
  score exact = exact_match(output, reply.text)
}

gate release {
  from = old
  eval = golden
  require exact.mean >= 10%
}
"""


def test_wrong_answers_beside_no_row_at_all_are_told_and_not_a_bug(tmp_path: Path) -> None:
    (tmp_path / "a.ftspec").write_text(SPEC)
    turns = [{"role": "user", "content": "colour?"}, {"role": "assistant", "content": "red"}]
    cases = [{"id": f"c{i}", "messages": turns} for i in range(20)]
    said = [{"id": f"c{i}", "output": "red" if i % 3 else "blue"} for i in range(20)]
    for name, rows in (("cases", cases), ("old", said)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    words = [str(tmp_path / "a.ftspec"), "--root", str(tmp_path), "-q"]
    assert main(["run", *words]) == 0
    assert list((tmp_path / ".ftdsl" / "runs").glob("*/report.html"))
