"""A project whose files are mended, and what it takes to mend them without the command line."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from ftdsl.api import analyze, plan
from ftdsl.data.rows import resolve_files
from ftdsl.fixing.blocks import LineRepair
from ftdsl.fixing.files import Mended, mend_file
from ftdsl.fixing.rows import RowRepair
from ftdsl.plan.steps import CheckStep

SPEC = """ftspec 1

import "std/chat.ftspec" as std_chat
import "std/text.ftspec" as std_text
import "std/tools.ftspec" as std_tools

schema ticket extends chat { topic: text? }

dataset support {
  schema = ticket
  source = SOURCE
}

check support {
  use std_chat.well_formed
  use std_text.clean
  use std_tools.conforming
  use std_tools.for_openai
  rule listed { each where has(topic) must topic in ["refund", "order", "other"] }
  rule trimmed { each must strip(reply.text) == reply.text }
  rule composed { each must nfc(prompt) == prompt and nfc(reply.text) == reply.text }
  rule lower_case { each where starts_with(prompt, "hi") must lower(reply.text) == reply.text }
  rule spelled { each must misspelled(prompt) == 0 and misspelled(reply.text) == 0 }
}
"""


def row(asked: str, answered: str) -> str:
    turns = [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]
    return orjson.dumps({"messages": turns}).decode()


@dataclass
class Project:
    """``root`` holds ``support.ftspec`` over one data file."""

    root: Path
    source: str = 'jsonl("rows.jsonl")'
    steps: list[CheckStep] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.root / ".ftdsl-root").touch()
        spec = self.root / "support.ftspec"
        spec.write_text(SPEC.replace("SOURCE", self.source), encoding="utf-8")
        path = self.root / self.source.split('"')[1]
        path.write_bytes(b"")
        made = plan(analyze(spec, root=self.root), only=("check",))
        self.steps = [p.step for p in made.plan.steps if isinstance(p.step, CheckStep)]

    def mended(self, data: bytes, *, unsafe: bool = True) -> tuple[bytes, bytes, Mended]:
        """The bytes of the file and the diff after its fixes."""
        (step,) = self.steps
        path = self.root / self.source.split('"')[1]
        path.write_bytes(data)
        (file,) = resolve_files(step.dataset, self.root)
        repair = LineRepair([RowRepair(step, self.root, unsafe)], unsafe)
        target, diff = self.root / "mended", io.BytesIO()
        found = mend_file(file, repair, target, diff)
        return target.read_bytes(), diff.getvalue(), found

    def broken(self, data: bytes) -> dict[str, int]:
        """How many rows break each rule, and how many lines have each fault."""
        import tempfile

        from ftdsl.data.rows import Part
        from ftdsl.quality.examination import Examination
        from ftdsl.quality.whole import Whole

        (step,) = self.steps
        (self.root / self.source.split('"')[1]).write_bytes(data)
        (file,) = resolve_files(step.dataset, self.root)
        examination = Examination(step, self.root)
        part = Part(file)
        with tempfile.TemporaryDirectory() as work, Whole(examination, Path(work)) as whole:
            for answers in examination.examine(part, examination.numbers):
                whole.take(part, answers)
        tally = whole.tally
        names = [rule.name for rule in examination.rules]
        failing = {n: c[1] for n, c in zip(names, tally.rules, strict=True) if c[1]}
        return {**failing, **tally.codes}
