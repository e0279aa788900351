"""``ftdsl check``: is the spec right? Reads specs only; no data, no network."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from ftdsl.cli.check_cache import Checked
from ftdsl.cli.checking import checked
from ftdsl.cli.options import add_set_option
from ftdsl.cli.output import publish
from ftdsl.cli.specs import project_root, spec_paths
from ftdsl.reports.report import Report

DETAILS = """
examples:
  ftdsl check specs/support.ftspec
  ftdsl check specs/                         every spec below a folder
  ftdsl check specs/ --output json           for programs
  ftdsl check specs/ --output github         annotations in a pull request
  ftdsl check specs/ --fix                   apply the safe fixes

An unchanged spec is answered from the user's cache; --no-cache checks it again.
"""


def configure(parser: ArgumentParser) -> None:
    """Arguments of ``check``."""
    parser.add_argument("specs", nargs="+", metavar="SPEC", help="a spec, or a folder of specs")
    parser.add_argument("--fix", action="store_true", help="apply safe fixes, then check again")
    parser.add_argument("--no-cache", action="store_true", help="neither read nor fill the cache")
    add_set_option(parser)


def run(arguments: Namespace) -> int:
    """Check every spec, print all diagnostics once, and exit 1 if any is an error."""
    found = [checked(path, arguments) for path in spec_paths(arguments.specs)]
    if arguments.fix and _fix(found, arguments):
        found = [checked(path, arguments) for path in spec_paths(arguments.specs)]
    return publish(_report(found), arguments)


def _fix(found: list[Checked], arguments: Namespace) -> int:
    """Write the safe fixes of the named specs themselves, never of what they import."""
    from ftdsl.cli.fixes import apply_safe_fixes

    paths = spec_paths(arguments.specs)
    return sum(
        apply_safe_fixes(one.diagnostics, one.sources[one.path], project_root(path, arguments))
        for path, one in zip(paths, found, strict=True)
        if one.path in one.sources
    )


def _report(found: list[Checked]) -> Report:
    diagnostics = tuple(dict.fromkeys(d for one in found for d in one.diagnostics))
    sources = {name: source for one in found for name, source in one.sources.items()}
    failed = any(one.failed for one in found)
    return Report(
        command="check",
        verdict="fail" if failed else "pass",
        spec=found[0].path if len(found) == 1 else "",
        files=tuple(one.path for one in found),
        diagnostics=diagnostics,
        sources=sources,
    )
