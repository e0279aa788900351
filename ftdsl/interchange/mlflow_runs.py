"""Kept runs in MLflow: a run each, with parameters, metrics, datasets and the folder as artifacts.

MLflow's own client writes; where it keeps runs is said on the command line alone. A run that was
handed on before is known by its tag ``ftdsl.run_id``, and is not written twice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Refused
from ftdsl.results.record import RECORD, RunRecord

DATABASE = "mlflow.db"
"""Its name in a folder that keeps runs."""

_MOST_PARAMETERS = 100  # of one request, as MLflow's API has it
_LONGEST = 500
_SCHEMES = {"file", "http", "https", "sqlite"}


def hand_on(
    records: Sequence[RunRecord], runs: Path, tracking: str, allowed: Collection[str]
) -> str:
    """Write the runs that MLflow does not have yet, the oldest first; say how many there were.
    Raises ``Refused`` (FT701)."""
    uri, artifacts = _address(tracking, allowed)
    for package in ("mlflow", "sqlalchemy", "alembic"):
        if find_spec(package) is None:
            raise _refused(f"{package} is not installed", "`pip install 'ftdsl[mlflow]'`")
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    try:
        client = MlflowClient(tracking_uri=uri)
        written = sum(
            _written(client, one, runs, artifacts) for one in sorted(records, key=_by_time)
        )
    except MlflowException as error:
        raise _refused(f"MLflow cannot use {tracking}: {_first(error)}") from error
    return f"handed {written} of {len(records)} runs to MLflow at {tracking}"


def _by_time(record: RunRecord) -> str:
    return record.run_id


def _address(tracking: str, allowed: Collection[str]) -> tuple[str, str | None]:
    """A folder as the address of a database in it, with a place for files beside it; an address
    whose host the operator allows."""
    if "://" not in tracking:
        folder = Path(tracking).resolve()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _refused(f"cannot write {tracking}: {error.strerror}") from error
        return f"sqlite:///{folder / DATABASE}", (folder / "artifacts").as_uri()
    parts = urlsplit(tracking)
    if parts.scheme not in _SCHEMES:
        raise _refused(f"`{parts.scheme}` is no place of MLflow's", "a folder, http:// or https://")
    if parts.username or parts.password:
        raise _refused("a password has no place in an address", "MLFLOW_TRACKING_PASSWORD")
    if parts.scheme in ("http", "https") and (parts.hostname or "") not in allowed:
        host = parts.hostname or ""
        raise _refused(f"the host {host} is not allowed", f"add `--allow-host {host}`")
    return tracking, None


def _written(client: Any, record: RunRecord, runs: Path, artifacts: str | None) -> bool:
    from mlflow.entities import Metric, Param, RunTag

    experiment = client.get_experiment_by_name(record.spec)
    place = (experiment.experiment_id if experiment is not None
             else client.create_experiment(record.spec, artifacts))  # fmt: skip
    if client.search_runs([place], f"tags.`ftdsl.run_id` = '{record.run_id}'", max_results=1):
        return False
    began = int(datetime.fromisoformat(record.started).timestamp() * 1000)
    run = client.create_run(place, start_time=began, run_name=record.run_id).info.run_id
    tags = {"ftdsl.run_id": record.run_id, "ftdsl.address": record.address,
            "ftdsl.verdict": record.verdict, "ftdsl.version": record.version}  # fmt: skip
    tags |= {f"ftdsl.gate.{name}": verdict for name, verdict in record.gates.items()}
    params = [Param(name, value[:_LONGEST]) for name, value in _parameters(record)]
    metrics = [Metric(name, value, began, 0) for name, value in _metrics(record)]
    client.log_batch(run, metrics=metrics, tags=[RunTag(*each) for each in tags.items()])
    for at in range(0, len(params), _MOST_PARAMETERS):
        client.log_batch(run, params=params[at : at + _MOST_PARAMETERS])
    _log_datasets(client, run, record)
    for name in (RECORD, *record.parts):
        path = runs / record.run_id / name
        folder = name.rpartition("/")[0]
        if path.is_file():
            client.log_artifact(run, str(path), folder or None)
    passed = record.verdict in ("pass", "fail", "inconclusive")
    end = began + int(record.seconds * 1000)
    client.set_terminated(run, "FINISHED" if passed else "FAILED", end)
    return True


def _log_datasets(client: Any, run: str, record: RunRecord) -> None:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    inputs = [
        DatasetInput(
            Dataset(name, one.digest.removeprefix("sha256:")[:36], "local", ", ".join(one.files)),
            [InputTag("mlflow.data.context", "training")],
        )
        for name, one in record.datasets.items()
    ]
    client.log_inputs(run, inputs)


def _parameters(record: RunRecord) -> Iterator[tuple[str, str]]:
    """Every setting of every training, by names that MLflow takes."""
    for step, told in record.steps.items():
        for name, value in told.inputs.items():
            kind, _, setting = name.partition(" ")
            if kind == "setting" and step.startswith("train."):
                yield _name(f"{step}.{setting}"), value.strip('"')


def _metrics(record: RunRecord) -> Iterator[tuple[str, float]]:
    for one in record.scores:
        where = f".{one.slice}.{one.value}" if one.slice else ""
        name = f"{one.eval}.{one.model}.{one.score}{where}"
        for part in ("mean", "low", "high"):
            yield _name(f"{name}.{part}"), getattr(one, part)
    yield "seconds", record.seconds
    if record.costs.money is not None:
        yield "money", record.costs.money


def _name(text: str) -> str:
    """Letters, digits and some signs: MLflow takes no others."""
    plain = "".join(sign if sign.isalnum() or sign in "_-. /" else "_" for sign in text)
    return plain[:240]


def _first(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]


def _refused(message: str, help_: str = "") -> Refused:
    return Refused(Diagnostic("FT701", message, Span("", 0, 0), help=help_))
