"""Which statements a block may hold."""

from __future__ import annotations

from typing import TypeVar

from ftdsl.language import catalog
from ftdsl.language.catalog.entry import BlockEntry
from ftdsl.language.names import a
from ftdsl.language.reporting import one_of
from ftdsl.language.tree import (
    Block,
    Bound,
    By,
    Drop,
    Expect,
    Require,
    Rule,
    Score,
    Setting,
    Slice,
    Statement,
    Target,
    Use,
)  # fmt: skip
from ftdsl.language.workspace import Workspace

_WORDS: dict[type[Statement], str] = {
    Rule: "rule", Use: "use", Drop: "drop", By: "by", Expect: "expect", Score: "score",
    Slice: "slice", Require: "require", Target: "target", Bound: "bound",
}  # fmt: skip

S = TypeVar("S", bound=Statement)


def of_type(block: Block, kind: type[S]) -> list[S]:
    """The statements of one kind, in written order."""
    return [one for one in block.statements if isinstance(one, kind)]


def check_statements(ws: Workspace, block: Block) -> None:
    """Report each statement that has no meaning in a block of this kind."""
    entry = catalog.BLOCKS[block.kind]
    for statement in block.statements:
        if isinstance(statement, Setting):
            continue
        word = _word(statement)
        if word in entry.statements:
            continue
        homes = [one.kind for one in catalog.BLOCKS.values() if word in one.statements]
        if isinstance(statement, Bound):
            name = statement.name.text
            ws.report.add(
                "FT108",
                f"{a(block.kind)} block has no bounds",
                statement.span,
                label="has no meaning here",
                help=f"a setting is written `{name} = …`",
            )
            continue
        ws.report.add(
            "FT108",
            f"`{word}` cannot stand in {a(block.kind)} block",
            statement.span,
            label=f"it stands in {one_of(homes)} blocks",
            help=_holds(entry),
        )


def _word(statement: Statement) -> str:
    if isinstance(statement, Drop) and statement.forbids:
        return "forbid"
    return _WORDS[type(statement)]


def _holds(entry: BlockEntry) -> str:
    """What a block of this kind may hold, in words."""
    parts = [one_of(entry.statements)] if entry.statements else []
    parts += ["settings"] if entry.settings else []
    return f"{a(entry.kind)} block takes {' and '.join(parts)}"
