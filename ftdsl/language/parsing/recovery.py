"""Going on after a syntax mistake: which small repair fits, or where to pick the text up again."""

from __future__ import annotations

from collections.abc import Iterator

from ftdsl.diagnostics.suggestion import edit_distance
from ftdsl.language.grammar import Grammar
from ftdsl.language.parsing.mistakes import INSERTABLE, MIXED, NOUNS, Mistake, Wrong
from ftdsl.language.parsing.tables import Halt, LalrParser
from ftdsl.language.source import Source
from ftdsl.language.tokens import (
    CLOSERS,
    COMPARATORS,
    END,
    ITEM_STARTS,
    OPENERS,
    STATEMENT_STARTS,
    Token,
)

MAX_MISTAKES = 50
"""After so many the rest of the file is left unread."""

_ENDS_COMPARISON = STATEMENT_STARTS | ITEM_STARTS | {"AND", "OR", "NOT", "COMMA", "MUST", "WHERE"}


class Recovery:
    """Repairs the mistakes of one file as the parser meets them, and keeps them."""

    def __init__(self, grammar: Grammar, parser: LalrParser, source: Source) -> None:
        self.mistakes: list[Mistake] = []
        self._parser = parser
        self._source = source
        self._words = {**grammar.keywords, **NOUNS}

    def __call__(self, halt: Halt) -> int | None:
        """Note the mistake at ``halt`` and say where to go on."""
        if len(self.mistakes) >= MAX_MISTAKES:
            return None
        for repair in (
            self._close_at_boundary,
            self._untangle,
            self._respell,
            self._assign,
            self._unreserve,
            self._chain,
            self._close,
            self._correct_closer,
            self._insert,
            self._leave_out,
        ):
            after = repair(halt)
            if after is not None:
                return after
        return self._skip(halt)

    # --- what stands where -------------------------------------------------------------------

    def at_boundary(self, token: Token) -> bool:
        """Whether ``token`` must begin an item: a keyword of one in the first column."""
        if token.kind == END:
            return True
        first = self._source.position(token.start)[1] == 1
        return first and token.kind in ITEM_STARTS

    def _gap(self, halt: Halt) -> tuple[int, int]:
        """The place after the token before: in the block around, and in no statement of it."""
        previous = self._previous(halt)
        place = previous.end if previous is not None else halt.tokens[halt.index].start
        return place, place

    def _line(self, token: Token) -> int:
        return self._source.position(token.start)[0]

    def _previous(self, halt: Halt) -> Token | None:
        return halt.tokens[halt.index - 1] if halt.index else None

    def _next(self, halt: Halt, skip: int = 0, count: int = 3) -> list[str]:
        first = halt.index + skip
        return [token.kind for token in halt.tokens[first : first + count]]

    def _note(
        self,
        halt: Halt,
        wrong: Wrong,
        *,
        wanted: str = "",
        opener: Token | None = None,
        found: Token | None = None,
        damage: tuple[int, int] | None = None,
    ) -> None:
        token = halt.tokens[halt.index]
        previous = self._previous(halt)
        if damage is None:
            soft = previous is None or previous.kind in ("RBRACE", "LBRACE")
            start = token.start if previous is None or soft else previous.start
            damage = (start, start if self._begins_line(halt) else max(start, token.start))
        if found is not None and previous is not None and found.start == previous.start:
            previous = None
        self.mistakes.append(
            Mistake(
                wrong,
                found or token,
                previous,
                self._parser.expected(halt.states),
                damage,
                wanted,
                opener or next(_open_brackets(halt), None),
            )
        )

    # --- repairs, surest first ---------------------------------------------------------------

    def _close_at_boundary(self, halt: Halt) -> int | None:
        token = halt.tokens[halt.index]
        openers = list(_open_brackets(halt))
        if not openers or not self.at_boundary(token):
            return None
        closers = [OPENERS[opener.kind] for opener in openers]
        if not self._parser.fits(halt.states, [*closers, token.kind]):
            return None
        suspect = self._suspect(halt, openers)
        self._note(halt, Wrong.UNCLOSED, opener=suspect, damage=self._gap(halt))
        halt.tokens[halt.index : halt.index] = [Token(kind, "", token.start) for kind in closers]
        return halt.index

    def _suspect(self, halt: Halt, openers: list[Token]) -> Token:
        """Which of the brackets still open lacks its closer: a closer that stands further left
        than the line of what it closes was meant for a bracket further out."""
        stack: list[Token] = []
        outermost = openers[-1]
        for token in halt.tokens[: halt.index]:
            if token.start < outermost.start:
                continue
            if token.kind in OPENERS:
                stack.append(token)
            elif token.kind in CLOSERS and stack:
                opener = stack.pop()
                column = self._source.position(token.start)[1]
                if self._line(token) != self._line(opener) and column < self._indent(opener):
                    return opener
        return openers[0]

    def _indent(self, token: Token) -> int:
        line = self._source.line(self._line(token))
        return len(line) - len(line.lstrip()) + 1

    def _untangle(self, halt: Halt) -> int | None:
        for meant_as, meant, wanted in MIXED:
            if self._next(halt, count=len(meant_as)) != list(meant_as):
                continue
            if meant[0] == "NAME" and self._begins_line(halt):
                continue
            after = self._next(halt, len(meant_as), 1)
            if not self._parser.fits(halt.states, [*meant, *after]):
                continue
            sign = halt.tokens[halt.index + len(meant_as) - 1]
            self._note(halt, Wrong.MIXED, wanted=wanted, found=sign)
            written = halt.tokens[halt.index : halt.index + len(meant)]
            halt.tokens[halt.index : halt.index + len(meant)] = [
                Token(kind, token.text, token.start)
                for kind, token in zip(meant, written, strict=True)
            ]
            return halt.index
        return None

    def _assign(self, halt: Halt) -> int | None:
        """A setting without its `=`, a field without its `:`. Both look like names until then."""
        after = self._put_sign(halt, halt.index, halt.states)
        previous = self._previous(halt)
        if after is None and previous is not None and halt.values[-1] is previous:
            after = self._put_sign(halt, halt.index - 1, halt.states[:-1])
        return after

    def _put_sign(self, halt: Halt, place: int, states: list[int]) -> int | None:
        name = halt.tokens[place]
        if name.kind not in ("NAME", *NOUNS.values()) or self.at_boundary(name):
            return None
        after = [token.kind for token in halt.tokens[place + 1 : place + 3]]
        for kind, sign, text in (("KEY", "EQUAL", "="), ("LABEL", "COLON", ":")):
            if not self._parser.fits(states, [kind, sign, *after]):
                continue
            found = halt.tokens[place + 1]
            damage = name.start, found.start
            self.mistakes.append(
                Mistake(Wrong.MISSING, found, name, frozenset({sign}), damage, text)
            )
            del halt.states[len(states) :]
            del halt.values[len(states) - 1 :]
            halt.tokens[place : place + 1] = [name._replace(kind=kind), Token(sign, "", name.end)]
            return place
        return None

    def _respell(self, halt: Halt) -> int | None:
        """A keyword with a slip in it: the token found, or the one before, taken for a name."""
        token = halt.tokens[halt.index]
        previous = self._previous(halt)
        if token.kind == "NAME":
            word = self._keyword(token.text, halt.states, self._next(halt, 1, 2))
            if word:
                self._note(halt, Wrong.MISSPELT, wanted=word, damage=(token.start, token.start))
                halt.tokens[halt.index] = Token(self._words[word], word, token.start)
                return halt.index
        if previous is not None and previous.kind == "NAME" and halt.values[-1] is previous:
            base = halt.states[:-1]
            word = self._keyword(previous.text, base, self._next(halt, 0, 2))
            if word:
                place = (previous.start, previous.start)
                self._note(halt, Wrong.MISSPELT, wanted=word, found=previous, damage=place)
                halt.states.pop()
                halt.values.pop()
                respelt = Token(self._words[word], word, previous.start)
                halt.tokens[halt.index - 1] = respelt
                return halt.index - 1
        return None

    def _keyword(self, written: str, states: list[int], after: list[str]) -> str | None:
        limit = max(1, len(written) // 3)
        best: tuple[int, str] | None = None
        for word, kind in self._words.items():
            if abs(len(word) - len(written)) > limit:
                continue
            distance = edit_distance(written.lower(), word)
            better = best is None or (distance, word) < best
            if distance <= limit and better and self._parser.fits(states, [kind, *after]):
                best = distance, word
        return best[1] if best else None

    def _unreserve(self, halt: Halt) -> int | None:
        token = halt.tokens[halt.index]
        if token.text not in self._words or token.kind == "NAME":
            return None
        starts = token.kind in STATEMENT_STARTS or token.kind in ITEM_STARTS
        wants_value = self._parser.shifted(halt.states, "INT") is not None
        if starts and (wants_value or self._begins_line(halt)):
            return None
        after = ["NAME", *self._next(halt, 1, 2)]
        if not self._parser.fits(halt.states, after):
            # A noun such as `rule` is read as a keyword only before what can be a name.
            previous = self._previous(halt)
            noun = NOUNS.get(previous.text) if previous is not None else None
            if noun is None or halt.values[-1] is not previous:
                return None
            if not self._parser.fits(halt.states[:-1], [noun, *after]):
                return None
            self._note(halt, Wrong.RESERVED)
            halt.states.pop()
            halt.values.pop()
            halt.tokens[halt.index - 1] = halt.tokens[halt.index - 1]._replace(kind=noun)
            halt.tokens[halt.index] = token._replace(kind="NAME")
            return halt.index - 1
        self._note(halt, Wrong.RESERVED)
        halt.tokens[halt.index] = Token("NAME", token.text, token.start)
        return halt.index

    def _begins_line(self, halt: Halt) -> bool:
        previous = self._previous(halt)
        return previous is None or self._line(previous) < self._line(halt.tokens[halt.index])

    def _chain(self, halt: Halt) -> int | None:
        if halt.tokens[halt.index].kind not in COMPARATORS:
            return None
        depth = 0
        for token in reversed(halt.tokens[: halt.index]):
            if token.kind in CLOSERS:
                depth += 1
            elif token.kind in OPENERS:
                depth -= 1
            if depth < 0 or (depth == 0 and token.kind in _ENDS_COMPARISON):
                return None
            if depth == 0 and token.kind in COMPARATORS:
                self._note(halt, Wrong.CHAIN)
                return self._resume(halt)
        return None

    def _close(self, halt: Halt) -> int | None:
        opener = next(_open_brackets(halt), None)
        if opener is None:
            return None
        closer = OPENERS[opener.kind]
        token = halt.tokens[halt.index]
        if token.kind in CLOSERS and token.kind != "RBRACE" and opener.kind != "LBRACE":
            return None
        if not self._parser.fits(halt.states, [closer, *self._next(halt, 0, 2)]):
            return None
        if self._begins_line(halt) or token.kind in CLOSERS:
            damage = self._gap(halt) if opener.kind == "LBRACE" else None
            self._note(halt, Wrong.UNCLOSED, opener=opener, damage=damage)
        else:
            self._note(halt, Wrong.MISSING, wanted=INSERTABLE[closer], opener=opener)
        halt.tokens.insert(halt.index, Token(closer, "", token.start))
        return halt.index

    def _correct_closer(self, halt: Halt) -> int | None:
        token = halt.tokens[halt.index]
        if token.kind not in CLOSERS:
            return None
        opener = next(_open_brackets(halt), None)
        if opener is not None:
            closer = OPENERS[opener.kind]
            if closer != token.kind and self._parser.fits(
                halt.states, [closer, *self._next(halt, 1, 1)]
            ):
                self._note(halt, Wrong.STRAY, wanted=INSERTABLE[closer], opener=opener)
                halt.tokens[halt.index] = Token(closer, token.text, token.start)
                return halt.index
            if closer == token.kind:
                return None
        if self._parser.fits(halt.states, self._next(halt, 1, 1)):
            self._note(halt, Wrong.STRAY, opener=opener)
            return halt.index + 1
        return None

    def _insert(self, halt: Halt) -> int | None:
        token = halt.tokens[halt.index]
        for kind, text in INSERTABLE.items():
            if self._parser.fits(halt.states, [kind, *self._next(halt, 0, 3)]):
                self._note(halt, Wrong.MISSING, wanted=text)
                halt.tokens.insert(halt.index, Token(kind, "", token.start))
                return halt.index
        return None

    def _leave_out(self, halt: Halt) -> int | None:
        token = halt.tokens[halt.index]
        if token.kind in OPENERS or token.kind in ITEM_STARTS | {END, "KEY", "LABEL"}:
            return None
        after = self._next(halt, 1, 2)
        if len(after) == 2 and self._parser.fits(halt.states, after):
            start = self._previous(halt) or token
            self._note(halt, Wrong.UNEXPECTED, damage=(start.start, token.start))
            return halt.index + 1
        return None

    # --- giving up a statement ---------------------------------------------------------------

    def _skip(self, halt: Halt) -> int | None:
        self._note(halt, Wrong.UNEXPECTED)
        return self._resume(halt)

    def _resume(self, halt: Halt) -> int | None:
        """Drop tokens up to one that can begin or end something here, and what was half read."""
        depth = 0
        for index in range(halt.index, len(halt.tokens)):
            token = halt.tokens[index]
            boundary = self.at_boundary(token)
            starts = token.kind in STATEMENT_STARTS or token.kind in ITEM_STARTS
            if boundary or (depth <= 0 and (starts or token.kind == "RBRACE")):
                kept = self._kept(halt, token, boundary)
                if kept is not None:
                    size, closers = kept
                    self._damage_to(token)
                    del halt.states[size:]
                    del halt.values[size - 1 :]
                    halt.tokens[index:index] = [Token(kind, "", token.start) for kind in closers]
                    return index
            if token.kind in OPENERS:
                depth += 1
            elif token.kind in CLOSERS:
                depth -= 1
        return None

    def _kept(self, halt: Halt, token: Token, boundary: bool) -> tuple[int, list[str]] | None:
        """How many states to keep so that ``token`` can come next, and the closers to put before
        it: at a boundary whatever is open is closed, so that the block around is not lost."""
        for size in range(len(halt.states), 0, -1):
            states = halt.states[:size]
            opened = _open_brackets(Halt([], 0, states, halt.values[: size - 1]))
            closers = [OPENERS[opener.kind] for opener in opened]
            if boundary and closers and self._parser.fits(states, [*closers, token.kind]):
                return size, closers
            if self._parser.shifted(states, token.kind) is not None:
                return size, []
        return None

    def _damage_to(self, token: Token) -> None:
        last = self.mistakes[-1]
        start, end = last.damage
        self.mistakes[-1] = Mistake(
            last.wrong, last.found, last.previous, last.expected,
            (start, max(start, end, token.start - 1)), last.wanted, last.opener,
        )  # fmt: skip


def _open_brackets(halt: Halt) -> Iterator[Token]:
    """The brackets that are open, innermost first."""
    closed = 0
    for value in reversed(halt.values):
        if not isinstance(value, Token):
            continue
        if value.kind in CLOSERS:
            closed += 1
        elif value.kind in OPENERS:
            if not closed:
                yield value
            closed = max(0, closed - 1)
