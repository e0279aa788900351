"""What a trainer makes of a conversation: its tokens, which are learned, and what is wrong there.

Tokens and masks are those that ``apply_chat_template(…, return_assistant_tokens_mask=True)`` of
transformers gives: the template's text without added special tokens, and of each marked stretch
the tokens from that of its first character to that of its last.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from enum import IntFlag
from typing import Any

import orjson

from ftdsl.quality.measures.chat_template import ChatTemplate, Unrendered

Turn = dict[str, Any]
Span = tuple[int, int]

CODE = 1
"""Part of the key of what is kept; raise it when a mask comes out otherwise."""

_PACKED = struct.Struct("<IIIH")
SIZE = _PACKED.size
"""Bytes of one packed mask."""
_PART = 128
"""Conversations that are tokenized at a time."""


class Flag(IntFlag):
    """What is wrong with a conversation, of what is learned from it."""

    UNRENDERED = 1
    """The template makes no text of it."""
    UNMARKED = 2
    """Nothing of what the assistant says is marked."""
    DIFFERS = 4
    """The tokens that are learned are not what the assistant says."""
    ENDLESS = 8
    """The last learned token is none that a server stops at."""
    FOREIGN = 16
    """A server makes another prompt of the turns before the last answer."""
    SPLIT = 32
    """The prompt is the same text, but its last token runs on into the answer."""
    STOP_CUT = 64
    """The stop token lies beyond the longest row."""
    GAP = 128
    """Between the prompt and what is learned stands text that nobody teaches the model."""
    HEADER = 256
    """The start of an answer, which a server writes, is learned too."""


@dataclass(frozen=True, slots=True)
class Mask:
    """Counts in tokens: all of the row, those learned, and those learned within the limit."""

    tokens: int
    learned: int
    kept: int
    flags: Flag

    def pack(self) -> bytes:
        """``SIZE`` bytes."""
        return _PACKED.pack(self.tokens, self.learned, self.kept, int(self.flags))


def unpacked(data: bytes, at: int = 0) -> Mask:
    """The mask that was packed at byte ``at``."""
    tokens, learned, kept, flags = _PACKED.unpack_from(data, at)
    return Mask(tokens, learned, kept, Flag(flags))


@dataclass(frozen=True, slots=True)
class Kit:
    """All that decides a mask beside the conversation. ``tokenizer`` is a tokenizer.json;
    ``serving`` the template that a server renders with; ``stops`` the tokens that it stops at;
    ``limit`` the longest row in tokens. ``marked``: only what ``{% generation %}`` marks is
    learned; else, where ``whole``, every token, and where not, what each assistant turn adds.
    ``digest`` stands for all of it."""

    tokenizer: bytes
    template: str
    serving: str
    variables: tuple[tuple[str, str], ...]
    stops: tuple[int, ...]
    limit: int | None
    marked: bool
    whole: bool
    digest: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A conversation as text. ``spans`` are of what is learned, the last ``own`` of them of the
    last answer; ``prompt`` is what a server makes of the turns before that, or None where it makes
    nothing of them; ``asked`` is where the start of the answer begins in it."""

    text: str
    spans: list[Span]
    own: int
    prompt: str | None
    asked: int
    answer: Any
    flags: Flag

    @property
    def learned(self) -> str:
        """What is learned of the last answer."""
        return "".join(self.text[start:end] for start, end in self.spans[-self.own :])


def masks_of(kit: Kit, conversations: list[bytes]) -> bytes:
    """The packed masks of conversations, each a JSON list of turns, in their order: the block
    function of the check. While some are tokenized, which needs no lock of the interpreter, the
    next are rendered."""
    tools = compiled(kit)
    made: list[bytes] = []
    with ThreadPoolExecutor(1) as beside:
        ahead: tuple[list[Draft], Future[list[Any]]] | None = None
        for start in range(0, len(conversations), _PART):
            part = conversations[start : start + _PART]
            drafts = [tools.draft(orjson.loads(one)) for one in part]
            coming = beside.submit(tools.encode, [one.text for one in drafts])
            if ahead is not None:
                made += tools.masks(ahead[0], ahead[1].result())
            ahead = drafts, coming
        if ahead is not None:
            made += tools.masks(ahead[0], ahead[1].result())
    return b"".join(made)


class Tools:
    """A kit made ready: the tokenizer loaded, the templates compiled. Raises ``Unrendered`` for a
    text that is no template."""

    def __init__(self, kit: Kit) -> None:
        from tokenizers import Tokenizer

        self.kit = kit
        self.stops = frozenset(kit.stops)
        self.tokenizer = Tokenizer.from_buffer(kit.tokenizer)
        self.added = frozenset(self.tokenizer.get_added_tokens_decoder())
        self.template = ChatTemplate(kit.template, dict(kit.variables))
        same = kit.serving == kit.template
        self.serving = self.template if same else ChatTemplate(kit.serving, dict(kit.variables))

    def encode(self, texts: list[str]) -> list[Any]:
        """Encodings that know which character each token is of."""
        found: list[Any] = self.tokenizer.encode_batch(texts, add_special_tokens=False)
        return found

    def ids(self, texts: list[str]) -> list[list[int]]:
        """Token ids alone, which is faster."""
        found = self.tokenizer.encode_batch_fast(texts, add_special_tokens=False)
        return [one.ids for one in found]

    def decode(self, ids: list[list[int]]) -> list[str]:
        """The texts of token ids, special ones included."""
        found: list[str] = self.tokenizer.decode_batch(ids, skip_special_tokens=False)
        return found

    def draft(self, turns: list[Turn]) -> Draft:
        """The conversation as text, in training and before its last answer in serving."""
        places = [i for i, one in enumerate(turns) if one.get("role") == "assistant"]
        try:
            text, spans = self._learned(turns)
        except Unrendered:
            return Draft("", [], 0, None, 0, None, Flag.UNRENDERED)
        if not spans or not places:
            return Draft(text, [], 0, None, 0, None, Flag.UNMARKED if places else Flag(0))
        before, answer = turns[: places[-1]], turns[places[-1]].get("content")
        try:
            prompt, _ = self.serving.render(before, asks=True)
        except Unrendered:
            return Draft(text, spans, 1, None, 0, answer, Flag.FOREIGN)
        asked, own = len(prompt), 1
        if text.startswith(prompt):
            own = max(1, sum(end > len(prompt) for _, end in spans))
            if spans[-own][0] < len(prompt):
                asked = self._asked(before, prompt)
        return Draft(text, spans, own, prompt, asked, answer, Flag(0))

    def _asked(self, before: list[Turn], prompt: str) -> int:
        """Where in ``prompt`` the start of the answer begins."""
        try:
            alone, _ = self.serving.render(before)
        except Unrendered:
            return len(prompt)
        return len(alone) if prompt.startswith(alone) else len(prompt)

    def _learned(self, turns: list[Turn]) -> tuple[str, list[Span]]:
        if self.kit.marked:
            text, spans = self.template.render(turns)
            return text, [span for span in spans if span[0] < span[1]]
        text, spans = self.template.said(turns)
        spans = [span for span in spans if span[0] < span[1]]
        # Where answers are compared only they are learned, and no earlier turn.
        return text, spans if self.kit.whole else spans[-1:]

    def masks(self, drafts: list[Draft], encoded: list[Any]) -> Iterator[bytes]:
        """The packed masks of drafts, from their encodings."""
        tails = [self.tail(draft, found) for draft, found in zip(drafts, encoded, strict=True)]
        prompts = self.ids([text for text, _ in tails])
        pairs = list(zip(drafts, encoded, strict=True))
        slices = [_slice(found, span) for draft, found in pairs for span in draft.spans]
        said = iter(self.decode(slices))
        for (draft, found), (_, at), prompt in zip(pairs, tails, prompts, strict=True):
            spoken = [next(said) for _ in draft.spans]
            yield self.judged(draft, found, (at, prompt), spoken).pack()

    def tail(self, draft: Draft, found: Any) -> tuple[str, int]:
        """The end of a prompt that the training text begins with, and which token of that is its
        first. Added tokens are cut out of a text before anything else looks at it, so that what
        follows the last of them is tokenized by itself."""
        if not draft.prompt or not draft.text.startswith(draft.prompt):
            return "", 0
        last = found.char_to_token(len(draft.prompt) - 1)
        ids = found.ids
        while last is not None and last >= 0 and ids[last] not in self.added:
            last -= 1
        if last is None or last < 0:
            return draft.prompt, 0
        return draft.prompt[found.token_to_chars(last)[1] :], last + 1

    def judged(
        self, draft: Draft, found: Any, prompt: tuple[int, list[int]], said: list[str]
    ) -> Mask:
        """The mask of a draft, from its encoding, the place and the tokens of its prompt's tail,
        and what the learned tokens say."""
        tokens = len(found)
        if draft.flags & (Flag.UNRENDERED | Flag.UNMARKED) or not draft.spans:
            return Mask(tokens, 0, 0, draft.flags)
        ranges = [_range(found, span) for span in draft.spans]
        limit = tokens if self.kit.limit is None else self.kit.limit
        # No token before it predicts the first one, so that it is never learned.
        learned = sum(end - max(start, 1) for start, end in ranges)
        kept = sum(max(0, min(end, limit) - max(start, 1)) for start, end in ranges)
        if self.kit.whole:
            learned, kept = max(0, tokens - 1), max(0, min(tokens, limit) - 1)
        flags = draft.flags | self._of_ends(draft, found, ranges[-1], limit)
        flags |= self._of_prompt(draft, found, prompt, ranges[-draft.own][0])
        spoken = zip(said, (draft.text[start:end] for start, end in draft.spans), strict=True)
        if not all(self._same(one, text) for one, text in spoken) or not _holds(draft):
            flags |= Flag.DIFFERS
        return Mask(tokens, learned, kept, flags)

    def _of_ends(self, draft: Draft, found: Any, last: tuple[int, int], limit: int) -> Flag:
        """Whether the last answer ends at a token that a server stops at, and keeps it."""
        start, end = draft.spans[-1]
        trimmed = draft.text[start:end].rstrip()
        at = found.char_to_token(start + len(trimmed) - 1) if trimmed else None
        if at is None or found.ids[at] not in self.stops:
            return Flag.ENDLESS
        return Flag.STOP_CUT if at >= limit and last[0] < limit else Flag(0)

    def _of_prompt(
        self, draft: Draft, found: Any, prompt: tuple[int, list[int]], first: int
    ) -> Flag:
        """Whether the model reads in training what it will read when it is served."""
        if draft.prompt is None:
            return Flag(0)
        start = draft.spans[-draft.own][0]
        if not draft.text.startswith(draft.prompt):
            return Flag.FOREIGN
        if start < draft.asked:
            return Flag.DIFFERS
        at, tail = prompt
        end = at + len(tail)
        if found.ids[at:end] != tail:
            return Flag.SPLIT
        if draft.text[start : len(draft.prompt)].strip():
            return Flag.HEADER
        if first > end and draft.text[len(draft.prompt) : start].strip():
            return Flag.GAP
        return Flag(0)

    def _same(self, said: str, text: str) -> bool:
        """Whether decoded tokens say ``text``; what the tokenizer itself loses is no difference."""
        if said == text or said.strip() == text.strip():
            return True
        return said.strip() == self.decode(self.ids([text]))[0].strip()


def _holds(draft: Draft) -> bool:
    """Whether what is learned last holds what the assistant says last, however it is laid out."""
    if not isinstance(draft.answer, str):
        return True
    # A thought may be moved, or left out of earlier turns.
    wanted = draft.answer.rpartition("</think>")[2]
    return "".join(wanted.split()) in "".join(draft.learned.split())


def _range(found: Any, span: Span) -> tuple[int, int]:
    """First and last + 1 token of a stretch, as transformers marks them; (0, 0) for none."""
    first, last = found.char_to_token(span[0]), found.char_to_token(span[1] - 1)
    if first is None:
        return 0, 0
    return first, len(found) if last is None else last + 1


def _slice(found: Any, span: Span) -> list[int]:
    start, end = _range(found, span)
    ids: list[int] = found.ids[start:end]
    return ids


_READY: dict[str, Tools] = {}
_MOST = 2


def compiled(kit: Kit) -> Tools:
    """The kit made ready, once a process."""
    if kit.digest not in _READY:
        while len(_READY) >= _MOST:
            _READY.pop(next(iter(_READY)))
        _READY[kit.digest] = Tools(kit)
    return _READY[kit.digest]
