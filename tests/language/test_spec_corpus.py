"""Every valid program of the corpus is clean; every invalid one says exactly what is recorded.

Each invalid program holds one mistake and raises one diagnostic. `pytest --record` writes the
recorded texts anew: read what changed before it is committed.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ftdsl.diagnostics.render import render_full
from ftdsl.language.analyze import Analysis, analyze

SPECS = Path(__file__).parents[1] / "spec"
TODAY = date(2026, 11, 24)
VALID = sorted((SPECS / "ok").glob("*.ftspec"))
INVALID = sorted((SPECS / "err").glob("*.ftspec"))
SHIPPED = sorted((Path(__file__).parents[2] / "ftdsl" / "std").glob("*.ftspec"))


def checked(path: Path) -> Analysis:
    return analyze(path, path.parent, today=TODAY)


@pytest.mark.parametrize("path", [*VALID, *SHIPPED], ids=lambda path: path.stem)
def test_a_valid_program_is_clean(path: Path) -> None:
    found = checked(path)
    assert [render_full(one, found.sources) for one in found.diagnostics] == []
    assert found.program is not None


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_an_invalid_program_says_what_is_recorded(path: Path, record: bool) -> None:
    found = checked(path)
    shown = "".join(render_full(one, found.sources) + "\n" for one in found.diagnostics)
    golden = path.with_suffix(".txt")
    if record:
        golden.write_text(shown, encoding="utf-8")
    assert shown == golden.read_text(encoding="utf-8")
    assert len(found.diagnostics) == 1, "one mistake, one diagnostic"
    assert found.program is None


def test_the_corpus_is_large() -> None:
    assert len(INVALID) >= 150
    assert {path.stem for path in (SPECS / "err").glob("*.txt")} == {path.stem for path in INVALID}


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_a_safe_fix_mends_what_it_is_for(path: Path, tmp_path: Path) -> None:
    """After the fix the same diagnostic is gone, and the file still parses."""
    found = checked(path)
    (one,) = found.diagnostics
    if one.fix is None or not one.fix.safe:
        return
    text = path.read_text(encoding="utf-8")
    for edit in sorted(one.fix.edits, key=lambda each: each.span, reverse=True):
        assert edit.span.path == path.name
        text = text[: edit.span.start] + edit.replacement + text[edit.span.end :]
    mended = tmp_path / path.name
    mended.write_text(text, encoding="utf-8")
    after = analyze(mended, tmp_path, today=TODAY).diagnostics
    assert (one.code, one.message) not in {(each.code, each.message) for each in after}
    assert not [each for each in after if each.code.startswith("FT0")]
