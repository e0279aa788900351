"""A worker process: examines the parts it is handed, a JSON line in, answers out.

What it writes is a JSON line that says how many bytes each answer has, and then these bytes. The
many answers about a part that is no chunk go to a file instead, for they are read later.

The check step starts it, with the collector of cycles off. A process of its own, rather than a
fork, because the engine and the libraries run threads, and a fork in the middle of one can hang;
and JSON over pipes, rather than ``multiprocessing``, because that unpickles and would run the
user's own main module again. It ends when its input does, so it never outlives the run.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from ftdsl.data.rows import DataFile, Part, Stamp
from ftdsl.diagnostics.diagnostic import Span
from ftdsl.engine.context import Refused
from ftdsl.plan.steps import CheckStep
from ftdsl.quality.examination import Examination
from ftdsl.quality.gathering import Answers


def part_to_json(index: int, part: Part, asked: Iterable[int]) -> dict[str, Any]:
    """A task: the part, its place among all parts, and the rules to ask."""
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
        "digest": part.digest,
        "asked": sorted(asked),
    }


def part_from_json(task: dict[str, Any]) -> Part:
    """The part of a task."""
    span = None if task["span"] is None else Span(*task["span"])
    stamp = Stamp(*task["stamp"])
    file = DataFile(task["path"], Path(task["full"]), task["format"], task["split"], stamp, span)
    return Part(file, task["start"], task["end"], task["first_line"], task["digest"])


def answers_name(index: int) -> str:
    """Name of the file with the answers about one part."""
    return f"answers-{index:06d}.part"


def write_answers(sink: BinaryIO, told: dict[str, Any], answers: Answers) -> None:
    """``told`` and the sizes of the answers as a JSON line, then the answers."""
    head = {**told, "sizes": [[number, len(answer)] for number, answer in answers.items()]}
    sink.write(orjson.dumps(head, option=orjson.OPT_APPEND_NEWLINE))
    for answer in answers.values():
        sink.write(answer)


def read_answers(head: dict[str, Any], source: BinaryIO) -> Answers:
    """The answers that follow the line ``head``. EOFError where they are not all there."""
    answers = {}
    for number, size in head["sizes"]:
        answers[number] = source.read(size)
        if len(answers[number]) != size:
            raise EOFError
    return answers


def stored_answers(path: Path) -> Iterator[Answers]:
    """The answers that a worker left in a file, which is then deleted."""
    with path.open("rb") as source:
        while line := source.readline():
            yield read_answers(orjson.loads(line), source)
    path.unlink()


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Answer tasks until ``source`` ends."""
    opening = orjson.loads(source.readline())
    step = CheckStep.model_validate_json(opening["step"])
    examination = Examination(step, Path(opening["root"]))
    work = Path(opening["work"])
    for line in source:
        task = orjson.loads(line)
        told: dict[str, Any] = {"index": task["index"]}
        answers: Answers = {}
        try:
            part = part_from_json(task)
            examined = examination.examine(part, task["asked"])
            if part.digest:
                answers = next(examined)
            else:
                told["stored"] = True
                with (work / answers_name(task["index"])).open("wb") as file:
                    for one in examined:
                        write_answers(file, {}, one)
        except Refused as refused:
            found = refused.diagnostic
            place = [found.span.path, found.span.start, found.span.end]
            told["refused"] = [found.code, found.message, found.help, place, refused.exit_code]
        except OSError as error:
            told["refused"] = [
                "FT359",
                f"answers cannot be written: {error.strerror}",
                "make room on the disk",
                ["", 0, 0],
                2,
            ]
        write_answers(sink, told, answers)
        sink.flush()


def main() -> None:
    """What a worker process runs."""
    serve(sys.stdin.buffer, sys.stdout.buffer)
