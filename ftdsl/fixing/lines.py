"""Fixes of one line of a data file: from its bytes to the lines that take its place."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from ftdsl.fixing.edits import drop_first_of, elements, repeated_keys

BOM = b"\xef\xbb\xbf"
_SPACE = " \t\r\n"
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_CONTROL = re.compile(rb"[\x00-\x1f]")
_SHORT = {0x08: b"\\b", 0x09: b"\\t", 0x0A: b"\\n", 0x0C: b"\\f", 0x0D: b"\\r"}
_ESCAPE = re.compile(rb"\\(?:u0000|.)", re.DOTALL)
_SURROGATE = re.compile(
    rb"(?P<pair>\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|(?P<lone>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.",
    re.DOTALL,
)
_NUMBER = re.compile(
    rb'(?P<text>"(?:[^"\\]|\\.)*+")|-?Infinity|NaN|(?P<number>-?[0-9][0-9.eE+-]*+)', re.DOTALL
)

Lines = list[bytes] | None


def strip_byte_order_mark(line: bytes) -> Lines:
    """The line without the marks at its start."""
    while line.startswith(BOM):
        line = line[len(BOM) :]
    return [line]


def delete(_line: bytes) -> Lines:
    """No line."""
    return []


def split_joined_rows(line: bytes) -> Lines:
    """The objects of the line, or of the array that it is, one a line; None if it holds any other
    value."""
    text = line.decode("utf-8", "surrogateescape")
    start = text[: len(text) - len(text.lstrip(_SPACE))]
    end = "\r" if text.endswith("\r") else ""
    parts: list[str] = []
    decoder, at = json.JSONDecoder(), len(start)
    try:
        while at < len(text):
            value, stop = decoder.raw_decode(text, at)
            spans = elements(text, at) if isinstance(value, list) else [(at, stop)]
            for one, last in spans:
                if text[one] != "{":
                    return None
                parts.append(text[one:last] + end)
            at = stop + len(text[stop:]) - len(text[stop:].lstrip(_SPACE + ","))
    except (json.JSONDecodeError, RecursionError):
        return None
    return [one.encode("utf-8", "surrogateescape") for one in parts]


def escape_control_character(line: bytes) -> Lines:
    """The line with the control characters inside its strings escaped."""

    def escaped(match: re.Match[bytes]) -> bytes:
        code = match[0][0]
        return _SHORT.get(code, b"\\u%04x" % code)

    return [_STRING.sub(lambda match: _CONTROL.sub(escaped, match[0]), line)]


def strip_nul(line: bytes) -> Lines:
    """The line without ``\\u0000``."""
    return [_ESCAPE.sub(lambda match: b"" if match[0] == b"\\u0000" else match[0], line)]


def strip_lone_surrogate(line: bytes) -> Lines:
    """The line without escapes that are half of a pair."""
    return [_SURROGATE.sub(lambda match: b"" if match["lone"] else match[0], line)]


def drop_repeated_key(line: bytes) -> Lines:
    """The line without the first of every two members that have the same key and value; None where
    two values differ."""
    found = repeated_keys(line)
    if not found:
        return None
    # Inner members first: a path leads through the last member of each name.
    for path in sorted(found, key=len, reverse=True):
        line = drop_first_of(line, path)
    return [line]


def read_as_windows_1252(line: bytes) -> Lines:
    """The line with the bytes that are no UTF-8 read as Windows-1252; None where it has none of
    them either."""
    while True:
        try:
            line.decode()
        except UnicodeDecodeError as error:
            bad = line[error.start : error.start + 1]
            try:
                character = bad.decode("cp1252")
            except UnicodeDecodeError:
                return None
            line = line[: error.start] + character.encode() + line[error.start + 1 :]
        else:
            return [line]


def nan_to_null(line: bytes) -> Lines:
    """The line with null for NaN, for the infinities and for numbers beyond every double."""

    def plain(match: re.Match[bytes]) -> bytes:
        number = match["number"]
        if match["text"] or (number and not _is_endless(number)):
            return match[0]
        return b"null"

    return [_NUMBER.sub(plain, line)]


def _is_endless(number: bytes) -> bool:
    try:
        return float(number) in (float("inf"), float("-inf"))
    except ValueError:
        return False


def on_one_line(value: bytes) -> bytes:
    """One JSON value without the line breaks, and the indentation behind them, between its
    tokens."""
    pattern = rb'("(?:[^"\\]|\\.)*+")|[ \t]*[\r\n][ \t\r\n]*'
    return re.sub(pattern, lambda match: match[1] or b"", value)


LINE_FIXES: dict[str, Callable[[bytes], Any]] = {
    "strip_byte_order_mark": strip_byte_order_mark,
    "delete_blank_line": delete,
    "split_joined_rows": split_joined_rows,
    "escape_control_character": escape_control_character,
    "strip_nul": strip_nul,
    "drop_repeated_key": drop_repeated_key,
    "strip_lone_surrogate": strip_lone_surrogate,
    "read_as_windows_1252": read_as_windows_1252,
    "nan_to_null": nan_to_null,
    "delete_cut_off_row": delete,
}
"""The one implementation of every line fix, by name."""
