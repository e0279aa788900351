"""The formatter's layout, by example, and its three promises on every example."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftdsl.diagnostics.diagnostic import Severity
from ftdsl.language.formatting.formatter import comments, doubt_of, format_source, shape
from ftdsl.language.parsing.parser import parse
from ftdsl.language.source import Source

FIXTURES = Path(__file__).parents[1] / "spec" / "fmt"
NAMES = sorted(path.name.removesuffix(".in.ftspec") for path in FIXTURES.glob("*.in.ftspec"))


def source_of(name: str, kind: str = "in") -> Source:
    return Source("spec.ftspec", (FIXTURES / f"{name}.{kind}.ftspec").read_bytes())


@pytest.mark.parametrize("name", NAMES)
def test_layout(name: str, record: bool) -> None:
    formatted = format_source(source_of(name))
    assert formatted.text is not None, formatted.diagnostics
    expected = FIXTURES / f"{name}.out.ftspec"
    if record:
        expected.write_bytes(formatted.text.encode())
    assert formatted.text.encode() == expected.read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_result_means_the_same_keeps_comments_and_is_final(name: str) -> None:
    before = parse(source_of(name))
    after = parse(source_of(name, "out"))
    assert list(shape(after.spec)) == list(shape(before.spec))
    assert comments(after) == comments(before)
    again = format_source(source_of(name, "out"))
    assert again.text == source_of(name, "out").text


def test_there_are_fixtures_enough() -> None:
    assert len(NAMES) >= 40


def test_a_text_with_mistakes_is_left_alone() -> None:
    formatted = format_source(Source("a.ftspec", "ftspec 1\n\nlet  a = \n"))
    assert formatted.text is None
    assert [one.code for one in formatted.diagnostics] == ["FT016"]


def test_warnings_do_not_stop_it() -> None:
    formatted = format_source(Source("a.ftspec", "ftspec 1\n\n\tlet a = 1\n"))
    assert formatted.text == "ftspec 1\n\nlet a = 1\n"
    assert [one.severity for one in formatted.diagnostics] == [Severity.WARNING]


@pytest.mark.code("FT030")
@pytest.mark.parametrize(
    ("result", "reason"),
    [
        ("ftspec 1\n\nlet a = 2  # note\n", "the text would mean something else"),
        ("ftspec 1\n\nlet a = 1\n", "a comment would be lost or moved"),
        ("ftspec 1\n\nlet a = 1  # other\n", "a comment would be lost or moved"),
        ("ftspec 1\n\nlet a   = 1  # note\n", "formatting it again would change it again"),
    ],
)
def test_a_result_that_breaks_a_promise_is_refused(result: str, reason: str) -> None:
    source = Source("a.ftspec", "ftspec 1\n\nlet a = 1  # note\n")
    doubt = doubt_of(source, parse(source), result)
    assert doubt is not None
    assert doubt.code == "FT030"
    assert reason in doubt.message


def test_shape_tells_trees_apart_and_ignores_places() -> None:
    def of(text: str) -> list[object]:
        return list(shape(parse(Source("a.ftspec", f"ftspec 1\n{text}")).spec))

    assert of("let a = 1") == of("\n\nlet   a = 1")
    assert of("let a = 1") != of("let a = 1.0")
    assert of("let a = (1)") != of("let a = 1")
    assert of("let a = f(1, 2)") != of("let a = f(1, x: 2)")
