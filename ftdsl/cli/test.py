"""``ftdsl test``: runs the rules' ``accepts`` and ``rejects`` examples, without the dataset."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from ftdsl.api import AnalysisView, SpecError
from ftdsl.cli.options import add_set_option
from ftdsl.cli.session import analysed, answered
from ftdsl.cli.specs import spec_paths
from ftdsl.quality.examples import Tried, examples_of, tried
from ftdsl.reports.numbers import plural
from ftdsl.reports.report import Report
from ftdsl.results.models import Verdict

DETAILS = """
examples:
  ftdsl test specs/support.ftspec
  ftdsl test specs/
  ftdsl test std/chat.ftspec      a rule set that comes with ftdsl
"""


def configure(parser: ArgumentParser) -> None:
    """Arguments of ``test``."""
    parser.add_argument("specs", nargs="+", metavar="SPEC", help="a spec, or a folder of specs")
    add_set_option(parser)


def run(arguments: Namespace) -> int:
    """Run every example; exit 1 when a rule does not do what its examples say."""
    return answered(arguments, _question)


def _question(arguments: Namespace) -> Report:
    seen = [analysed(str(path), arguments) for path in spec_paths(arguments.specs, shipped=True)]
    return examples_report(seen)


def examples_report(seen: Sequence[AnalysisView]) -> Report:
    """What the examples of the specs came to. SpecError for a spec with errors."""
    done = [each for view in seen for each in _tried(view)]
    found = dict.fromkeys(one for each in done for one in each.found)
    unreadable = any(one.code == "FT269" for one in found)
    verdict: Verdict = "error" if unreadable else "fail" if found else "pass"
    rules = {(id(each.example.check), each.example.rule.name) for each in done}
    rows = sum(each.rows for each in done)
    told = f"{plural(rows, 'example row')} of {plural(len(rules), 'rule')} tried"
    return Report(
        "test",
        verdict,
        spec=seen[0].path if len(seen) == 1 else "",
        files=tuple(view.path for view in seen),
        diagnostics=tuple(found),
        sources={name: source for view in seen for name, source in view.sources.items()},
        notes=(told if rules else "no rule has examples",),
    )


def _tried(view: AnalysisView) -> list[Tried]:
    if not view.ok or view.program is None:
        raise SpecError(view)
    return [tried(each, view.root) for each in examples_of(view.program)]
