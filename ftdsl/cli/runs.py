"""``ftdsl runs``: the runs that were kept, and how scores went over them. Reads results only."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from ftdsl.cli.options import add_out_option
from ftdsl.cli.output import publish, write
from ftdsl.cli.session import out_folder
from ftdsl.cli.usage import UsageError
from ftdsl.engine.recording import read_record
from ftdsl.engine.runs import run_ids
from ftdsl.language.project import find_root
from ftdsl.reports.plots_trend import trend_file
from ftdsl.reports.report import Report
from ftdsl.results.record import RunRecord

DETAILS = """
Each run leaves the folder ROOT/.ftdsl/runs/ID. Its `record.json` has the digests of spec and data,
every setting, scores with their intervals, costs and environment; `cases/` and `rows/` have the
cases that were asked and the rows by digest. Nothing in it is a secret of the data or of the
machine that reports would hide, so the folder can be committed, or kept as a CI artifact, and
`ftdsl compare` takes it from wherever it lies. Runs of one address came to the same.

examples:
  ftdsl runs                                       all runs, the newest first
  ftdsl runs --spec specs/support.ftspec --svg trend.svg
  ftdsl runs --output json | jq '.runs[0].scores'
  ftdsl runs --to mlflow --tracking mlruns         hand them to MLflow
"""


def configure(parser: ArgumentParser) -> None:
    """Arguments of ``runs``."""
    parser.add_argument("--spec", metavar="SPEC", help="only runs of this spec")
    parser.add_argument("--last", type=int, metavar="N", help="only the last N runs")
    parser.add_argument("--svg", metavar="FILE", help="draw scores over runs into this file")
    parser.add_argument("--to", choices=("mlflow",), help="hand the runs to this tool")
    parser.add_argument(
        "--tracking",
        default="mlruns",
        metavar="PLACE",
        help="where MLflow keeps runs: a folder (default: mlruns), or the address of its server",
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="HOST",
        help="let runs be sent to this host; repeatable",
    )
    add_out_option(parser)


def run(arguments: Namespace) -> int:
    """List the runs; draw them, or hand them on, where asked."""
    root = Path(arguments.root).resolve() if arguments.root else find_root(Path.cwd() / "any")
    out = out_folder(arguments, root)
    records = records_of(out, _spec(arguments, root), arguments.last)
    if not records:
        raise UsageError("FT257", f"no run is kept below {out}", "run a spec: `ftdsl run SPEC`")
    notes = []
    if arguments.svg:
        drawn = trend_file(records)
        if drawn is None:
            raise UsageError("FT257", "no run has scores to draw", "run a spec with an eval")
        write(Path(arguments.svg), drawn)
        notes.append(f"wrote {arguments.svg}")
    if arguments.to == "mlflow":
        notes.append(_handed_on(records, out, arguments))
    report = Report("runs", "pass", history=tuple(records), notes=tuple(notes))
    return publish(report, arguments)


def records_of(out: Path, spec: str = "", last: int | None = None) -> list[RunRecord]:
    """The records of all runs (of one spec), the newest first. A run that left none is not there:
    it did not end, or is older than records."""
    found = []
    for run_id in run_ids(out):
        record = read_record(out / "runs" / run_id)
        if record is not None and spec in ("", record.spec):
            found.append(record)
        if last is not None and len(found) >= last:
            break
    return found


def _spec(arguments: Namespace, root: Path) -> str:
    if not arguments.spec:
        return ""
    place = Path(arguments.spec).resolve()
    return place.relative_to(root).as_posix() if place.is_relative_to(root) else arguments.spec


def _handed_on(records: list[RunRecord], out: Path, arguments: Namespace) -> str:
    from ftdsl.cli.session import allowed_hosts
    from ftdsl.engine.context import Refused
    from ftdsl.interchange.mlflow_runs import hand_on

    try:
        return hand_on(records, out / "runs", arguments.tracking, allowed_hosts(arguments))
    except Refused as refused:
        found = refused.diagnostic
        raise UsageError(found.code, found.message, found.help) from refused
