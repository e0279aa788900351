"""The `key = value` lines of a block: known, given once, complete, and of the right kind."""

from __future__ import annotations

from collections.abc import Iterable

from ftdsl.diagnostics.diagnostic import Edit, Fix, Label, Span
from ftdsl.diagnostics.suggestion import suggest
from ftdsl.language import tree
from ftdsl.language.catalog.entry import SettingEntry
from ftdsl.language.modules import Module
from ftdsl.language.names import whole_lines
from ftdsl.language.paths import project_path
from ftdsl.language.program import Expr, Type
from ftdsl.language.reporting import did_you_mean, one_of
from ftdsl.language.reporting import replace as replaced
from ftdsl.language.tree import Setting
from ftdsl.language.types import (
    DATE,
    DURATION,
    MONEY,
    POINTS,
    RATIO,
    SAMPLES,
    SIZE,
    TEXT,
    describe,
    fits,
)  # fmt: skip
from ftdsl.language.typing.arguments import outside, report_outside
from ftdsl.language.typing.expressions import Typer
from ftdsl.language.typing.scope import constant_scope
from ftdsl.language.typing.units import expected, unit_help
from ftdsl.language.typing.values import literal
from ftdsl.language.workspace import Workspace
from ftdsl.record import record, replace

_SCALARS = {
    "int", "float", "ratio", "share", "text", "bool", "money", "date", "duration", "size", "path",
    "url",
}  # fmt: skip
_TYPES = {
    "date": DATE, "duration": DURATION, "money": MONEY, "points": POINTS, "ratio": RATIO,
    "size": SIZE,
}  # fmt: skip


@record
class Settings:
    """The settings of one block that are known, by name. ``place`` names the block in messages."""

    ws: Workspace
    module: Module
    place: str
    entries: dict[str, SettingEntry]
    given: dict[str, Setting]
    header: Span

    def node(self, name: str) -> tree.Expr | None:
        """What was written for ``name``, if anything."""
        setting = self.given.get(name)
        return setting.value if setting is not None else None

    def constant(self, name: str) -> Expr | None:
        """The constant given for ``name``; None where there is none or it was wrong."""
        node = self.node(name)
        return None if node is None else constant(self.ws, self.module, self.entries[name], node)

    def default(self, name: str) -> str | int | float | bool | None:
        """The catalog's default of ``name``."""
        return self.entries[name].default

    def missing(self, *names: str) -> list[str]:
        """Those of ``names`` that are not given."""
        return [name for name in names if name not in self.given]

    def require(self, *names: str, why: str = "") -> bool:
        """Whether all ``names`` are given; says which are not."""
        missing = self.missing(*names)
        if missing:
            self.report_missing(missing, why)
        return not missing

    def report_missing(self, names: list[str], why: str = "") -> None:
        """Say that settings are missing."""
        first = self.entries[names[0]]
        self.ws.report.add(
            "FT107",
            f"{self.place} needs {one_of(names).replace(' or ', ' and ')}{why}",
            self.header,
            label=f"`{first.name}`: {first.doc}",
            help=f"add `{first.name} = {sample(first)}`",
        )

    def forbid(self, names: Iterable[str], why: str) -> bool:
        """Whether none of ``names`` is given; says of each why it has no place here."""
        good = True
        for name in names:
            setting = self.given.get(name)
            if setting is not None:
                good = False
                self.ws.report.add(
                    "FT108",
                    f"`{name}` has no effect: {why}",
                    setting.span,
                    label="delete it",
                    fix=self.deletion(setting.span, name),
                )
        return good

    def deletion(self, span: Span, name: str) -> Fix:
        """A fix that deletes a statement, with its line if it stands alone on it."""
        return Fix(f"delete `{name}`", (Edit(whole_lines(self.module, span), ""),))


def sample(entry: SettingEntry) -> str:
    """Something that could be written for a setting."""
    if entry.choices:
        return entry.choices[0]
    if entry.type == "name:schema":
        return "chat"
    if entry.type.startswith(("name:", "names:")):
        return "NAME"
    samples = {
        "sources": 'jsonl("data/*.jsonl")', "source": 'jsonl("data/outputs.jsonl")',
        "split": "DATASET.SPLIT", "grid": "grid(learning_rate: [1e-4, 2e-4])",
        "objective": "max(EVAL.SCORE.mean)", "url": '"https://host/v1"', "path": '"PATH"',
        "held": "EVAL", "model|text": '"folder-or-hub-id"',
    }  # fmt: skip
    return samples.get(entry.type, SAMPLES.get(entry.type, "…"))


def read_settings(
    ws: Workspace,
    module: Module,
    entries: Iterable[SettingEntry],
    written: Iterable[Setting],
    header: Span,
    place: str,
) -> Settings:
    """The settings of a block; unknown, repeated and missing ones are reported."""
    known = {entry.name: entry for entry in entries}
    given: dict[str, Setting] = {}
    unknown = False
    for setting in written:
        name = setting.key.text
        if name not in known:
            unknown = True
            _unknown(ws, setting, known, given, place)
        elif name in given:
            ws.report.add(
                "FT106",
                f"`{name}` is given twice",
                setting.key.span,
                label="here again",
                related=(Label(given[name].key.span, "first given here"),),
                help="delete one of them",
            )
        else:
            given[name] = setting
    settings = Settings(ws, module, place, known, given, header)
    missing = [name for name, one in known.items() if one.required and name not in given]
    # A misspelt key is the likelier reason for a missing one.
    if missing and not unknown:
        settings.report_missing(missing)
    return settings


def _unknown(
    ws: Workspace,
    setting: Setting,
    known: dict[str, SettingEntry],
    given: dict[str, Setting],
    place: str,
) -> None:
    free = [name for name in known if name not in given]
    help_text, fix = did_you_mean(setting.key.span, suggest(setting.key.text, free))
    if not help_text:
        help_text = f"it takes {one_of(list(known))}" if known else "it has no settings"
    ws.report.add(
        "FT105",
        f"{place} has no setting `{setting.key.text}`",
        setting.key.span,
        label="unknown setting",
        help=help_text,
        fix=fix,
    )


def constant(ws: Workspace, module: Module, entry: SettingEntry, node: tree.Expr) -> Expr | None:
    """The constant value of one setting, in its range; a bare word of ``choices`` is a text."""
    if isinstance(node, tree.Path) and node.text in entry.choices:
        return literal(node.text, TEXT, node.text, node.span)
    if entry.type == "choice":
        _bad_choice(ws, entry, node)
        return None
    wanted = entry.type
    assert wanted in _SCALARS, f"{entry.name} is no constant"
    if entry.choices and isinstance(node, tree.Path) and node.text not in module.names:
        _bad_choice(ws, entry, node)
        return None
    expr = Typer(ws, constant_scope(module, "a setting")).type(node)
    if expr is None:
        return None
    if not _right_kind(ws, entry, expr, node):
        return None
    value = expr.value
    if isinstance(value, int | float) and not isinstance(value, bool):
        if outside(value, entry.minimum, entry.maximum):
            report_outside(ws, entry.name, expr, entry.minimum, entry.maximum, node)
            return None
        if wanted in ("float", "share"):
            expr = replace(expr, value=float(value))
    if wanted == "path":
        path = project_path(ws, module, str(value), node.span)
        return None if path is None else replace(expr, value=path)
    return expr


def _right_kind(ws: Workspace, entry: SettingEntry, expr: Expr, node: tree.Expr) -> bool:
    wanted = "text" if entry.type == "url" else entry.type
    if fits(wanted, expr) and expr.op == "literal":
        return True
    unit = "ratio" if wanted == "share" else wanted
    help_text, fix = unit_help(node, expr, unit)
    plain = expr.type.name in ("int", "float") and unit in ("ratio", "money", "duration", "size")
    words = _kind_words(wanted)
    choices = f", or {one_of(entry.choices)}" if entry.choices else ""
    ws.report.add(
        "FT110" if plain else "FT111",
        f"`{entry.name}` is {words}, not {describe(expr.type)}",
        node.span,
        label=f"expected {words if wanted == 'path' else expected(unit, expr)}{choices}",
        help=help_text,
        fix=fix,
    )
    return False


def _kind_words(wanted: str) -> str:
    if wanted == "share":
        return "a ratio"
    return describe(_TYPES.get(wanted, Type(wanted)))


def _bad_choice(ws: Workspace, entry: SettingEntry, node: tree.Expr) -> None:
    written = ws.text(node.span).strip('"')
    word = written if written in entry.choices else suggest(written, entry.choices)
    help_text, fix = did_you_mean(node.span, word)
    if isinstance(node, tree.Literal) and node.kind == "text" and written in entry.choices:
        help_text, fix = "it is a bare word, without quotes", replaced(node.span, written)
    ws.report.add(
        "FT125",
        f"`{entry.name}` cannot be `{ws.text(node.span)}`",
        node.span,
        label=f"expected {one_of(entry.choices)}",
        help=help_text,
        fix=fix,
    )


def names(ws: Workspace, node: tree.Expr, what: str) -> list[tree.Path] | None:
    """The names in ``a`` or ``[a, b]``, each once."""
    items = node.items if isinstance(node, tree.ListExpr) else (node,)
    found: list[tree.Path] = []
    for item in items:
        if not isinstance(item, tree.Path):
            ws.report.add("FT111", f"`{what}` takes names", item.span, label="expected a name")
            return None
        if any(one.text == item.text for one in found):
            ws.report.add("FT106", f"`{item.text}` is listed twice", item.span, label="here again")
            continue
        found.append(item)
    if not found:
        ws.report.add("FT107", f"`{what}` names nothing", node.span, label="the list is empty")
        return None
    return found
