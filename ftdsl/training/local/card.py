"""The model card that is written beside an adapter: what it was made from, how, and with what."""

from __future__ import annotations

from ftdsl.results.models import TrainOutput
from ftdsl.training.card import inert, losses, table


def model_card(output: TrainOutput, licence: str, versions: dict[str, str]) -> str:
    """Markdown with the front matter of a Hugging Face model card. All of it follows from the
    training run: it holds no time and no path of the machine."""
    tables = (
        table("Settings", output.settings),
        table("Digests (SHA-256)", output.digests),
        table("Versions", versions),
    )
    return "\n".join(
        (
            "---",
            f"base_model: {inert(output.base)}",
            "library_name: peft",
            "pipeline_tag: text-generation",
            "tags: [lora, sft, ftdsl]",
            "---",
            "",
            f"# {inert(output.name)}",
            "",
            f"A low-rank adapter over `{inert(output.base)}`, made by `ftdsl` with TRL.",
            "",
            f"- Licence of the base model: {inert(licence)}. What is derived from it is bound by "
            "the same terms.",
            f"- Learned from {output.rows:,} rows ({output.tokens:,} tokens in "
            f"{output.epochs:g} passes), watched on {output.validation_rows:,}.",
            f"- {output.steps:,} optimizer steps; {output.trained_parameters:,} parameters trained "
            f"beside {output.total_parameters:,} frozen ones.",
            losses(output.curve),
            "- What it was gated on is in the run's report, not here: a loss says nothing of use.",
            "",
            "`adapter/` is for PEFT, `adapter.gguf` (where there is one) for llama.cpp; both need "
            "`template.jinja` as the chat template.",
            "",
            *tables,
        )
    )
