"""How many tokens a row is for a trainer, and how many of them are learned.

With a chat template they are those of the text that it renders. Without one they are estimated as
OpenAI's cookbook does: the tokens of each turn's role and content, three more a turn, and three for
the start of an answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from ftdsl.data.rows import Row, content_text
from ftdsl.data.rows import messages as messages_of
from ftdsl.data.rows import text as text_of
from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Refused
from ftdsl.language.program import DatasetDef
from ftdsl.quality.measures.token_counts import Counter, token_counter
from ftdsl.quality.measures.tool_calls import tool_list

_A_TURN = 3
CONFIGURATION = "tokenizer_config.json"
_NAMED = ("bos_token", "eos_token", "unk_token", "pad_token")


@dataclass(frozen=True, slots=True)
class _Piece:
    """Some text of a row, and ``more`` tokens that stand for no text."""

    text: str
    learned: bool = False
    more: int = 0


class RowTokens:
    """Counts over the rows of one dataset. Raises Refused: FT308 without the packages, FT348 for a
    template that cannot be read, FT358 for a tokenizer that cannot."""

    def __init__(self, dataset: DatasetDef, root: Path | None) -> None:
        self.dataset = dataset
        self._root = root or Path()
        self._counter: Counter | None = None
        self._template: Any = None

    def tokens(self, column: list[Any]) -> list[int]:
        """Tokens of each text, or of all texts of each row."""
        return self._count([text_of(one) if isinstance(one, Row) else one for one in column])

    def rendered_tokens(self, rows: list[Row]) -> list[int]:
        """Tokens of each row as the trainer sees it; of one that does not render, of its texts."""
        return [sum(count for _, count in row) for row in self._rows(rows)]

    def trainable_tokens(self, rows: list[Row], max_length: int) -> list[int]:
        """Learned tokens of each row among its first ``max_length``."""
        found = []
        for row in self._rows(rows):
            at = learned = 0
            for is_learned, count in row:
                if is_learned:
                    learned += max(0, min(at + count, max_length) - at)
                at += count
            found.append(learned)
        return found

    def renders(self, rows: list[Row]) -> list[bool]:
        """Whether the template makes a text of each row."""
        return [not self.unrendered(row) for row in rows]

    def unrendered(self, row: Row) -> str:
        """Why the template makes no text of the row, or ""."""
        from ftdsl.quality.measures.chat_template import Unrendered

        try:
            self._chat_template().said(_plain(row), tool_list(row))
        except Unrendered as error:
            return str(error)
        return ""

    def _count(self, texts: list[str]) -> list[int]:
        if self._counter is None:
            self._counter = token_counter(self.dataset, self._root)
        return self._counter(texts)

    def _rows(self, rows: list[Row]) -> list[list[tuple[bool, int]]]:
        """(learned, tokens) of the pieces of each row."""
        pieces = [self._pieces(row) for row in rows]
        counts = iter(self._count([one.text for row in pieces for one in row]))
        return [[(one.learned, next(counts) + one.more) for one in row] for row in pieces]

    def _pieces(self, row: Row) -> list[_Piece]:
        if self.dataset.template is None:
            return _estimated(row)
        from ftdsl.quality.measures.chat_template import Unrendered

        try:
            text, spans = self._chat_template().said(_plain(row), tool_list(row))
        except Unrendered:
            return [_Piece(text_of(row))]
        pieces, at = [], 0
        for start, end in spans:
            pieces += [_Piece(text[at:start]), _Piece(text[start:end], learned=True)]
            at = end
        return [*pieces, _Piece(text[at:])]

    def _chat_template(self) -> Any:
        if self.dataset.template is None:
            raise Refused(
                Diagnostic(
                    "FT347",
                    f"`{self.dataset.name}` names no chat template to render rows with",
                    self.dataset.span or Span("", 0, 0),
                    help='add `template = "chat_template.jinja"` to the dataset',
                )
            )
        if self._template is None:
            from ftdsl.quality.measures.chat_template import ChatTemplate, Unrendered

            name = self.dataset.template or ""
            try:
                source = (self._root / name).read_text(encoding="utf-8")
                self._template = ChatTemplate(source, self._variables())
            except (OSError, ValueError, Unrendered) as error:
                reason = error.strerror if isinstance(error, OSError) else error
                raise Refused(
                    Diagnostic(
                        "FT348",
                        f"chat template `{name}` cannot be read: {reason}",
                        self.dataset.span or Span("", 0, 0),
                        help="name a Jinja file, such as the model's chat_template.jinja",
                    )
                ) from None
        return self._template

    def _variables(self) -> dict[str, Any]:
        """The special tokens by name, from the configuration beside the tokenizer."""
        place = (self._root / self.dataset.tokenizer).parent / CONFIGURATION
        found: dict[str, Any] = dict.fromkeys(_NAMED[:2], "")
        if not place.is_file():
            return found
        content = orjson.loads(place.read_bytes())
        for name in _NAMED:
            token = content.get(name) if isinstance(content, dict) else None
            token = token.get("content") if isinstance(token, dict) else token
            if isinstance(token, str):
                found[name] = token
        return found


def _estimated(row: Row) -> list[_Piece]:
    pieces = []
    for one in messages_of(row):
        pieces.append(_Piece(str(one["role"]), more=_A_TURN))
        learned = one["role"] == "assistant" and one.get("weight") != 0
        pieces.append(_Piece(content_text(one.get("content")), learned))
        calls = one.get("tool_calls") or one.get("function_call")
        if calls:
            pieces.append(_Piece(orjson.dumps(calls, default=str).decode(), learned))
    if not pieces:
        return [_Piece(text_of(row), learned=True)]
    return [*pieces, _Piece("", more=_A_TURN)]


def _plain(row: Row) -> list[dict[str, Any]]:
    """The turns as chat templates know them: nothing is null, and text parts are one text."""
    found = []
    for turn in messages_of(row):
        kept = {key: value for key, value in turn.items() if value is not None}
        content = kept.get("content", "")
        if isinstance(content, list) and all(isinstance(p.get("text"), str) for p in content):
            content = content_text(content)
        found.append({**kept, "content": content})
    return found
