"""``ftdsl export``: a training for another trainer, an eval for lm-eval, a run for inspect."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from ftdsl.cli.options import add_set_option
from ftdsl.cli.session import answered
from ftdsl.reports.report import Report

EVALS = ("lm-eval", "inspect")
TRAINERS = ("trl", "accelerate", "axolotl", "llama-factory", "ms-swift", "oumi")
JOBS = ("skypilot", "trainjob", "ray-job")

DETAILS = """
A training goes to TRL (`trl`, or `accelerate` on several GPUs or machines), Axolotl,
LLaMA-Factory, ms-swift or Oumi: its configuration with every intent of the block and no default
left to be guessed, and the rows in the tool's own format. What the tool cannot be told is refused.
The rows are those that passed: run `ftdsl validate SPEC` first.

`skypilot`, `trainjob` (Kubeflow Trainer) and `ray-job` (KubeRay) add what runs TRL on many
machines. `dvc` writes dvc.yaml: a stage for every step of the plan, with what it reads and what it
waits for.

`lm-eval` writes NAME.yaml and NAME.jsonl: a task that `lm_eval --include_path DIR --tasks NAME
--apply_chat_template` runs. Only what means the same there is written: evals of one turn with
`exact_match(output, reply.text)`. `inspect` writes EVAL-MODEL.eval for every eval of the newest
run: `inspect view --log-dir DIR` shows it.

examples:
  ftdsl export specs/support.ftspec support_lora --to axolotl --out axolotl/
  ftdsl export specs/support.ftspec support_lora --to accelerate --gpus 8 --out trl/
  ftdsl export specs/support.ftspec support_lora --to skypilot --gpu H100 --nodes 2 --out job/
  ftdsl export specs/support.ftspec --to dvc --out .
  ftdsl export specs/support.ftspec golden --to lm-eval --out tasks/
  ftdsl export specs/support.ftspec --to inspect --out logs/
"""


def configure(parser: ArgumentParser) -> None:
    """Arguments of ``export``."""
    parser.add_argument("spec", metavar="SPEC", help="a spec")
    parser.add_argument(
        "name",
        metavar="NAME",
        nargs="?",
        help="the training, or for lm-eval and inspect the eval (default: the only one; all evals)",
    )
    parser.add_argument(
        "--to", choices=(*TRAINERS, *JOBS, "dvc", *EVALS), required=True, help="for which tool"
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="where the files go")
    parser.add_argument(
        "--results", metavar="DIR", help="folder of ftdsl's own results (default: ROOT/.ftdsl)"
    )
    group = parser.add_argument_group("trainings")
    group.add_argument(
        "--base", metavar="MODEL", help="train from this hub id or folder, not from the spec's base"
    )
    group.add_argument(
        "--gpus", type=_count, metavar="N", help="processes a machine (default: as the spec says)"
    )
    group.add_argument("--nodes", type=_count, default=1, metavar="N", help="machines (default: 1)")
    group.add_argument("--gpu", metavar="KIND", default="", help="skypilot: such as `H100`")
    group.add_argument(
        "--image", default="", help="trainjob, ray-job: a container image that has TRL"
    )
    group.add_argument(
        "--claim",
        default="",
        help="trainjob, ray-job: the persistent volume claim that holds the exported files",
    )
    add_set_option(parser)


def run(arguments: Namespace) -> int:
    """Write the files."""
    return answered(arguments, _question)


def _question(arguments: Namespace) -> Report:
    if arguments.to in EVALS:
        from ftdsl.cli.exporting_evals import export_evals

        return export_evals(arguments)
    if arguments.to == "dvc":
        from ftdsl.cli.exporting_dvc import export_dvc

        return export_dvc(arguments)
    from ftdsl.cli.exporting_training import export_training

    return export_training(arguments)


def _count(word: str) -> int:
    import argparse

    if not word.isdecimal() or not 1 <= int(word) <= 100_000:
        raise argparse.ArgumentTypeError(f"`{word}` is no whole number of at least 1")
    return int(word)
