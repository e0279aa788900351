"""``ftdsl emulate``: a hosted fine-tuning API on this machine, to rehearse against."""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from ftdsl.cli.usage import UsageError
from ftdsl.emulator.curves import SHAPES
from ftdsl.emulator.faults import KINDS, ROUTES

if TYPE_CHECKING:
    from ftdsl.emulator.jobs import Job

DETAILS = """
A stateful stand-in for OpenAI's fine-tuning API on 127.0.0.1: files and uploads, jobs with events,
checkpoints and a results file, pause, resume and cancel, models, and chat with what was trained.
Its models say by heart what they were shown and know nothing else: it shows how a training goes
through and what happens when it does not, never how good a model becomes. Everything is forgotten
when it ends.

A fault is ROUTE:N:KIND: the N-th request of a route (* for every one) meets it.
  routes: {routes}
  kinds:  {kinds}

examples:
  ftdsl emulate openai --port 8123
      then, in the spec: target openai {{ base_url = "http://127.0.0.1:8123/v1"  … }}
  ftdsl emulate openai --shape overfit --seconds 30
  ftdsl emulate openai --fault create:1:lost --fault list:2:500     a create whose answer is lost
  ftdsl emulate openai --closed                                     a platform that takes no jobs
""".format(routes=", ".join(ROUTES), kinds="; ".join(f"{k} ({v})" for k, v in KINDS.items()))
_MODELS = ("gpt-4.1-2025-04-14", "gpt-4.1-mini-2025-04-14", "gpt-4.1-nano-2025-04-14")


def configure(parser: ArgumentParser) -> None:
    """Arguments of ``emulate``."""
    parser.add_argument("api", choices=("openai",), help="whose API")
    parser.add_argument(
        "--port", type=int, default=0, metavar="N", help="port (default: a free one)"
    )
    parser.add_argument(
        "--model",
        action="append",
        metavar="NAME[=DATE]",
        help="a model to offer, and the day it is taken away; repeatable "
        f"(default: {', '.join(_MODELS)})",
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=10.0,
        metavar="N",
        help="how long a job takes (default: 10)",
    )
    parser.add_argument(
        "--shape", choices=SHAPES, default="healthy", help="shape of the curves (default: healthy)"
    )
    parser.add_argument(
        "--fault", action="append", default=[], metavar="ROUTE:N:KIND", help="a fault; repeatable"
    )
    parser.add_argument("--quota", type=int, metavar="N", help="tokens that may still be trained")
    parser.add_argument("--closed", action="store_true", help="refuse every job with HTTP 403")
    parser.add_argument(
        "--moderate",
        action="append",
        default=[],
        metavar="WORD",
        help="withhold models whose rows hold this word; repeatable",
    )
    parser.add_argument(
        "--refuse",
        action="append",
        default=[],
        metavar="WORD",
        help="take rows that hold this word for invalid; repeatable",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed (default: 0)")


def run(arguments: Namespace) -> int:
    """Serve until a signal ends it."""
    from ftdsl.emulator.faults import Script, fault_of
    from ftdsl.emulator.jobs import Clock
    from ftdsl.emulator.platform import Platform, Rules
    from ftdsl.emulator.server import Emulator, running

    if arguments.seconds <= 0:
        raise UsageError("FT251", "--seconds is more than 0", "write it like `--seconds 5`")
    try:
        faults = tuple(fault_of(text) for text in arguments.fault)
    except ValueError as error:
        raise UsageError("FT251", f"--fault: {error}", "`ftdsl emulate --help`") from error
    pairs = (text.partition("=") for text in arguments.model or _MODELS)
    rules = Rules(
        models={name: day or None for name, _, day in pairs},
        clock=Clock(seconds=arguments.seconds),
        shape=arguments.shape,
        closed=arguments.closed,
        quota=arguments.quota,
        moderated=tuple(word.casefold() for word in arguments.moderate),
        refused=tuple(word.casefold() for word in arguments.refuse),
        seed=arguments.seed,
    )
    emulator = Emulator(Platform(rules), Script(faults))
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    try:
        with running(emulator, arguments.port):
            print(f"listening at {emulator.url}; Ctrl-C ends it and forgets everything", flush=True)
            ended.wait()
    except OSError as error:
        raise UsageError(
            "FT251", f"--port {arguments.port}: {error.strerror}", "leave --port out"
        ) from error
    print(_told(list(emulator.platform.jobs.values())))
    return 0


def _told(made: list[Job]) -> str:
    states = ", ".join(f"{job.id} {job.status}" for job in made)
    return f"{len(made)} {'job' if len(made) == 1 else 'jobs'}" + (f": {states}" if states else "")
