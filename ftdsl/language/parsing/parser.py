"""From a spec's text to its syntax tree, with every mistake found on the way."""

from __future__ import annotations

import re
from itertools import islice

from ftdsl.diagnostics.diagnostic import Diagnostic, Edit, Fix, Severity
from ftdsl.language.grammar import load_grammar
from ftdsl.language.parsing.actions import TreeActions
from ftdsl.language.parsing.characters import character_faults, conflict, token_faults
from ftdsl.language.parsing.damage import Damage, without_damage
from ftdsl.language.parsing.depth import too_deep, too_many
from ftdsl.language.parsing.errors import diagnostic_of
from ftdsl.language.parsing.mistakes import Mistake, Wrong
from ftdsl.language.parsing.recovery import MAX_MISTAKES, Recovery
from ftdsl.language.parsing.tables import LalrParser
from ftdsl.language.source import Source
from ftdsl.language.tokens import EDITION, EDITION_LINE, END, Token, significant, tokenize
from ftdsl.language.tree import Spec
from ftdsl.record import record

EDITION_NUMBER = 1
"""The edition that this release reads."""
MAX_BYTES = 2**20
"""The largest spec that is read."""

_ALMOST_EDITION = re.compile(r"\ufeff?[ \t]*[Ff][Tt][Ss][Pp][Ee][Cc]\b[^\n#]*")


@record
class Parsed:
    """``spec`` holds every item that could be read. Where a statement could not, it is left out
    and its block is marked; ``broken`` are the names that unread parts declare or mention, so that
    nobody reports them as unknown or unused. ``tokens`` together are the whole text; they are
    empty where the file was refused unread (not text, too large, another edition)."""

    spec: Spec
    diagnostics: tuple[Diagnostic, ...]
    tokens: tuple[Token, ...]
    broken: frozenset[str] = frozenset()

    @property
    def complete(self) -> bool:
        """Whether the tree is all of the text."""
        return not any(one.severity is Severity.ERROR for one in self.diagnostics)


def parse(source: Source) -> Parsed:
    """Read one file. Every mistake is a diagnostic; no text makes this raise."""
    refusal = _refusal(source)
    if refusal is not None:
        return Parsed(_empty(source), (refusal,), ())
    text = source.text
    first = EDITION_LINE.match(text)
    found: list[Diagnostic] = []
    head: list[Token] = []
    if first is None:
        found.append(_no_edition(source))
    else:
        head.append(Token(EDITION, first[0], 0))
        if first[2].lstrip("0") != str(EDITION_NUMBER):
            return Parsed(_empty(source), (_other_edition(source, first),), ())
    return _parse_body(source, head, found)


def _parse_body(source: Source, head: list[Token], found: list[Diagnostic]) -> Parsed:
    grammar = load_grammar()
    start = head[0].end if head else 0
    skipped = _ALMOST_EDITION.match(source.text) if not head else None
    if skipped is not None:
        start = skipped.end()
        head.append(Token(EDITION, skipped[0], 0))
    tokens = tokenize(grammar, source.text, start)
    flood = too_many(source, tokens)
    if flood is not None:
        return Parsed(_empty(source), (flood,), ())
    every = (*head, *tokens)
    odd = character_faults(source, tokens)
    lexical = list(islice(token_faults(source, tokens), MAX_MISTAKES))
    found += [*odd, *lexical]
    lexical += [one for one in odd if one.severity is Severity.ERROR]
    read = significant(grammar, tokens, len(source.text))
    stop = conflict(source) or too_deep(source, read)
    if stop is not None:
        return Parsed(_empty(source), _sorted([*odd, stop]), every)
    actions = TreeActions(source, grammar.keywords)
    parser = LalrParser(grammar, actions.of(grammar))
    recovery = Recovery(grammar, parser, source)
    items = parser.parse(read, recovery) or ()
    found += actions.problems
    damage = Damage(read, [*lexical, *actions.problems], recovery.mistakes)
    found += [diagnostic_of(one, source) for one in _roots(source, recovery.mistakes, lexical)]
    if len(recovery.mistakes) >= MAX_MISTAKES:
        found.append(_stopped(source, recovery.mistakes[-1]))
    whole = source.span(0, len(source.text))
    spec = Spec(source.path, EDITION_NUMBER, without_damage(items, damage), whole)
    if not head and spec.items == () and recovery.mistakes:
        # Not a spec at all: the missing first line says it.
        return Parsed(spec, (found[0],), every)
    if not found and not spec.items:
        found.append(_nothing(source))
    return Parsed(spec, _sorted(found), every, damage.broken(spec))


def _roots(source: Source, mistakes: list[Mistake], lexical: list[Diagnostic]) -> list[Mistake]:
    """The mistakes that do not follow from another: one a line, and none where a token is bad."""
    lines = {source.position(one.span.start)[0] for one in lexical}
    kept = []
    for mistake in mistakes:
        found = source.position(mistake.found.start)[0]
        after = mistake.previous or mistake.found
        opener = mistake.opener if mistake.wrong is Wrong.UNCLOSED else None
        places = [mistake.found, after, *([opener] if opener else [])]
        if any(source.position(token.start)[0] in lines for token in places):
            continue
        if mistake.found.kind != END and mistake.wrong is not Wrong.UNCLOSED:
            lines.add(found)
        kept.append(mistake)
    return kept


def _sorted(found: list[Diagnostic]) -> tuple[Diagnostic, ...]:
    unique = dict.fromkeys(found)
    return tuple(sorted(unique, key=lambda one: (one.span.start, one.code)))


def _empty(source: Source) -> Spec:
    return Spec(source.path, EDITION_NUMBER, (), source.span(0, min(len(source.text), MAX_BYTES)))


def _refusal(source: Source) -> Diagnostic | None:
    if source.size > MAX_BYTES:
        return Diagnostic(
            "FT002",
            f"the file has {source.size:,} bytes; a spec has at most {MAX_BYTES:,}",
            source.span(0, 0),
            label="too large to be read",
            help="keep data in data files, and split the spec with `import`",
        )
    fault = source.fault
    if fault is None:
        return None
    span = source.span(fault.offset, fault.offset + 1)
    if fault.encoding or "\0" in source.text[:64]:
        encoding = fault.encoding or "UTF-16"
        return Diagnostic(
            "FT001",
            f"the file is {encoding}, not UTF-8",
            span,
            label="not UTF-8",
            help="save it as UTF-8",
        )
    return Diagnostic(
        "FT001",
        f"the file is not UTF-8: byte {fault.byte_offset} does not begin a character",
        span,
        label=f"byte {fault.byte_offset} of the file",
        help="save it as UTF-8",
    )


def _no_edition(source: Source) -> Diagnostic:
    almost = _ALMOST_EDITION.match(source.text)
    line = f"ftspec {EDITION_NUMBER}"
    if almost is not None:
        span = source.span(0, len(almost[0].rstrip()))
        edit = Edit(span, line)
    else:
        span = source.span(0, len(source.line(1)))
        edit = Edit(source.span(0, 0), f"{line}\n\n")
    return Diagnostic(
        "FT003",
        f"the first line must be `{line}`",
        span,
        label="expected the edition",
        help="it tells which edition of the language the file is written in",
        fix=Fix(f"write `{line}`", (edit,)),
    )


def _other_edition(source: Source, first: re.Match[str]) -> Diagnostic:
    number = first[2] if len(first[2]) < 10 else f"{first[2][:8]}…"
    span = source.span(first.start(2), first.end(2))
    return Diagnostic(
        "FT004",
        f"this release reads edition {EDITION_NUMBER}, and the file is of edition {number}",
        span,
        label="unknown edition",
        help="update ftdsl" if first[2].lstrip("0") else f"write `ftspec {EDITION_NUMBER}`",
    )


def _stopped(source: Source, last: Mistake) -> Diagnostic:
    return Diagnostic(
        "FT029",
        f"reading stopped after {MAX_MISTAKES} mistakes",
        source.span(last.found.start, last.found.end),
        label="what follows is unread",
        help="mend the first ones, then check again",
    )


def _nothing(source: Source) -> Diagnostic:
    return Diagnostic(
        "FT027",
        "the spec says nothing",
        source.span(0, len(source.line(1))),
        Severity.WARNING,
        label="no block follows",
        help="add a `dataset` and a `check`, or delete the file",
    )
