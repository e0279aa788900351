"""Spec files and what they import: found under the project root, read once, within budgets."""

from __future__ import annotations

import os
import posixpath
import stat
from hashlib import sha256
from pathlib import Path

from ftdsl.diagnostics.diagnostic import Span
from ftdsl.diagnostics.suggestion import suggest
from ftdsl.language.modules import LIBRARY_KINDS, Module, kind_of
from ftdsl.language.names import a, declare
from ftdsl.language.parsing.parser import parse
from ftdsl.language.reporting import replace
from ftdsl.language.source import Source
from ftdsl.language.tree import Block, Import, Schema
from ftdsl.language.workspace import Workspace

MAX_FILES = 64
MAX_FILE_BYTES = 1 << 20
MAX_BYTES = 4 << 20
MAX_LEVELS = 16

SHIPPED = Path(__file__).parent.parent / "std"
"""Where the rule sets are that come with the package, imported as ``std/…``."""

_PREFIX = "std/"


class UnreadableSpec(Exception):
    """Why the bytes of a spec file cannot be had; one clause for the user."""


class Loader:
    """Reads the spec and all it imports into the workspace's modules."""

    def __init__(self, ws: Workspace) -> None:
        self.ws = ws
        self.bytes = 0
        self.open: list[str] = []

    def load_main(self, path: str) -> Module | None:
        """The spec that was asked for; ``path`` is root-relative."""
        try:
            content = _read(self.ws.root / path)
        except UnreadableSpec as error:
            self.ws.sources[path] = Source(path, "")
            self.ws.report.add("FT140", f"{path} {error}", Span(path, 0, 0), label="cannot be read")
            return None
        module = self._parsed(path, content, shipped=False)
        self.ws.main = module
        self._imports(module)
        return module

    def _parsed(self, path: str, content: bytes, *, shipped: bool) -> Module:
        self.bytes += len(content)
        source = Source(path, content)
        parsed = parse(source)
        self.ws.sources[path] = source
        self.ws.report.extend(parsed.diagnostics)
        module = Module(
            path, source, parsed.spec, sha256(content).hexdigest(), shipped, broken=parsed.broken
        )
        self.ws.modules[path] = module
        for item in module.spec.items:
            if isinstance(item, Block | Schema) and not item.complete:
                self.ws.report.mark_incomplete(item.span)
        declare(self.ws.report, module)
        return module

    def _imports(self, module: Module) -> None:
        self.open.append(module.path)
        for item in module.spec.items:
            if isinstance(item, Import) and module.names.get(item.alias.text) is item:
                module.imports[item.alias.text] = self._imported(module, item)
        self.open.pop()

    def _imported(self, module: Module, item: Import) -> Module | None:
        path = self._place(module, item)
        if path is None:
            return None
        if path in self.open:
            circle = [*self.open[self.open.index(path) :], path]
            self.ws.report.add(
                "FT142",
                "the imports go in a circle" if len(circle) > 2 else "a file imports itself",
                item.path.span,
                label=f"{path} is being read already",
                notes=(f"the circle: {' → '.join(circle)}",),
                help="move what both need into a third file" if len(circle) > 2 else "leave it out",
            )
            return None
        if path in self.ws.modules:
            return self.ws.modules[path]
        return self._fetched(item, path) if self._affordable(item) else None

    def _place(self, module: Module, item: Import) -> str | None:
        """The root-relative path of an import, ``std/…`` for the shipped ones."""
        written = str(item.path.value)
        if written.startswith(_PREFIX) or module.shipped:
            inside = written if written.startswith(_PREFIX) else f"{_PREFIX}{written}"
            return self._shipped(item, posixpath.normpath(inside))
        from ftdsl.language.paths import project_path

        path = project_path(self.ws, module, written, item.path.span)
        # A folder of the project may be called std as well; the prefix stays the package's.
        return f"./{path}" if path is not None and path.startswith(_PREFIX) else path

    def _shipped(self, item: Import, path: str) -> str | None:
        names = sorted(f"{_PREFIX}{one.name}" for one in SHIPPED.glob("*.ftspec"))
        if path in names:
            return path
        near = suggest(path, names) or suggest(f"{path}.ftspec", names)
        near = near or (f"{path}.ftspec" if f"{path}.ftspec" in names else None)
        self.ws.report.add(
            "FT140",
            f"no rule set called `{path}` comes with ftdsl",
            item.path.span,
            label="not found",
            help=f"did you mean `{near}`?" if near else f"there are {', '.join(names)}",
            fix=replace(item.path.span, f'"{near}"') if near else None,
        )
        return None

    def _affordable(self, item: Import) -> bool:
        spent = ""
        if len(self.ws.modules) >= MAX_FILES:
            spent = f"more than {MAX_FILES} files"
        elif len(self.open) >= MAX_LEVELS:
            spent = f"more than {MAX_LEVELS} levels of files that import files"
        elif self.bytes > MAX_BYTES:
            spent = f"more than {MAX_BYTES >> 20} MiB of specs"
        if spent:
            self.ws.report.add(
                "FT143",
                f"the imports come to {spent}",
                item.path.span,
                label="this one goes over the budget",
                help="import less",
            )
        return not spent

    def _fetched(self, item: Import, path: str) -> Module | None:
        shipped = path.startswith(_PREFIX)
        place = SHIPPED / path.removeprefix(_PREFIX) if shipped else self.ws.root / path
        root = SHIPPED if shipped else self.ws.root
        if not Path(os.path.realpath(place)).is_relative_to(os.path.realpath(root)):
            self.ws.report.add(
                "FT148", "the path leaves the project", item.path.span,
                label="a link leads outside", help="keep the file inside the project",
            )  # fmt: skip
            return None
        try:
            content = _read(place)
        except UnreadableSpec as error:
            self._unreadable(item, path, place, error)
            return None
        before = self.ws.report.failed
        module = self._parsed(path, content, shipped=shipped)
        self._imports(module)
        return module if self._is_library(item, module) or before else None

    def _unreadable(self, item: Import, path: str, place: Path, error: UnreadableSpec) -> None:
        near = None
        if place.parent.is_dir():
            near = suggest(place.name, sorted(one.name for one in place.parent.glob("*.ftspec")))
        better = posixpath.join(posixpath.dirname(str(item.path.value)), near) if near else ""
        self.ws.report.add(
            "FT140",
            f"{path} {error}",
            item.path.span,
            label="cannot be imported",
            help=f"did you mean `{better}`?" if near else "",
            fix=replace(item.path.span, f'"{better}"') if near else None,
        )

    def _is_library(self, item: Import, module: Module) -> bool:
        block = next((one for one in module.spec.items if kind_of(one) not in LIBRARY_KINDS), None)
        if block is None:
            return True
        assert isinstance(block, Block), "everything else can be imported"
        self.ws.report.add(
            "FT144",
            f"{module.path} is a whole spec, not a library",
            item.path.span,
            label=f"it has {a(block.kind)}",
            help="move what is shared (`let`, `fn`, `schema`, `ruleset`) into a file of its own",
        )
        return False


def _read(path: Path) -> bytes:
    """The bytes of a plain file of a spec's size; UnreadableSpec otherwise. Opens without waiting,
    so that a pipe cannot hang it."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except FileNotFoundError:
        raise UnreadableSpec("does not exist") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UnreadableSpec(f"cannot be opened: {reason.lower()}") from None
    try:
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode):
            raise UnreadableSpec("is a folder" if stat.S_ISDIR(mode) else "is not a plain file")
        return _content(handle)
    except OSError as error:
        raise UnreadableSpec(f"cannot be read: {(error.strerror or '').lower()}") from None
    finally:
        os.close(handle)


def _content(handle: int) -> bytes:
    """One byte more than is allowed at most: the parser says of the whole that it is too large."""
    parts: list[bytes] = []
    left = MAX_FILE_BYTES + 1
    while left > 0 and (part := os.read(handle, left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)
