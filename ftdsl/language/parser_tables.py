"""The LALR(1) machine: Lark's tables driven over one list of tokens, with recovery."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ftdsl.language.grammar import Grammar
from ftdsl.language.tokens import Token

END = "$END"


@dataclass(frozen=True, slots=True)
class Mistake:
    """``token`` (number ``index``) could not follow what stood before it; ``states`` is the stack
    as it was after the token before."""

    token: Token
    index: int
    states: tuple[int, ...]


class LalrParser:
    """Runs ``grammar`` with one action a rule (None passes a value on)."""

    def __init__(
        self, grammar: Grammar, actions: list[Callable[[list[Any]], Any] | None]
    ) -> None:
        self._grammar = grammar
        # origin, size, action, joins
        self._rules = [
            (rule.origin, rule.size, action, rule.action == "*")
            for rule, action in zip(grammar.rules, actions, strict=True)
        ]

    def parse(self, tokens: list[Token], end: int) -> tuple[Any, list[Mistake]]:
        """The value of the whole text; None with the mistake where it does not parse."""
        machine_states = self._grammar.states
        rules = self._rules
        final = self._grammar.end
        states = [self._grammar.start]
        values: list[Any] = []
        for index, token in enumerate([*tokens, Token(END, "", end)]):
            before = tuple(states)
            kind = token.kind
            while True:
                step = machine_states[states[-1]].get(kind)
                if step is None:
                    return None, [Mistake(token, index, before)]
                if step >= 0:
                    states.append(step)
                    values.append(token)
                    break
                origin, size, action, joins = rules[~step]
                if action is None and not joins:
                    states[-1] = machine_states[states[-2]][origin]
                    continue
                taken: list[Any] = []
                if size:
                    taken = values[-size:]
                    del values[-size:]
                    del states[-size:]
                if joins:
                    values.append(_joined(taken))
                else:
                    values.append(action(_flat(taken)))
                states.append(machine_states[states[-1]][origin])
                if kind == END and states[-1] == final:
                    return values[-1], []
        return None, []


def _joined(values: list[Any]) -> list[Any]:
    if values and isinstance(values[0], list):
        values[0].extend(values[1:])
        return values[0]
    return values


def _flat(values: list[Any]) -> list[Any]:
    flat: list[Any] = []
    for value in values:
        if isinstance(value, list):
            flat.extend(value)
        else:
            flat.append(value)
    return flat
