"""The parts of a turn whose content is a list: texts, images, sounds, files, as OpenAI has them."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from typing import Any

from ftdsl.data.rows import Row, ScannedRows
from ftdsl.data.rows import messages as messages_of

_TOLD = 4
_DATA_URL = re.compile(r"data:image/(?:png|jpe?g|gif|webp);base64,", re.IGNORECASE)
_HTTPS = re.compile(r"https?://[^\s/]+", re.IGNORECASE)
_DETAILS = frozenset({"auto", "low", "high", "original"})
_SOUNDS = frozenset({"wav", "mp3"})
_HEAD = 4096
"""Characters of embedded data that are looked at: enough to tell base64 from something else."""


def bad_parts(row: Row) -> int:
    """Parts of turns that are not in the form that OpenAI documents."""
    return sum(1 for _ in _faults(row))


def _faults(row: Row) -> Iterator[str]:
    for turn, one in enumerate(messages_of(row)):
        content = one.get("content")
        if not isinstance(content, list):
            continue
        if not content:
            yield f"messages[{turn}].content is an empty list"
        for index, part in enumerate(content):
            if fault := _fault(part, one["role"]):
                yield f"messages[{turn}].content[{index}] {fault}"


def _fault(part: dict[str, Any], role: str) -> str:
    kind = part.get("type")
    check = _KINDS.get(str(kind))
    if check is None:
        return f"has the type {kind!r}; there are {', '.join(_KINDS)}"
    if kind == "refusal":
        if role != "assistant":
            return f"is a refusal, in a turn of {role!r}"
    elif kind != "text" and role != "user":
        return f"is {kind!r}, in a turn of {role!r}: only a user shows one"
    return check(part)


def _text(part: dict[str, Any]) -> str:
    return "" if isinstance(part.get("text"), str) else "has no `text`"


def _refusal(part: dict[str, Any]) -> str:
    return "" if isinstance(part.get("refusal"), str) else "has no `refusal`"


def _image(part: dict[str, Any]) -> str:
    image = part.get("image_url")
    if not isinstance(image, dict) or not isinstance(image.get("url"), str):
        return 'has no `image_url` such as {"url": "https://…"}'
    if image.get("detail") is not None and image["detail"] not in _DETAILS:
        return f"has the detail {image['detail']!r}; there are {', '.join(sorted(_DETAILS))}"
    url = image["url"]
    if url[:5].lower() == "data:":
        data = _DATA_URL.match(url)
        if data is None:
            return f"embeds {url[:40]!r}, not base64 of a png, jpeg, gif or webp"
        return "" if _is_base64(url[data.end() :]) else "embeds an image that is not base64"
    return "" if _HTTPS.match(url) else f"shows {url[:60]!r}, which is no web address"


def _sound(part: dict[str, Any]) -> str:
    sound = part.get("input_audio")
    if not isinstance(sound, dict) or not isinstance(sound.get("data"), str):
        return "has no `input_audio` with `data` and `format`"
    if sound.get("format") not in _SOUNDS:
        return f"has the format {sound.get('format')!r}; there are mp3 and wav"
    return "" if _is_base64(sound["data"]) else "holds sound that is not base64"


def _file(part: dict[str, Any]) -> str:
    file = part.get("file")
    if not isinstance(file, dict) or not (file.get("file_id") or file.get("file_data")):
        return "has no `file` with `file_id` or `file_data`"
    return ""


def _is_base64(data: str) -> bool:
    head = data[:_HEAD]
    if not data or len(data) % 4 == 1:
        return False
    try:
        base64.b64decode(head + "=" * (-len(head) % 4), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


_KINDS: dict[str, Callable[[dict[str, Any]], str]] = {
    "text": _text,
    "image_url": _image,
    "input_audio": _sound,
    "file": _file,
    "refusal": _refusal,
}


def _told(row: Row) -> str:
    found = list(_faults(row))
    more = f"; and {len(found) - _TOLD} more" if len(found) > _TOLD else ""
    return "; ".join(found[:_TOLD]) + more


EACH: dict[str, Any] = {"bad_parts": bad_parts}

PLAIN: dict[str, Callable[[ScannedRows], list[Any]]] = {"bad_parts": lambda rows: [0] * len(rows)}
"""The functions of a row, for rows whose contents are all texts."""

REASONS: dict[str, Any] = {"bad_parts": _told}
"""What a finding tells beside the value, by function."""
