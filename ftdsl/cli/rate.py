"""``ftdsl rate``: the page for raters, their ratings taken in, and what they say."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path

from ftdsl.api import RefusedError, refusal
from ftdsl.cli.options import add_run_options, add_set_option
from ftdsl.cli.output import write
from ftdsl.cli.rating import Prepared, prepared, taken
from ftdsl.cli.session import answered, out_folder, planned, ran, reported
from ftdsl.cli.usage import UsageError, nearest
from ftdsl.engine.context import Refused
from ftdsl.language.source import Source
from ftdsl.reports.report import Report

DETAILS = """
Writes one HTML file that works without a network: send it to people, they rate and send back a
file of theirs. `--import` checks those files, adds them to the ratings of the project, and says
what they come to. Which answer is whose stands in neither: it is kept in the folder of results.

`--out FILE.html` names the page; any other `--out` is the folder of results.

examples:
  ftdsl rate specs/support.ftspec tone --out tone.html          write the page
  ftdsl rate specs/support.ftspec tone --import inbox/*.jsonl   take ratings in
  ftdsl rate specs/support.ftspec tone --import                 what the ratings say
  ftdsl rate specs/support.ftspec tone --export dpo=data/pairs.jsonl
  ftdsl rate specs/support.ftspec tone --serve                  rate on this machine
"""
_PAGES = (".html", ".htm")
_FORMATS = ("dpo", "labels", "label-studio", "arena")


def configure(parser: ArgumentParser) -> None:
    """Arguments of ``rate``."""
    parser.add_argument("spec", metavar="SPEC", help="a spec")
    parser.add_argument("name", metavar="NAME", help="a rate block of it")
    parser.add_argument("--page", metavar="FILE", help="where the page goes (as --out FILE.html)")
    parser.add_argument(
        "--import",
        dest="files",
        nargs="*",
        metavar="FILES",
        help="take in what raters sent back; without FILES those that the project holds",
    )
    parser.add_argument(
        "--export",
        action="append",
        default=[],
        metavar="FORMAT=PATH",
        help="write the ratings as preference pairs (dpo), labels of a judge (labels), tasks of "
        "Label Studio (label-studio) or a table of battles (arena); repeatable",
    )
    parser.add_argument("--serve", action="store_true", help="serve the page on this machine")
    parser.add_argument("--port", type=int, default=0, help="port of --serve (default: a free one)")
    add_set_option(parser)
    add_run_options(parser)


def run(arguments: Namespace) -> int:
    """Write the page, or take ratings in."""
    if arguments.out and Path(arguments.out).suffix in _PAGES:
        arguments.page, arguments.out = arguments.out, None
    return answered(arguments, _question)


def _question(arguments: Namespace) -> Report:
    exports = _exports(arguments.export)
    first = prepared(arguments)
    if isinstance(first, Report):
        return first
    if exports:
        return _exported(arguments, first, exports)
    if arguments.files is not None:
        return _imported(arguments, first)
    _keep_key(arguments, first)
    if arguments.serve:
        return _served(arguments, first)
    from ftdsl.rating.page import page_of

    out = out_folder(arguments, first.view.root or Path())
    page = Path(arguments.page) if arguments.page else out / "rate" / f"{arguments.name}.html"
    text = page_of(first.batch)
    write(page, text)
    notes = [f"wrote {page}: {first.batch.shown} items to rate, {len(text) / 1000:,.0f} kB"]
    return _with(arguments, first, [*notes, *_told(first)])


def _told(first: Prepared) -> list[str]:
    """What whoever sends the page should know."""
    batch, notes = first.batch, []
    gold = sum(bool(item.gold) for item in batch.items.values())
    repeats = round(len(batch.items) * batch.rate.repeats)
    notes.append(f"batch {batch.id}, with {gold} gold items and {repeats} repeats for each rater")
    if batch.same:
        notes.append(f"{len(batch.same)} pairs are the same answer twice, and ties without a rater")
    if batch.unanswered:
        notes.append(f"{batch.unanswered} cases lack an answer of some model, and are left out")
    if batch.betrayed:
        notes.append(
            f"warning: answers name a compared model ({', '.join(batch.betrayed)}): a rater may "
            "tell which is whose"
        )
    notes.append(f"ratings come back with `ftdsl rate {first.spec} {batch.rate.name} --import`")
    return notes


def _with(arguments: Namespace, first: Prepared, notes: list[str]) -> Report:
    report = reported(first.view, arguments)
    return replace(report, notes=(*notes, *report.notes))


def _keep_key(arguments: Namespace, first: Prepared) -> None:
    """Which answer is whose, in the folder of results, where no rater looks."""
    from ftdsl.rating.batch import key_of

    out = out_folder(arguments, first.view.root or Path())
    path = out / "rate" / f"{first.batch.rate.name}.{first.batch.id}.key.json"
    write(path, json.dumps(key_of(first.batch), indent=1) + "\n")


def _imported(arguments: Namespace, first: Prepared) -> Report:
    from ftdsl.rating.keeping import read_source

    try:
        files = [read_source(Path(word), word) for word in arguments.files]
        kept = taken(first, files)
    except Refused as refused:
        raise RefusedError(refusal("rate", refused, first.view.analysis)) from refused
    if isinstance(kept, Report):
        return kept
    view = ran(planned(arguments.spec, arguments, (f"rate.{arguments.name}",)), arguments)
    notes = [f"{path}: {new} new ratings" for path, new in kept.items()]
    report = reported(view, arguments)
    return replace(report, notes=(*notes, *report.notes))


def _exports(words: list[str]) -> dict[str, Path]:
    found = {}
    for word in words:
        name, _, path = word.partition("=")
        if name not in _FORMATS or not path:
            near = nearest(name, list(_FORMATS))
            help_line = f"did you mean `{near}`?" if near and path else "write `FORMAT=PATH`"
            known = ", ".join(_FORMATS)
            raise UsageError("FT733", f"`--export {word}` names none of {known}", help_line)
        found[name] = Path(path)
    return found


def _exported(arguments: Namespace, first: Prepared, exports: dict[str, Path]) -> Report:
    from ftdsl.cli.rating import said_of, turns_of
    from ftdsl.rating.exports import EXPORTS, OF_PAIRS

    single = first.batch.rate.ask != "sides"
    if wrong := [name for name in exports if single and name in OF_PAIRS]:
        raise UsageError(
            "FT733", f"`{wrong[0]}` is of pairs, and `{arguments.name}` shows one answer at a time"
        )
    try:
        said = said_of(first)
        turns = turns_of(first)
    except Refused as refused:
        raise RefusedError(refusal("rate", refused, first.view.analysis)) from refused
    if isinstance(said, Report):
        return said
    notes = []
    for name, path in exports.items():
        text = EXPORTS[name](said, turns)
        write(path, text)
        notes.append(f"wrote {path}")
    return _with(arguments, first, notes)


def _served(arguments: Namespace, first: Prepared) -> Report:
    import signal
    from threading import Event

    from ftdsl.cli.console import print_text
    from ftdsl.rating.page import page_of
    from ftdsl.rating.serving import Desk, served

    total = 0

    def take(body: bytes) -> str:
        nonlocal total
        try:
            kept = taken(first, [Source("the page", body)])
        except Refused as refused:
            return refused.diagnostic.message
        if isinstance(kept, Report):
            return kept.diagnostics[0].message
        total += sum(kept.values())
        return ""

    ended = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    try:
        with served(Desk(page_of(first.batch, server=True), take), arguments.port) as desk:
            print_text(f"rate at {desk.url}\nCtrl-C ends it; ratings are kept as they come\n")
            ended.wait()
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError("FT732", f"cannot serve on port {arguments.port}: {reason}") from None
    return _with(arguments, first, [f"{total} new ratings"])
