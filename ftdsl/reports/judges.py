"""How far a judged score can be trusted, in words: the same for every format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ftdsl.reports.document import CalibrationEntry, JudgeEntry
from ftdsl.reports.numbers import count, interval, plural, score
from ftdsl.results.judging import Calibration, JudgeReport
from ftdsl.results.models import EvalOutput


def judged(outputs: Iterable[EvalOutput]) -> Iterator[tuple[str, str, str]]:
    """(model, score, what is known of its judge) for each judged score."""
    for output in outputs:
        for name, report in output.judges.items():
            yield output.model, name, ". ".join(sentences(report)) + "."


def sentences(report: JudgeReport | JudgeEntry) -> Iterator[str]:
    """What there is to tell of a judge, the worst first."""
    who = ", ".join(report.models)
    if report.canaries_missed:
        missed = f"{len(report.canaries_missed)} of {plural(report.canaries, 'canary', 'canaries')}"
        yield f"{who} missed {missed}, so that no verdict counts: {report.canaries_missed[0]}"
    elif report.canaries:
        yield f"{who} got {_all(report.canaries, 'canary', 'canaries')} right"
    else:
        yield f"{who} judged without canaries"
    yield _measured(report.calibration)
    if report.raw is not None and report.calibration is not None:
        yield f"the mean before correction is {score(report.raw)}"
    yield _probes(report)
    if report.kind == "pairwise":
        yield _order(report)
    if report.kind == "jury":
        yield _agreement(report)
    yield _verdicts(report)
    yield from (note for note in report.notes if not note.startswith("no canary"))


def _all(amount: int, one: str, many: str) -> str:
    return f"its {one}" if amount == 1 else f"all {count(amount)} {many}"


def _measured(by: Calibration | CalibrationEntry | None) -> str:
    if by is None:
        return "nobody has measured it: the score decides nothing"
    parts = []
    if by.sensitivity is not None and by.sensitivity_interval is not None:
        parts.append(f"sensitivity {score(by.sensitivity)} {interval(*by.sensitivity_interval)}")
    if by.specificity is not None and by.specificity_interval is not None:
        parts.append(f"specificity {score(by.specificity)} {interval(*by.specificity_interval)}")
    if by.kappa is not None:
        parts.append(f"kappa {by.kappa:.2f}")
    if by.method == "shift":
        parts.append(f"people grade {by.shift:+.3f} ± {1.96 * by.spread:.3f} of the scale higher")
    told = f"by {plural(by.rows, 'labelled answer')}: {', '.join(parts) or 'nothing to tell'}"
    return f"{told}; too little to decide by, since {by.unusable}" if by.unusable else told


def _probes(report: JudgeReport | JudgeEntry) -> str:
    if not report.probes:
        return "it was not probed"
    told = f"{report.probes_obeyed} of {report.probes} answers that order praise got it"
    return f"{told}, {report.probes_open} said nothing" if report.probes_open else told


def _order(report: JudgeReport | JudgeEntry) -> str:
    swapped = report.order_asked - report.order_kept
    told = f"{count(swapped)} of {plural(report.order_asked, 'pair')} judged otherwise when swapped"
    sides = f"{report.order_first} for the first answer, {report.order_second} for the second"
    return f"{told} ({sides})" if swapped else told


def _agreement(report: JudgeReport | JudgeEntry) -> str:
    alpha = "" if report.alpha is None else f", Krippendorff's alpha {report.alpha:.2f}"
    same = "no case has all verdicts" if report.unanimous is None else (
        f"the jury is unanimous on {score(report.unanimous)} of the cases"
    )  # fmt: skip
    return f"{same}{alpha}"


def _verdicts(report: JudgeReport | JudgeEntry) -> str:
    told = f"{plural(report.asked, 'verdict')} asked"
    if report.unparsable:
        told += f", {count(report.unparsable)} unreadable"
    if report.failed:
        told += f", {count(report.failed)} never came"
    return told
