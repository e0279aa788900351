"""A finished eval as a log that inspect reads: a ZIP of JSON files, version 2 of its format."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from typing import Any

from ftdsl import __version__
from ftdsl.results.models import Case, EvalOutput

_SCORER = "ftdsl"
# ZIP has no time zone and no date before 1980: one moment makes the same log of the same run.
_MOMENT = (1980, 1, 1, 0, 0, 0)


def log_bytes(output: EvalOutput, cases: Sequence[Case], run_id: str, moment: str) -> bytes:
    """The log of one model over one eval. ``moment`` is when it was run, in ISO 8601. A case
    without a score has NaN, which inspect counts as unscored."""
    samples = [_sample(case, output) for case in cases]
    header = _header(output, cases, run_id, moment)
    started = {"version": 2, "eval": header["eval"], "plan": header["plan"]}
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, "_journal/start.json", started)
        for sample in samples:
            _add(archive, f"samples/{sample['id']}_epoch_1.json", sample)
        _add(archive, "summaries.json", [_summary(sample) for sample in samples])
        _add(archive, "header.json", header)
    return buffer.getvalue()


def _add(archive: zipfile.ZipFile, name: str, value: object) -> None:
    info = zipfile.ZipInfo(name.replace("\\", "_"), _MOMENT)
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, json.dumps(value, ensure_ascii=True))


def _header(output: EvalOutput, cases: Sequence[Case], run_id: str, moment: str) -> dict[str, Any]:
    ids = [_id(case) for case in cases]
    return {
        "version": 2,
        "status": "success",
        "eval": {
            "created": moment,
            "task": output.name,
            "task_id": f"{output.name}-{output.model}",
            "run_id": run_id,
            "eval_id": f"{run_id}-{output.name}-{output.model}",
            "dataset": {"name": output.name, "samples": len(cases), "sample_ids": ids},
            "model": output.model,
            "config": {},
            "metadata": {"written_by": f"ftdsl {__version__}"},
        },
        "plan": {"name": "plan", "steps": [], "config": {}},
        "results": {
            "total_samples": len(cases),
            "completed_samples": len(cases),
            "scores": list(_results(output)),
        },
        "stats": {"started_at": moment, "completed_at": moment, "model_usage": {}},
    }


def _results(output: EvalOutput) -> Iterator[dict[str, Any]]:
    for name, each in output.scores.items():
        metrics = {"mean": each.mean, "ci_low": each.low, "ci_high": each.high}
        yield {
            "name": name,
            "scorer": _SCORER,
            "scored_samples": each.n,
            "unscored_samples": each.unscored,
            "params": {"method": each.method, "confidence": each.confidence},
            "metrics": {
                metric: {"name": metric, "value": value, "params": {}}
                for metric, value in metrics.items()
            },
        }


def _sample(case: Case, output: EvalOutput) -> dict[str, Any]:
    answer = {"role": "assistant", "content": case.output, "source": "generate"}
    choice = {"message": answer, "stop_reason": _stop(case.finish_reason)}
    usage = _usage(case)
    return {
        "id": _id(case),
        "epoch": 1,
        "input": case.prompt,
        "target": case.expected,
        "messages": [{"role": "user", "content": case.prompt}, answer],
        "output": {"model": output.model, "choices": [choice], "completion": case.output, **usage},
        "scores": {name: _score(case, name) for name in output.scores},
        "metadata": {"line": case.line, "slices": case.slices},
        "store": {},
        "events": [],
        "model_usage": {},
        "attachments": {},
    }


def _score(case: Case, name: str) -> dict[str, Any]:
    told = case.reasons.get(name) or case.unscored.get(name)
    value = case.scores.get(name, float("nan"))
    return {"value": value, "answer": case.output, "explanation": told, "metadata": {}}


def _usage(case: Case) -> dict[str, Any]:
    known: Mapping[str, int | None] = {
        "input_tokens": case.prompt_tokens,
        "output_tokens": case.completion_tokens,
    }
    if any(value is None for value in known.values()):
        return {}
    total = sum(value or 0 for value in known.values())
    return {"usage": {**known, "total_tokens": total}}


def _stop(reason: str) -> str:
    return {"length": "max_tokens", "stop": "stop", "tool_calls": "tool_calls"}.get(
        reason, "unknown" if reason else "stop"
    )


def _summary(sample: Mapping[str, Any]) -> dict[str, Any]:
    kept = ("id", "epoch", "input", "target", "scores", "metadata")
    return {**{key: sample[key] for key in kept}, "completed": True}


def _id(case: Case) -> str:
    return case.case_id.replace("/", "_")
