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
    """Carries a fault out of ``json``'s hooks, with the number as it is written."""

    def __init__(self, code: str, message: str, help: str, written: str) -> None:
        super().__init__(message)
        self.fault = (code, message, help)
        self.written = written


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
    return Fault(
        "FT322",
        f"byte {error.start + 1} of the line is not UTF-8 ({around(data, error.start)})",
        line,
        offset + error.start,
        len(data[: error.start].decode()) + 1,
        _encoding_help(data, error),
        excerpt(data),
    )


def around(data: bytes, at: int) -> str:
    """The bytes before and after ``at`` in hex, that one in brackets: ``63 61 [E9] 22``."""
    before, after = data[max(at - 4, 0) : at], data[at + 1 : at + 5]
    return f"{before.hex(' ')} [{data[at : at + 1].hex()}] {after.hex(' ')}".strip().upper()


def _encoding_help(data: bytes, error: UnicodeDecodeError) -> str:
    """What the bytes seem to be: the encoding of Western Europe, if letters come of it."""
    if error.reason == "unexpected end of data":
        return "a character was cut in the middle; write the row again"
    high = [byte for byte in data[error.start :] if byte > 0x7F]
    read = bytes(high).decode("cp1252", "replace")
    letters = sum(character.isalpha() or character in _TYPOGRAPHIC for character in read)
    if letters * 4 < len(high) * 3 or data[:1] not in (b"{", b"[", b'"'):
        return "save the file as UTF-8"
    word = _word_at(data, error.start)
    name = "Windows-1252" if any(0x80 <= byte < 0xA0 for byte in high) else "Latin-1"
    code = "WINDOWS-1252" if name == "Windows-1252" else "ISO-8859-1"
    return f"as {name} it reads `{word}`; if so: `iconv -f {code} -t UTF-8 FILE`"


_TYPOGRAPHIC = frozenset("“”‘’–—…€°§«»·•")
_BREAK = re.compile(rb'[\x00-\x20"\\{}\[\],:]')


def _word_at(data: bytes, at: int) -> str:
    start = max((match.end() for match in _BREAK.finditer(data, max(at - 20, 0), at)), default=0)
    end = _BREAK.search(data, at, at + 20)
    word = data[max(start, at - 20) : end.start() if end is not None else at + 20]
    return word.decode("cp1252", "replace")


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
        return *bad.fault, _number_at(text, bad.written)
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
    raise _Bad("FT327", f"`{name}` is not JSON", "write null, or leave the field out", name)


def _float(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        message = f"`{digits[:30]}` is beyond every double"
        raise _Bad("FT327", message, "write a smaller number", digits)
    return value


def _integer(digits: str) -> int:
    if len(digits) > 300:
        raise _Bad("FT325", "an integer has hundreds of digits", "write it as text", digits)
    return int(digits)


_TEXT_OR_NUMBER = re.compile(r'"(?:[^"\\]|\\.)*+"|[-+.0-9A-Za-z]++')


def _number_at(text: str, written: str) -> int:
    """Where ``written`` first stands outside all texts."""
    for match in _TEXT_OR_NUMBER.finditer(text):
        if match.group() == written:
            return match.start()
    return 0


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


_ZERO = re.compile(rb"-0(?:\.0+)?(?:[eE][+-]?[0-9]+)?")


def negative_zero(data: bytes) -> tuple[str, int] | None:
    """The first ``-0`` of ``data``, as written, and its byte index; None if there is none."""
    for match in _TOKEN.finditer(data):
        if _ZERO.fullmatch(match.group()):
            return match.group().decode(), match.start()
    return None


def parse(data: bytes) -> Any:
    """The value of one line. Raises ``orjson.JSONDecodeError``; ask ``diagnose`` why."""
    return orjson.loads(data)
