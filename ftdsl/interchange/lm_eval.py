"""An eval as a task of lm-eval: a YAML file and the cases as JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ftdsl.data.rows import Row, messages, reply
from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.language.program import EvalDef, Expr, ScoreDef

# Both sides lose the white space at their ends: what `exact_match` of a spec compares.
_STRIPPED = r"(?s)\A\s*(.*?)\s*\Z"
_SAMPLED = ("max_tokens", "temperature", "seed")


class NotSayable(Exception):
    """lm-eval measures nothing that means the same."""


def task_files(eval_: EvalDef, rows: Sequence[Row], folder: Path) -> dict[str, str]:
    """The files of the task called as the eval is, by name below ``folder``. What lm-eval cannot
    measure is told by ``problems`` beforehand. Raises ``NotSayable`` where the cases are
    not one turn each."""
    docs = [_doc(row) for row in rows]
    cases = f"{eval_.name}.jsonl"
    text = "".join(json.dumps(doc, ensure_ascii=False) + "\n" for doc in docs)
    lines = [f"{key}: {json.dumps(value)}" for key, value in _task(eval_, folder / cases)]
    return {f"{eval_.name}.yaml": "\n".join(lines) + "\n", cases: text}


_OTHER = (("history", "own"), ("history", "own_each"))


def problems(eval_: EvalDef) -> list[Diagnostic]:
    """What of the eval lm-eval cannot measure, and so is refused."""
    found = [
        _problem(score, f"lm-eval has no metric that means what `{score.name}` means")
        for score in eval_.scores
        if not _is_exact(score.value)
    ]
    for key, value in eval_.settings:
        if key == "system" or (key, value) in _OTHER or (key == "epochs" and value != 1):
            found.append(_problem(eval_, f"a task of lm-eval does not say `{key}`"))
    return found


def _problem(what: ScoreDef | EvalDef, message: str) -> Diagnostic:
    return Diagnostic(
        "FT578", message, what.span or Span("", 0, 0), label="cannot be exported",
        help="export an eval whose scores are `exact_match(output, reply.text)`",
    )  # fmt: skip


def _is_exact(value: Expr) -> bool:
    return (
        value.op == "call"
        and value.value == "exact_match"
        and [(one.op, one.value) for one in value.args]
        == [("field", "output"), ("field", "reply.text")]
    )


def _doc(row: Row) -> dict[str, str]:
    turns = messages(row)
    asked = turns[:-1] if turns and turns[-1]["role"] == "assistant" else turns
    if len(asked) != 1 or asked[0]["role"] != "user" or not isinstance(asked[0]["content"], str):
        raise NotSayable(f"the case `{row.row_id}` is not one turn of the user")
    return {"id": row.row_id, "prompt": asked[0]["content"], "target": (reply(row) or "").strip()}


def _task(eval_: EvalDef, cases: Path) -> Iterator[tuple[str, Any]]:
    settings = dict(eval_.settings)
    generation: dict[str, Any] = {"until": [], "do_sample": bool(settings.get("temperature"))}
    for key, theirs in zip(_SAMPLED, ("max_gen_toks", "temperature", "seed"), strict=True):
        if key in settings:
            generation[theirs] = settings[key]
    yield "task", eval_.name
    yield "dataset_path", "json"
    yield "dataset_kwargs", {"data_files": {"test": str(cases)}}
    yield "test_split", "test"
    yield "output_type", "generate_until"
    yield "doc_to_text", "prompt"
    yield "doc_to_target", "target"
    yield "num_fewshot", 0
    yield "generation_kwargs", generation
    stripped = {"function": "regex", "regex_pattern": _STRIPPED, "fallback": ""}
    yield "filter_list", [{"name": "stripped", "filter": [stripped, {"function": "take_first"}]}]
    yield (
        "metric_list",
        [{"metric": "exact_match", "aggregation": "mean", "higher_is_better": True}],
    )
    yield "metadata", {"version": 1, "exported_by": "ftdsl"}
