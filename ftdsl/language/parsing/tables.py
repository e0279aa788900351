"""The LALR(1) machine: Lark's tables driven over one list of tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ftdsl.language.grammar import Grammar
from ftdsl.language.tokens import END, Token
from ftdsl.record import record

Action = Callable[[list[Any]], Any]


@record(frozen=False)
class Halt:
    """The machine stands before ``tokens[index]``, which cannot come next. ``states`` and
    ``values`` are its stacks as the token before left them; what stops the machine may change
    them, and ``tokens``, and let it go on."""

    tokens: list[Token]
    index: int
    states: list[int]
    values: list[Any]


class LalrParser:
    """Runs ``grammar`` with one action a rule; None passes a value on."""

    def __init__(self, grammar: Grammar, actions: list[Action | None]) -> None:
        self._table = grammar.states
        self._start = grammar.start
        self._end = grammar.end
        self._rules = [
            (rule.origin, rule.size, action, rule.action == "*")
            for rule, action in zip(grammar.rules, actions, strict=True)
        ]

    def parse(self, tokens: list[Token], recover: Callable[[Halt], int | None]) -> Any:
        """The value of ``tokens``, the last of which is the end. ``recover`` is called at every
        mistake; it returns the index to go on at, or None to stop without a value."""
        states = [self._start]
        values: list[Any] = []
        index = 0
        while True:
            stopped = self._run(tokens, index, states, values)
            if stopped is None:
                return values[-1]
            halt = Halt(tokens, stopped, states, values)
            after = recover(halt)
            if after is None:
                return None
            index = after

    def _run(
        self, tokens: list[Token], index: int, states: list[int], values: list[Any]
    ) -> int | None:
        """Run on from ``tokens[index]``; the index of the token that does not fit, if any."""
        table = self._table
        rules = self._rules
        for number in range(index, len(tokens)):
            token = tokens[number]
            kind = token.kind
            before = states[:]
            values_before = values[:]
            grown: list[tuple[list[Any], int]] = []
            while True:
                step = table[states[-1]].get(kind)
                if step is None:
                    # Undo what was reduced in view of a token that then did not fit.
                    for joined, size in reversed(grown):
                        del joined[size:]
                    states[:] = before
                    values[:] = values_before
                    return number
                if step >= 0:
                    states.append(step)
                    values.append(token)
                    break
                origin, size, action, joins = rules[~step]
                if action is None and not joins:
                    states[-1] = table[states[-2]][origin]
                    continue
                taken = values[-size:] if size else []
                if size:
                    del values[-size:]
                    del states[-size:]
                if action is None:
                    values.append(_joined(taken, grown))
                else:
                    values.append(action(_flat(taken)))
                states.append(table[states[-1]][origin])
                if kind == END and states[-1] == self._end:
                    return None
        return None

    def shifted(self, states: list[int], kind: str) -> list[int] | None:
        """The stack after a token of ``kind``, or None where it cannot come next."""
        stack = states[:]
        while True:
            step = self._table[stack[-1]].get(kind)
            if step is None:
                return None
            if step >= 0:
                stack.append(step)
                return stack
            origin, size, _, _ = self._rules[~step]
            if size:
                del stack[-size:]
            stack.append(self._table[stack[-1]][origin])
            if kind == END and stack[-1] == self._end:
                return stack

    def fits(self, states: list[int], kinds: Iterable[str]) -> bool:
        """Whether tokens of these kinds can come next, one after the other."""
        stack: list[int] | None = states
        for kind in kinds:
            stack = self.shifted(stack, kind) if stack is not None else None
        return stack is not None

    def expected(self, states: list[int]) -> frozenset[str]:
        """The kinds of all tokens that can come next."""
        kinds = (kind for kind in self._table[states[-1]] if kind.isupper())
        return frozenset(kind for kind in kinds if self.shifted(states, kind) is not None)


def _joined(values: list[Any], grown: list[tuple[list[Any], int]]) -> list[Any]:
    if not values or not isinstance(values[0], list):
        return values
    joined: list[Any] = values[0]
    grown.append((joined, len(joined)))
    joined.extend(values[1:])
    return joined


def _flat(values: list[Any]) -> list[Any]:
    for value in values:
        if isinstance(value, list):
            break
    else:
        return values
    flat: list[Any] = []
    for value in values:
        if isinstance(value, list):
            flat.extend(value)
        else:
            flat.append(value)
    return flat
