"""``ftdsl sample``: draws a diverse part of a dataset into a file of its own."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from ftdsl.api import PlanView, RefusedError, refusal
from ftdsl.cli.options import add_run_options, add_set_option
from ftdsl.cli.output import write
from ftdsl.cli.session import answered, planned, ran
from ftdsl.cli.usage import UsageError, nearest
from ftdsl.data.rows import read_rows
from ftdsl.dedup.removals import removed_rows
from ftdsl.engine.context import Refused
from ftdsl.language.program import DatasetDef
from ftdsl.reports.numbers import count, plural
from ftdsl.reports.report import Report
from ftdsl.results.models import DedupOutput

if TYPE_CHECKING:
    from ftdsl.embeddings.encoder import Encoder

DETAILS = """
Rows are compared by the words of all their texts (TF-IDF, no model), or with `--embeddings` by what
they mean. `facility_location` chooses
rows that stand for all the others: what is common comes first. `k_center` chooses rows that lie far
from one another: what is rare comes first. The same seed draws the same rows, whatever their order.
Rows that the dataset's dedup block drops are not drawn. Of more than 5,000 different rows, 5,000
(or twice N) that the seed draws are chosen among; facility_location draws 5,000 at most. The rows
are written as JSON lines, in the order of the dataset.

examples:
  ftdsl sample specs/support.ftspec support -n 500 --out sample.jsonl
  ftdsl sample specs/support.ftspec support.train -n 200 --method k_center --seed 7 --out far.jsonl
  ftdsl sample specs/support.ftspec support -n 500 --embeddings minilm --out sample.jsonl
"""


def configure(parser: ArgumentParser) -> None:
    """Arguments of ``sample``."""
    parser.add_argument("spec", metavar="SPEC", help="a spec")
    parser.add_argument("dataset", metavar="DATASET", help="a dataset of it, or DATASET.SPLIT")
    parser.add_argument("-n", "--rows", type=int, required=True, metavar="N", help="how many rows")
    parser.add_argument(
        "--method",
        choices=("facility_location", "k_center"),
        default="facility_location",
        help="how rows are chosen (default: facility_location)",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed (default: 0)")
    parser.add_argument(
        "--embeddings",
        metavar="MODEL",
        help="compare by meaning: `minilm`, or a folder with model.onnx and tokenizer.json",
    )
    parser.add_argument(
        "--out", dest="file", required=True, metavar="FILE", help="where the rows go, as JSON lines"
    )
    add_set_option(parser)
    # What a run may do is not asked for here: nothing but data is read.
    unasked = ArgumentParser()
    add_run_options(unasked)
    parser.set_defaults(**vars(unasked.parse_args([])) | {"offline": True})


def run(arguments: Namespace) -> int:
    """Write the sample."""
    return answered(arguments, _question)


def _question(arguments: Namespace) -> Report:
    import orjson

    from ftdsl.diversity.sampling import MOST, diverse_rows

    if arguments.rows < 1:
        raise UsageError("FT251", "-n is 1 or more", "write it like `-n 500`")
    if arguments.method == "facility_location" and arguments.rows > MOST:
        raise UsageError(
            "FT251", f"facility_location draws {MOST:,} rows at most", "use `--method k_center`"
        )
    made = planned(arguments.spec, arguments)
    dataset, split = _dataset(made, arguments.dataset)
    id_ = f"dedup.{dataset.name}"
    exclude: frozenset[tuple[str, int]] = frozenset()
    if id_ in {one.step.id for one in made.plan.steps}:
        view = ran(planned(arguments.spec, arguments, (id_,)), arguments)
        deduped = [step for step in view.result.steps if isinstance(step.output, DedupOutput)]
        if not deduped:
            return view.report
        exclude = removed_rows(view.out / deduped[0].artifacts)
    try:
        rows = read_rows(dataset, made.analysis.root, split=split, exclude=exclude)
        encoder = _encoder(arguments, made)
        sample = diverse_rows(rows, arguments.rows, arguments.method, arguments.seed, encoder)
    except Refused as refused:
        raise RefusedError(refusal("sample", refused, made.analysis)) from refused
    write(Path(arguments.file), (orjson.dumps(row.value).decode() + "\n" for row in sample.rows))
    drawn = len(sample.rows)
    told = f"{plural(drawn, 'row')} of {arguments.dataset} by {arguments.method}"
    fewer = ", all that differ" if drawn < arguments.rows else ""
    near = (
        f"cosine of the {count(sample.pool)} rows chosen among with the nearest drawn: "
        f"{sample.represented:.2f} on average, {sample.least:.2f} at least"
    )
    notes = (f"{told}{fewer}: {arguments.file}", near)
    return Report("sample", "pass", made.plan.spec, notes=notes)


def _encoder(arguments: Namespace, made: PlanView) -> Encoder | None:
    """The sentence encoder that is asked for; its vectors are kept with those of the steps."""
    if arguments.embeddings is None:
        return None
    from ftdsl.embeddings.encoder import Encoder
    from ftdsl.embeddings.model_files import model_files
    from ftdsl.engine.store import Store

    files = model_files(arguments.embeddings, made.analysis.root)
    return Encoder(files, cache=Store(made.out).cache)


def _dataset(made: PlanView, word: str) -> tuple[DatasetDef, str | None]:
    """The dataset and split that ``word`` names. UsageError where there is none."""
    program = made.analysis.program
    datasets = {one.name: one for one in program.datasets} if program is not None else {}
    name, _, split = word.partition(".")
    known = [*datasets, *(f"{d.name}.{s}" for d in datasets.values() for s in d.split_names)]
    if word not in known:
        near = nearest(word, known)
        help_line = f"did you mean `{near}`?" if near else f"there are {', '.join(known)}"
        raise UsageError("FT429", f"there is no dataset `{word}`", help_line)
    return datasets[name], split or None
