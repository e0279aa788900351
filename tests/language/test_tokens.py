"""Tokens lose nothing, and tell keywords from names."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftdsl.language.grammar import load_grammar
from ftdsl.language.source import Source
from ftdsl.language.tokens import tokenize


def kinds(text: str) -> list[str]:
    grammar = load_grammar()
    return [t.kind for t in tokenize(grammar, text) if t.kind not in {"SPACE", "COMMENT"}]


@given(st.text(max_size=300))
@settings(max_examples=100)
def test_tokens_are_the_text_again(text: str) -> None:
    assert "".join(token.text for token in tokenize(load_grammar(), text)) == text


@given(st.text(alphabet="check {}[]()=:.,\"'#%$0123k\n\t\r\\é-<>!?&|", max_size=200))
@settings(max_examples=100)
def test_tokens_of_almost_specs_are_the_text_again(text: str) -> None:
    tokens = tokenize(load_grammar(), text)
    assert "".join(token.text for token in tokens) == text
    assert all(a.end == b.start for a, b in pairwise(tokens))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("train support {", ["BLOCK", "NAME", "LBRACE"]),
        ("train: 95%", ["LABEL", "COLON", "RATIO"]),
        ("eval = golden", ["KEY", "EQUAL", "NAME"]),
        ("x.eval", ["NAME", "DOT", "WORD"]),
        ("eval == golden", ["NAME", "EQUALS", "NAME"]),
        ("eval = train  model = x", ["KEY", "EQUAL", "NAME", "KEY", "EQUAL", "NAME"]),
        ("score exact = f", ["SCORE", "KEY", "EQUAL", "NAME"]),
        ("score >= 3", ["NAME", "AT_LEAST", "INT"]),
        ("each must fail", ["EACH", "MUST", "FAIL"]),
        ("10k 95% 1pp 2s 10MiB $0.60 2026-12-31 2e-4 0.85", [
            "INT", "RATIO", "POINTS", "DURATION", "SIZE", "MONEY", "DATE", "FLOAT", "FLOAT",
        ]),
        ("1.8x", ["BAD_NUMBER"]),
        ("10 %", ["INT", "BAD_CHARACTER"]),
        ("größe", ["BAD_NAME"]),
        ('"a', ["OPEN_STRING"]),
        ("“a”", ["ODD_STRING"]),
        ('"# no comment"', ["STRING"]),
        ("a && b", ["NAME", "FOREIGN", "NAME"]),
        ("a != b", ["NAME", "DIFFERS", "NAME"]),
    ],
)  # fmt: skip
def test_kinds(text: str, expected: list[str]) -> None:
    assert kinds(text) == expected


def test_positions_count_characters_and_lines_end_at_line_feeds() -> None:
    source = Source("a.ftspec", "aü\r\nb\n\x0bc")
    assert source.position(source.text.index("b")) == (2, 1)
    assert source.position(source.text.index("c")) == (3, 2)
    assert source.line(1) == "aü"
    assert source.position(len(source.text)) == (3, 3)
