"""One JSON array as records: each element with the line on which it starts, read as a stream."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator

import orjson

from ftdsl.data.faults import Fault, excerpt
from ftdsl.data.files import DataFile
from ftdsl.data.head import opened
from ftdsl.data.json_lines import around, diagnose
from ftdsl.data.lines import MAX_LINE
from ftdsl.data.records import RecordBlock, audit, not_an_object
from ftdsl.data.streams import chunks

_SPACE = " \t\r\n"
_BATCH = 1000


class _Text:
    """A window of decoded text over a byte stream that knows its line and byte offset."""

    def __init__(self, stream: Iterator[bytes], offset: int) -> None:
        self.window = ""
        self.at = 0
        self.line = 1
        self.offset = offset
        self.fault: Fault | None = None
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("strict")
        self._read = offset

    def more(self, amount: int = 1) -> bool:
        """Read on until ``amount`` more characters are there; False at the end of the stream."""
        parts, size = [self.window[self.at :]], 0
        while size < amount and self.fault is None:
            data = next(self._stream, None)
            try:
                text = self._decoder.decode(data or b"", final=data is None)
            except UnicodeDecodeError as error:
                pending = len(error.object) - len(data or b"")
                self._not_utf8(self._read - pending + error.start, error)
                break
            parts.append(text)
            size += len(text)
            if data is None:
                break
            self._read += len(data)
        self.window, self.at = "".join(parts), 0
        return size > 0

    def _not_utf8(self, offset: int, error: UnicodeDecodeError) -> None:
        bad = around(error.object, error.start)
        before = error.object[: error.start].decode("utf-8", "replace")
        text = self.window[self.at :] + before
        self.fault = Fault(
            "FT322",
            f"byte {offset} is not UTF-8 ({bad}); the rest of the file is not read",
            self.line + text.count("\n"),
            offset,
            len(text) - (text.rfind("\n") + 1) + 1,
            "save the file as UTF-8",
        )

    def take(self, length: int) -> str:
        """The next ``length`` characters, which are left behind."""
        taken = self.window[self.at : self.at + length]
        self.at += length
        self.line += taken.count("\n")
        self.offset += len(taken.encode())
        return taken

    def skip(self, characters: str) -> str:
        """Leave ``characters`` behind; the first other character, or "" at the end."""
        while True:
            rest = self.at
            while rest < len(self.window) and self.window[rest] in characters:
                rest += 1
            self.take(rest - self.at)
            if self.at < len(self.window):
                return self.window[self.at]
            if not self.more():
                return ""


def array_blocks(file: DataFile) -> Iterator[RecordBlock]:
    """The objects of a file that is one JSON array. A fault in the array's own structure ends the
    reading, since what follows it cannot be told apart."""
    stream, taken, fault = opened(chunks(file))
    block = RecordBlock()
    if fault is not None:
        block.faults.append(fault)
        if fault.fatal:
            block.failed += 1
            yield block
            return
    text = _Text(stream, taken)
    sources: list[bytes] = []
    ended = _begin(text, block)
    while not ended:
        ended = _element(text, block, sources)
        if ended or len(block.values) >= _BATCH:
            audit(block, sources)
            yield block
            block, sources = RecordBlock(), []
    if block.faults or block.failed:
        yield block


def _begin(text: _Text, block: RecordBlock) -> bool:
    start = text.skip(_SPACE)
    if start == "[":
        text.take(1)
        return text.skip(_SPACE) == "]" and _end(text, block)
    if text.fault is not None:
        block.fail(text.fault)
    elif start:
        help = "name a file of one object a line with jsonl(…) in the spec"
        block.fail(_broken(text, "FT333", "the file is not one JSON array", help))
    return True


def _end(text: _Text, block: RecordBlock) -> bool:
    text.take(1)
    if text.skip(_SPACE):
        message = "text follows the array"
        block.fail(_broken(text, "FT320", message, "a file holds one JSON array"))
    return True


def _broken(text: _Text, code: str, message: str, help: str) -> Fault:
    rest = text.window[text.at : text.at + 120].encode()
    return Fault(code, message, text.line, text.offset, None, help, excerpt(rest))


def _element(text: _Text, block: RecordBlock, sources: list[bytes]) -> bool:
    """Read one element and what follows it. True at the array's end or a fault that ends it."""
    length = _length(text)
    if length is None:
        block.fail(text.fault or _unreadable(text))
        return True
    line, offset = text.line, text.offset
    data = text.take(length).encode()
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        block.fail(diagnose(data, line, offset, unfinished=False))
    else:
        if isinstance(value, dict):
            block.values.append(value)
            block.lines.append(line)
            block.offsets.append(offset)
            sources.append(data)
        else:
            block.fail(not_an_object(value, data, line, offset))
    after = text.skip(_SPACE)
    if after == "]":
        return _end(text, block)
    if after == ",":
        text.take(1)
        text.skip(_SPACE)
        return False
    if text.fault is not None:
        block.fail(text.fault)
    elif after:
        block.fail(_broken(text, "FT320", "a comma is missing between two rows", "add it"))
    else:
        help = "writing was cut off; write the file again"
        block.fail(_broken(text, "FT321", "the array is incomplete: it has no end", help))
    return True


def _length(text: _Text) -> int | None:
    """Characters of the element that starts here; None where it is malformed or incomplete."""
    decoder = json.JSONDecoder()
    while True:
        try:
            _, end = decoder.raw_decode(text.window, text.at)
        except (json.JSONDecodeError, RecursionError):
            known = len(text.window) - text.at
            if known > MAX_LINE or not text.more(max(known, 1)):
                return None
            continue
        # A number at the window's end may go on in the next chunk.
        if end < len(text.window) or not text.more():
            return end - text.at if end <= len(text.window) else None


def _unreadable(text: _Text) -> Fault:
    """Why the element that starts here has no end: it is malformed, or the file stops in it."""
    data = text.window[text.at :].encode()
    fault = diagnose(data, text.line, text.offset, unfinished=False)
    at = (fault.offset or text.offset) - text.offset
    if at >= len(data.rstrip()) or "unterminated string" in fault.message:
        text.take(len(text.window) - text.at)
        help = "writing was cut off; write the file again"
        return _broken(text, "FT321", "the array is incomplete: it has no end", help)
    before = data[:at].decode("utf-8", "replace")
    return Fault(
        fault.code,
        f"{fault.message}; the rest of the file is not read",
        text.line + before.count("\n"),
        fault.offset,
        len(before) - (before.rfind("\n") + 1) + 1,
        fault.help,
        excerpt(data),
    )
