"""Where a model errs, as Markdown for a job summary: folded, harmless, and never too long."""

from __future__ import annotations

from pathlib import Path

from ftdsl.reports.formats import render
from ftdsl.reports.markdown import LIMIT
from ftdsl.reports.style import Style
from ftdsl.results.discovery import Confusion, FoundSlice, Label
from ftdsl.results.models import EvalOutput, Flakiness
from ftdsl.results.run import RunResult
from tests.reports.sample import full_run, report_of

GOLDEN = Path(__file__).parent / "golden" / "looks.markdown.txt"
WEAK = FoundSlice(
    score="exact", source="topic", value="refund | @channel <img src=x>", n=40, mean=0.2,
    rest=0.75, difference=-0.55, p=0.0001, q=0.002, examples=("t-1", "t-`2`"),
)  # fmt: skip
FLAKY = Flakiness(n=200, flaky=14, rate=0.07, low=0.04, high=0.11, within=0.02, between=0.1)


def confusion(count: int = 3) -> Confusion:
    names = ["refund", "delivery", "other | x", *(f"label {i}" for i in range(3, count))][:count]
    labels = tuple(
        Label(label=one, cases=20, precision=0.8, recall=0.75, f1=0.774) for one in names
    )
    rows = tuple(
        tuple(15 if given == want else 5 if given == (want + 1) % count else 0
              for given in range(count + 1))
        for want in range(count)
    )  # fmt: skip
    return Confusion(
        score="exact", labels=labels, given=(*names, "(other)"), counts=rows,
        macro_f1=0.774, micro_f1=0.75,
    )  # fmt: skip


def looked(weak: tuple[FoundSlice, ...] = (WEAK,), labels: int = 3, models: int = 1) -> RunResult:
    run = full_run()
    steps = []
    for one in run.steps:
        output = one.output
        if not isinstance(output, EvalOutput):
            steps.append(one)
        elif output.model == "support_lora":
            found = {"weak": weak, "confusion": confusion(labels), "flakiness": {"exact": FLAKY}}
            for number in range(models):
                model = output.model if not number else f"{output.model}-{number}"
                told = output.model_copy(update={**found, "model": model})
                steps.append(one.model_copy(update={"id": f"{one.id}{number}", "output": told}))
    return run.model_copy(update={"steps": tuple(steps)})


def markdown(run: RunResult) -> str:
    return render(report_of(run), "markdown", Style())


def part(text: str) -> str:
    return text[text.index("<details>") : text.index("</details>") + len("</details>\n")]


def test_where_a_model_errs_is_told_folded(record: bool) -> None:
    shown = part(markdown(looked()))
    if record:
        GOLDEN.write_text(shown, encoding="utf-8")
    assert shown == GOLDEN.read_text(encoding="utf-8")
    assert "@channel" not in shown.replace("`topic = refund \\| @channel <img src=x>`", "")


def test_many_labels_are_told_by_their_worst_pairs() -> None:
    shown = part(markdown(looked(labels=18)))
    assert "| expected | given | cases |" in shown
    assert len([row for row in shown.splitlines() if row.endswith("| 5 |")]) == 8


def test_many_slices_are_counted() -> None:
    assert "2 weak slices more." in part(markdown(looked(weak=(WEAK,) * 10)))


def test_a_long_report_is_cut_within_the_limit_and_closes_what_it_opened() -> None:
    long = WEAK.model_copy(update={"value": "x" * 5_000, "examples": ("y" * 900,) * 3})
    shown = markdown(looked(weak=(long,) * 8, models=60))
    assert len(shown) < LIMIT + 200 < 65_536
    assert "The rest was left out" in shown
    assert shown.count("<details>") == shown.count("</details>") > 10
    assert "x" * 100 not in shown
