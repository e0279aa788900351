"""The cases of a gate that must stay right: ``forbid broken on ids(…)`` or on a row condition."""

from __future__ import annotations

from ftdsl.diagnostics.suggestion import suggest
from ftdsl.language import tree
from ftdsl.language.catalog.data_blocks import GUARD_SETTINGS
from ftdsl.language.catalog.entry import SettingEntry
from ftdsl.language.checks.calls import setting_call
from ftdsl.language.checks.settings import Settings, names, read_settings
from ftdsl.language.modules import Module
from ftdsl.language.program import EvalDef, Expr, GuardDef
from ftdsl.language.reporting import did_you_mean, one_of
from ftdsl.language.tree import Drop
from ftdsl.language.typing.expressions import Typer
from ftdsl.language.typing.ranges import impossible
from ftdsl.language.typing.scope import row_scope
from ftdsl.language.workspace import Workspace

_IDS = SettingEntry("forbid broken on", "call:ids", "cases by their ids")


def guards(
    ws: Workspace, module: Module, lines: list[Drop], eval_: EvalDef
) -> tuple[GuardDef, ...]:
    """The checked lines; those that were wrong are left out."""
    found = [_guard(ws, module, line, eval_) for line in lines if line.forbids]
    return tuple(one for one in found if one is not None)


def _guard(ws: Workspace, module: Module, line: Drop, eval_: EvalDef) -> GuardDef | None:
    before = ws.report.size
    if line.method.text != "broken":
        help_text, fix = did_you_mean(line.method.span, suggest(line.method.text, ["broken"]))
        ws.report.add(
            "FT105", f"a gate cannot forbid `{line.method.text}`", line.method.span,
            label="expected `broken`", help=help_text or "write `forbid broken on …`", fix=fix,
        )  # fmt: skip
        return None
    settings = read_settings(
        ws, module, GUARD_SETTINGS, line.settings, line.method.span, "a `forbid`"
    )
    scores = _scores(settings, eval_)
    ids, where = _cases(ws, module, line, eval_)
    if ws.report.size > before:
        return None
    source = " ".join(ws.text(line.span).split())
    return GuardDef(scores, ids, where, source, line.span)


def _cases(
    ws: Workspace, module: Module, line: Drop, eval_: EvalDef
) -> tuple[tuple[str, ...], Expr | None]:
    first = line.on[0]
    if len(line.on) > 1:
        ws.report.add(
            "FT111", "the cases are meant by one condition or one list of ids", line.on[1].span,
            label="expected one", help="join conditions with `and` or `or`",
        )  # fmt: skip
        return (), None
    if isinstance(first, tree.Call) and first.function.text == "ids":
        call = setting_call(ws, module, _IDS, first)
        values = next(iter(call.values.values())) if call is not None else ()
        return tuple(dict.fromkeys(str(one.value) for one in values)), None
    scope = row_scope(ws, module, eval_.schema, "a `forbid`")
    where = Typer(ws, scope).condition(first, "what follows `forbid broken on`")
    if where is not None and impossible([(where, True)]):
        ws.report.add(
            "FT128", "this filter never matches", first.span, label="no case gets past it",
            help="two of its conditions exclude each other",
        )  # fmt: skip
    return (), where


def _scores(settings: Settings, eval_: EvalDef) -> tuple[str, ...]:
    """Those that the line names, or all that are yes or no."""
    ws, node = settings.ws, settings.node("score")
    right = [one.name for one in eval_.scores if one.value.type.name == "bool"]
    if node is None:
        if not right:
            ws.report.add(
                "FT111", f"no score of `{eval_.name}` is yes or no, so no case is right",
                settings.header, label="nothing can break",
                help="compare one with a bound, as in `score good = … >= 0.8`",
            )  # fmt: skip
        return tuple(right)
    found = []
    for path in names(ws, node, "score") or ():
        if path.text in right:
            found.append(path.text)
            continue
        help_text, fix = did_you_mean(path.span, suggest(path.text, right))
        ws.report.add(
            "FT100", f"`{eval_.name}` has no yes-or-no score `{path.text}`", path.span,
            label=f"expected {one_of(right)}" if right else "all its scores are graded",
            help=help_text, fix=fix,
        )  # fmt: skip
    return tuple(found)
