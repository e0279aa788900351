"""What a gate, a selection or a rating requires: one comparison of measured quantities each."""

from __future__ import annotations

from ftdsl.diagnostics.diagnostic import Severity
from ftdsl.diagnostics.suggestion import suggest
from ftdsl.language import tree
from ftdsl.language.conditions import Condition, Undecidable, conditions, linear
from ftdsl.language.labelled import FIGURES
from ftdsl.language.modules import Module
from ftdsl.language.program import EvalDef, Expr, RequireDef
from ftdsl.language.reporting import did_you_mean, one_of
from ftdsl.language.tree import Require
from ftdsl.language.types import QUANTITIES, describe
from ftdsl.language.typing.expressions import Typer
from ftdsl.language.typing.ranges import COMPARISONS, impossible
from ftdsl.language.typing.scope import Scope, constant_scope
from ftdsl.language.typing.units import expected, unit_help
from ftdsl.language.workspace import Workspace

DEFAULT_CONFIDENCE = 0.95
FACT = "model."
_BASELINE = "baseline."
_RATED = ("win_rate", "correct_rate", "grade", "alpha")


def requirements(
    ws: Workspace, scope: Scope, lines: list[Require], eval_: EvalDef | None
) -> tuple[RequireDef, ...]:
    """The checked requirements; all of them can hold together."""
    found = [_requirement(ws, scope, line, eval_) for line in lines]
    good = [one for one in found if one is not None]
    _check_together(ws, good)
    return tuple(good)


def _requirement(
    ws: Workspace, scope: Scope, line: Require, eval_: EvalDef | None
) -> RequireDef | None:
    before = ws.report.size
    condition = Typer(ws, scope).condition(line.condition, "what follows `require`")
    if condition is not None and condition.op not in COMPARISONS and not is_filter(condition):
        ws.report.add(
            "FT111",
            "a requirement is one comparison",
            line.condition.span,
            label="expected a comparison such as `exact.mean >= 82%`",
            help="write a `require` line for each" if condition.op in ("and", "or") else "",
        )
        return None
    by = _slice(ws, line, eval_, scope)
    confidence = _confidence(ws, scope.module, line)
    if condition is None or ws.report.size > before or not _decidable(ws, condition, line):
        return None
    return RequireDef(
        condition,
        by,
        confidence if confidence is not None else DEFAULT_CONFIDENCE,
        line.confidence is not None,
        line.span,
    )


def is_filter(condition: Expr) -> bool:
    """Whether ``condition`` compares what a model states with constants: ``model.license …``."""
    measures = [one for one in condition.walk() if one.op == "measure"]
    return (
        bool(measures)
        and all(str(one.value).startswith(FACT) for one in measures)
        and condition.op in (*COMPARISONS, "in")
        and condition.args[0].op == "measure"
        and all(one.op in ("literal", "list") for one in condition.args[1].walk())
    )


def _decidable(ws: Workspace, condition: Expr, line: Require) -> bool:
    """Whether a gate could decide this; says why not."""
    measures = [str(one.value) for one in condition.walk() if one.op == "measure"]
    if is_filter(condition):
        if line.confidence is None and line.by is None:
            return True
        why = "what a model states is certain"
    elif any(name.startswith(FACT) for name in measures):
        why = "what a model states is compared with a constant on the right, and with nothing else"
    else:
        try:
            found = list(conditions(condition))
        except Undecidable as error:
            why = str(error)
        else:
            if line.confidence is None or all(_has_interval(one) for one in found):
                return True
            why = "only mean scores, `latency` and ratings have an interval to decide `with`"
    ws.report.add(
        "FT520", f"this requirement cannot be decided: {why}", line.condition.span,
        label="not of a form that can be decided",
        help="compare a sum of measures with a bound, by >=, >, <= or <",
    )  # fmt: skip
    return False


def _has_interval(condition: Condition) -> bool:
    names = [name for name, _ in condition.weights]
    latency = len(names) == 1 and names[0].startswith("latency.")
    if bool(names) and all(name.rpartition(".")[2] in FIGURES for name in names):
        return True
    rated = len(names) == 1 and names[0].rpartition(".")[2] in _RATED
    return latency or rated or all(name.endswith(".mean") for name in names)


def check_reach(ws: Workspace, found: tuple[RequireDef, ...], eval_: EvalDef) -> None:
    """Requirements on slices that the smallest of them can never meet, however good the model."""
    from ftdsl.language import reach

    for one in found:
        rows = reach.slice_rows(one, eval_)
        if rows is None or not one.stated or one.span is None:
            continue
        for condition in reach.parts(one):
            if reach.may_pass(condition, rows, one.confidence, eval_):
                continue
            least = reach.least_to_pass(condition, one.confidence, eval_)
            ws.report.add(
                "FT550", f"a slice of {rows} rows can never meet this", one.span,
                label="a perfect result would leave it open",
                help=f"set `min_rows = {least}` in `slice by {one.by}`, or ask for less"
                if least is not None else "no number of rows does: ask for less",
                severity=Severity.WARNING,
            )  # fmt: skip


def _slice(ws: Workspace, line: Require, eval_: EvalDef | None, scope: Scope) -> str | None:
    if line.by is None:
        return None
    if eval_ is None:
        if scope.place != "a `gate`":
            ws.report.add(
                "FT108", f"`by` has no meaning in {scope.place}", line.by.span,
                label="only an eval has slices",
            )  # fmt: skip
        return None
    names = [one.name for one in eval_.slices]
    if line.by.text in names:
        return line.by.text
    if eval_.span is not None and ws.report.in_incomplete(eval_.span):
        return None
    help_text, fix = did_you_mean(line.by.span, suggest(line.by.text, names))
    if not help_text:
        help_text = (
            f"its slices are by {one_of(names)}" if names
            else f"add `slice by {line.by.text}` to the eval `{eval_.name}`"
        )  # fmt: skip
    ws.report.add(
        "FT161",
        f"the eval `{eval_.name}` has no slice by `{line.by.text}`",
        line.by.span,
        label="unknown slice",
        help=help_text,
        fix=fix,
    )
    return None


def _confidence(ws: Workspace, module: Module, line: Require) -> float | None:
    node = line.confidence
    if node is None:
        return None
    expr = Typer(ws, constant_scope(module, "a confidence")).type(node)
    if expr is None:
        return None
    if expr.type.name != "ratio" or not isinstance(expr.value, float):
        help_text, fix = unit_help(node, expr, "ratio")
        ws.report.add(
            "FT110" if expr.type.name in ("int", "float") else "FT111",
            f"a confidence is a ratio, not {describe(expr.type)}",
            node.span, label=f"expected {expected('ratio', expr)}", help=help_text, fix=fix,
        )  # fmt: skip
        return None
    if not 0.5 <= expr.value < 1:
        ws.report.add(
            "FT114", f"a confidence of {expr.source} means nothing", node.span,
            label="expected at least 50% and less than 100%",
        )  # fmt: skip
        return None
    return expr.value


def _check_together(ws: Workspace, found: list[RequireDef]) -> None:
    """Requirements that exclude one another, or that say what an earlier one says."""
    for position, one in enumerate(found):
        for earlier in found[:position]:
            if one.by != earlier.by or one.condition.span is None:
                continue
            if impossible([(earlier.condition, True), (one.condition, True)]):
                ws.report.add(
                    "FT138",
                    f"nothing meets both `{earlier.condition.source}` and `{one.condition.source}`",
                    one.condition.span,
                    label="excludes the other requirement",
                )
                return
            if one.confidence == earlier.confidence and impossible(
                [(earlier.condition, True), (one.condition, False)]
            ):
                ws.report.add(
                    "FT132", f"`{earlier.condition.source}` requires this already",
                    one.condition.span, label="never decides", help="delete it",
                )  # fmt: skip


def objective(ws: Workspace, scope: Scope, node: tree.Expr, what: str) -> Expr | None:
    """``max(E)`` or ``min(E)`` over measured quantities, as a call of that name."""
    if (
        not isinstance(node, tree.Call)
        or node.function.text not in ("max", "min")
        or len(node.arguments) != 1
        or node.arguments[0].label is not None
    ):
        ws.report.add(
            "FT111", f"{what} is the most or the least of one quantity", node.span,
            label="expected `max(…)` or `min(…)`",
            help=f"did you mean `max({ws.text(node.span)})`?" if not isinstance(node, tree.Call)
            else "",
        )  # fmt: skip
        return None
    argument = node.arguments[0].value
    value = Typer(ws, scope).type(argument)
    if value is None:
        return None
    if value.type.name not in QUANTITIES or value.op == "literal":
        ws.report.add(
            "FT111", f"{what} ranks models by a measured quantity", argument.span,
            label=f"this is {'a constant' if value.op == 'literal' else describe(value.type)}",
        )  # fmt: skip
        return None
    source = ws.text(node.span)
    try:
        weights = linear(value)
    except Undecidable as error:
        weights, why = {}, str(error)
    else:
        why = "what a model states is no quality of its answers"
    if not weights or any(name.startswith(FACT) and name != "model.size" for name in weights):
        ws.report.add(
            "FT520", f"{what} cannot rank models: {why}", argument.span,
            label="expected a weighted sum of measures",
            help="add measures with weights, as in `0.7 * exact.mean + 0.3 * close.mean`",
        )  # fmt: skip
        return None
    return Expr("call", value.type, (value,), node.function.text, source, node.span)
