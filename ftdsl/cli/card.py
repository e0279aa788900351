"""``ftdsl card``: the model card of a training, with what its model scored."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path

from ftdsl.api import SpecError
from ftdsl.cli.options import add_out_option, add_set_option
from ftdsl.cli.session import analysed, answered, out_folder
from ftdsl.cli.usage import UsageError
from ftdsl.reports.report import Report

DETAILS = """
Reads the newest run that finished the training, and writes its card with the scores of the evals
that asked the model in that run, their intervals, and the gates that decided on it. The front
matter is Hugging Face's, with a `model-index`.

examples:
  ftdsl card specs/support.ftspec support_lora -o README.md
"""


def configure(parser: ArgumentParser) -> None:
    """Arguments of ``card``."""
    parser.add_argument("spec", metavar="SPEC", help="a spec")
    parser.add_argument("train", metavar="TRAIN", help="a train block")
    parser.add_argument(
        "-o", dest="card", metavar="FILE", default="MODEL_CARD.md",
        help="where the card is written (default: MODEL_CARD.md)",
    )  # fmt: skip
    add_out_option(parser)
    add_set_option(parser)


def run(arguments: Namespace) -> int:
    """Write the card."""
    return answered(arguments, _question)


def _question(arguments: Namespace) -> Report:
    from ftdsl.cli.output import write
    from ftdsl.engine.runs import read_run, run_ids
    from ftdsl.reports.model_card import scored_card
    from ftdsl.results.models import EvalOutput, GateOutput, TrainOutput

    seen = analysed(arguments.spec, arguments)
    if seen.program is None:
        raise SpecError(seen)
    out = out_folder(arguments, seen.root)
    for found in (read_run(out, one) for one in run_ids(out)):
        if found is None or found.spec != seen.path:
            continue
        outputs = [step.output for step in found.steps]
        for step in found.steps:
            own = step.output
            if not isinstance(own, TrainOutput) or own.name != arguments.train:
                continue
            place = out / (step.artifacts or "") / own.model_card
            if not place.is_file():
                continue
            text = scored_card(
                place.read_text(encoding="utf-8"),
                own.name,
                [one for one in outputs if isinstance(one, EvalOutput)],
                [one for one in outputs if isinstance(one, GateOutput)],
            )
            write(Path(arguments.card), iter([text]))
            return replace(seen.report, notes=(f"card of {own.name}: {arguments.card}",))
    raise UsageError(
        "FT257",
        f"no run has finished the training `{arguments.train}`",
        f"`ftdsl train {seen.path} {arguments.train}`",
    )
