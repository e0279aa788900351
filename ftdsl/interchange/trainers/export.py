"""All files of an export: the configuration, the rows, and the command that runs them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ftdsl.diagnostics.diagnostic import Diagnostic
from ftdsl.interchange.trainers.asked import Asked, Machines
from ftdsl.interchange.trainers.axolotl import axolotl_config
from ftdsl.interchange.trainers.config import Config
from ftdsl.interchange.trainers.keys import recorded
from ftdsl.interchange.trainers.llama_factory import DATA, dataset_info, llama_factory_config
from ftdsl.interchange.trainers.machines import JOBS, Place, job_files, submit_command
from ftdsl.interchange.trainers.ms_swift import ms_swift_config
from ftdsl.interchange.trainers.oumi import oumi_config
from ftdsl.interchange.trainers.trl import ACCELERATE, FILE, accelerate_config, trl_config

TRAINERS: dict[str, Callable[[Asked], Config]] = {
    "trl": trl_config,
    "accelerate": trl_config,
    "axolotl": axolotl_config,
    "llama-factory": llama_factory_config,
    "ms-swift": ms_swift_config,
    "oumi": oumi_config,
    **dict.fromkeys(JOBS, trl_config),
}
"""Who makes the file of each ``--to``. ``accelerate`` launches TRL, and so do the jobs."""
OF_TRL = ("accelerate", *JOBS)
"""What is another way to run TRL."""


@dataclass(frozen=True, slots=True)
class Export:
    """Texts by name below the folder of the export, and the command to run there. ``problems``
    that are errors mean that there are no files."""

    files: dict[str, str] = field(default_factory=dict)
    command: str = ""
    problems: tuple[Diagnostic, ...] = ()


def export(asked: Asked, to: str, source: str, place: Place | None = None) -> Export:
    """The training for one trainer. ``source`` says what it was exported from, ``place`` where a
    job runs."""
    if asked.of("early_stopping") is not None and not asked.validated:
        asked.refuse("early_stopping", "there are no rows to validate on")
    config = TRAINERS[to](asked)
    problems = tuple(asked.problems())
    if any(one.severity.value == "error" for one in problems):
        return Export(problems=problems)
    command = command_of(to, config.command, asked.machines)
    if to == "axolotl" and asked.of("merge") and asked.adapted:
        command += f" && axolotl merge-lora {FILE}"
    header = [
        f"{source} Edit the spec, not this file.",
        for_versions(asked.tool),
        f"Run it in this folder: {command}",
        f"Rows: {asked.written.count:,} to learn from, {asked.written.validation_count:,} to "
        "validate on.",
    ]
    files = {FILE: config.text(header)}
    if to in ("accelerate", "skypilot"):
        launch = Asked(asked.train, "accelerate", asked.base, asked.written, None, asked.machines)
        files[ACCELERATE] = accelerate_config(launch).text([source, for_versions("accelerate")])
    if to in JOBS:
        name, where = asked.train.name, place or Place()
        files |= job_files(to, name, config.command, asked.machines, where, source)
    if to == "llama-factory":
        files[f"{DATA}/dataset_info.json"] = dataset_info(asked.validated)
    return Export(files, command, problems)


def for_versions(tool: str) -> str:
    """For which versions of a tool a file is."""
    known = recorded(tool)
    beside = f", beside {known.beside}" if known.beside else ""
    return f"For {tool} {known.range} (keys of {known.version}{beside})."


def command_of(to: str, command: str, machines: Machines) -> str:
    """What runs the export on one machine."""
    several, each = machines.world > 1, machines.processes
    match to:
        case "trl":
            launch = f" --num_processes {each}" if several else ""
            return f"trl {command} --config {FILE}{launch}"
        case "accelerate":
            module = f"-m trl.scripts.{command} --config {FILE}"
            return f"accelerate launch --config_file {ACCELERATE} {module}"
        case _ if to in JOBS:
            return submit_command(to)
        case "axolotl":
            launch = f" --launcher accelerate -- --num_processes {each}" if several else ""
            return f"axolotl train {FILE}{launch}"
        case "llama-factory":
            launch = f"FORCE_TORCHRUN=1 NPROC_PER_NODE={each} " if several else ""
            return f"{launch}llamafactory-cli train {FILE}"
        case "ms-swift":
            launch = f"NPROC_PER_NODE={each} " if several else ""
            return f"{launch}swift {command} {FILE}"
        case "oumi" if several:
            return f"oumi distributed torchrun --nproc_per_node {each} -m oumi train -c {FILE}"
        case "oumi":
            return f"oumi train -c {FILE}"
    raise AssertionError(f"{to} is no trainer")
