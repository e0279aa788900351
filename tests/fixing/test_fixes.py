"""Each fix does what its catalog entry shows, and what it is for is gone afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftdsl.fixing.lines import LINE_FIXES
from ftdsl.fixing.texts import TEXT_FIXES, repair_mojibake, strip_special_tokens
from ftdsl.fixing.turns import DROPS_ROW, ROW_FIXES
from ftdsl.language import catalog
from ftdsl.language.catalog.entry import FixEntry
from ftdsl.language.catalog.fixes import FIXES
from tests.fixing.stand_in import Project, row

_ELSEWHERE = {"array_to_lines", "to_utf8"}
_APPLIED = [
    fix for fix in FIXES if fix.kind not in ("rows", "spec") and fix.applicability != "display"
]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def bytes_of(fix: FixEntry, text: str) -> bytes:
    if fix.name == "to_utf8" and text.startswith("\ufeff"):
        return text.removeprefix("\ufeff").encode("utf-16")
    return text.encode("utf-8", "surrogateescape")


def test_every_fix_has_one_implementation() -> None:
    done = [*LINE_FIXES, *TEXT_FIXES, *ROW_FIXES, *DROPS_ROW, *_ELSEWHERE]
    assert sorted(done) == sorted(fix.name for fix in _APPLIED)
    assert len(catalog.FIXES) == len(FIXES)


@pytest.mark.parametrize("fix", _APPLIED, ids=lambda fix: fix.name)
def test_the_example_of_a_fix(fix: FixEntry, project: Project) -> None:
    before, after = bytes_of(fix, fix.before), bytes_of(fix, fix.after)
    if fix.name == "change_case":
        before, after = before.replace(b'"hi"', b'"hi "'), after.replace(b'"hi"', b'"hi "')
    found, _, mended = project.mended(before)
    assert found == after
    ((mends, name),) = mended.applied
    assert name == fix.name
    assert mends in project.broken(before)
    assert mends not in project.broken(after)


@pytest.mark.parametrize("fix", _APPLIED, ids=lambda fix: fix.name)
def test_unsafe_fixes_are_asked_for(fix: FixEntry, project: Project) -> None:
    before = bytes_of(fix, fix.before)
    if fix.applicability == "unsafe":
        assert project.mended(before, unsafe=False)[0] == before
    else:
        assert project.mended(before, unsafe=False)[0] == bytes_of(fix, fix.after)


@pytest.mark.parametrize(
    "fix", [f for f in FIXES if f.applicability == "display"], ids=lambda f: f.name
)
def test_what_only_a_person_can_choose_stays(fix: FixEntry, project: Project) -> None:
    before = bytes_of(fix, fix.before)
    assert project.mended(before)[0] == before
    assert project.broken(before)


def test_a_fix_that_does_not_help_is_not_kept(project: Project) -> None:
    """One of two misspellings has several corrections: the row would still break its rule."""
    data = f"{row('a', 'I recieve the abbort')}\n".encode()
    assert project.mended(data)[0] == data


def test_a_fix_that_breaks_another_rule_is_not_kept(project: Project) -> None:
    """Without its token the reply would be blank, which the row was not before."""
    data = f"{row('a', '<|im_end|>')}\n".encode()
    assert project.mended(data)[0] == data


def test_a_prompt_is_mended_turn_by_turn(project: Project) -> None:
    turns = (
        '{"messages": [{"role": "user", "content": [{"type": "text", "text": "a\u200b"}, '
        '{"type": "image"}]}, {"role": "assistant", "content": "b"}, '
        '{"role": "user", "content": "c\u200b"}, {"role": "assistant", "content": "d"}]}\n'
    )
    found, _, mended = project.mended(turns.encode())
    assert found.decode() == turns.replace("\u200b", "")
    assert mended.applied == {("no_control_characters", "strip_control_characters"): 1}


def test_a_waived_row_is_left_alone(tmp_path: Path) -> None:
    project = Project(tmp_path)
    data = f"{row('a', 'b ')}\n".encode()
    assert project.mended(data)[0] != data
    (step,) = project.steps
    from ftdsl.language.program import WaiverDef

    waiver = WaiverDef(("support", "trimmed"), "as it was said", "2099-01-01")
    project.steps = [step.model_copy(update={"waivers": (waiver,)})]
    assert project.mended(data)[0] == data


@pytest.mark.parametrize(
    ("broken", "whole"),
    [
        ("cafÃ©", "café"),
        ("itâ€™s", "it’s"),
        ("â€œquotedâ€\x9d", "“quoted”"),
        ("naÃ¯ve â€“ dÃ©jÃ\xa0 vu", "naïve – déjà vu"),
        ("ðŸ˜€", "😀"),
        ("é alone, £5 and ½", "é alone, £5 and ½"),
        ("lost \ufffd character", "lost \ufffd character"),
    ],
)
def test_mojibake(broken: str, whole: str) -> None:
    assert repair_mojibake(broken) == whole


def test_a_token_that_appears_when_one_goes() -> None:
    assert strip_special_tokens("a <|im<|im_end|>_end|> b") == "a  b"
