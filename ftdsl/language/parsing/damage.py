"""What syntax mistakes leave behind: statements not to be trusted, and names that are lost."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.language.parsing.mistakes import Mistake
from ftdsl.language.tokens import Token
from ftdsl.language.tree import (
    Block,
    Field,
    Function,
    Import,
    Item,
    Let,
    Rule,
    Schema,
    Score,
    Spec,
    Statement,
)
from ftdsl.record import replace

_NAMES = frozenset({"NAME", "KEY", "LABEL", "WORD"})
_DECLARING = frozenset(
    {"LET", "FN", "AS", "SCHEMA", "BLOCK", "RULESET", "COVERAGE", "RULE", "SCORE"}
)


class Damage:
    """The ranges of offsets that mistakes make doubtful, in one file."""

    def __init__(
        self,
        tokens: list[Token],
        problems: list[Diagnostic],
        mistakes: list[Mistake],
    ) -> None:
        self._tokens = tokens
        self._ranges = sorted(
            [(one.span.start, one.span.start) for one in problems]
            + [mistake.damage for mistake in mistakes]
        )
        # Ranges may nest; the furthest end so far tells whether one reaches back into a span.
        self._starts = [start for start, _ in self._ranges]
        self._reach: list[int] = []
        for _, end in self._ranges:
            self._reach.append(max(end, self._reach[-1] if self._reach else end))

    def __bool__(self) -> bool:
        return bool(self._ranges)

    def touches(self, span: Span) -> bool:
        """Whether a doubtful place lies within ``span``."""
        before = bisect_left(self._starts, span.end)
        return before > 0 and self._reach[before - 1] >= span.start

    def broken(self, spec: Spec) -> frozenset[str]:
        """The names that doubtful parts mention, and those declared that ``spec`` has not."""
        if not self._ranges:
            return frozenset()
        declared = {
            after.text
            for token, after in zip(self._tokens, self._tokens[1:], strict=False)
            if token.kind in _DECLARING
        }
        mentioned = {
            token.text
            for token in self._tokens
            if token.kind in _NAMES and any(a <= token.start <= b for a, b in self._ranges)
        }
        return frozenset((declared | mentioned) - set(_declared(spec)))


def _declared(spec: Spec) -> Iterator[str]:
    for item in spec.items:
        if isinstance(item, Import):
            yield item.alias.text
        elif isinstance(item, Block):
            yield from (part.text for part in item.subject.parts)
            yield from (s.name.text for s in item.statements if isinstance(s, Rule | Score))
        else:
            yield item.name.text


def without_damage(items: tuple[Item, ...], damage: Damage) -> tuple[Item, ...]:
    """``items`` without the declarations and statements that a mistake touches. A block that lost
    something stays, marked as not complete."""
    if not damage:
        return items
    kept: list[Item] = []
    for item in items:
        if not damage.touches(item.span):
            kept.append(item)
        elif isinstance(item, Block):
            statements: tuple[Statement, ...] = tuple(
                one for one in item.statements if not damage.touches(one.span)
            )
            kept.append(replace(item, statements=statements, complete=False))
        elif isinstance(item, Schema):
            fields: tuple[Field, ...] = tuple(
                one for one in item.fields if not damage.touches(one.span)
            )
            kept.append(replace(item, fields=fields, complete=False))
        else:
            assert isinstance(item, Let | Function | Import)
    return tuple(kept)
