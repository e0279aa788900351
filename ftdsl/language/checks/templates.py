"""Rules that ask what a chat template makes of a row, of a dataset that names none."""

from __future__ import annotations

from ftdsl.diagnostics.diagnostic import Span
from ftdsl.language.catalog.tokens import BY_TEMPLATE
from ftdsl.language.program import DatasetDef, Expr, RuleDef
from ftdsl.language.workspace import Workspace


def check_template(ws: Workspace, found: list[tuple[RuleDef, Span]], dataset: DatasetDef) -> None:
    """FT347 for each such rule, at the place that brings it in."""
    if dataset.template is not None:
        return
    for rule, span in found:
        parts = [one for one in (rule.where, rule.must, rule.expect) if one is not None]
        if any(map(_reads_template, parts)):
            ws.report.add(
                "FT347",
                f"`{rule.name}` renders rows, and `{dataset.name}` names no chat template",
                span,
                label="with which template?",
                help='add `template = "chat_template.jinja"` to the dataset',
            )


def _reads_template(expr: Expr) -> bool:
    here = expr.op == "call" and expr.value in BY_TEMPLATE
    return here or any(map(_reads_template, expr.args))
