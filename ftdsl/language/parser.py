"""From a spec's text to its syntax tree, with every mistake found on the way."""

from __future__ import annotations

from dataclasses import dataclass

from ftdsl.diagnostics.diagnostic import Diagnostic
from ftdsl.language.grammar import load_grammar
from ftdsl.language.parser_actions import TreeActions
from ftdsl.language.parser_tables import LalrParser
from ftdsl.language.source import Source
from ftdsl.language.tokens import Token, edition_token, tokenize
from ftdsl.language.tree import Spec

EDITIONS = (1,)


@dataclass(frozen=True, slots=True)
class Parsed:
    """``spec`` holds every item that could be read; ``broken`` are the names that the others
    declare, so that nobody reports them as unknown. ``tokens`` together are the whole text; they
    are empty where the file was refused before it was read (not text, too large)."""

    spec: Spec
    diagnostics: tuple[Diagnostic, ...]
    tokens: tuple[Token, ...]
    broken: frozenset[str] = frozenset()


def parse(source: Source) -> Parsed:
    """Read one file. Every mistake is a diagnostic; no text makes this raise."""
    text = source.text
    grammar = load_grammar()
    first = edition_token(text)
    start = first.end if first else 0
    tokens = tokenize(grammar, text, start)
    actions = TreeActions(source)
    parser = LalrParser(grammar, actions.of(grammar))
    significant = [token for token in tokens if token.kind not in grammar.trivia]
    items, mistakes = parser.parse(significant, len(text))
    spec = Spec(source.path, 1, items or (), source.span(0, len(text)))
    diagnostics = list(actions.problems)
    for one in mistakes:
        diagnostics.append(
            Diagnostic("FT016", f"unexpected {one.token.kind}", source.span(one.token.start, one.token.end))
        )
    all_tokens = ((first,) if first else ()) + tuple(tokens)
    return Parsed(spec, tuple(diagnostics), all_tokens)
