"""``ftdsl fmt``: formats specs. It has no options of taste, and writes only what means the same."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

from ftdsl.cli.output import publish, write
from ftdsl.cli.specs import project_root, spec_paths
from ftdsl.cli.usage import UsageError
from ftdsl.diagnostics.diagnostic import Diagnostic
from ftdsl.language.project import real_path
from ftdsl.language.source import Source
from ftdsl.reports.report import Report
from ftdsl.results.models import Verdict

DETAILS = """
Without an option the files are rewritten. --check and --diff write nothing and exit 1 when a file
would change. A file that cannot be read as a spec is never touched, and makes the exit code 2.

examples:
  ftdsl fmt specs/
  ftdsl fmt --check specs/                 in a hook or in CI
  ftdsl fmt --diff specs/support.ftspec    show what would change
"""


@dataclass(frozen=True, slots=True)
class Formatting:
    """One file: its text before and after, the latter None where it cannot be read."""

    path: Path
    source: Source
    text: str | None
    diagnostics: tuple[Diagnostic, ...]

    @property
    def changes(self) -> bool:
        return self.text is not None and self.text != self.source.text


def configure(parser: ArgumentParser) -> None:
    """Arguments of ``fmt``."""
    parser.add_argument("specs", nargs="+", metavar="SPEC", help="a spec, or a folder of specs")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 for a change")
    parser.add_argument("--diff", action="store_true", help="the same, and show the change")


def run(arguments: Namespace) -> int:
    """Format every spec."""
    found = [_formatted(path, arguments) for path in spec_paths(arguments.specs)]
    looks_only = arguments.check or arguments.diff
    if not looks_only:
        for each in found:
            if each.changes and each.text is not None:
                write(each.path, each.text)
    return publish(_report(found, arguments), arguments)


def _formatted(path: Path, arguments: Namespace) -> Formatting:
    from ftdsl.language.formatting.formatter import format_source

    root = project_root(path, arguments)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError("FT254", f"cannot read {path}: {error.strerror or error}") from error
    source = Source(real_path(path).relative_to(root).as_posix(), content)
    found = format_source(source)
    return Formatting(path, source, found.text, tuple(found.diagnostics))


def _report(found: list[Formatting], arguments: Namespace) -> Report:
    unreadable = any(each.text is None for each in found)
    changed = any(each.changes for each in found)
    looks_only = arguments.check or arguments.diff
    verdict: Verdict = "error" if unreadable else "fail" if changed and looks_only else "pass"
    return Report(
        "fmt",
        verdict,
        files=tuple(each.source.path for each in found),
        diagnostics=tuple(_diagnostics(found, looks_only=looks_only)),
        sources={each.source.path: each.source for each in found},
        notes=tuple(_notes(found, arguments)),
    )


def _diagnostics(found: list[Formatting], *, looks_only: bool) -> Iterator[Diagnostic]:
    """What cannot be formatted, and with ``--check`` what is not."""
    for each in found:
        if each.text is None:
            yield from each.diagnostics
        elif each.changes and looks_only:
            yield _unformatted(each.source, each.text)


def _unformatted(source: Source, text: str) -> Diagnostic:
    """FT632 at the first line that would change."""
    before, after = source.text.split("\n"), text.split("\n")
    same = next((n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), None)
    number = min(len(before), len(after)) - 1 if same is None else same
    start = sum(len(line) + 1 for line in before[:number])
    span = source.span(start, start + len(before[number]))
    path = source.path
    return Diagnostic(
        "FT632", f"{path} would be reformatted", span, help=f"`ftdsl fmt {path}` writes it"
    )


def _notes(found: list[Formatting], arguments: Namespace) -> Iterator[str]:
    for each in found:
        if not each.changes or each.text is None:
            continue
        if arguments.diff:
            before, after = each.source.text, each.text
            name = each.source.path
            yield from (
                line.rstrip("\n")
                for line in unified_diff(
                    before.splitlines(), after.splitlines(), f"a/{name}", f"b/{name}", lineterm=""
                )
            )
        elif not arguments.check:
            yield f"{each.source.path} reformatted"
