"""One spec file among those it imports: what it declares under which name."""

from __future__ import annotations

from ftdsl.language.source import Source
from ftdsl.language.tree import Block, Function, Import, Let, Schema, Spec
from ftdsl.record import fresh, record

Declaration = Import | Let | Function | Schema | Block

LIBRARY_KINDS = frozenset({"import", "let", "fn", "schema", "ruleset"})
NAMING_BLOCKS = frozenset(
    {"ruleset", "dataset", "model", "eval", "select", "train", "gate", "rate"}
)


def kind_of(item: Declaration) -> str:
    """The keyword that declares ``item``."""
    if isinstance(item, Block):
        return item.kind
    return {Import: "import", Let: "let", Function: "fn", Schema: "schema"}[type(item)]


@record(frozen=False)
class Module:
    """``names`` maps each declared name to its declaration, the first one where there are two.
    ``imports`` maps an alias to its file, or to None where the file could not be had. ``used``
    are the names that something refers to. ``shipped`` ones come with the package. ``broken`` names
    were declared in text that could not be read: nobody reports them as unknown."""

    path: str
    source: Source
    spec: Spec
    sha256: str
    shipped: bool = False
    imports: dict[str, Module | None] = fresh(default_factory=dict)
    names: dict[str, Declaration] = fresh(default_factory=dict)
    used: set[str] = fresh(default_factory=set)
    broken: frozenset[str] = frozenset()

    @property
    def is_library(self) -> bool:
        """Whether it declares only what other files can import."""
        return all(kind_of(item) in LIBRARY_KINDS for item in self.spec.items)

    def of_kind(self, *kinds: str) -> list[str]:
        """The declared names of these kinds, in written order."""
        return [name for name, item in self.names.items() if kind_of(item) in kinds]

    def blocks(self, kind: str) -> list[Block]:
        """All blocks of one kind, in written order."""
        return [item for item in self.spec.items if isinstance(item, Block) and item.kind == kind]
