"""The model card that is written beside an adapter: what it was made from, how, and with what."""

from __future__ import annotations

from ftdsl.results.models import CurvePoint, TrainOutput


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


def losses(curve: tuple[CurvePoint, ...]) -> str:
    """A line on where the losses began and ended."""
    learned = [point.loss for point in curve if point.loss is not None]
    held_out = [point.eval_loss for point in curve if point.eval_loss is not None]
    parts = [f"- Loss {learned[0]:.3f} → {learned[-1]:.3f}" if learned else "- Loss not logged"]
    if held_out:
        parts.append(f"on the validation rows {held_out[0]:.3f} → {held_out[-1]:.3f}")
    return "; ".join(parts) + "."


def table(title: str, values: dict[str, str]) -> str:
    """Names and values under a heading."""
    rows = [f"| {inert(key)} | `{inert(value)}` |" for key, value in sorted(values.items())]
    return "\n".join((f"## {title}", "", "| | |", "|---|---|", *rows, ""))


def inert(text: str) -> str:
    """Text from a spec with nothing in it that Markdown, a table or a terminal acts on."""
    shown = "".join(one if one.isprintable() else " " for one in text)
    return shown.replace("`", "'").replace("|", "/").replace("<", "‹")
