"""A run with everything in it, as values: what the reporters are tested with."""

from __future__ import annotations

import math

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.language.source import Source
from ftdsl.reports.report import Report
from ftdsl.results.coverage import Bar, ClusterMap, CoverageGroup, LengthHistogram, MapPoint
from ftdsl.results.forecast import Forecast, TrainingCost
from ftdsl.results.models import (
    Case,
    CheckOutput,
    Counts,
    CoverageOutput,
    CurvePoint,
    DatasetOutput,
    DedupOutput,
    Estimate,
    EvalOutput,
    FileInfo,
    Finding,
    GateOutput,
    Removal,
    Requirement,
    RuleOutcome,
    SubValue,
    TrainOutput,
)
from ftdsl.results.run import RunResult, StepRun, exit_code, verdict_of

SPEC = "specs/support.ftspec"
SPEC_TEXT = "ftspec 1\n\ncheck support {\n  rule spelled { fail when failing > 1 }\n}\n"


def step(kind: str, name: str, /, output: object, **known: object) -> StepRun:
    given = {"status": "done", "output": output, "seconds": 1.25, "key": "0" * 32, **known}
    return StepRun.model_validate({"id": f"{kind}.{name}", "kind": kind, "name": name} | given)


def dataset() -> DatasetOutput:
    files = (
        FileInfo(path="data/support/a.jsonl", size=812_345, sha256="ab" * 32),
        FileInfo(path="data/support/b.jsonl", size=2_301_004, sha256="cd" * 32, split="holdout"),
    )
    return DatasetOutput(name="support", files=files, digest="sha256:" + "ef" * 32)


def check(text: str = "Plaese trry agian") -> CheckOutput:
    outcomes = (
        RuleOutcome(
            rule="reply_present", kind="row", doc="an assistant turn is never blank",
            verdict="pass", checked=1197, failing=0, rate=0.0, requirement="fail when failing > 0%",
        ),
        RuleOutcome(
            rule="spelled", kind="row", verdict="fail", checked=1197, failing=34,
            rate=34 / 1197, requirement="fail when failing > 2%", waived=2, spec_line=4,
        ),
        RuleOutcome(
            rule="fits_context", kind="row", verdict="warn", checked=120, failing=3,
            rate=3 / 120, requirement="warn when failing > 0%", left_out=1077,
        ),
        RuleOutcome(
            rule="no_shrinkage", kind="dataset", verdict="pass", checked=1, failing=0, rate=0.0,
            value="count(rows) = 1197, locked.count = 1180",
            requirement="count(rows) >= 90% * locked.count",
        ),
    )  # fmt: skip
    findings = (
        Finding(
            code="FT301", message="the line is not JSON: expected a comma", dataset="support",
            path="data/support/a.jsonl", line=412, column=18, offset=120_331,
            excerpt='{"ticket_id": "t-41" "messages"', help="add the comma, or drop the line",
        ),
        *(
            Finding(
                code="FT310", rule="spelled", dataset="support", path="data/support/a.jsonl",
                line=12 + i, row_id=f"t-{8841 + i}", offset=4096 * i,
                message="misspelled(reply.text) <= 2 does not hold",
                values=(
                    SubValue(source="misspelled(reply.text)", value=str(3 + i)),
                    SubValue(source="reply.text", value=text),
                ),
            )
            for i in range(5)
        ),
        Finding(
            code="FT311", rule="fits_context", severity="warning", dataset="support",
            path="data/support/b.jsonl", line=7, row_id="t-9002",
            message="tokens(row) <= context does not hold",
            values=(SubValue(source="tokens(row)", value="5210"),),
        ),
    )  # fmt: skip
    counts = Counts(discovered=1200, checked=1197, failed=3)
    splits = {"train": 1137, "holdout": 60}
    return CheckOutput(
        name="support", counts=counts, splits=splits, outcomes=outcomes, findings=findings,
        statistics={"tokens": {"min": 12, "mean": 340, "median": 301, "p95": 812, "max": 5210}},
        forecasts=(
            Forecast(trainer="OpenAI", train="hosted", limit=65_536, fate="cut", rows=1197, over=0,
                     lost_tokens=0),
            Forecast(trainer="TRL", limit=1024, fate="cut", rows=1197, over=3, lost_tokens=5_230),
            Forecast(trainer="Axolotl", limit=512, fate="dropped", rows=1197, over=61,
                     lost_tokens=48_800),
        ),
        costs=(
            TrainingCost(train="hosted", rows=1137, tokens=386_580, epochs=3, price_per_1m=25.0,
                         money=28.99, budget=40.0),
        ),
        verdict="fail",
    )  # fmt: skip


def dedup(text: str = "How do I reset my password on the phone app?") -> DedupOutput:
    removed = tuple(
        Removal(
            row_id=f"t-{100 + i}", line=100 + i, path="data/support/a.jsonl",
            kept_row_id=f"t-{10 + i}", kept_line=10 + i, kept_path="data/support/a.jsonl",
            similarity=1.0 if i < 2 else 0.91 - i / 100, method="exact" if i < 2 else "near",
            excerpt=text, kept_excerpt=text.replace("my", "the"),
        )
        for i in range(9)
    )  # fmt: skip
    return DedupOutput(
        name="support", rows=1197, kept=1188, removed=removed,
        by_method={"exact": 2, "near": 7}, largest_cluster=3, verdict="pass",
    )  # fmt: skip


def coverage(key: str = "ja") -> CoverageOutput:
    lang = CoverageGroup(
        source="lang", entropy=1.1, effective=2.6,
        bars=(
            Bar(key="en", rows=800, share=0.674, bound=0.6, op=">="),
            Bar(key="es", rows=240, share=0.202, bound=0.15, op=">="),
            Bar(key="de", rows=96, share=0.081, bound=0.1, op=">=", met=False, missing_rows=26),
            Bar(key=key, rows=52, share=0.043),
        ),
    )  # fmt: skip
    size = CoverageGroup(
        source="bucket(tokens(prompt), edges: [256, 1k, 4k])", entropy=0.9, effective=2.1,
        bars=(
            Bar(key="< 256", rows=700, share=0.589, bound=0.1, op=">="),
            Bar(key="256 – 1k", rows=400, share=0.337, bound=0.1, op=">="),
            Bar(key=">= 1k", rows=88, share=0.074, bound=50, op=">=", is_share=False),
        ),
    )  # fmt: skip
    themes = CoverageGroup(
        source="cluster(prompt, k: 2)", entropy=0.8, effective=1.7,
        bars=(
            Bar(key="0", rows=900, share=0.758, bound=0.1, op=">=", note=key),
            Bar(key="0", rows=900, share=0.758, bound=0.7, op="<=", met=False, note=key),
            Bar(key="1", rows=288, share=0.242, bound=0.1, op=">=", note="refund, order"),
            Bar(key="1", rows=288, share=0.242, bound=0.7, op="<=", note="refund, order"),
        ),
        map=ClusterMap(
            points=(
                MapPoint(x=0.2, y=0.3, cluster=0, text=key),
                MapPoint(x=0.25, y=0.35, cluster=0, text="reset a password"),
                MapPoint(x=0.8, y=0.7, cluster=1, text="ask for a refund"),
                MapPoint(x=0.81, y=0.7, cluster=1, dropped=True, text=key),
            ),
            texts=1150, explained=0.12,
        ),
    )  # fmt: skip
    words = LengthHistogram(
        source="words(prompt)", edges=(3, 5, 7, 10), counts=(188, 0, 1000), median=8, p95=9,
        longest=9,
    )  # fmt: skip
    return CoverageOutput(
        name="support", rows=1188, groups=(lang, size, themes), lengths=(words,), verdict="fail"
    )


def train() -> TrainOutput:
    points = []
    for i in range(1, 121):
        loss = 2.1 * math.exp(-i / 45) + 0.9 + 0.12 * math.sin(i * 1.7)
        valid = 2.0 * math.exp(-i / 50) + 1.05 if i % 20 == 0 else None
        points.append(
            CurvePoint(step=i, epoch=i / 40, loss=loss, eval_loss=valid, learning_rate=2e-4)
        )
    return TrainOutput(
        name="support_lora", target="trl", base="gemma-3-270m", rows=1128, validation_rows=60,
        steps=120, epochs=3.0, tokens=412_000, trained_parameters=3_796_992,
        total_parameters=271_895_168, seconds=252.4, curve=tuple(points),
        settings={"learning_rate": "2e-4", "n_epochs": "3", "adapter": "lora"},
        digests={"chat_template": "12" * 32}, adapter="adapter", model_card="README.md",
    )  # fmt: skip


def evaluation(model: str, exact: float, close: float, answer: str = "42") -> EvalOutput:
    def estimate(mean: float) -> Estimate:
        return Estimate(
            mean=mean, low=mean - 0.06, high=mean + 0.06, n=208, unscored=2, method="Wilson"
        )

    cases = tuple(
        Case(
            case_id=f"g-{i}", line=i, prompt=f"Question {i}?", expected="42",
            output=answer if i % 3 else "41", scores={"exact": float(bool(i % 3)), "close": 0.9},
        )
        for i in range(1, 9)
    )  # fmt: skip
    return EvalOutput(
        name="golden", model=model, scores={"exact": estimate(exact), "close": estimate(close)},
        slices={"topic": {"billing": {"exact": estimate(exact)}}}, cases=cases, requests=210,
    )  # fmt: skip


def gate() -> GateOutput:
    requirements = (
        Requirement(
            requirement="exact.mean >= baseline.exact.mean + 5pp with confidence 95%",
            candidate="support_lora", verdict="pass", estimate=0.291, low=0.224, high=0.357,
            bound=0.05, op=">=", n=208, method="paired bootstrap", confidence=0.95, paired=True,
            fixed=66, broken=6,
        ),
        Requirement(
            requirement="exact.mean >= 40%", candidate="support_lora", verdict="inconclusive",
            estimate=0.412, low=0.347, high=0.48, bound=0.4, op=">=", n=208, needed_n=9300,
            method="Wilson", confidence=0.95,
        ),
        Requirement(
            requirement="exact.mean >= 75% by topic", candidate="support_lora", slice="billing",
            verdict="fail", estimate=0.41, low=0.2, high=0.63, bound=0.75, op=">=", n=21,
            method="Wilson", confidence=0.95,
        ),
    )  # fmt: skip
    return GateOutput(
        name="release", eval="golden", baseline="base", requirements=requirements, verdict="fail"
    )


def full_run() -> RunResult:
    steps = (
        step("dataset", "support", dataset(), status="fresh", seconds=0.0),
        step("check", "support", check()),
        step("dedup", "support", dedup()),
        step("coverage", "support", coverage()),
        step("train", "support_lora", train(), seconds=252.4),
        step("eval", "golden.base", evaluation("base", 0.12, 0.58, "6 * 7"), name="golden"),
        step("eval", "golden.support_lora", evaluation("support_lora", 0.412, 0.71), name="golden"),
        step("gate", "release", gate()),
        step(
            "pending", "blind_tone", None, status="pending",
            reasons=("`rate` cannot run in this version",),
        ),
    )  # fmt: skip
    return _run(steps, 281.0)


def passing_run() -> RunResult:
    steps = (
        step("dataset", "support", dataset(), status="fresh"),
        step("dedup", "support", dedup(), status="fresh"),
    )
    return _run(steps, 0.2)


def blocked_run() -> RunResult:
    refused = Diagnostic(
        "FT303", "no file matches data/none/*.jsonl", Span(SPEC, 10, 15),
        help="the pattern is relative to the spec's folder",
    )  # fmt: skip
    steps = (
        step("dataset", "support", None, status="refused", diagnostics=(refused,), refusal=2),
        step(
            "check", "support", None, status="blocked", blocked_by="dataset.support",
            reasons=("it needs dataset.support, which is refused",),
        ),
    )  # fmt: skip
    return _run(steps, 0.1)


def _run(steps: tuple[StepRun, ...], seconds: float) -> RunResult:
    verdict = verdict_of(steps)
    return RunResult(
        version="0.1.0", run_id="20261231T235959-1a2b3c", spec=SPEC, steps=steps,
        verdict=verdict, exit_code=exit_code(verdict), seconds=seconds,
    )  # fmt: skip


def report_of(run: RunResult, command: str = "run") -> Report:
    start = SPEC_TEXT.index("rule spelled")
    return Report(
        command, run.verdict, spec=run.spec, files=(run.spec,), run=run,
        sources={SPEC: Source(SPEC, SPEC_TEXT)},
        rule_places={("support", "spelled"): Span(SPEC, start, start + 4)},
    )  # fmt: skip
