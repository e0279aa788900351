"""A worker process: examines the parts it is handed, one JSON line in and one JSON line out.

The check step starts it as ``python -m ftdsl.quality.worker``. A process of its own, rather than a
fork, because the engine and the libraries run threads, and a fork in the middle of one can hang;
and JSON over pipes, rather than ``multiprocessing``, because that unpickles and would run the
user's own main module again. It ends when its input does, so it never outlives the run.
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from ftdsl.data.rows import DataFile, Part, Stamp
from ftdsl.diagnostics.diagnostic import Span
from ftdsl.engine.context import Refused
from ftdsl.plan.steps import CheckStep
from ftdsl.quality.examination import Examination


def part_to_json(index: int, part: Part) -> dict[str, Any]:
    """A task: the part, and its place among all parts."""
    file, stamp = part.file, part.file.stamp
    return {
        "index": index,
        "path": file.path,
        "full": str(file.full),
        "format": file.format,
        "span": None if file.span is None else [file.span.path, file.span.start, file.span.end],
        "split": file.split,
        "stamp": [stamp.size, stamp.mtime_ns, stamp.inode],
        "start": part.start,
        "end": part.end,
        "first_line": part.first_line,
    }


def part_from_json(task: dict[str, Any]) -> Part:
    """The part of a task."""
    span = None if task["span"] is None else Span(*task["span"])
    stamp = Stamp(*task["stamp"])
    file = DataFile(task["path"], Path(task["full"]), task["format"], task["split"], stamp, span)
    return Part(file, task["start"], task["end"], task["first_line"])


def artifact_name(index: int) -> str:
    """Name of the file with the findings of one part."""
    return f"findings-{index:06d}.part"


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Answer tasks until ``source`` ends."""
    # Rows hold no cycles, and looking for some takes a tenth of the time.
    gc.disable()
    opening = orjson.loads(source.readline())
    step = CheckStep.model_validate_json(opening["step"])
    examination = Examination(step, Path(opening["root"]))
    work = Path(opening["work"])
    for line in source:
        task = orjson.loads(line)
        answer: dict[str, Any] = {"index": task["index"]}
        try:
            with (work / artifact_name(task["index"])).open("wb") as artifact:
                tally = examination.examine(part_from_json(task), artifact)
            answer["tally"] = tally.to_json()
        except Refused as refused:
            found = refused.diagnostic
            place = [found.span.path, found.span.start, found.span.end]
            answer["refused"] = [found.code, found.message, found.help, place, refused.exit_code]
        except OSError as error:
            answer["refused"] = [
                "FT359",
                f"findings cannot be written: {error.strerror}",
                "make room on the disk",
                ["", 0, 0],
                2,
            ]
        sink.write(orjson.dumps(answer, option=orjson.OPT_APPEND_NEWLINE))
        sink.flush()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
