"""From the kept runs of a spec to its last round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ftdsl.advice.advising import advise
from ftdsl.advice.reading import evidence_of
from ftdsl.engine.recording import cases_part, read_record
from ftdsl.engine.runs import read_run, run_folder, run_ids
from ftdsl.language.program import DatasetDef, EvalDef, Program, ScoreDef, TrainDef
from ftdsl.results.artifacts import cases
from ftdsl.results.models import Case, CoverageOutput, DedupOutput, EvalOutput, GateOutput
from ftdsl.results.preflight import PreflightOutput
from ftdsl.results.run import RunResult, StepRun
from ftdsl.rounds.answers import Labels
from ftdsl.rounds.evidence import AskedCase, Round
from ftdsl.rounds.learned_rows import LearnedRows, groups_of, learned_rows, vectors_of

_ROUNDS = 8


@dataclass(frozen=True, slots=True)
class Subject:
    """What a round is about: one model over one eval by one score, in one run."""

    run: RunResult
    step: StepRun
    eval: EvalDef
    score: ScoreDef
    train: TrainDef | None
    model: str


def subject_of(
    program: Program,
    spec: str,
    out: Path,
    *,
    model: str | None = None,
    eval_: str | None = None,
    score: str | None = None,
) -> Subject | None:
    """The newest run of the spec that asked a model: the named one, else one that was trained, else
    the first that a gate decides on. None where there is none."""
    for run_id in run_ids(out):
        run = read_run(out, run_id)
        if run is not None and run.spec == spec:
            found = subject_in(program, run, model, eval_, score)
            if found is not None:
                return found
    return None


def subject_in(
    program: Program,
    run: RunResult,
    model: str | None = None,
    eval_: str | None = None,
    score: str | None = None,
) -> Subject | None:
    """The same of one run."""
    steps = [
        (step, step.output)
        for step in run.steps
        if isinstance(step.output, EvalOutput)
        and model in (None, step.output.model)
        and eval_ in (None, step.output.name)
    ]
    trains = {one.name: one for one in program.trains}
    evals = {one.name: one for one in program.evals}
    wanted = [name for gate in program.gates for name in gate.candidates]
    gated = [gate.eval for gate in program.gates]

    def rank(one: tuple[StepRun, EvalOutput]) -> tuple[bool, bool, bool]:
        output = one[1]
        return output.model not in trains, output.model not in wanted, output.name not in gated

    for step, output in sorted(steps, key=rank):
        definition = evals.get(output.name)
        if definition is None:
            continue
        known = [one for one in definition.scores if one.name in output.scores]
        chosen = [one for one in known if score in (None, one.name)]
        if chosen:
            train = trains.get(output.model)
            return Subject(run, step, definition, chosen[0], train, output.model)
    return None


def read_round(subject: Subject, program: Program, root: Path, out: Path) -> Round:
    """All that is known of it. Raises ``Refused`` for data that cannot be read any more, and
    ``pydantic.ValidationError`` for a damaged artifact."""
    from ftdsl.data.rows import read_rows

    run, name = subject.run, subject.score.name
    scored = [one for one in _cases(subject.step, run, out) if name in one.scores]
    dataset, split = _asked(subject.eval, program)
    rows = {row.row_id: row for row in read_rows(dataset, root, split=split)}
    scored = [one for one in scored if one.case_id in rows] or scored
    known = [rows[one.case_id] for one in scored if one.case_id in rows]
    expected = [one.expected for one in scored]
    labels = Labels(subject.score, dataset, root, known, expected[: len(known)])
    found = learned_rows(program, subject, run, root, out, labels)
    others = _others(subject, run, out, labels)
    answered = labels.of([one.output for one in scored])
    groups = groups_of(subject.eval, known, found.fields) if known else []
    asked = tuple(
        AskedCase(
            case=case,
            loss=1 - min(1.0, max(0.0, case.scores[name])),
            expected=case.expected if labels.are_few else labels.of([case.expected])[0],
            answered=answered[at],
            groups={**(groups[at] if at < len(groups) else {}), **case.slices},
            others=tuple(told for told, _ in others.get(case.case_id, ())),
            others_lost=tuple(lost for _, lost in others.get(case.case_id, ())),
        )
        for at, case in enumerate(scored)
    )
    row_vectors, case_vectors = vectors_of(
        program, root, out, [one.prompt for one in found.rows], [one.prompt for one in scored]
    )
    return _assembled(subject, program, out, asked, found, (row_vectors, case_vectors))


def _assembled(
    subject: Subject,
    program: Program,
    out: Path,
    asked: tuple[AskedCase, ...],
    found: LearnedRows,
    vectors: tuple,  # type: ignore[type-arg]
) -> Round:
    run, train = subject.run, subject.train
    evidence = evidence_of(train, program, [run], out) if train is not None else None
    outputs = [step.output for step in run.steps]
    judges = subject.step.output.judges if isinstance(subject.step.output, EvalOutput) else {}
    return Round(
        run=run.run_id,
        eval=subject.eval.name,
        model=subject.model,
        score=subject.score.name,
        cases=asked,
        rows=found.rows,
        row_vectors=vectors[0],
        case_vectors=vectors[1],
        train=train.name if train is not None else "",
        training=evidence.output if evidence is not None else None,
        advice=advise(evidence) if evidence is not None else (),
        coverage=tuple(group for one in outputs if isinstance(one, CoverageOutput)
                       and one.name == found.dataset for group in one.groups),
        gates=tuple(one for one in outputs if isinstance(one, GateOutput)
                    and one.eval == subject.eval.name),
        judge=judges.get(subject.score.name),
        means=_means(subject, out),
        removed=sum(len(one.removed) for one in outputs if isinstance(one, DedupOutput)
                    and one.name == found.dataset),
        preflight=tuple(check for one in outputs if isinstance(one, PreflightOutput)
                        and train is not None and one.name == train.name
                        for check in one.checks if check.verdict in ("warn", "fail")),
        learned=found.learned,
    )  # fmt: skip


def _cases(step: StepRun, run: RunResult, out: Path) -> list[Case]:
    assert isinstance(step.output, EvalOutput), "only evals have cases"
    return list(cases(step, out, run_folder(out, run) / cases_part(step.output)))


def _asked(eval_: EvalDef, program: Program) -> tuple[DatasetDef, str | None]:
    """The eval's rows as a dataset, and the split of it that is meant."""
    if eval_.split is None:
        return DatasetDef(eval_.name, eval_.schema, eval_.sources, id=eval_.id), None
    name, split = eval_.split
    return next(one for one in program.datasets if one.name == name), split


def _others(
    subject: Subject, run: RunResult, out: Path, labels: Labels
) -> dict[str, list[tuple[str, float]]]:
    """What other models of the same run answered: label and what it lost, by case."""
    found: dict[str, list[tuple[str, float]]] = {}
    for step in run.steps:
        output = step.output
        if not isinstance(output, EvalOutput) or output.name != subject.eval.name:
            continue
        if output.model == subject.model:
            continue
        told = [one for one in _cases(step, run, out) if subject.score.name in one.scores]
        for case, label in zip(told, labels.of([one.output for one in told]), strict=True):
            lost = 1 - case.scores[subject.score.name]
            found.setdefault(case.case_id, []).append((label, lost))
    return found


def _means(subject: Subject, out: Path) -> tuple[tuple[float, float, float], ...]:
    """The score of the last rounds that differ, the oldest first."""
    found: list[tuple[float, float, float]] = []
    seen: Sequence[str] = ()
    for run_id in run_ids(out):
        record = read_record(out / "runs" / run_id)
        if record is None or record.spec != subject.run.spec or record.address in seen:
            continue
        seen = [*seen, record.address]
        for one in record.scores:
            named = (one.eval, one.model, one.score, one.slice)
            if named == (subject.eval.name, subject.model, subject.score.name, ""):
                found.append((one.mean, one.low, one.high))
        if len(found) >= _ROUNDS:
            break
    return tuple(reversed(found))
