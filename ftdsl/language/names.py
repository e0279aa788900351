"""Declared names: who declares what, and what a reference stands for."""

from __future__ import annotations

import re

from ftdsl.diagnostics.diagnostic import Edit, Fix, Label, Span
from ftdsl.diagnostics.suggestion import suggest
from ftdsl.language import catalog
from ftdsl.language.modules import NAMING_BLOCKS, Declaration, Module, kind_of
from ftdsl.language.reporting import Report, did_you_mean, one_of
from ftdsl.language.tree import Block, Function, Import, Let, Name, Path, Schema
from ftdsl.language.workspace import Workspace

_ARTICLES = {"eval": "an", "import": "an"}
_ROOTS = frozenset(
    name.partition(".")[0]
    for name in (
        *(view.name for entry in catalog.FORMATS.values() for view in entry.views),
        *(entry.name for entry in catalog.MEASURES if not entry.name.startswith("SCORE")),
    )
) | {"rows", "output"}
"""First words of what the language itself calls by name inside expressions."""


def a(kind: str) -> str:
    """``kind`` with its article."""
    return f"{_ARTICLES.get(kind, 'a')} `{kind}`"


def name_of(item: Declaration) -> Name | None:
    """The name that ``item`` declares; None for a block that is about another one."""
    if isinstance(item, Import):
        return item.alias
    if isinstance(item, Let | Function | Schema):
        return item.name
    return item.subject.parts[0] if item.kind in NAMING_BLOCKS else None


def declare(report: Report, module: Module) -> None:
    """Fill ``module.names``; say what is declared twice or hides a name of the language."""
    for item in module.spec.items:
        name = name_of(item)
        if name is None:
            continue
        if isinstance(item, Block) and len(item.subject.parts) > 1:
            report.add(
                "FT102",
                f"a new name has no dots, but `{item.subject.text}` has",
                item.subject.span,
                label="one word is expected",
            )
            continue
        first = module.names.get(name.text)
        if first is not None:
            _twice(report, name, first)
            continue
        module.names[name.text] = item
        _check_hidden(report, name, item)


def _twice(report: Report, name: Name, first: Declaration) -> None:
    earlier = name_of(first)
    assert earlier is not None, "only declarations that have a name are kept"
    report.add(
        "FT101",
        f"`{name.text}` is declared twice",
        name.span,
        label="here again",
        related=(Label(earlier.span, f"first declared here, as {a(kind_of(first))}"),),
        help="rename or delete one of them",
    )


def _check_hidden(report: Report, name: Name, item: Declaration) -> None:
    """A name that would mean something else in some places."""
    what = ""
    if isinstance(item, Function) and name.text in _FUNCTION_NAMES:
        what = "a function of the language"
    elif isinstance(item, Schema) and name.text in catalog.FORMATS:
        what = "a row format of the language"
    elif isinstance(item, Let | Import) and name.text in _ROOTS:
        what = "what the language calls so in rules and gates"
    if what:
        report.add(
            "FT102",
            f"`{name.text}` hides {what}",
            name.span,
            label="rename it",
        )


_FUNCTION_NAMES = {**catalog.FUNCTIONS, **catalog.SOURCES, **catalog.ARGUMENTS}


def find(
    ws: Workspace,
    module: Module,
    path: Path,
    kinds: tuple[str, ...],
    *,
    extra: tuple[str, ...] = (),
) -> tuple[Module, Declaration] | None:
    """The declaration of one of ``kinds`` that ``path`` names, directly or through an import.

    None where there is none: that has been said then, unless its text was broken. ``extra`` are
    built-in names that would have fitted too, for the suggestion.
    """
    owner = module
    name = path.parts[0]
    if len(path.parts) == 2:
        alias = module.names.get(name.text)
        if isinstance(alias, Import):
            module.used.add(name.text)
            imported = module.imports.get(name.text)
            if imported is None:
                return None
            owner, name = imported, path.parts[1]
    elif len(path.parts) > 2:
        _unknown(ws, module, path, path.text, kinds, extra)
        return None
    item = owner.names.get(name.text) if len(path.parts) == 1 or owner is not module else None
    if item is None:
        if name.text not in owner.broken and path.parts[0].text not in module.broken:
            _unknown(ws, owner, path, path.text if owner is module else name.text, kinds, extra)
        return None
    if kind_of(item) not in kinds:
        _wrong_kind(ws, owner, path, item, kinds, extra)
        return None
    owner.used.add(name.text)
    return owner, item


def _unknown(
    ws: Workspace,
    owner: Module,
    path: Path,
    word: str,
    kinds: tuple[str, ...],
    extra: tuple[str, ...],
) -> None:
    known = [*owner.of_kind(*kinds), *extra]
    span = path.parts[-1].span if len(path.parts) == 2 and word != path.text else path.span
    help_text, fix = did_you_mean(span, suggest(word, known))
    if not help_text and known:
        help_text = f"{'there is' if len(known) == 1 else 'there are'} {one_of(known)}"
    where = "" if owner is ws.main else f" in {owner.path}"
    label = f"no {one_of(kinds)} has this name{where}"
    if not known:
        label = f"there is no {one_of(kinds)}{where}"
    ws.report.add(
        "FT127", f"unknown {one_of(kinds)} `{word}`".replace("`", "", 2)
        if len(kinds) == 1 else f"`{word}` is not declared",
        span, label=label, help=help_text, fix=fix,
    )  # fmt: skip


def _wrong_kind(
    ws: Workspace,
    owner: Module,
    path: Path,
    item: Declaration,
    kinds: tuple[str, ...],
    extra: tuple[str, ...],
) -> None:
    name = name_of(item)
    known = [*owner.of_kind(*kinds), *extra]
    ws.report.add(
        "FT109",
        f"`{path.text}` is {a(kind_of(item))}, and {' or '.join(a(kind) for kind in kinds)} "
        "is wanted here",
        path.span,
        label=f"expected {' or '.join(a(kind) for kind in kinds)}",
        related=(Label(name.span, "declared here"),) if name else (),
        help=f"{'there is' if len(known) == 1 else 'there are'} {one_of(known)}" if known else "",
    )


def report_unused(ws: Workspace) -> None:
    """Everything of the program's own file that nothing refers to; a library keeps its exports.

    Imports are private to their file, so an unused one is reported in every file of the project.
    """
    for module in ws.modules.values():
        if module.shipped:
            continue
        private: tuple[str, ...] = ("import",)
        if module is ws.main and not module.is_library:
            private = ("import", "let", "fn", "schema", "ruleset")
        for item in module.spec.items:
            name = name_of(item)
            if name is None or module.names.get(name.text) is not item:
                continue
            if isinstance(item, Function) and item.origin is not None:
                continue  # a declared power is the operator's list of what may be called
            if isinstance(item, Import) and module.imports.get(name.text) is None:
                continue  # it could not be had, which is the cause
            if ws.report.failed and _mentioned_again(module, name):
                continue  # perhaps by what was wrong, and so not looked at
            if kind_of(item) in private and name.text not in module.used:
                _unused(ws, module, item, name)


def _mentioned_again(module: Module, name: Name) -> bool:
    return len(re.findall(rf"\b{re.escape(name.text)}\b", module.source.text)) > 1


def _unused(ws: Workspace, module: Module, item: Declaration, name: Name) -> None:
    ws.report.add(
        "FT103",
        f"the {kind_of(item)} called `{name.text}` is never used",
        name.span,
        label="nothing refers to it",
        help="use it or delete it",
        fix=Fix(f"delete `{name.text}`", (Edit(whole_lines(module, item.span), ""),)),
    )


def whole_lines(module: Module, span: Span) -> Span:
    """``span`` widened to its lines with their end, if nothing else stands on them."""
    text = module.source.text
    start = text.rfind("\n", 0, span.start) + 1
    end = text.find("\n", span.end)
    end = len(text) if end < 0 else end + 1
    if text[start : span.start].strip() or text[span.end : end].strip():
        return span
    return Span(span.path, start, end)
