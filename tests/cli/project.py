"""A small project in a temporary folder, and the program run in it as a user would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_SET_BY_TESTS = {"NO_COLOR", "FORCE_COLOR", "FTDSL_ALLOW_HOST", "GITHUB_ACTIONS"}
PROGRAM = Path(sys.executable).with_name("ftdsl")

SPEC = """ftspec 1

let longest = 40

schema ticket extends chat {
  ticket_id: text
  lang:      text
}

dataset support {
  schema = ticket
  source = jsonl("data/support.jsonl")
  id = ticket_id
}

check support {
  rule reply_present "an assistant turn is never blank" {
    each must reply.text != ""
    accepts jsonl("rows/good.jsonl")
    rejects jsonl("rows/blank.jsonl")
  }

  rule short { each must words(reply.text) <= longest }

  rule enough { expect count(rows) >= 3 }
}

dedup support { drop exact on normalize(prompt, reply.text) }

coverage support {
  by lang { en >= 40% }
}
"""


def row(ticket: str, question: str, answer: str, lang: str = "en") -> dict[str, Any]:
    messages = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return {"ticket_id": ticket, "lang": lang, "messages": messages}


GOOD = [
    row("t-1", "How do I send it back?", "Choose Return in your order and print the label."),
    row("t-2", "When is it here?", "The tracking link shows when it arrives."),
    row("t-3", "Wo ist mein Paket?", "Der Link in der Mail zeigt es.", "de"),
    row("t-4", "I forgot my password.", "Choose Forgot password and follow the link."),
]


@dataclass
class Project:
    """``root`` holds ``support.ftspec`` and its rows."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def rows(self, name: str, rows: list[dict[str, Any]]) -> Path:
        return self.write(name, "".join(json.dumps(each) + "\n" for each in rows))

    def spec(self, text: str) -> Path:
        return self.write("support.ftspec", text)

    def run(self, *words: str, **known: Any) -> subprocess.CompletedProcess[str]:
        environment = {k: v for k, v in os.environ.items() if k not in _SET_BY_TESTS}
        environment |= self.environment | known.pop("environment", {})
        return subprocess.run(
            [PROGRAM, *words],
            cwd=self.root,
            env=environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=120,
            **known,
        )

    def json(self, *words: str) -> dict[str, Any]:
        done = self.run(*words, "--output", "json")
        found: dict[str, Any] = json.loads(done.stdout)
        assert found["exit_code"] == done.returncode
        return found
