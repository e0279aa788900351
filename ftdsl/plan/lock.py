"""``ftspec.lock``: the committed history that ``locked.…`` and ``baseline.…`` read.

It lies beside the spec, and holds a section for each spec of that folder. It is read by every plan
and written by ``ftdsl lock`` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TypeVar

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Refused
from ftdsl.engine.store import replace_text
from ftdsl.plan import committed
from ftdsl.plan.blocks import Locked
from ftdsl.plan.lock_cases import CaseFiles, cases_path
from ftdsl.plan.lock_model import Lock, LockedBaseline, LockedDataset, LockedScore, SpecLock
from ftdsl.plan.lock_text import render
from ftdsl.plan.model import Plan
from ftdsl.plan.steps import GateStep
from ftdsl.results.models import (
    CheckOutput,
    DatasetOutput,
    DedupOutput,
    EvalOutput,
    GateOutput,
    TrainOutput,
)
from ftdsl.results.run import RunResult, StepRun
from ftdsl.results.scored import read_scored

FILE = "ftspec.lock"
_Entry = TypeVar("_Entry")


@dataclass(frozen=True, slots=True)
class KeptCases:
    """``cases_of`` finds the file of an eval's cases, None where it is gone; ``files`` are what the
    lock is going to name."""

    cases_of: Callable[[StepRun], Path | None]
    files: CaseFiles = field(default_factory=CaseFiles)

    def digest(self, record: StepRun, names: tuple[str, ...]) -> str:
        """The digest of the scores ``names`` of the cases of one eval; "" where they are gone."""
        place = self.cases_of(record)
        return "" if place is None else self.files.keep(names, read_scored(place))


def lock_path(spec: str) -> str:
    """Root-relative path of the lock file that belongs to the spec ``spec``."""
    return (PurePosixPath(spec).parent / FILE).as_posix()


def read(root: Path, spec: str) -> Lock:
    """The lock beside ``spec``; an empty one where there is none. Raises ``Refused`` (FT203) for a
    file that cannot be read, is not a lock of this version, or holds a merge conflict."""
    path = lock_path(spec)
    data = committed.read(root, path, partial(_damaged, path))
    return Lock() if data is None else parse(data, path)


def parse(data: bytes, path: str = FILE) -> Lock:
    """The lock that ``data`` spells; raises ``Refused`` (FT203), naming ``path``."""
    return committed.parse(data, Lock, partial(_damaged, path))


def write(root: Path, spec: str, lock: Lock) -> bool:
    """Put ``lock`` beside ``spec``, atomically; False where it already says exactly that."""
    place = root / lock_path(spec)
    text = render(lock)
    try:
        if place.read_bytes() == text.encode("utf-8"):
            return False
    except OSError:
        pass  # it is not there, or unreadable: writing decides
    replace_text(place, text)
    return True


def update(lock: Lock, plan: Plan, result: RunResult, kept: KeptCases | None = None) -> Lock:
    """``lock`` with what this run of ``plan`` found. What the run did not touch stays as it was,
    unless the whole spec ran and no longer declares it. A gate's baseline is the first of its
    candidates once the gate passes; a gate that never had one takes its scores unless it fails.
    ``kept`` is where scores case by case come from and go to.
    """
    name = PurePosixPath(plan.spec).name
    before = lock.specs.get(name, SpecLock())
    after = SpecLock(
        datasets=_kept(before.datasets, plan, "dataset") | _datasets(before, result),
        models=_kept(before.models, plan, "model") | _models(plan),
        trains=_kept(before.trains, plan, "train") | _trains(result),
        baselines=_kept(before.baselines, plan, "gate") | _baselines(before, plan, result, kept),
    )
    return lock.model_copy(update={"specs": {**lock.specs, name: after}})


def adopt(
    lock: Lock, plan: Plan, result: RunResult, address: str, kept: KeptCases | None = None
) -> Lock:
    """``lock`` with the baselines of one run that somebody chose, whatever its gates decided. All
    else stays: an older run says nothing of the data of today."""
    name = PurePosixPath(plan.spec).name
    before = lock.specs.get(name, SpecLock())
    chosen = dict(before.baselines)
    for planned in plan.steps:
        if isinstance(planned.step, GateStep):
            found = _scores(planned.step, planned.step.gate.candidates[0], result, kept)
            if found is not None:
                chosen[planned.step.name] = found.model_copy(update={"run": address[:16]})
    after = before.model_copy(update={"baselines": chosen})
    return lock.model_copy(update={"specs": {**lock.specs, name: after}})


def locked_of(lock: Lock, spec: str) -> Locked:
    """What the steps of ``spec`` read of the lock."""
    found = lock.specs.get(PurePosixPath(spec).name, SpecLock())
    return Locked(
        counts={n: each.rows for n, each in found.datasets.items() if each.rows is not None},
        baselines={n: _numbers(each.scores) for n, each in found.baselines.items()},
        cases={
            n: (cases_path(spec, each.cases), each.cases)
            for n, each in found.baselines.items()
            if each.cases
        },
        distributions={n: each.distributions for n, each in found.datasets.items()},
    )


def _numbers(scores: Mapping[str, LockedScore]) -> dict[str, float]:
    return {
        f"{name}.{part}": float(getattr(score, part))
        for name, score in scores.items()
        for part in ("mean", "low", "high", "n")
    }


def _kept(entries: Mapping[str, _Entry], plan: Plan, kind: str) -> dict[str, _Entry]:
    """Entries that still mean something: all of them after a run of part of the spec."""
    if plan.only:
        return dict(entries)
    declared = {p.step.name for p in plan.steps if p.step.kind == kind}
    if kind == "model":
        declared = set(_models(plan))
    return {name: entry for name, entry in entries.items() if name in declared}


def _datasets(before: SpecLock, result: RunResult) -> dict[str, LockedDataset]:
    found: dict[str, LockedDataset] = {}
    outputs = [step.output for step in result.steps]
    for output in outputs:
        if isinstance(output, DatasetOutput):
            files = {info.path: info.sha256 for info in output.files}
            found[output.name] = LockedDataset(digest=output.digest, files=files)
    for output in outputs:
        if isinstance(output, CheckOutput) and output.name in found:
            changes: dict[str, object] = {"rows": output.counts.checked, "splits": output.splits}
            changes["distributions"] = output.distributions
            found[output.name] = found[output.name].model_copy(update=changes)
        elif isinstance(output, DedupOutput) and output.name in found:
            found[output.name] = found[output.name].model_copy(update={"kept": output.kept})
    return {name: _with_older(entry, before.datasets.get(name)) for name, entry in found.items()}


def _with_older(entry: LockedDataset, before: LockedDataset | None) -> LockedDataset:
    """The counts of an earlier run of the same bytes, where this run did not count."""
    if before is None or before.digest != entry.digest:
        return entry
    rows = before.rows if entry.rows is None else entry.rows
    kept = before.kept if entry.kept is None else entry.kept
    splits = entry.splits or before.splits
    distributions = before.distributions if entry.rows is None else entry.distributions
    found = {"rows": rows, "kept": kept, "splits": splits, "distributions": distributions}
    return entry.model_copy(update=found)


def _models(plan: Plan) -> dict[str, dict[str, str]]:
    """Settings of each model by the names that its steps' inputs give them, and its files."""
    found: dict[str, dict[str, str]] = {}
    for planned in plan.steps:
        places = set()
        for name, value in planned.inputs.items():
            kind, _, rest = name.partition(" ")
            model, _, setting = rest.partition(" ")
            if kind == "model":
                found.setdefault(model, {})[setting] = _plain(value)
                if setting in ("path", "template"):
                    places.add((model, _plain(value).rstrip("/")))
        for model, place in places:
            for name, value in planned.inputs.items():
                path = name.removeprefix("file ")
                if path != name and (path == place or path.startswith(f"{place}/")):
                    found[model][f"sha256 {path}"] = value
    return found


def _plain(value: str) -> str:
    """A JSON string without its quotes; other JSON as it is."""
    return value[1:-1] if value.startswith('"') and "\\" not in value else value


def _trains(result: RunResult) -> dict[str, dict[str, str]]:
    outputs = (step.output for step in result.steps)
    return {
        output.name: {
            "base": output.base,
            "target": output.target,
            **output.digests,
            **{f"auto {name}": value for name, value in _resolved(output).items()},
        }
        for output in outputs
        if isinstance(output, TrainOutput)
    }


def _resolved(output: TrainOutput) -> dict[str, str]:
    """What became of the settings that were ``auto``, here or at a host."""
    if output.hosted is None:
        return output.resolved
    known = output.hosted.hyperparameters
    autos = [name for name, value in output.settings.items() if value == "auto"]
    return {name: known[name] for name in autos if name in known}


def _baselines(
    before: SpecLock, plan: Plan, result: RunResult, kept: KeptCases | None
) -> dict[str, LockedBaseline]:
    found: dict[str, LockedBaseline] = {}
    for planned in plan.steps:
        step = planned.step
        if not isinstance(step, GateStep):
            continue
        record = result.step(step.id)
        output = record.output if record is not None else None
        verdict = output.verdict if isinstance(output, GateOutput) else None
        is_first = step.name not in before.baselines and verdict != "fail"
        if verdict == "pass" or is_first:
            accepted = _scores(step, step.gate.candidates[0], result, kept)
            if accepted is not None:
                found[step.name] = accepted
    return found


def _scores(
    step: GateStep, model: str, result: RunResult, kept: KeptCases | None
) -> LockedBaseline | None:
    record = result.step(f"eval.{step.gate.eval}.{model}")
    output = record.output if record is not None else None
    if not isinstance(output, EvalOutput):
        return None
    scores = {
        name: LockedScore(
            mean=each.mean,
            low=each.low,
            high=each.high,
            n=each.n,
            confidence=each.confidence,
            method=each.method,
        )
        for name, each in output.scores.items()
    }
    cases = kept.digest(record, tuple(scores)) if kept is not None and record is not None else ""
    return LockedBaseline(model=model, eval=output.name, cases=cases, scores=scores)


def _damaged(path: str, why: str) -> Refused:
    return Refused(
        Diagnostic(
            "FT203",
            f"{path} cannot be used: {why}",
            Span(path, 0, 0),
            help=f"restore it with `git checkout -- {path}`, or delete it and run `ftdsl lock`",
        )
    )
