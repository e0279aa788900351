"""How blocks are set: one statement a line, what belongs together aligned, comments in place."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from ftdsl.language.formatting.expressions import STEP, WIDTH, Piece, flat, laid_out
from ftdsl.language.tokens import Token
from ftdsl.language.tree import (
    Block,
    By,
    Drop,
    Field,
    Item,
    Let,
    Rule,
    Schema,
    Score,
    Setting,
    Slice,
    Spec,
    Statement,
    Target,
)
from ftdsl.record import record

MAX_SPREAD = 3
"""Settings are aligned while their keys differ in length by no more than this."""

Node = Item | Statement | Field


@record(frozen=False)
class Entry:
    """What takes a place of its own in a body: a node or a comment. ``column`` is where the text
    of its only line can be pushed to the right, so as to align it with its neighbours of the same
    ``family``. ``comment`` ends the line number ``comment_line``."""

    lines: list[str]
    gap: bool
    family: str = ""
    column: int = 0
    comment: str = ""
    comment_line: int = -1
    is_comment: bool = False


class Layout:
    """Sets one file. ``pieces`` are its tokens and comments without white space."""

    def __init__(self, pieces: list[Piece]) -> None:
        self.pieces = pieces
        self._starts = [piece.token.start for piece in pieces]

    def file(self, spec: Spec) -> list[str]:
        """The lines after the first."""
        entries, _ = self._entries(spec.items, 0, len(self.pieces), 0)
        group: list[Entry] = []
        was_tall = False
        for entry in entries:
            # A comment right above an item belongs to it.
            group = [entry] if entry.gap or not group else [*group, entry]
            if entry.is_comment:
                continue
            is_tall = len(entry.lines) > 1
            if is_tall or was_tall:
                group[0].gap = True
            was_tall, group = is_tall, []
        if group and was_tall:
            group[0].gap = True
        return _printed(entries)

    # --- bodies ------------------------------------------------------------------------------

    def _entries(
        self,
        nodes: Sequence[Node],
        first: int,
        end: int,
        indent: int,
        before: Sequence[Piece] = (),
    ) -> tuple[list[Entry], str]:
        """The entries of the pieces from ``first`` to ``end``, and the comment that stands behind
        the opening brace. ``before`` are comments that stood before that brace."""
        entries: list[Entry] = []
        opening = self._comments(entries, before, indent, "")
        at = first
        for node in nodes:
            start = self._index(node.span.start)
            opening += self._comments(entries, self.pieces[at:start], indent, opening)
            entries.append(self._entry(node, indent))
            at = self._index(node.span.end)
        opening += self._comments(entries, self.pieces[at:end], indent, opening)
        if entries:
            entries[0].gap = False
        return entries, opening

    def _comments(
        self, entries: list[Entry], pieces: Sequence[Piece], indent: int, opening: str
    ) -> str:
        """Give each comment its place; the one that belongs behind the brace is handed back."""
        found = ""
        for piece in pieces:
            ends_line = bool(entries) and not entries[-1].comment and not entries[-1].is_comment
            if (
                piece.breaks
                or (entries and not ends_line)
                or (not entries and (indent == 0 or opening or found))
            ):
                line = " " * indent + piece.text
                entries.append(Entry([line], piece.breaks > 1, is_comment=True))
            elif entries:
                entries[-1].comment = piece.text
            else:
                found = piece.text
        return found

    def _entry(self, node: Node, indent: int) -> Entry:
        first = self.pieces[self._index(node.span.start)]
        lines = self._node(node, indent)
        entry = Entry(lines, first.breaks > 1)
        if len(lines) == 1:
            entry.family, label = self._label(node)
            entry.column = indent + len(label) if entry.family else 0
        elif self._one_line(node) is not None and lines[-1].endswith("}"):
            # Broken up because it was too long: its comment was about all of it.
            entry.comment_line = next(n for n, line in enumerate(lines) if line.endswith("{"))
        return entry

    def _label(self, node: Node) -> tuple[str, str]:
        """What is aligned with what, and the text before the point of alignment."""
        pieces = self._of(node.span.start, node.span.end)
        if isinstance(node, Setting):
            return "setting", pieces[0].text
        if isinstance(node, Field):
            return "field", pieces[0].text + ":"
        if isinstance(node, Let | Score):
            return type(node).__name__, flat(pieces[:2])
        if isinstance(node, Drop):
            return "drop", flat(pieces[:2])
        if isinstance(node, Block) and node.statements:
            return node.kind, flat(self._of(node.header.start, node.header.end))
        return "", ""

    # --- nodes -------------------------------------------------------------------------------

    def _node(self, node: Node, indent: int) -> list[str]:
        head, body, children = self._parts(node)
        if body is None:
            return laid_out(head, indent)
        first, last = body
        line = self._one_line(node)
        if line is not None and indent + len(line) <= WIDTH:
            return [" " * indent + line]
        size = len(head)
        while head[size - 1].is_comment:
            size -= 1
        lines = laid_out(head[:size], indent)
        if not self.pieces[first + 1 : last] and size == len(head):
            lines[-1] += " {}"
            return lines
        entries, opening = self._entries(children, first + 1, last, indent + STEP, head[size:])
        lines[-1] += " {" + (f"  {opening}" if opening else "")
        return [*lines, *_printed(entries), " " * indent + "}"]

    def _one_line(self, node: Node) -> str | None:
        """The node on one line, if it was written so and holds no comment."""
        head, body, children = self._parts(node)
        if any(piece.is_comment for piece in head):
            return None
        if body is None:
            return flat(head)
        first, last = body
        inside = self.pieces[first + 1 : last + 1]
        if any(piece.breaks or piece.is_comment for piece in inside):
            return None
        parts = [self._one_line(child) for child in children]
        written = [part for part in parts if part is not None]
        if len(written) != len(parts):
            return None
        return f"{flat(head)} {{ {'  '.join(written)} }}" if written else f"{flat(head)} {{}}"

    def _parts(self, node: Node) -> tuple[list[Piece], tuple[int, int] | None, list[Node]]:
        """The pieces before a node's body, the indices of its braces, and what it holds."""
        first, end = self._index(node.span.start), self._index(node.span.end)
        children = _children(node)
        if children is None or self.pieces[end - 1].token.kind != "RBRACE":
            return self.pieces[first:end], None, []
        depth = 0
        for index in range(end - 1, first - 1, -1):
            kind = self.pieces[index].token.kind
            depth += (kind == "RBRACE") - (kind == "LBRACE")
            if depth == 0:
                return self.pieces[first:index], (index, end - 1), children
        return self.pieces[first:end], None, []

    def _index(self, offset: int) -> int:
        return bisect_left(self._starts, offset)

    def _of(self, start: int, end: int) -> list[Piece]:
        return self.pieces[self._index(start) : self._index(end)]


def _children(node: Node) -> list[Node] | None:
    """The statements of a node's body in written order; None where the kind has no body."""
    if isinstance(node, Block):
        return list(node.statements)
    if isinstance(node, Schema):
        return list(node.fields)
    if isinstance(node, Rule):
        parts = [*node.bodies, *node.verdicts, *node.examples, *node.settings]
        return sorted(parts, key=lambda part: part.span.start)  # type: ignore[arg-type]
    if isinstance(node, Drop | Slice | Target):
        return list(node.settings)
    if isinstance(node, By):
        return list(node.buckets)  # type: ignore[arg-type]
    return None


def _printed(entries: list[Entry]) -> list[str]:
    _align(entries)
    lines: list[str] = []
    for entry in entries:
        if entry.gap and lines:
            lines.append("")
        lines += entry.lines
        if entry.comment:
            lines[entry.comment_line % len(entry.lines) - len(entry.lines)] += f"  {entry.comment}"
    return lines


def _align(entries: list[Entry]) -> None:
    """Push the texts of neighbours in a family to one column, where they are of similar length."""
    run: list[Entry] = []
    for entry in [*entries, Entry([], True)]:
        if run and entry.family == run[0].family and not entry.gap:
            run.append(entry)
            continue
        columns = [one.column for one in run]
        if run and (run[0].family == "field" or max(columns) - min(columns) <= MAX_SPREAD):
            _push(run, max(columns))
        run = [entry] if entry.family else []


def _push(run: list[Entry], column: int) -> None:
    padded = []
    for entry in run:
        line, own = entry.lines[0], entry.column
        padded.append(line[:own] + " " * (column - own) + line[own:])
    if all(len(line) <= WIDTH for line in padded):
        for entry, line in zip(run, padded, strict=True):
            entry.lines = [line]


def pieces_of(tokens: Sequence[Token], trivia: frozenset[str]) -> list[Piece]:
    """Tokens and comments, each with how many line breaks stand before it."""
    pieces: list[Piece] = []
    breaks = 0
    for token in tokens:
        if token.kind == "COMMENT" or token.kind not in trivia:
            pieces.append(Piece(token, breaks))
            breaks = 0
        else:
            breaks += token.text.count("\n")
    return pieces
