"""Whatever the text: diagnostics with a place, never an exception, in bounded time."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftdsl.diagnostics.diagnostic import Severity
from ftdsl.language.formatting.formatter import format_source
from ftdsl.language.grammar import load_grammar
from ftdsl.language.parsing.parser import Parsed, parse
from ftdsl.language.source import Source

EXAMPLE = (Path(__file__).parents[1] / "spec" / "fmt" / "language_page.in.ftspec").read_text(
    "utf-8"
)
TOKENS = [token.text for token in parse(Source("a.ftspec", EXAMPLE)).tokens]


def survive(text: str) -> Parsed:
    source = Source("a.ftspec", text)
    parsed = parse(source)
    if parsed.tokens:
        assert "".join(token.text for token in parsed.tokens) == text
    for one in parsed.diagnostics:
        assert one.message
        assert one.help
        assert 0 <= one.span.start <= one.span.end <= len(text)
    return parsed


EVERY = [pytest.param(1, marks=pytest.mark.slow), 5]
"""All places, and one place in five."""


@pytest.mark.parametrize("step", EVERY)
def test_every_prefix(step: int) -> None:
    for end in range(0, len(EXAMPLE), step * 2):
        survive(EXAMPLE[:end])


@pytest.mark.parametrize("step", EVERY)
def test_every_deletion_of_one_token_is_told_at_most_once(step: int) -> None:
    trivia = load_grammar().trivia
    tokens = parse(Source("a.ftspec", EXAMPLE)).tokens
    for index in range(0, len(tokens), step):
        parsed = survive("".join(TOKENS[:index] + TOKENS[index + 1 :]))
        if tokens[index].kind not in trivia:
            assert len(parsed.diagnostics) <= 1, (index, tokens[index])


@given(st.lists(st.sampled_from(TOKENS), max_size=60), st.sampled_from(["", " ", "\n"]))
@settings(max_examples=50, deadline=None)
def test_token_soup(words: list[str], glue: str) -> None:
    survive("ftspec 1\n" + glue.join(words))


@given(st.data())
@settings(max_examples=50, deadline=None)
def test_mutations(data: st.DataObject) -> None:
    words = list(TOKENS)
    for _ in range(data.draw(st.integers(1, 8))):
        index = data.draw(st.integers(0, len(words) - 1))
        words[index] = data.draw(st.one_of(st.sampled_from(TOKENS), st.text(max_size=4)))
    survive("".join(words))


@given(st.binary(max_size=200))
@settings(max_examples=50, deadline=None)
def test_any_bytes(data: bytes) -> None:
    parse(Source("a.ftspec", data))
    parse(Source("a.ftspec", b"ftspec 1\n" + data))


@given(st.data())
@settings(max_examples=50, deadline=None)
def test_the_formatter_keeps_its_promises_wherever_comments_and_breaks_stand(
    data: st.DataObject,
) -> None:
    gaps = st.sampled_from([" ", "\n", "\n\n\n", "  # c\n", "\n# own\n", "\n  # own\n\n"])
    words = list(TOKENS)
    for _ in range(data.draw(st.integers(1, 6))):
        words.insert(data.draw(st.integers(1, len(words))), data.draw(gaps))
    source = Source("a.ftspec", "".join(words))
    parsed = parse(source)
    formatted = format_source(source)
    errors = [one for one in parsed.diagnostics if one.severity is Severity.ERROR]
    assert (formatted.text is None) == bool(errors), formatted.diagnostics


NESTINGS = {
    "parentheses": "let x = " + "(" * 20_000,
    "closed parentheses": "let x = " + "(" * 20_000 + "1" + ")" * 20_000,
    "calls": "let x = " + "f(" * 20_000,
    "lists": "let x = " + "[" * 20_000,
    "braces": "check a {" * 20_000,
    "nots": "let x = " + "not " * 20_000 + "true",
    "minuses": "let x = " + "-" * 20_000 + "1",
    "types": "schema a { b: " + "list(" * 20_000,
    "operators": "let x = " + "a or " * 20_000 + "b",
}


@pytest.mark.parametrize("name", NESTINGS)
def test_deep_nesting_is_refused_before_any_walk(name: str) -> None:
    begun = time.process_time()
    codes = [one.code for one in survive("ftspec 1\n" + NESTINGS[name]).diagnostics]
    assert codes in (["FT014"], ["FT017"])
    assert time.process_time() - begun < 3


def test_the_deepest_allowed_text_can_be_walked() -> None:
    text = "ftspec 1\nlet x = " + "f(-1 + " * 62 + "1" + ")" * 62 + "\n"
    parsed = survive(text)
    assert parsed.diagnostics == ()
    assert repr(parsed.spec)
    assert format_source(Source("a.ftspec", text)).text


@pytest.mark.parametrize(
    "text", ["#", '"', "'", "\\", "<", "{}", "9", "a", " ", "\0", "\t", "@ ", "let\n", "1.1.1 "]
)
def test_a_megabyte_of_anything_takes_little_time(text: str) -> None:
    begun = time.process_time()
    survive("ftspec 1\n" + text * ((2**20 - 9) // len(text.encode())))
    assert time.process_time() - begun < 6
