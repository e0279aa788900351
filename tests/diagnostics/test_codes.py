"""Every code is unique, declared where it is emitted and emitted where it is declared, and its
examples do what they say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ftdsl.diagnostics import codes
from ftdsl.diagnostics.codes import CODES
from ftdsl.diagnostics.codes.code import Code
from ftdsl.language.analyze import analyze

PACKAGE = Path(__file__).parents[2] / "ftdsl"
TESTS = Path(__file__).parents[1]
_CODE = re.compile(r"\bFT[0-9]{3}\b")
_EMITTED = re.compile(r"""["'(\[](FT[0-9]{3})["')\]]""")

SPEC_CODES = [code for code in CODES.values() if code.examples == "spec"]


def emitted() -> set[str]:
    found: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        if "codes" not in path.parts:
            found |= set(_EMITTED.findall(path.read_text(encoding="utf-8")))
    return found


def found(text: str, folder: Path) -> set[str]:
    (folder / ".ftdsl-root").touch()
    path = folder / "example.ftspec"
    path.write_text(text, encoding="utf-8")
    return {one.code for one in analyze(path, folder).diagnostics}


def test_codes_and_their_names_are_unique() -> None:
    families = codes._FAMILIES
    every = [code for family in families for code in family.CODES]
    assert len({code.code for code in every}) == len(every)
    assert len({code.name for code in every}) == len(every)
    assert all(_CODE.fullmatch(code.code) for code in every)


def test_every_code_that_is_emitted_is_declared() -> None:
    assert emitted() - set(CODES) == set()


def test_every_code_that_is_declared_is_emitted() -> None:
    assert set(CODES) - emitted() == set()


@pytest.mark.parametrize("code", SPEC_CODES, ids=lambda code: code.code)
def test_the_failing_example_raises_exactly_its_code(code: Code, tmp_path: Path) -> None:
    assert found(code.failing, tmp_path) == {code.code}


@pytest.mark.parametrize("code", SPEC_CODES, ids=lambda code: code.code)
def test_the_passing_example_is_clean(code: Code, tmp_path: Path) -> None:
    assert found(code.passing, tmp_path) == set()


@pytest.mark.parametrize("code", CODES.values(), ids=lambda code: code.code)
def test_every_code_says_what_it_means(code: Code) -> None:
    assert code.summary and not code.summary.endswith(".")
    assert code.explanation.rstrip().endswith((".", "?"))
    assert code.failing.strip() and code.passing.strip()


def test_codes_proved_by_a_run_are_proved() -> None:
    marked: set[str] = set()
    for path in TESTS.rglob("test_*.py"):
        for line in re.findall(r"mark\.code\(([^)]*)\)", path.read_text(encoding="utf-8")):
            marked |= set(_CODE.findall(line))
    wanted = {code.code for code in CODES.values() if code.examples == "run"}
    assert wanted - marked == set()
