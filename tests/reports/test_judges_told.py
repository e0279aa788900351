"""What reports tell of a judge."""

from __future__ import annotations

from ftdsl.evaluation.judges.calibration import calibrate
from ftdsl.reports import html, markdown, terminal
from ftdsl.reports.judges import judged, sentences
from ftdsl.reports.run_document import judge_entries
from ftdsl.reports.style import Style
from ftdsl.results.judging import JudgeReport
from ftdsl.results.models import EvalOutput
from ftdsl.results.run import RunResult
from tests.reports.sample import passing_run, report_of, step

BY = calibrate([1.0] * 60 + [0.0] * 60, [1.0] * 54 + [0.0] * 66, 0, binary=True)
MEASURED = JudgeReport(
    kind="judge", models=("mini",), raw=0.8, asked=300, unparsable=2, canaries=4, probes=4,
    probes_obeyed=1, calibration=BY,
)  # fmt: skip


def test_a_measured_judge_is_told() -> None:
    told = ". ".join(sentences(MEASURED))
    assert told == (
        "mini got all 4 canaries right. by 120 labelled answers: sensitivity 90.0% [79.9%, 95.3%], "
        "specificity 100.0% [94.0%, 100.0%], kappa 0.90. the mean before correction is 80.0%. "
        "1 of 4 answers that order praise got it. 300 verdicts asked, 2 unreadable"
    )


def test_what_is_wrong_with_a_judge_is_told_first() -> None:
    missed = MEASURED.model_copy(
        update={"canaries_missed": ("labels.jsonl:6: 1 instead of 0",), "calibration": None}
    )
    first, second, *_ = sentences(missed)
    assert first == (
        "mini missed 1 of 4 canaries, so that no verdict counts: labels.jsonl:6: 1 instead of 0"
    )
    assert second == "nobody has measured it: the score decides nothing"


def test_orders_and_juries_are_told() -> None:
    pair = JudgeReport(
        kind="pairwise", models=("mini",), order_asked=50, order_kept=40, order_first=8,
        order_second=2,
    )  # fmt: skip
    assert (
        "10 of 50 pairs judged otherwise when swapped (8 for the first answer, 2 for the second)"
        in list(sentences(pair))
    )
    jury = JudgeReport(kind="jury", models=("a", "b"), unanimous=0.75, alpha=0.412)
    assert "the jury is unanimous on 75.0% of the cases, Krippendorff's alpha 0.41" in list(
        sentences(jury)
    )


def judged_run() -> RunResult:
    output = EvalOutput(name="golden", model="tuned", scores={}, judges={"tone": MEASURED})
    return passing_run().model_copy(update={"steps": (step("eval", "golden.tuned", output),)})


def test_every_format_holds_what_is_known_of_a_judge() -> None:
    found = judged_run()
    (entry,) = judge_entries(found)
    assert (entry.eval, entry.model, entry.score) == ("golden", "tuned", "tone")
    assert entry.calibration is not None and entry.calibration.hits == 54
    report = report_of(found)
    for text in (html.render(report), markdown.render(report), terminal.render(report, Style())):
        assert "sensitivity 90" in text
    assert [name for _, name, _ in judged([found.steps[0].output])] == ["tone"]  # type: ignore[list-item]
