"""Diagnostics as text: carets under the right columns, long lines cut, control signs shown."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftdsl.diagnostics.diagnostic import Diagnostic, Edit, Fix, Label, Severity, Span
from ftdsl.diagnostics.render import WIDTH, columns, render_concise, render_full


@dataclass(frozen=True)
class File:
    text: str


def full(text: str, start: int, end: int, **more: object) -> list[str]:
    one = Diagnostic("FT110", "message", Span("a.ftspec", start, end), **more)  # type: ignore[arg-type]
    return render_full(one, {"a.ftspec": File(text)}).split("\n")


def test_the_whole_form() -> None:
    text = "ftspec 1\n" * 29 + "    fail when failing > 1\n"
    start = text.index("> 1") + 2
    span = Span("specs/support.ftspec", start, start + 1)
    one = Diagnostic(
        "FT110",
        "`failing` is a ratio, compared with a plain number",
        span,
        label="expected a ratio such as `1%`",
        notes=("a remark",),
        related=(Label(Span("specs/support.ftspec", 0, 6), "over there"),),
        help="did you mean `1%`?",
        fix=Fix("replace", (Edit(span, "1%"),)),
    )
    assert render_full(one, {"specs/support.ftspec": File(text)}) == (
        "specs/support.ftspec:30:25: error[FT110]: `failing` is a ratio, compared with a plain"
        " number\n"
        "   |\n"
        "30 |     fail when failing > 1\n"
        "   |                         ^ expected a ratio such as `1%`\n"
        "  --> specs/support.ftspec:1:1\n"
        "   |\n"
        " 1 | ftspec 1\n"
        "   | ------ over there\n"
        "   |\n"
        "   = note: a remark\n"
        "   = help: did you mean `1%`? (fix available)"
    )


def test_the_concise_form_is_one_line() -> None:
    one = Diagnostic("FT110", "two\nlines", Span("a", 3, 4), severity=Severity.WARNING)
    assert render_concise(one, {"a": File("x\nyz")}) == "a:2:2: warning[FT110]: two␊lines"


def test_a_file_that_was_not_read_has_no_excerpt() -> None:
    one = Diagnostic("FT300", "gone", Span("data.jsonl", 0, 0), help="look")
    assert render_full(one, {}) == "data.jsonl: error[FT300]: gone\n  = help: look"


@pytest.mark.parametrize(
    ("line", "shown", "before", "signs"),
    [
        ("\tab", "    ab", 4, 2),
        ("日本ab", "日本ab", 4, 2),
        ("e\u0301ab", "e\u0301ab", 1, 2),
        ("\x1b[ab", "␛[ab", 2, 2),
        ("\u202eab", "\ufffdab", 1, 2),
    ],
)
def test_carets_stand_under_what_is_meant(line: str, shown: str, before: int, signs: int) -> None:
    start = line.index("ab")
    lines = full(line, start, start + 2)
    assert lines[2] == f"1 | {shown}"
    assert lines[3] == f"  | {' ' * before}{'^' * signs}"


def test_an_empty_span_and_one_past_the_end_get_a_caret() -> None:
    assert full("ab", 2, 2)[3] == "  |   ^"
    assert full("", 0, 0)[3] == "  | ^"
    assert full("ab", 9, 12)[3].strip().endswith("^")


def test_only_the_first_line_of_a_long_span_is_marked() -> None:
    assert full("abc\ndef", 1, 6)[2:4] == ["1 | abc", "  |  ^^"]


@pytest.mark.parametrize("start", [0, 50, 99, 120, 500, 998])
def test_of_a_long_line_the_part_around_the_caret_is_shown(start: int) -> None:
    text = "".join(chr(97 + i % 26) for i in range(1000))
    lines = full(text, start, start + 2)
    excerpt, signs = lines[2][4:], lines[3][4:]
    assert columns(excerpt) <= WIDTH
    assert excerpt[signs.index("^") :][:2] == text[start : start + 2]


def test_colors_change_nothing_else() -> None:
    one = Diagnostic("FT110", "m", Span("a", 0, 1), label="l", help="h")
    plain = render_full(one, {"a": File("xy")})
    colored = render_full(one, {"a": File("xy")}, color=True)
    assert "\x1b[1;31m" in colored and "\x1b" not in plain
    import re

    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == plain


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=300), st.integers(0, 300), st.integers(0, 300))
def test_no_text_gets_through_as_control(text: str, one: int, other: int) -> None:
    start, end = sorted((one, other))
    shown = render_full(
        Diagnostic("FT110", text, Span("a", start, end), label=text, help=text, notes=(text,)),
        {"a": File(text)},
    )
    assert not any(ord(c) < 32 and c != "\n" for c in shown)
    assert not any(c in "\u202a\u202e\u2066\u200b\x7f\x9b" for c in shown)
    assert shown.count("\n") <= 7
