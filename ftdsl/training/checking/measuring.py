"""All rows of a training, split by split: what each comes to, and the first of those that fail."""

from __future__ import annotations

import unicodedata
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from typing import Any, TypeVar

import orjson

from ftdsl.data.rows import Row, prompt, read_rows, text
from ftdsl.engine.context import Context
from ftdsl.plan.steps import TrainStep
from ftdsl.results.preflight import SplitTokens
from ftdsl.training.checking.kept import KeptMasks, mask_key
from ftdsl.training.checking.masks import SIZE, Flag, Kit, Mask, masks_of, unpacked
from ftdsl.training.examples import example_of, removed_by_dedup

ANSWERS = ("chosen", "rejected", "completion")
"""What an example of a method that compares answers calls each of them."""
SHOWN = 5
"""Rows that are shown of each kind of mistake."""
_WAVE, _BLOCK = 8192, 1024
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Offender:
    """A row that fails, and the conversation of it that does."""

    row: Row
    conversation: bytes
    mask: Mask


@dataclass(slots=True)
class Measured:
    """One split. ``counts`` are rows by what is wrong, ``first`` the first of each; ``prompts``
    and ``texts`` are digests of what rows ask and of all that they say, by which two splits are
    compared: the lines of the first that do."""

    split: str
    name: str
    rows: int = 0
    unanswered: int = 0
    untrained: int = 0
    tokens: int = 0
    learned: int = 0
    over: int = 0
    cut: int = 0
    most_learned: int = 0
    kept: int = 0
    lengths: array[int] = field(default_factory=lambda: array("I"))
    counts: Counter[Flag] = field(default_factory=Counter)
    first: dict[Flag, list[Offender]] = field(default_factory=dict)
    prompts: dict[int, int] = field(default_factory=dict)
    texts: dict[int, int] = field(default_factory=dict)

    def figures(self, limit: int | None) -> SplitTokens:
        """The counts as they are told."""
        lengths = sorted(self.lengths)
        longest = lengths[-1] if lengths else 0
        return SplitTokens(
            split=self.split,
            rows=self.rows,
            left_out=self.unanswered + self.untrained,
            tokens=self.tokens,
            learned=self.learned,
            over=self.over,
            cut_tokens=self.cut,
            endless=self.counts[Flag.STOP_CUT],
            median=lengths[len(lengths) // 2] if lengths else 0,
            longest=longest,
            longest_kept=longest if limit is None else min(longest, limit),
            most_learned=self.most_learned,
        )

    def note(self, flag: Flag, offender: Offender) -> None:
        """Count a row that fails, and keep it if it is among the first."""
        self.counts[flag] += 1
        shown = self.first.setdefault(flag, [])
        if len(shown) < SHOWN:
            shown.append(offender)


UNTRAINED = Flag(0)
"""Under this stand the rows with nothing left to learn."""


def measured(step: TrainStep, key: str, kit: Kit, context: Context) -> Measured | None:
    """The split that ``key`` (``data`` or ``validate``) of a training names; None where it names
    none. Raises ``Stopped``."""
    source = step.train.data if key == "data" else step.train.validate
    if source is None:
        return None
    found = Measured(key, ".".join(part for part in source if part))
    handle = context.engine.submit(_itself, kit)
    kept = KeptMasks(context.cache)
    progress = context.progress(f"masks of {found.name}", None, "rows")
    for wave in _batches(rows_of(step, key, context), _WAVE):
        asked = [(row, list(conversations(row, step))) for row in wave]
        masks = _masks([one for _, several in asked for one in several], handle, kit, kept, context)
        found.kept += masks.known
        for row, several in asked:
            _take(found, row, several, [next(masks.found) for _ in several], kit)
        progress.advance(len(wave))
    progress.close()
    return found


def _itself(kit: Kit) -> Kit:
    return kit


def rows_of(step: TrainStep, key: str, context: Context) -> Iterator[Row]:
    """The rows of the split that ``key`` names which dedup kept."""
    source = step.train.data if key == "data" else step.train.validate
    assert source is not None, "the training names this split"
    name, split = source
    dataset = next(one for one in step.datasets if one.name == name)
    removed = removed_by_dedup(step, dataset, context)
    return read_rows(dataset, context.root, split=split, exclude=removed)


def rows_at(rows: Iterable[Row], kind: str, digests: set[int]) -> list[Row]:
    """The first row of each digest of its prompt (``prompts``) or its text (``texts``)."""
    found: dict[int, Row] = {}
    for row in rows:
        if len(found) == len(digests):
            break
        digest = _digest(prompt(row) if kind == "prompts" else text(row))
        if digest in digests:
            found.setdefault(digest, row)
    return list(found.values())


def conversations(row: Row, step: TrainStep) -> Iterator[bytes]:
    """What a training learns from a row, as JSON: its turns, or the prompt with each of its
    answers. Nothing for a row without an answer."""
    example = example_of(row, str(dict(step.train.settings).get("method", "sft")))
    if isinstance(example, list):
        yield orjson.dumps(example, option=orjson.OPT_SORT_KEYS)
    elif example is not None:
        for key in ANSWERS:
            if key in example:
                turns = [*example["prompt"], *example[key]]
                yield orjson.dumps(turns, option=orjson.OPT_SORT_KEYS)


@dataclass(slots=True)
class _Masks:
    found: Iterator[Mask]
    known: int


def _masks(asked: list[bytes], handle: Any, kit: Kit, kept: KeptMasks, context: Context) -> _Masks:
    """The masks of conversations in their order, those kept and those that the engine makes."""
    keys = [mask_key(kit.digest, one) for one in asked]
    known = kept.get(keys)
    missing = {key: one for key, one in zip(keys, asked, strict=True) if key not in known}
    blocks = list(_batches(missing.items(), _BLOCK))
    told = ((handle, [one for _, one in block]) for block in blocks)
    made: dict[bytes, bytes] = {}
    answers = context.engine.map(masks_of, told, context.checkpoint)
    for block, data in zip(blocks, answers, strict=True):
        for i, (key, _) in enumerate(block):
            made[key] = data[i * SIZE : (i + 1) * SIZE]
    if made:
        kept.put(made)
    every = known | made
    return _Masks((unpacked(every[key]) for key in keys), len(keys) - len(missing))


def _take(found: Measured, row: Row, several: list[bytes], masks: list[Mask], kit: Kit) -> None:
    if not masks:
        found.unanswered += 1
        return
    remember(found, row)
    limit = kit.limit
    for flag in Flag:
        at = next((i for i, mask in enumerate(masks) if flag in mask.flags), None)
        if at is not None:
            found.note(flag, Offender(row, several[at], masks[at]))
    longest = max(mask.tokens for mask in masks)
    found.lengths.append(longest)
    if limit is not None and longest > limit:
        found.over += 1
        found.cut += sum(max(0, mask.tokens - limit) for mask in masks)
    at = next((i for i, mask in enumerate(masks) if not mask.kept), None)
    if at is not None:
        found.untrained += 1
        if not masks[at].flags & (Flag.UNMARKED | Flag.UNRENDERED):
            found.note(UNTRAINED, Offender(row, several[at], masks[at]))
        return
    found.rows += 1
    kept = [mask.tokens if limit is None else min(mask.tokens, limit) for mask in masks]
    found.tokens += sum(kept)
    found.learned += sum(mask.kept for mask in masks)
    found.most_learned = max(found.most_learned, *(mask.kept for mask in masks))


def remember(found: Measured, row: Row) -> None:
    """Take in what a row asks and says, to be compared with the other split."""
    found.prompts.setdefault(_digest(prompt(row)), row.line)
    found.texts.setdefault(_digest(text(row)), row.line)


def _digest(said: str) -> int:
    """Of a text as it reads: width, case and white space aside."""
    plain = " ".join(unicodedata.normalize("NFKC", said).casefold().split())
    return int.from_bytes(blake2b(plain.encode("utf-8", "surrogatepass"), digest_size=8).digest())


def _batches(of: Iterable[_Item], size: int) -> Iterator[list[_Item]]:
    rest = iter(of)
    while taken := list(islice(rest, size)):
        yield taken
