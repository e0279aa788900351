"""A training of a spec as the files of another trainer, with the rows that it learns from."""

from __future__ import annotations

import os
import tempfile
from argparse import Namespace
from dataclasses import dataclass, replace
from pathlib import Path

from ftdsl.api import AnalysisView, RefusedError, SpecError, plan, refusal
from ftdsl.cli.exporting_evals import results_folder
from ftdsl.cli.output import write
from ftdsl.cli.session import analysed
from ftdsl.cli.usage import UsageError, nearest
from ftdsl.diagnostics.diagnostic import Diagnostic, Severity, Span
from ftdsl.engine.context import Policy, Refused
from ftdsl.engine.store import Store
from ftdsl.interchange.trainers.asked import Asked, Machines, Written
from ftdsl.interchange.trainers.export import OF_TRL, export
from ftdsl.interchange.trainers.machines import Place
from ftdsl.interchange.trainers.rows import Rows, write_rows
from ftdsl.language.program import ModelDef, TrainDef
from ftdsl.plan.hosting import is_hosted
from ftdsl.plan.steps import TrainStep
from ftdsl.reports.report import Report
from ftdsl.results.models import CheckOutput
from ftdsl.results.preflight import PreflightOutput

_NOWHERE = Span("", 0, 0)
_TEMPLATE = "template.jinja"
_DATA = "data"
_OF_ROWS = ("dataset", "check", "dedup")
"""The steps that say which rows may be learned from."""


def export_training(arguments: Namespace) -> Report:
    """Write the configuration and the rows; nothing of them where something is refused."""
    seen = analysed(arguments.spec, arguments)
    if seen.program is None or not seen.ok:
        raise SpecError(seen)
    train = _chosen(arguments, seen)
    _assert_placed(arguments)
    assert seen.program is not None, "a program was checked"
    folder = Path(arguments.out).absolute()
    try:
        learned = _Learned.of(seen, train, results_folder(arguments, seen.root))
        base = _base(arguments, seen, train, folder)
        with tempfile.TemporaryDirectory(prefix=".ftdsl-", dir=_made(folder)) as name:
            return _exported(arguments, seen, train, base, learned, Path(name))
    except Refused as refused:
        raise RefusedError(refusal("export", refused, seen)) from refused


def _exported(
    arguments: Namespace,
    seen: AnalysisView,
    train: TrainDef,
    base: str,
    learned: _Learned,
    stage: Path,
) -> Report:
    tool = "trl" if arguments.to in OF_TRL else arguments.to
    method = str(dict(train.settings).get("method"))
    splits = {"train.jsonl": train.data, "validation.jsonl": train.validate}
    written = {
        name: learned.write(source, stage / name, tool, method)
        for name, source in splits.items()
        if source is not None and method in METHODS
    }
    problems = [_unsaid(train, tool, one) for one in written.values() if one.first is not None]
    rows = written.get("train.jsonl")
    if rows is not None and rows.count == 0 and not problems:
        raise Refused(_told(train, "FT601", "no row is left to learn from after dedup"))
    local = train
    if is_hosted(train):
        from ftdsl.interchange.trainers.hosted import as_local

        local, unsaid = as_local(train, rows.count if rows else 0)
        problems += unsaid
    template = _template(seen, local)
    asked = Asked(
        local,
        tool,
        base,
        _written(written),
        _TEMPLATE if template is not None else None,
        Machines(
            arguments.nodes, arguments.gpus or int(dict(local.settings).get("processes") or 1)
        ),
    )
    made = export(asked, arguments.to, _source(seen, train), _place(arguments))
    problems += made.problems
    report = Report(
        "export", "pass", seen.path, diagnostics=tuple(problems), sources=dict(seen.sources)
    )
    if any(one.severity is Severity.ERROR for one in problems):
        return replace(report, verdict="fail")
    folder = Path(arguments.out)
    texts = dict(made.files) | ({_TEMPLATE: template} if template is not None else {})
    notes = [f"wrote {folder / name}" for name in texts]
    for name, text in texts.items():
        write(folder / name, text)
    for name, found in written.items():
        place = folder / _DATA / name
        _move(stage / name, place)
        left = f", {found.unanswered} without an answer left out" if found.unanswered else ""
        notes.append(f"wrote {place}: {found.count} rows{left}")
    notes.append(f"run it: cd {folder} && {made.command}")
    return replace(report, notes=tuple(notes))


def _place(arguments: Namespace) -> Place:
    return Place(arguments.gpu, arguments.image, arguments.claim)


def _assert_placed(arguments: Namespace) -> None:
    """UsageError (FT675) for a job that nobody said where to run."""
    missing = _place(arguments).missing(arguments.to)
    if missing:
        words = " and ".join(missing)
        raise UsageError(
            "FT675", f"`--to {arguments.to}` needs {words}", f"no spec says where it runs: {words}"
        )


def _machines(arguments: Namespace, train: TrainDef) -> Machines:
    """As many processes as the spec's own numbers are for, unless the operator has others."""
    stated = dict(train.settings).get("processes")
    return Machines(arguments.nodes, arguments.gpus or (stated if isinstance(stated, int) else 1))


METHODS = ("sft", "dpo", "orpo", "kto")
"""Those whose rows another trainer can learn from."""


def _written(written: dict[str, Rows]) -> Written:
    rows, validation = written.get("train.jsonl"), written.get("validation.jsonl")
    return Written(
        f"{_DATA}/train.jsonl",
        rows.count if rows is not None else 0,
        f"{_DATA}/validation.jsonl" if validation is not None else None,
        validation.count if validation is not None else 0,
    )


# ------------------------------------------------------------------ rows


@dataclass(frozen=True, slots=True)
class _Learned:
    """The step of the training, with the rows that dedup removed of each dataset."""

    root: Path
    step: TrainStep
    removed: dict[str, frozenset[tuple[str, int]]]

    @classmethod
    def of(cls, seen: AnalysisView, train: TrainDef, out: Path) -> _Learned:
        """From what the last run found. Refused (FT673) where the rows were not checked as they
        are now, or failed: another trainer is given nothing that this one would not take."""
        from ftdsl.dedup.removals import removed_rows

        made = plan(seen, out=out, only=(f"train.{train.name}",), policy=Policy(offline=True)).plan
        planned = made.step(f"train.{train.name}")
        assert planned is not None and isinstance(planned.step, TrainStep), "it was asked for"
        store = Store(out)
        removed = {}
        for need in planned.step.needs:
            one = made.step(need)
            assert one is not None, "what a step needs is in the plan"
            stored = store.read(one.id, one.key) if one.state == "fresh" else None
            if stored is None:
                if one.step.kind not in _OF_ROWS:
                    continue  # it reads the base's tokenizer, which need not be on this machine
                problem = next((p for p in one.problems if p.severity is Severity.ERROR), None)
                if problem is not None:
                    raise Refused(problem)
                raise Refused(
                    _told(
                        train, "FT673", f"`{one.id}` has not run over the rows as they are now",
                        f"run `ftdsl validate {seen.path}`, and export again",
                    )
                )  # fmt: skip
            output = stored.output
            if isinstance(output, CheckOutput | PreflightOutput) and output.verdict == "fail":
                raise Refused(
                    _told(
                        train, "FT673", f"`{one.id}` found what must not be in the rows",
                        f"`ftdsl report` or `ftdsl validate {seen.path}` shows what it is",
                    ),
                )  # fmt: skip
            if one.step.kind == "dedup":
                removed[one.step.name] = removed_rows(store.folder(one.id, one.key))
        return cls(seen.root, planned.step, removed)

    def write(self, source: tuple[str, str | None], path: Path, tool: str, method: str) -> Rows:
        """Write a split in the tool's format."""
        from ftdsl.data.rows import read_rows

        name, split = source
        dataset = next(one for one in self.step.datasets if one.name == name)
        gone = self.removed.get(name, frozenset())
        rows = read_rows(dataset, self.root, split=split, exclude=gone)
        return write_rows(rows, path, tool, method)


def _unsaid(train: TrainDef, tool: str, found: Rows) -> Diagnostic:
    assert found.first is not None, "there is one"
    row, why = found.first
    more = f", and so are {found.unsaid - 1} more" if found.unsaid > 1 else ""
    return _told(
        train, "FT674", f"{row.path}:{row.line} cannot be written for {tool}: {why}{more}",
        "leave such rows out with another dataset or split, or export to another trainer",
    )  # fmt: skip


def _move(stage: Path, place: Path) -> None:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        stage.chmod(0o644)
        stage.replace(place)
    except OSError as error:
        raise _unwritable(place, error) from error


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error
    return folder


def _unwritable(place: Path, error: OSError) -> UsageError:
    reason = error.strerror or str(error)
    return UsageError("FT253", f"cannot write {place}: {reason}", "choose a path you may write to")


# ------------------------------------------------------------------ what the spec names


def _chosen(arguments: Namespace, seen: AnalysisView) -> TrainDef:
    assert seen.program is not None, "a program was checked"
    trains = {one.name: one for one in seen.program.trains}
    if arguments.name is None and len(trains) == 1:
        return next(iter(trains.values()))
    if arguments.name in trains:
        return trains[arguments.name]
    message = f"there is no training `{arguments.name}`" if arguments.name else "which training?"
    near = nearest(arguments.name, list(trains)) if arguments.name else None
    known = f"there are {', '.join(trains)}" if trains else "the spec has none"
    raise UsageError("FT670", message, f"did you mean `{near}`?" if near else known)


def _base(arguments: Namespace, seen: AnalysisView, train: TrainDef, folder: Path) -> str:
    """What the trainer loads: ``--base``, or what the spec names where that has weights for it."""
    assert seen.program is not None, "a program was checked"
    named = arguments.base or train.base
    if named is None:
        raise Refused(
            _told(
                train, "FT672", f"`{train.name}` trains a model of its host, whose weights nobody "
                "else has", "name weights to train from: `--base Qwen/Qwen3-4B-Instruct-2507`",
            )
        )  # fmt: skip
    model = next((one for one in seen.program.models if one.name == named), None)
    if model is not None and not arguments.base:
        named = _folder_of(model, train)
    place = seen.root / named
    if place.is_dir():
        return os.path.relpath(place, folder)
    if place.is_file() or named.endswith(".gguf"):
        raise Refused(_no_weights(train, named))
    return named


def _folder_of(model: ModelDef, train: TrainDef) -> str:
    path = dict(model.settings).get("path")
    if path is None or str(path).endswith(".gguf"):
        raise Refused(_no_weights(train, model.name))
    return str(path)


def _no_weights(train: TrainDef, named: str) -> Diagnostic:
    return _told(
        train, "FT672", f"the base `{named}` is a GGUF file, which other trainers do not read",
        "name the weights that it was made of: `--base google/gemma-3-270m`",
    )  # fmt: skip


def _template(seen: AnalysisView, train: TrainDef) -> str | None:
    """The text of the chat template that the spec names for the training or for its base."""
    assert seen.program is not None, "a program was checked"
    chosen = dict(train.settings).get("template")
    if chosen is None:
        models = (one for one in seen.program.models if one.name == train.base)
        chosen = next((dict(one.settings).get("template") for one in models), None)
    if chosen is None:
        return None
    place = (seen.root / str(chosen)).resolve()
    if not place.is_relative_to(seen.root.resolve()) or not place.is_file():
        raise Refused(
            _told(train, "FT603", f"the chat template `{chosen}` is no file of the project")
        )
    return place.read_text(encoding="utf-8")


def _source(seen: AnalysisView, train: TrainDef) -> str:
    assert seen.program is not None, "a program was checked"
    digest = next(one.sha256 for one in seen.program.files if one.path == seen.path)
    return f"`{train.name}` of {seen.path} (sha256 {digest[:16]}), written by ftdsl."


def _told(train: TrainDef, code: str, message: str, help_: str = "") -> Diagnostic:
    return Diagnostic(code, message, train.span or _NOWHERE, help=help_)
