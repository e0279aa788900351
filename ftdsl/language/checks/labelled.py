"""Figures of labels in a gate: only of the score whose expected texts are the labels."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ftdsl.language import tree
from ftdsl.language.labelled import FIGURES, labelled_score
from ftdsl.language.program import EvalDef
from ftdsl.language.workspace import Workspace

_READ = re.compile(rf"([\w]+)\.({'|'.join(FIGURES)})\b")


def check_labelled(ws: Workspace, eval_: EvalDef, deciding: Sequence[tree.Expr]) -> None:
    """The labels of an eval are those of its first score that compares whole texts."""
    score = labelled_score(eval_.scores)
    for node in deciding:
        for name, figure in _READ.findall(ws.text(node.span)):
            if score is not None and name == score.name:
                continue
            instead = (
                f"`{score.name}.{figure}` is known" if score is not None
                else "score labels by `exact_match(output, reply.text)` or `choice_match(…)`"
            )  # fmt: skip
            ws.report.add(
                "FT581", f"the score `{name}` has no labels, and so no `{figure}`", node.span,
                label="labels are expected texts that are compared whole", help=instead,
            )  # fmt: skip
            break
