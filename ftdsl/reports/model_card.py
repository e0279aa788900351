"""A training's model card with what its model scored, for people and for Hugging Face's index."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from ftdsl.reports.numbers import interval, plural, score
from ftdsl.results.models import EvalOutput, GateOutput

_FENCE = "---\n"


def scored_card(
    card: str, name: str, evals: Sequence[EvalOutput], gates: Iterable[GateOutput]
) -> str:
    """``card`` with the scores of the model ``name`` and the gates that decided on it: as a
    section, and as ``model-index`` in its front matter."""
    own = [one for one in evals if one.model == name and one.scores]
    _, head, body = card.split(_FENCE, 2)
    index = "".join(f"{line}\n" for line in _index(name, own))
    return f"{_FENCE}{head}{index}{_FENCE}{body.rstrip()}\n\n{_section(name, own, gates)}"


def _index(name: str, evals: Sequence[EvalOutput]) -> Iterable[str]:
    if not evals:
        return
    yield "model-index:"
    yield f"- name: {json.dumps(name)}"
    yield "  results:"
    for one in evals:
        yield "  - task: {type: text-generation}"
        yield f"    dataset: {{name: {json.dumps(one.name)}, type: {json.dumps(one.name)}}}"
        yield "    metrics:"
        for metric, found in one.scores.items():
            told = f"{metric}, {found.confidence:.0%} interval"
            told += f" {found.low:.4g} to {found.high:.4g}, {plural(found.n, 'case')}"
            yield f"    - type: {json.dumps(metric)}"
            yield f"      name: {json.dumps(told)}"
            yield f"      value: {found.mean:.6g}"


def _section(name: str, evals: Sequence[EvalOutput], gates: Iterable[GateOutput]) -> str:
    lines = ["## Scores", ""]
    if not evals:
        lines += ["No eval has asked this model.", ""]
    else:
        lines += [
            "| eval | score | mean | interval | cases | unscored |",
            "|---|---|---|---|---|---|",
        ]
        for one in evals:
            for metric, found in one.scores.items():
                ends = interval(found.low, found.high)
                lines.append(
                    f"| {one.name} | {metric} | {score(found.mean)} | {ends} | {found.n} | "
                    f"{found.unscored} |"
                )
        lines.append("")
    for gate in gates:
        decided = [one for one in gate.requirements if one.candidate == name]
        if not decided:
            continue
        lines += [f"### Gate {gate.name}: {gate.verdict}", ""]
        for requirement in decided:
            text = requirement.requirement.replace("`", "'")
            where = f" where {requirement.slice}".replace("`", "") if requirement.slice else ""
            lines.append(f"- {requirement.verdict}: `{text}`{where}")
        lines.append("")
    return "\n".join(lines)
