"""Settings whose value is the name of other blocks."""

from __future__ import annotations

from ftdsl.language import tree
from ftdsl.language.checks.settings import Settings, names
from ftdsl.language.names import find
from ftdsl.language.reporting import one_of


def models(settings: Settings, name: str) -> tuple[str, ...] | None:
    """The models and trainings that the setting ``name`` lists."""
    node = settings.node(name)
    paths = None if node is None else names(settings.ws, node, name)
    if paths is None:
        return None
    kinds = tuple(settings.entries[name].type.partition(":")[2].split("|"))
    found = [find(settings.ws, settings.module, path, kinds) is not None for path in paths]
    return tuple(path.text for path in paths) if all(found) else None


def named(settings: Settings, name: str) -> str | None:
    """The block that the setting ``name`` names."""
    node = settings.node(name)
    if node is None:
        return None
    kinds = tuple(settings.entries[name].type.partition(":")[2].split("|"))
    if not isinstance(node, tree.Path):
        settings.ws.report.add(
            "FT111", f"`{name}` is the name of {one_of(kinds)}", node.span,
            label="expected a name",
        )  # fmt: skip
        return None
    return node.text if find(settings.ws, settings.module, node, kinds) is not None else None
