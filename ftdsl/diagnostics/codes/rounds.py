"""Codes of the loop: runs that are kept, and what to do next."""

from __future__ import annotations

from ftdsl.diagnostics.codes.code import Code

CODES = (
    Code(
        "FT700",
        "run-changed",
        "the folder of a run is not what the run left",
        "`record.json` names every file of a run's folder with its SHA-256, and its own content by "
        "an address. One of them is another now: somebody edited it, or it was cut on its way. "
        "A comparison with it would compare something that never ran. Take the folder from where "
        "it was kept, or run the spec again.",
        "ftdsl run specs/support.ftspec\necho >> .ftdsl/runs/ID/cases/golden.mini.jsonl\n"
        "ftdsl compare ID latest",
        "ftdsl compare latest latest",
        "run",
    ),
    Code(
        "FT701",
        "mlflow-missing",
        "runs cannot be handed to MLflow",
        "`ftdsl runs --to mlflow` writes by MLflow's own client, which is not installed, or which "
        "cannot use the place that `--tracking` names. The client is an extra: "
        "`pip install 'ftdsl[mlflow]'`.",
        "ftdsl runs --to mlflow --tracking gopher://host",
        "ftdsl runs --to mlflow --tracking mlruns",
        "run",
    ),
)
