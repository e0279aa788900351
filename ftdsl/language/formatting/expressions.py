"""How the tokens of one statement are set: on one line where they fit, else broken at brackets."""

from __future__ import annotations

from collections.abc import Sequence

from ftdsl.language.tokens import CLOSERS, OPENERS, Token
from ftdsl.record import record

WIDTH = 100
"""Columns that a line keeps to where it can be broken."""
STEP = 2
"""Columns of one level of indentation."""

_OPERANDS = frozenset(
    {"NAME", "WORD", "KEY", "LABEL", "STRING", "INT", "FLOAT", "RATIO", "POINTS", "DURATION"}
    | {"SIZE", "MONEY", "DATE", "TRUE", "FALSE", "RPAR", "RSQB"}
)
_CALLABLE = frozenset({"NAME", "WORD"})
_TIGHT_BEFORE = frozenset({"RPAR", "RSQB", "COMMA", "COLON", "DOT", "OPTIONAL"})
_TIGHT_AFTER = frozenset({"LPAR", "LSQB", "DOT"})
_BREAKS = ("MUST", "OR", "AND")


@record
class Piece:
    """A token or comment, with the line breaks that stood before it in the source."""

    token: Token
    breaks: int

    @property
    def is_comment(self) -> bool:
        return self.token.kind == "COMMENT"

    @property
    def text(self) -> str:
        return self.token.text.rstrip()


Pieces = Sequence[Piece]


def flat(pieces: Pieces) -> str:
    """All pieces on one line. None may be a comment."""
    parts: list[str] = []
    before = ""
    unary = False
    for number, piece in enumerate(pieces):
        kind = piece.token.kind
        after = pieces[number + 1].token.kind if number + 1 < len(pieces) else ""
        if kind == "COMMA" and after in ("RPAR", "RSQB"):
            continue
        tight = (
            not before
            or kind in _TIGHT_BEFORE
            or before in _TIGHT_AFTER
            or unary
            or (kind == "LPAR" and before in _CALLABLE)
        )
        parts.append(piece.text if tight else f" {piece.text}")
        unary = kind == "MINUS" and before not in _OPERANDS
        before = kind
    return "".join(parts)


def laid_out(pieces: Pieces, indent: int) -> list[str]:
    """The lines of one statement, each with its indentation."""
    if not any(piece.is_comment for piece in pieces):
        line = " " * indent + flat(pieces)
        if len(line) <= WIDTH:
            return [line]
    elif any(piece.is_comment for piece in _outside(pieces)):
        return _around_comments(pieces, indent)
    cuts = _cuts(pieces)
    if cuts:
        return _cut(pieces, cuts, indent)
    group = _last_group(pieces)
    if group is None:
        return [" " * indent + flat(pieces)]
    return _exploded(pieces, group, indent)


def _outside(pieces: Pieces) -> list[Piece]:
    """The pieces that stand in no bracket."""
    depth = 0
    result = []
    for piece in pieces:
        if piece.token.kind in CLOSERS:
            depth -= 1
        if depth == 0:
            result.append(piece)
        if piece.token.kind in OPENERS:
            depth += 1
    return result


def _around_comments(pieces: Pieces, indent: int) -> list[str]:
    """A comment ends its line wherever it stands; what follows goes on, indented."""
    lines: list[str] = []
    run: list[Piece] = []
    deeper = indent + 2 * STEP

    def flush() -> None:
        if run:
            margin = deeper if lines else indent
            lines.append(" " * margin + flat(run))
            run.clear()

    for piece in pieces:
        if not piece.is_comment:
            run.append(piece)
        elif piece.breaks and (run or lines):
            flush()
            lines.append(" " * deeper + piece.text)
        else:
            flush()
            lines[-1] += f"  {piece.text}"
    flush()
    return lines


def _cuts(pieces: Pieces) -> list[int]:
    """Where a long statement goes on in a new line: outside all brackets before `must`, or else
    before every `or`, or else before every `and`."""
    depth = 0
    cuts: dict[str, list[int]] = {}
    for number, piece in enumerate(pieces):
        kind = piece.token.kind
        if kind in CLOSERS:
            depth -= 1
        elif kind in OPENERS:
            depth += 1
        elif not depth and kind in _BREAKS and number > 1:
            cuts.setdefault(kind, []).append(number)
    return next((cuts[kind] for kind in _BREAKS if kind in cuts), [])


def _cut(pieces: Pieces, cuts: list[int], indent: int) -> list[str]:
    lines = laid_out(pieces[: cuts[0]], indent)
    for start, end in zip(cuts, [*cuts[1:], len(pieces)], strict=True):
        lines += laid_out(pieces[start:end], indent + 2 * STEP)
    return lines


def _last_group(pieces: Pieces) -> tuple[int, int] | None:
    """The indices of the last bracket outside all others that holds a comment, or else of the
    last that holds anything, and of its closer."""
    depth = 0
    start = 0
    found: tuple[int, int] | None = None
    commented = False
    for number, piece in enumerate(pieces):
        if piece.token.kind in OPENERS:
            if not depth:
                start = number
            depth += 1
        elif piece.token.kind in CLOSERS:
            depth -= 1
            if not depth and number > start + 1:
                has_comment = any(inner.is_comment for inner in pieces[start:number])
                if has_comment or not commented:
                    found = start, number
                    commented = has_comment
    return found


def _exploded(pieces: Pieces, group: tuple[int, int], indent: int) -> list[str]:
    """One line for what stands before the bracket, one or more for every item of it."""
    start, end = group
    margin = indent + STEP
    head = laid_out(pieces[: start + 1], indent) if start else [" " * indent + pieces[0].text]
    lines = head
    items, is_list = _items(pieces[start + 1 : end])
    for item, trailing in items:
        leading = [piece for piece in item if piece.is_comment]
        if leading and len(leading) == len(item):
            lines += [" " * margin + piece.text for piece in leading]
            continue
        while item and item[0].is_comment:
            lines.append(" " * margin + item[0].text)
            item = item[1:]
        inner = laid_out(item, margin)
        if is_list:
            inner[-1] += ","
        if trailing is not None:
            inner[-1] += f"  {trailing.text}"
        lines += inner
    rest = laid_out(pieces[end:], indent)
    return lines + rest


def _items(pieces: Pieces) -> tuple[list[tuple[list[Piece], Piece | None]], bool]:
    """What the commas outside all brackets separate, each with the comment that ends its line, and
    comments of their own line by themselves; and whether the bracket takes a comma at its end."""
    depth = 0
    items: list[tuple[list[Piece], Piece | None]] = []
    run: list[Piece] = []
    commas = 0
    for piece in pieces:
        kind = piece.token.kind
        if kind in OPENERS:
            depth += 1
        elif kind in CLOSERS:
            depth -= 1
        if kind == "COMMA" and not depth:
            items += _item(run)
            run = []
            commas += 1
        elif piece.is_comment and not piece.breaks and not run and _takes_comment(items):
            items[-1] = (items[-1][0], piece)
        else:
            run.append(piece)
    return items + _item(run), commas > 0


def _takes_comment(items: list[tuple[list[Piece], Piece | None]]) -> bool:
    return bool(items) and items[-1][1] is None and not items[-1][0][-1].is_comment


def _item(run: list[Piece]) -> list[tuple[list[Piece], Piece | None]]:
    """An item, and the comments at its end that cannot stand before its comma."""
    size = len(run)
    while size and run[size - 1].is_comment:
        size -= 1
    item, after = run[:size], run[size:]
    if not item:
        return [([piece], None) for piece in after]
    trailing = after.pop(0) if after and not after[0].breaks else None
    return [(item, trailing), *(([piece], None) for piece in after)]
