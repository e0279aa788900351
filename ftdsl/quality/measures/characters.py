"""Characters and runs that a clean text does not hold: controls and reserved tokens."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from ftdsl.data.rows import pairs
from ftdsl.quality.measures.patterns import count_matches
from ftdsl.quality.texts import AnyTexts, as_texts

CONTROL = (
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x{9f}\x{200b}-\x{200f}\x{202a}-\x{202e}"
    r"\x{2060}-\x{2064}\x{2066}-\x{2069}\x{feff}]"
)
SPECIAL = "|".join(
    (
        # ChatML, Llama 3 and 4, Qwen, Phi, gpt-oss, StarCoder; DeepSeek writes wide bars.
        r"<\|[A-Za-z0-9_]{1,40}\|>",
        r"<｜[^｜<>\s]{1,40}｜>",
        # Gemma.
        r"<(?:start|end)_of_(?:turn|image|audio)>",
        r"<(?:bos|eos|pad|unk)>",
        # Llama 2 and Mistral. Inside a text, `<s>` is HTML's struck-out text as well.
        r"^\s*<s>|</s>\s*$|\[/?INST\]|<</?SYS>>",
        r"\[(?:/?AVAILABLE_TOOLS|/?TOOL_RESULTS|TOOL_CALLS|/?SYSTEM_PROMPT)\]",
        # Infilling: StarCoder, SantaCoder and CodeLlama, whose `<PRE>` is HTML's as well.
        r"<fim[_-](?:prefix|middle|suffix|pad)>|<file_sep>|<(?:SUF|MID|EOT)>",
    )
)
"""Reserved tokens of the chat and infilling templates in use, written out."""
_OPENS = b"<["
_FOLLOWS = bytes(code in b"|\xefse/bpufSIATME" for code in range(256))
"""What may follow the last ``<`` or ``[`` that opens a special token."""
_TOLD = 6
_ALLOWED = b"\t\n\r"


def control_characters(column: list[str]) -> list[int]:
    """Control, zero-width and bidirectional control characters other than tab and line ends."""
    texts = as_texts(column)
    codes = np.frombuffer(texts.joined, np.uint8)
    low = np.count_nonzero(codes < 32) + np.count_nonzero(codes == 127)
    if low > sum(np.count_nonzero(codes == one) for one in _ALLOWED):
        return count_matches(texts, CONTROL)
    # Without an ASCII one, only texts in other characters can hold any.
    if texts.ascii:
        return [0] * len(texts)
    return _count_among(texts, CONTROL, [not one.isascii() for one in texts])


def _count_among(texts: AnyTexts, source: str, suspect: list[bool]) -> list[int]:
    """``count_matches`` where only the suspects can hold a match."""
    counts = [0] * len(texts)
    among = [index for index, one in enumerate(suspect) if one]
    found = count_matches([texts[index] for index in among], source)
    for index, count in zip(among, found, strict=True):
        counts[index] = count
    return counts


def special_tokens(column: list[str]) -> list[int]:
    """Reserved tokens of chat templates, such as ``<|im_end|>``, written out in each text."""
    texts = as_texts(column)
    suspect = [False] * len(texts)
    for row in texts.rows_at(pairs(texts.joined, _OPENS, _FOLLOWS)):
        suspect[row] = True
    return _count_among(texts, SPECIAL, suspect)


def carriage_returns(column: list[str]) -> list[int]:
    """Carriage returns, alone or before a line feed."""
    if b"\r" not in as_texts(column).joined:
        return [0] * len(column)
    return [one.count("\r") for one in column]


def _special_tokens_in(text: str) -> str:
    found = list(dict.fromkeys(re.findall(SPECIAL, text)))
    return ", ".join(found[:_TOLD]) + (f" and {len(found) - _TOLD} more" * (len(found) > _TOLD))


FUNCTIONS: dict[str, Any] = {
    "control_characters": control_characters,
    "carriage_returns": carriage_returns,
    "special_tokens": special_tokens,
}

REASONS: dict[str, Any] = {"special_tokens": _special_tokens_in}
"""What a finding tells beside the value, by function."""
