"""``ftdsl jobs``: the jobs that a training has at its host, and a hand on them."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime

from ftdsl.api import RefusedError, SpecError, refusal
from ftdsl.cli.options import add_set_option
from ftdsl.cli.session import allowed_hosts, analysed, answered
from ftdsl.cli.usage import UsageError, nearest
from ftdsl.engine.context import Policy, Refused
from ftdsl.language.program import TrainDef
from ftdsl.reports.report import Fact, Report

DETAILS = """
Lists the jobs of a `target openai` training, newest first: those that ftdsl made, on any machine.
A job that is cancelled may be billed for what it trained until then. A run that waits for a job
notices what is done to it here.

examples:
  ftdsl jobs specs/support.ftspec support_api --allow-host api.openai.com
  ftdsl jobs specs/support.ftspec support_api --pause
  ftdsl jobs specs/support.ftspec support_api --cancel
"""
_ACTIONS = ("cancel", "pause", "resume")


def configure(parser: ArgumentParser) -> None:
    """Arguments of ``jobs``."""
    parser.add_argument("spec", metavar="SPEC", help="a spec")
    parser.add_argument("train", metavar="TRAIN", help="a train block of it")
    group = parser.add_mutually_exclusive_group()
    for action in _ACTIONS:
        group.add_argument(
            f"--{action}",
            dest="action",
            action="store_const",
            const=action,
            help=f"{action} those that have not ended",
        )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="HOST",
        help="let the command talk to this host; repeatable",
    )
    add_set_option(parser)
    parser.set_defaults(action=None)


def run(arguments: Namespace) -> int:
    """List the jobs, and do to them what was asked."""
    return answered(arguments, _question)


def _question(arguments: Namespace) -> Report:
    from ftdsl.training.hosted.listing import listed_jobs

    seen = analysed(arguments.spec, arguments)
    if seen.program is None:
        raise SpecError(seen)
    train = _train(seen.program.trains, arguments.train)
    policy = Policy(allowed_hosts=allowed_hosts(arguments))
    try:
        jobs = listed_jobs(train, policy, arguments.action)
    except Refused as error:
        raise RefusedError(refusal("jobs", error, seen)) from error
    facts = tuple(
        Fact(job.id, f"{job.status}, {_day(job.created_at)}, {job.model or job.base}")
        for job in jobs
    )
    return Report("jobs", "pass", facts=facts, notes=() if facts else ("no jobs",))


def _train(trains: tuple[TrainDef, ...], name: str) -> TrainDef:
    hosted = {train.name: train for train in trains if train.target == "openai"}
    if name not in hosted:
        near = nearest(name, sorted(hosted))
        help_ = f"did you mean `{near}`?" if near else f"it has {', '.join(hosted) or 'none'}"
        message = f"the spec has no training `{name}` with `target openai`"
        raise UsageError("FT251", message, help_)
    return hosted[name]


def _day(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M UTC")
