"""Runs ``ftdsl validate`` over one bad data file and tells what it said and where."""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftdsl.cli.main import main

GOOD = b'{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}'
ROW = GOOD + b"\n"
SPEC = """ftspec 1

dataset d {{
  schema = {schema}
  source = {source}
}}
"""

Place = tuple[str, int | None, int | None, int | None]
"""Code, line, column and byte offset of a finding."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one run said. ``text`` is all that it wrote in words."""

    exit_code: int
    report: dict[str, Any]
    text: str

    @property
    def places(self) -> list[Place]:
        """Every finding but FT354, which follows from others where no row is left."""
        return [
            (one["code"], one["line"], one["column"], one["offset"])
            for one in self.report["findings"]
            if one["code"] != "FT354"
        ]

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """Discovered, checked, skipped and failed rows."""
        found = self.report["counts"]
        return found["discovered"], found["checked"], found["skipped"], found["failed"]

    def finding(self, code: str) -> dict[str, Any]:
        """The first finding with this code."""
        found: dict[str, Any] = next(f for f in self.report["findings"] if f["code"] == code)
        return found


def validate(
    root: Path,
    rows: bytes | Callable[[Path], object],
    source: str = 'jsonl("rows.jsonl")',
    schema: str = "chat",
    *words: str,
    more: str = "",
) -> Answer:
    """The answer about ``rows``: the bytes of ``rows.jsonl``, or a function that makes the files.

    It goes through the command line, in this process: the same words, the same bytes out. No
    traceback may come, and the counts must add up, whatever the rows are."""
    root.mkdir(parents=True, exist_ok=True)
    (root / ".ftdsl-root").write_text("")
    (root / "s.ftspec").write_text(SPEC.format(source=source, schema=schema) + more)
    if isinstance(rows, bytes):
        (root / "rows.jsonl").write_bytes(rows)
    else:
        rows(root)
    out, told = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    before = Path.cwd()
    os.chdir(root)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(told):
            outputs = ("--output", "json", "--output", "full=full.txt")
            exit_code = main(["validate", "s.ftspec", *outputs, *words])
    finally:
        os.chdir(before)
    out.seek(0)
    report = json.loads(out.read())
    text = (root / "full.txt").read_text(encoding="utf-8") + told.getvalue()
    answer = Answer(exit_code, report, text)
    assert "Traceback" not in text
    assert report["exit_code"] == exit_code
    discovered, checked, skipped, failed = answer.counts
    assert discovered == checked + skipped + failed
    assert all(one["message"] and one["code"] for one in report["findings"])
    return answer
