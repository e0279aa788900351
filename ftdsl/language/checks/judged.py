"""Judged scores: who may judge, and which of their verdicts may decide a gate."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ftdsl.diagnostics.diagnostic import Span
from ftdsl.language import tree
from ftdsl.language.judges import argument, judge_calls, judging_models
from ftdsl.language.program import EvalDef, Expr, ScoreDef
from ftdsl.language.workspace import Workspace

_UNCORRECTED = (".unscored", ".n")
"""Measures of a judged score that say nothing of how right the judge is."""


def can_be_asked(ws: Workspace, value: Expr) -> bool:
    """Whether every judge in ``value`` is a model that answers what it has not been asked before:
    recorded outputs are none."""
    for call in judge_calls(value):
        for name in judging_models(call):
            model = ws.models.get(name)
            if model is not None and model.provider == "replay":
                by = argument(call, "by").span or call.span
                ws.report.add(
                    "FT572", f"`{name}` holds recorded outputs, and cannot judge new answers",
                    by or Span("", 0, 0), label="nobody would be asked",
                    help="name a model of another provider",
                )  # fmt: skip
                return False
    return True


def check_judged(
    ws: Workspace,
    eval_: EvalDef,
    deciding: Sequence[tree.Expr],
    who: str = "a gate does not decide on it",
) -> None:
    """A gate decides on a judge's verdicts, and a selection ranks by them, only where people have
    measured the judge, and where its score stands alone: only then can the interval be
    corrected."""
    scores = {one.name: one for one in eval_.scores if any(judge_calls(one.value))}
    for node in deciding:
        read = ws.text(node.span)
        for score in scores.values():
            if not _decides(read, score.name):
                continue
            _check(ws, score, node, who)
            break


def _decides(condition: str, score: str) -> bool:
    parts = re.findall(rf"(?<![\w]){re.escape(score)}(\.\w+)", condition)
    return any(part not in _UNCORRECTED for part in parts)


def _check(ws: Workspace, score: ScoreDef, node: tree.Expr, who: str) -> None:
    call = next(judge_calls(score.value))
    if call is not score.value:
        ws.report.add(
            "FT571", f"`{score.name}` mixes a judge's verdict with something else",
            node.span, label="its interval cannot be corrected for the judge",
            help="score the judge alone, and weigh the scores here, as in "
            "`0.5 * tone.mean + 0.5 * exact.mean >= 80%`",
        )  # fmt: skip
    elif argument(call, "labels").value == "":
        ws.report.add(
            "FT570", f"nobody has measured how often the judge of `{score.name}` is right",
            node.span, label=who,
            help=f"give it verdicts of people: `{call.value}(…, labels: "
            f'"labels/{score.name}.jsonl")`',
        )  # fmt: skip
