"""From the options of a command that runs steps to a run and its report."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ftdsl.api import (
    OUT,
    AnalysisView,
    PlanView,
    RefusedError,
    RunView,
    SpecError,
    analyze,
    apply,
    plan,
)
from ftdsl.cli.output import publish
from ftdsl.cli.specs import existing, overrides_of, project_root
from ftdsl.cli.usage import UsageError
from ftdsl.engine.console import Console, console_for
from ftdsl.engine.context import Policy
from ftdsl.engine.spending import Budget, Ledger
from ftdsl.models.hosts import is_loopback
from ftdsl.reports.report import Report


def answered(arguments: Namespace, question: Callable[[Namespace], Report]) -> int:
    """Publish what ``question`` answers; a spec with errors or a refusal is published instead."""
    try:
        report = question(arguments)
    except SpecError as error:
        report = replace(error.analysis.report, verdict="error")
    except RefusedError as error:
        report = error.report
    return publish(replace(report, command=arguments.command), arguments)


def analysed(word: str, arguments: Namespace) -> AnalysisView:
    """The checked spec that ``word`` names. UsageError where it is not there."""
    path = existing(Path(word))
    root = project_root(path, arguments)
    seen = analyze(path, root=root, overrides=overrides_of(arguments))
    return _with_empty(seen) if getattr(arguments, "allow_empty", False) else seen


def _with_empty(seen: AnalysisView) -> AnalysisView:
    """``seen`` with datasets that may be without files and rows."""
    if seen.program is None:
        return seen
    datasets = tuple(replace(one, allow_empty=True) for one in seen.program.datasets)
    return replace(seen, program=replace(seen.program, datasets=datasets))


def planned(word: str, arguments: Namespace, only: tuple[str, ...] = ()) -> PlanView:
    """A plan for the spec that ``word`` names."""
    seen = analysed(word, arguments)
    out = out_folder(arguments, seen.root)
    return plan(seen, out=out, only=only, policy=policy_of(arguments))


def ran(made: PlanView, arguments: Namespace) -> RunView:
    """Run a plan while telling of its progress on standard error."""
    return replace(apply(made, console=console_of(arguments)), command=arguments.command)


def reported(view: RunView, arguments: Namespace) -> Report:
    """The report of a run, which is also kept as a page beside the run's record."""
    from ftdsl.cli.round_page import with_round

    whole = with_round(view)
    page = keep_page(view, whole)
    notes = (f"report: {_shown(page)}",) if page is not None else ()
    return replace(whole, command=arguments.command, notes=notes)


def keep_page(view: RunView, report: Report) -> Path | None:
    """Write ``report.html`` into the run's folder; None where the run has none."""
    from ftdsl.cli.output import write
    from ftdsl.reports.html import render

    folder = view.out / "runs" / view.result.run_id
    if not folder.is_dir():
        return None
    page = folder / "report.html"
    write(page, render(report))
    return page


def _shown(path: Path) -> str:
    """The path as one would type it here."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def allowed_hosts(arguments: Namespace) -> frozenset[str]:
    """This machine, and the hosts of ``--allow-host`` and FTDSL_ALLOW_HOST."""
    import os

    stated = os.environ.get("FTDSL_ALLOW_HOST", "").split(",")
    hosts = {host.strip() for host in (*arguments.allow_host, *stated) if host.strip()}
    return Policy().allowed_hosts | hosts


def policy_of(arguments: Namespace) -> Policy:
    """What the operator allows on the command line, in ``--config`` and in FTDSL_ALLOW_HOST."""
    default, hosts = Policy(), allowed_hosts(arguments)
    return Policy(
        offline=arguments.offline,
        allowed_hosts=hosts,
        allowed_externs=frozenset(arguments.allow_extern),
        workers=arguments.workers or default.workers,
        baseline=not arguments.no_baseline,
        use_proxy=arguments.use_proxy,
        engine=arguments.engine or default.engine,
        ray=_ray_address(arguments),
        ledger=Ledger(Budget(arguments.budget, arguments.budget_tokens, arguments.budget_requests)),
        index=_index(arguments, hosts),
    )


def _index(arguments: Namespace, allowed: frozenset[str]) -> str:
    """``--index``. UsageError (FT432) for what is no plain address, and for another machine that
    the operator has not allowed."""
    from urllib.parse import urlsplit

    url = str(arguments.index or "")
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    path = parts.path.strip("/")
    if not url:
        return ""
    extra = parts.username or parts.password or parts.query or parts.fragment
    is_plain = host and not extra and (path or "0").isdecimal()
    if parts.scheme not in ("redis", "rediss") or not is_plain:
        raise UsageError(
            "FT432",
            f"`--index` takes redis://HOST:PORT/DATABASE, and not `{parts.scheme}://{host}…`",
            "a password is read from FTDSL_INDEX_PASSWORD",
        )
    if host not in allowed or (arguments.offline and not is_loopback(host)):
        why = "this run is offline" if arguments.offline else "that host is not allowed"
        raise UsageError(
            "FT432", f"the index is at {host}, but {why}", f"add `--allow-host {host}`"
        )
    return url


def _ray_address(arguments: Namespace) -> str:
    """``--ray-address``, else RAY_ADDRESS as Ray itself reads it. UsageError (FT424) where it says
    nothing or goes against ``--offline``."""
    import os

    address = str(arguments.ray_address or "")
    if arguments.engine != "ray":
        if address:
            raise UsageError(
                "FT424", "--ray-address says nothing without --engine ray", "add `--engine ray`"
            )
        return ""
    address = address or os.environ.get("RAY_ADDRESS", "").strip()
    host = address.removeprefix("ray://").rpartition(":")[0]
    if host and arguments.offline and not is_loopback(host):
        raise UsageError(
            "FT424", f"--offline, and yet the engine is at {address}", "leave one of them out"
        )
    return "" if address == "local" else address


def out_folder(arguments: Namespace, root: Path) -> Path:
    """``--out``, else ``.ftdsl`` of the project."""
    return Path(arguments.out).resolve() if arguments.out else root / OUT


def console_of(arguments: Namespace) -> Console:
    """Where progress is shown."""
    return console_for(quiet=arguments.quiet)
