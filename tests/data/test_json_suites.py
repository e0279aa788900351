"""Third-party suites: JSONTestSuite through both JSON readers, naughty strings through reports."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from docs.json_table import LINE, cases, told
from tests.data.catalogue import validate

CASES = cases()
LINTS = {"FT319", "FT326", "FT328", "FT338"}


def test_the_suite_is_whole() -> None:
    assert [sum(name[0] == kind for name in CASES) for kind in "yni"] == [95, 188, 35]


@pytest.mark.parametrize("format", ["jsonl", "json"])
def test_what_must_be_rejected_is_found_and_what_must_be_accepted_is_read(
    tmp_path: Path, format: str
) -> None:
    tried = 0
    for name, text in CASES.items():
        answer = told(text, format, tmp_path)
        if answer is None:
            continue
        tried += 1
        if name[0] == "y":
            assert answer.accepted, name
            assert {fault.code for fault in answer.faults} <= LINTS, name
        elif name[0] == "n":
            assert not answer.accepted, name
            assert answer.faults, name
        # A text with line ends in it may be wrong on a later one of its own lines.
        # An object that is left open in an array is seen to be wrong where the array ends.
        left_open = format == "json" and text.count(b"{") > text.count(b"}")
        last = LINE + text.count(b"\n") + 2 * left_open
        assert all(LINE <= (fault.line or 0) <= last for fault in answer.faults[:1]), name
    assert tried >= 300


def test_every_case_as_a_whole_file_ends_in_an_answer(tmp_path: Path) -> None:
    for number, (name, text) in enumerate(CASES.items()):
        if number % 3 and len(text) < 1000:
            continue
        answer = validate(tmp_path / f"{number}", text)
        assert answer.exit_code in (1, 2), name


NAUGHTY = json.loads((Path(__file__).parent / "suites" / "blns.json").read_text("utf-8"))


class _Tags(HTMLParser):
    """Tags and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts = 0
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        self.handlers += [name for name, _ in attrs if name.startswith("on")]


CHECK = """
check d {
  rule never { each must length(reply.text) > 100000 }
}
"""


def test_naughty_strings_are_read_as_they_are_and_reported_inertly(tmp_path: Path) -> None:
    from ftdsl.data.rows import read_rows, reply
    from tests.data.spec_parts import dataset

    lines = [
        json.dumps(
            {"messages": [{"role": "user", "content": s}, {"role": "assistant", "content": s}]},
            ensure_ascii=number % 2 == 0,
        )
        for number, s in enumerate(NAUGHTY)
    ]
    body = ("\n".join(lines) + "\n").encode()
    formats = ("full", "concise", "html", "markdown", "github", "junit", "sarif", "jsonl")
    words = [w for f in formats for w in ("--output", f"{f}=out.{f}")]
    answer = validate(tmp_path, body, 'jsonl("rows.jsonl")', "chat", *words, more=CHECK)
    assert [reply(row) for row in read_rows(dataset(), tmp_path)] == NAUGHTY
    failed = [one for one in answer.report["findings"] if one["rule"] == "never"]
    assert len(failed) == len(NAUGHTY)
    texts = {f: (tmp_path / f"out.{f}").read_text("utf-8") for f in formats}
    for format in ("full", "concise", "github", "markdown"):
        assert not {"\x1b", "\x07", "\u202e", "\x00"} & set(texts[format]), format
        assert not any(line.startswith(("##vso", "##[")) for line in texts[format].split("\n"))
    page = _Tags()
    page.feed(texts["html"])
    assert not page.handlers
    clean = _Tags()
    good = validate(
        tmp_path / "good", b"", 'jsonl("rows.jsonl")', "chat", "--output", "html=o.html"
    )
    clean.feed((tmp_path / "good" / "o.html").read_text("utf-8"))
    assert good.exit_code == 1
    assert page.scripts <= max(clean.scripts, 1)
    json.loads(texts["sarif"])
