"""Writing and reading a run's record: a folder that can be committed, or kept by a CI system.

``record.json`` names every other file of the folder with its SHA-256, and is written last.
``cases/EVAL.MODEL.jsonl`` are the cases of an eval, ``rows/NAME.jsonl`` the rows of a dataset by
digest. All texts in them were masked by the steps that found them.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from ftdsl.engine.environment import environment
from ftdsl.engine.store import Store, flush, folder_name, replace_text
from ftdsl.plan.model import Plan
from ftdsl.plan.steps import DatasetStep
from ftdsl.results.artifacts import CASES
from ftdsl.results.models import (
    CheckOutput,
    DatasetOutput,
    DedupOutput,
    Estimate,
    EvalOutput,
    GateOutput,
    TrainOutput,
)
from ftdsl.results.record import (
    RECORD,
    CostRecord,
    DatasetRecord,
    PartRecord,
    RowMark,
    RunRecord,
    ScoreRecord,
    StepRecord,
)
from ftdsl.results.run import RunResult, StepRun

MOST_ROWS = 1_000_000
"""Rows of a dataset that are listed one by one; of a larger one the digest alone is kept."""


def write_record(plan: Plan, result: RunResult, root: Path, store: Store) -> RunRecord:
    """Write all files of the run's folder but ``run.json``. Raises ``OSError``."""
    folder = store.out / "runs" / result.run_id
    for step in result.steps:
        if isinstance(step.output, EvalOutput):
            _link(store.out / step.artifacts / CASES, folder / cases_part(step.output))
    if any(isinstance(step.output, EvalOutput | TrainOutput) for step in result.steps):
        _write_rows(plan, result, root, folder, store)
    record = _record(plan, result).model_copy(update={"parts": _parts(folder)}).addressed()
    replace_text(folder / RECORD, record.model_dump_json(indent=1) + "\n")
    return record


def read_record(folder: Path) -> RunRecord | None:
    """The record in a run's folder; None where there is none that can be read."""
    try:
        return RunRecord.model_validate_json((folder / RECORD).read_bytes())
    except (OSError, ValidationError):
        return None


def damaged(folder: Path, record: RunRecord) -> tuple[str, ...]:
    """The files of the folder that are not what the record says, ``record.json`` among them."""
    wrong = [] if record.address == record.addressed().address else [RECORD]
    for name, part in record.parts.items():
        if not _is_plain(name) or _part(folder / name) != part:
            wrong.append(name)
    return tuple(wrong)


def cases_part(output: EvalOutput) -> str:
    """Where the cases of an eval stand in a run's folder."""
    return f"cases/{folder_name(f'{output.name}.{output.model}')}.jsonl"


def rows_part(dataset: str) -> str:
    """Where the rows of a dataset stand in a run's folder."""
    return f"rows/{folder_name(f'dataset.{dataset}').removeprefix('dataset.')}.jsonl"


def read_rows_of(folder: Path, dataset: str) -> Iterator[RowMark]:
    """The rows of a dataset as the run saw them; none where the run did not list them."""
    path = folder / rows_part(dataset)
    if path.is_file():
        with path.open("rb") as stream:
            for line in stream:
                yield RowMark.model_validate_json(line)


# ---------------------------------------------------------------------- what is in the record


def _record(plan: Plan, result: RunResult) -> RunRecord:
    moment = datetime.strptime(result.run_id[:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    outputs = [step.output for step in result.steps]
    return RunRecord(
        run_id=result.run_id,
        started=moment.isoformat(),
        version=result.version,
        spec=result.spec,
        only=result.only,
        verdict=result.verdict,
        exit_code=result.exit_code,
        seconds=round(result.seconds, 3),
        files={file.path: file.sha256 for file in plan.files},
        datasets=_datasets(result),
        steps={step.id: _step(step, plan) for step in result.steps},
        scores=tuple(one for each in outputs if isinstance(each, EvalOutput)
                     for one in _scores(each)),
        gates={one.name: one.verdict for one in outputs if isinstance(one, GateOutput)},
        costs=_costs(result),
        environment=environment(any(isinstance(one, TrainOutput) for one in outputs)),
    )  # fmt: skip


def _step(step: StepRun, plan: Plan) -> StepRecord:
    planned = plan.step(step.id)
    return StepRecord(
        key=step.key,
        status=step.status,
        verdict=step.verdict,
        seconds=round(step.seconds, 3),
        inputs=dict(planned.inputs) if planned is not None else {},
    )


def _datasets(result: RunResult) -> dict[str, DatasetRecord]:
    found: dict[str, DatasetRecord] = {}
    for step in result.steps:
        output = step.output
        if isinstance(output, DatasetOutput):
            files = {file.path: file.sha256 for file in output.files}
            found[output.name] = DatasetRecord(digest=output.digest, files=files)
        elif isinstance(output, CheckOutput) and output.name in found:
            more = {"rows": output.counts.checked, "splits": dict(output.splits)}
            found[output.name] = found[output.name].model_copy(update=more)
        elif isinstance(output, DedupOutput) and output.name in found:
            found[output.name] = found[output.name].model_copy(update={"kept": output.kept})
    return found


def _scores(output: EvalOutput) -> Iterator[ScoreRecord]:
    for name, estimate in output.scores.items():
        yield _score(output, name, estimate)
    for slice_, values in output.slices.items():
        for value, scores in values.items():
            for name, estimate in scores.items():
                yield _score(output, name, estimate, slice_, value)


def _score(
    output: EvalOutput, name: str, one: Estimate, slice_: str = "", value: str = ""
) -> ScoreRecord:
    return ScoreRecord(
        eval=output.name,
        model=output.model,
        score=name,
        slice=slice_,
        value=value,
        mean=one.mean,
        low=one.low,
        high=one.high,
        n=one.n,
        unscored=one.unscored,
        confidence=one.confidence,
        method=one.method,
    )


def _costs(result: RunResult) -> CostRecord:
    money: float | None = 0.0
    counts = dict.fromkeys(("requests", "prompt_tokens", "completion_tokens", "trained_tokens"), 0)
    for step in result.steps:
        output, paid = step.output, 0.0
        if step.status != "done":
            continue
        if isinstance(output, EvalOutput):
            for name in ("requests", "prompt_tokens", "completion_tokens"):
                counts[name] += getattr(output, name)
            paid = output.spent if output.spent is not None else _unpriced(output)
        elif isinstance(output, TrainOutput):
            counts["trained_tokens"] += output.tokens
            if output.hosted is not None:
                paid = output.hosted.money if output.hosted.money is not None else float("nan")
        money = None if money is None or paid != paid else money + paid
    return CostRecord(money=money, **counts)


def _unpriced(output: EvalOutput) -> float:
    """Recorded answers cost nothing; requests at a price that nobody stated cost who knows."""
    return float("nan") if output.requests else 0.0


# ---------------------------------------------------------------------- the other files


def _write_rows(plan: Plan, result: RunResult, root: Path, folder: Path, store: Store) -> None:
    for planned in plan.steps:
        if not isinstance(planned.step, DatasetStep):
            continue
        dataset = planned.step.dataset
        checked = result.step(f"check.{dataset.name}")
        output = checked.output if checked is not None else None
        if isinstance(output, CheckOutput) and output.counts.checked <= MOST_ROWS:
            dedup = result.step(f"dedup.{dataset.name}")
            removed = store.out / dedup.artifacts if dedup is not None and dedup.output else None
            path = folder / rows_part(dataset.name)
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_marks(planned.step, root, removed, path)


def _write_marks(step: DatasetStep, root: Path, removed: Path | None, path: Path) -> None:
    """A line for each row. A file that went away since is no longer of this run, and leaves none:
    the record then lacks it, as it does for a dataset that is too large."""
    from ftdsl.data.rows import read_rows
    from ftdsl.dedup.removals import ARTIFACT, removed_rows
    from ftdsl.engine.context import Refused
    from ftdsl.privacy.masking import masked_name

    has_removals = removed is not None and (removed / ARTIFACT).is_file()
    gone = removed_rows(removed) if has_removals and removed is not None else frozenset()
    try:
        with path.open("w", encoding="utf-8", newline="\n") as stream:
            for row in read_rows(step.dataset, root):
                mark = RowMark(
                    digest=row.digest,
                    id=masked_name(row.row_id),
                    path=row.path,
                    line=row.line,
                    split=row.split,
                    kept=(row.path, row.line) not in gone,
                )
                stream.write(mark.model_dump_json() + "\n")
    except Refused:
        path.unlink(missing_ok=True)


def _link(source: Path, target: Path) -> None:
    """The same bytes under another name: results are never changed once they are published."""
    if not source.is_file():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _parts(folder: Path) -> dict[str, PartRecord]:
    found = {}
    for name in ("cases", "rows"):
        for path in sorted((folder / name).glob("*.jsonl")):
            part = _part(path)
            if part is not None:
                flush(path)
                found[path.relative_to(folder).as_posix()] = part
    return found


def _part(path: Path) -> PartRecord | None:
    try:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            return PartRecord(sha256=digest, size=stream.tell())
    except OSError:
        return None


def _is_plain(name: str) -> bool:
    """Whether it names a file of one of the two folders, and not one elsewhere."""
    folder, _, file = name.partition("/")
    return folder in ("cases", "rows") and "/" not in file and not file.startswith(".")
