"""``--budget`` and the options beside it, from the command line to the server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ftdsl.cli.main import main
from tests.models.faulty_server import says, serving

SPEC = """ftspec 1

model paid {{
  provider      = openai_compatible
  base_url      = "{url}"
  name          = "m"
  max_tokens    = 10
  concurrency   = 1
  input_per_1m  = $10
  output_per_1m = $20
}}

eval golden {{
  schema = completion
  source = jsonl("cases.jsonl")
  score exact = exact_match(output, reply.text)
}}
"""


def write(root: Path, url: str, count: int = 5) -> str:
    rows = [{"prompt": f"q{i}", "completion": "a"} for i in range(count)]
    (root / "cases.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (root / ".ftdsl-root").touch()
    (root / "spec.ftspec").write_text(SPEC.format(url=url))
    return str(root / "spec.ftspec")


def test_money_is_spent_only_where_the_operator_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(says("a")) as (url, log):
        spec = write(tmp_path, url)
        assert main(["eval", spec, "golden", "-q"]) == 4
        assert "FT533" in capsys.readouterr().out
        assert log.bodies == []
        assert main(["eval", spec, "golden", "-q", "--budget", "5", "--budget-requests", "2"]) == 4
        assert "FT534" in capsys.readouterr().out
        assert len(log.bodies) == 2
        assert main(["eval", spec, "golden", "--budget", "$0.50"]) == 0
        assert "spent, by $10 in" in capsys.readouterr().out
        assert len(log.bodies) == 5


def test_a_budget_that_is_no_amount_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--budget", "much"], ["--budget-tokens", "1.5"], ["--budget-requests", "-1"]):
        assert main(["eval", "spec.ftspec", "golden", *words]) == 2
        told = capsys.readouterr()
        assert "FT251" in told.out + told.err
