"""One line of JSON as a value, or as the fault that says exactly what is wrong with it."""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

from ftdsl.data.faults import Fault, excerpt

BOM = b"\xef\xbb\xbf"
EXACT = 2**53
"""Integers beyond this are not exact in readers that hold every number as a double."""


TOO_DEEP = "a row may nest about 250 levels"


class _Bad(ValueError):
    """Carries a fault out of ``json``'s hooks."""

    def __init__(self, code: str, message: str, help: str) -> None:
        super().__init__(message)
        self.fault = (code, message, help)


def diagnose(data: bytes, line: int, offset: int, unfinished: bool) -> Fault:
    """Why ``data``, which orjson refused, is not one JSON value. ``offset`` is that of the line;
    the fault's own offset points at the byte where reading failed."""
    if data.startswith(BOM):
        return Fault(
            "FT323",
            "a byte order mark stands inside the file",
            line,
            offset,
            1,
            "files with a byte order mark were joined; remove the three bytes EF BB BF",
            excerpt(data),
        )
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        return _not_utf8(data, error, line, offset)
    return _malformed(data, text, line, offset, unfinished)


def _not_utf8(data: bytes, error: UnicodeDecodeError, line: int, offset: int) -> Fault:
    bad = data[error.start : error.start + 4].hex(" ").upper()
    return Fault(
        "FT322",
        f"byte {error.start + 1} of the line is not UTF-8 ({bad})",
        line,
        offset + error.start,
        len(data[: error.start].decode()) + 1,
        "save the file as UTF-8; single bytes above 7F often mean Latin-1 or Windows-1252",
        excerpt(data),
    )


def _malformed(data: bytes, text: str, line: int, offset: int, unfinished: bool) -> Fault:
    code, message, help, at = _explain(text)
    if unfinished and code in ("FT320", "FT339"):
        code, message = "FT321", "the last line is incomplete: it does not parse and has no end"
        help = "writing was cut off; write the file again, or delete its last line"
    before = text[:at]
    return Fault(code, message, line, offset + len(before.encode()), at + 1, help, excerpt(data))


def _explain(text: str) -> tuple[str, str, str, int]:
    """Code, message, help and character index of what keeps ``text`` from being a row."""
    try:
        value, end = _decoder().raw_decode(text.lstrip(" \t\r"))
    except _Bad as bad:
        return *bad.fault, 0
    except RecursionError:
        return _too_deep()
    except json.JSONDecodeError as error:
        return _syntax(text, error)
    rest = text.lstrip(" \t\r")[end:].strip()
    if rest.startswith(("{", "[")):
        at = text.rindex(rest)
        help = "write one object a line: `jq -c . FILE`"
        return "FT331", "more than one JSON value stands on the line", help, at
    if rest:
        at = text.rindex(rest)
        return "FT320", "text follows the JSON value", "write one JSON object a line", at
    return _refused_value(text, value)


def _decoder() -> json.JSONDecoder:
    return json.JSONDecoder(parse_constant=_constant, parse_float=_float, parse_int=_integer)


def _constant(name: str) -> Any:
    raise _Bad("FT327", f"`{name}` is not JSON", "write null, or leave the field out")


def _float(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise _Bad("FT327", f"`{digits[:30]}` is beyond every double", "write a smaller number")
    return value


def _integer(digits: str) -> int:
    if len(digits) > 300:
        raise _Bad("FT325", "an integer has hundreds of digits", "write it as text")
    return int(digits)


def _syntax(text: str, error: json.JSONDecodeError) -> tuple[str, str, str, int]:
    at = min(error.pos + len(text) - len(text.lstrip(" \t\r")), len(text))
    if error.msg.startswith("Invalid control character"):
        help = "write it as an escape, such as \\n or \\u0000"
        return "FT339", "a raw control character stands in a string", help, at
    message = f"malformed JSON: {error.msg[0].lower()}{error.msg[1:]}"
    return "FT320", message, "write one JSON object a line", at


def _too_deep() -> tuple[str, str, str, int]:
    return "FT337", "the value is nested too deeply", TOO_DEEP, 0


def _refused_value(text: str, value: Any) -> tuple[str, str, str, int]:
    """``json`` takes it and orjson does not: a lone surrogate, or nesting beyond its limit."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        at = max(text.lower().find("\\ud"), 0)
        help = "it is half of a pair, such as a cut emoji; remove it or write the whole pair"
        return "FT335", "an escape is a lone surrogate, which no text can hold", help, at
    except RecursionError:
        pass
    return _too_deep()


_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|[{}:]|-?[0-9][0-9.eE+-]*+')


def repeated_key(data: bytes) -> tuple[str, int] | None:
    """The first key that an object of ``data`` (one valid JSON value) holds twice, and the byte
    index of its second place; None if there is none."""
    open_objects: list[set[str]] = []
    last, at = b"", 0
    for match in _TOKEN.finditer(data):
        token = match.group()
        if token == b"{":
            open_objects.append(set())
        elif token == b"}":
            open_objects.pop()
        elif token == b":":
            key = orjson.loads(last)
            if key in open_objects[-1]:
                return key, at
            open_objects[-1].add(key)
        elif token[:1] == b'"':
            last, at = token, match.start()
    return None


def inexact_number(data: bytes) -> tuple[str, int] | None:
    """The first integer of ``data`` beyond ``EXACT``, as written, and its byte index."""
    for match in _TOKEN.finditer(data):
        token = match.group()
        if token[:1] in b"-0123456789" and token.lstrip(b"-").isdigit() and abs(int(token)) > EXACT:
            return token.decode(), match.start()
    return None


def parse(data: bytes) -> Any:
    """The value of one line. Raises ``orjson.JSONDecodeError``; ask ``diagnose`` why."""
    return orjson.loads(data)
