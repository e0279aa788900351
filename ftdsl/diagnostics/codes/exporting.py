"""Codes of exports of trainings to other trainers."""

from __future__ import annotations

from ftdsl.diagnostics.codes.code import Code

_VALIDATE = "ftdsl validate specs/quickstart.ftspec\n"
_EXPORT = (
    _VALIDATE + "ftdsl export specs/quickstart.ftspec tool_caller --to trl "
    "--base google/gemma-3-270m --out trl/"
)

CODES: tuple[Code, ...] = (
    Code(
        "FT670",
        "no-such-training",
        "the spec has no training of that name, or several and none was named",
        "`ftdsl export SPEC NAME --to TRAINER` writes one training; its name may be left out where "
        "the spec has only one.",
        _EXPORT.replace("tool_caller", "tool_callre"),
        _EXPORT,
        "run",
    ),
    Code(
        "FT671",
        "intent-not-exportable",
        "the other trainer cannot be told what the training asks for",
        "An exported training means what its block means, or it is not written. The message names "
        "the setting and why the trainer has nothing that means the same; what no exporter knows "
        "is refused as well, never left out.",
        _EXPORT.replace("--to trl", "--to oumi"),
        _EXPORT,
        "run",
    ),
    Code(
        "FT672",
        "base-not-exportable",
        "the base has no weights that the other trainer reads",
        "Other trainers load a hub id or a folder with safetensors; a GGUF file is read by ftdsl "
        "alone, and the model of a host is nobody else's. `--base` names what to train from "
        "instead.",
        _EXPORT.replace(" --base google/gemma-3-270m", ""),
        _EXPORT,
        "run",
    ),
    Code(
        "FT673",
        "rows-not-checked",
        "the rows to export were not checked as they are now, or fail their check",
        "A training waits for a check that does not fail and learns without the rows that dedup "
        "removed; an export holds the same rows. `ftdsl validate` finds both out, and keeps it.",
        _EXPORT.removeprefix(_VALIDATE),
        _EXPORT,
        "run",
    ),
    Code(
        "FT674",
        "row-not-exportable",
        "a row cannot be written in the other trainer's format",
        "The format has no place for what the row holds: declared tools, calls of them, pictures, "
        "or turns that do not alternate, which the trainer would skip or misread. The message "
        "names the first such row.",
        'echo \'{"task_id": "x", "tools": [{}], "messages": []}\' >> '
        "specs/data/quickstart/tools.jsonl\n" + _EXPORT.replace("--to trl", "--to axolotl"),
        _EXPORT.replace("--to trl", "--to axolotl"),
        "run",
    ),
    Code(
        "FT675",
        "job-without-a-place",
        "a job was asked for, and nothing says where it is to run",
        "A spec knows nothing of clusters: the kind of GPU (`--gpu H100`), the container image "
        "(`--image`) and the volume that the files were copied to (`--claim`) are the operator's "
        "to say.",
        _EXPORT.replace("--to trl", "--to skypilot"),
        _EXPORT.replace("--to trl", "--to skypilot --gpu H100 --gpus 8"),
        "run",
    ),
    Code(
        "FT676",
        "exported-intent-differs",
        "the other trainer does nearly what the training asks for",
        "The setting is written, and the message says in what the trainer differs and when that "
        "does not matter. It is a warning: the export is there.",
        _EXPORT.replace("--to trl", "--to llama-factory"),
        _EXPORT,
        "run",
    ),
)
