"""A YAML or JSON document whose parts know where they stand. No tag makes anything of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ftdsl.diagnostics.diagnostic import Diagnostic, Severity, Span

_MOST_NODES = 200_000


class Unreadable(Exception):
    """The text is no document of plain values; ``offset`` is where that shows."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Node:
    """``value`` is None, a bool, a number, a text, a list of nodes, or a dict of them by key."""

    value: Any
    span: Span

    def get(self, key: str) -> Node | None:
        """The part called ``key``, None where there is none or it is null."""
        found = self.value.get(key) if isinstance(self.value, dict) else None
        return found if found is not None and found.value is not None else None

    def text(self, key: str, default: str = "") -> str:
        found = self.get(key)
        return found.value if found is not None and isinstance(found.value, str) else default

    @property
    def items(self) -> list[Node]:
        return self.value if isinstance(self.value, list) else []

    @property
    def keys(self) -> list[str]:
        return list(self.value) if isinstance(self.value, dict) else []

    @property
    def plain(self) -> Any:
        """The value without places."""
        if isinstance(self.value, list):
            return [one.plain for one in self.value]
        if isinstance(self.value, dict):
            return {key: one.plain for key, one in self.value.items()}
        return self.value

    def problem(
        self, code: str, message: str, label: str = "", help: str = "", *, warning: bool = False
    ) -> Diagnostic:
        severity = Severity.WARNING if warning else Severity.ERROR
        return Diagnostic(code, message, self.span, severity, label=label, help=help)


def read_document(text: str, path: str) -> Node:
    """The document in ``text``: YAML, and so JSON. Raises ``Unreadable``, and ModuleNotFoundError
    where PyYAML is not installed."""
    import yaml

    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Unreadable(error.problem or "it is no YAML", mark.index if mark else 0) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise Unreadable(str(error).splitlines()[0], 0) from None
    if root is None:
        raise Unreadable("it is empty", 0)
    return _Reader(path).node(root, 0)


class _Reader:
    """Aliases are followed, and counted each time: a small text may stand for a huge document."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._count = 0

    def node(self, found: Any, depth: int) -> Node:
        import yaml

        start, end = found.start_mark.index, found.end_mark.index
        self._count += 1
        if depth > 60 or self._count > _MOST_NODES:
            raise Unreadable("it is nested too deep or too large", start)
        span = Span(self._path, start, max(start, end))
        if isinstance(found, yaml.ScalarNode):
            return Node(_scalar(found), span)
        if isinstance(found, yaml.SequenceNode):
            return Node([self.node(one, depth + 1) for one in found.value], span)
        return Node(dict(self._pairs(found, depth)), span)

    def _pairs(self, found: Any, depth: int) -> Iterator[tuple[str, Node]]:
        for key, value in found.value:
            if not isinstance(key.value, str) or key.value == "<<":
                raise Unreadable("a key is no text", key.start_mark.index)
            yield key.value, self.node(value, depth + 1)


def _scalar(found: Any) -> Any:
    import yaml

    try:
        return yaml.constructor.SafeConstructor().construct_object(found)
    except (yaml.YAMLError, ValueError) as error:
        raise Unreadable(str(error).splitlines()[0], found.start_mark.index) from None
