"""The card of a model that a host trained: what it was made from, how, and where it is."""

from __future__ import annotations

from ftdsl.results.models import TrainOutput
from ftdsl.training.card import inert, losses, table


def hosted_card(output: TrainOutput) -> str:
    """Markdown like a model card's. All of it follows from the job and from the rows."""
    job = output.hosted
    assert job is not None, "it is a hosted training"
    checkpoints = {f"step {each.step}": each.model for each in job.checkpoints}
    billed = "" if job.money is None else f", ${job.money:,.2f} by the stated price"
    return "\n".join(
        (
            f"# {inert(output.name)}",
            "",
            f"`{inert(job.model)}`, trained from `{inert(output.base)}` at {inert(job.host)} by "
            f"the job `{inert(job.job)}`.",
            "",
            f"- Learned from {output.rows:,} rows ({output.tokens:,} billed tokens in "
            f"{output.epochs:g} passes{billed}), watched on {output.validation_rows:,}.",
            losses(output.curve),
            "- Losses are over the visible tokens of the answers where their length is known; the "
            "host's own figures are in metrics.csv.",
            "- Hosted training is not repeatable to the bit, whatever the seed.",
            "- What it was gated on is in the run's report, not here: a loss says nothing of use.",
            "",
            table("Settings", output.settings),
            table("What the host resolved", {**job.hyperparameters, "seed": str(job.seed)}),
            table("Checkpoints", checkpoints),
            table("Digests (SHA-256)", output.digests),
        )
    )
