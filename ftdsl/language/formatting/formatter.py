"""The one layout of a spec: no options, and nothing but layout changes.

Three things are checked of every result before it is handed out: it parses to the same tree, every
comment is still there in the same order, and formatting it again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from ftdsl.diagnostics.diagnostic import Diagnostic, Severity, Span
from ftdsl.language.formatting.layout import Layout, pieces_of
from ftdsl.language.grammar import load_grammar
from ftdsl.language.parsing.parser import EDITION_NUMBER, Parsed, parse
from ftdsl.language.source import Source
from ftdsl.language.tokens import EDITION
from ftdsl.record import record


@record
class Formatted:
    """``text`` is None where the source has mistakes; ``diagnostics`` then tell them."""

    text: str | None
    diagnostics: tuple[Diagnostic, ...]


def format_source(source: Source) -> Formatted:
    """The text of ``source`` in the one layout. Line ends stay as the first line's."""
    parsed = parse(source)
    errors = tuple(one for one in parsed.diagnostics if one.severity is Severity.ERROR)
    if errors:
        return Formatted(None, parsed.diagnostics)
    text = _layout(parsed)
    doubt = doubt_of(source, parsed, text)
    if doubt is not None:
        return Formatted(None, (doubt,))
    if source.text.partition("\n")[0].endswith("\r"):
        text = text.replace("\n", "\r\n")
    return Formatted(text, parsed.diagnostics)


def doubt_of(source: Source, parsed: Parsed, text: str) -> Diagnostic | None:
    """Why ``text`` must not replace ``source``; None where it means the same and is stable."""
    again = parse(Source(source.path, text))
    reason = ""
    if list(shape(again.spec)) != list(shape(parsed.spec)):
        reason = "the text would mean something else"
    elif comments(again) != comments(parsed):
        reason = "a comment would be lost or moved"
    elif _layout(again) != text:
        reason = "formatting it again would change it again"
    if not reason:
        return None
    return Diagnostic(
        "FT030",
        f"the file was left as it is: {reason}",
        source.span(0, len(source.line(1))),
        label="not formatted",
        help="this is a fault of the formatter: please report it with the file",
    )


def shape(node: object) -> Iterator[object]:
    """The tree below ``node`` without its places, as a flat sequence."""
    stack = [node]
    while stack:
        one = stack.pop()
        if isinstance(one, Span):
            continue
        if is_dataclass(one) and not isinstance(one, type):
            yield type(one).__name__
            stack.extend(getattr(one, each.name) for each in reversed(fields(one)))
        elif isinstance(one, tuple):
            yield len(one)
            stack.extend(reversed(one))
        else:
            yield one


def comments(parsed: Parsed) -> list[str]:
    """The comments in order, without the white space at their ends."""
    return [token.text.rstrip() for token in parsed.tokens if token.kind == "COMMENT"]


def _layout(parsed: Parsed) -> str:
    grammar = load_grammar()
    pieces = pieces_of(parsed.tokens, grammar.trivia)
    first = f"ftspec {EDITION_NUMBER}"
    if pieces and pieces[0].token.kind == EDITION:
        pieces = pieces[1:]
    if pieces and pieces[0].is_comment and not pieces[0].breaks:
        first += f"  {pieces.pop(0).text}"
    lines = Layout(pieces).file(parsed.spec)
    return "\n".join([first, *([""] if lines else []), *lines]) + "\n"
