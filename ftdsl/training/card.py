"""The model card that is written beside an adapter: what it was made from, how, and with what."""

from __future__ import annotations

from ftdsl.results.models import CurvePoint, TrainOutput


def model_card(output: TrainOutput, licence: str, versions: dict[str, str]) -> str:
    """Markdown with the front matter of a Hugging Face model card. All of it follows from the
    training run: it holds no time and no path of the machine."""
    tables = (
        _table("Settings", output.settings),
        _table("Digests (SHA-256)", output.digests),
        _table("Versions", versions),
    )
    return "\n".join(
        (
            "---",
            f"base_model: {_inert(output.base)}",
            "library_name: peft",
            "pipeline_tag: text-generation",
            "tags: [lora, sft, ftdsl]",
            "---",
            "",
            f"# {_inert(output.name)}",
            "",
            f"A low-rank adapter over `{_inert(output.base)}`, made by `ftdsl` with TRL.",
            "",
            f"- Licence of the base model: {_inert(licence)}. What is derived from it is bound by "
            "the same terms.",
            f"- Learned from {output.rows:,} rows ({output.tokens:,} tokens in "
            f"{output.epochs:g} passes), watched on {output.validation_rows:,}.",
            f"- {output.steps:,} optimizer steps; {output.trained_parameters:,} parameters trained "
            f"beside {output.total_parameters:,} frozen ones.",
            _losses(output.curve),
            "- What it was gated on is in the run's report, not here: a loss says nothing of use.",
            "",
            "`adapter/` is for PEFT, `adapter.gguf` (where there is one) for llama.cpp; both need "
            "`template.jinja` as the chat template.",
            "",
            *tables,
        )
    )


def _losses(curve: tuple[CurvePoint, ...]) -> str:
    losses = [point.loss for point in curve if point.loss is not None]
    held_out = [point.eval_loss for point in curve if point.eval_loss is not None]
    parts = [f"- Loss {losses[0]:.3f} → {losses[-1]:.3f}" if losses else "- Loss not logged"]
    if held_out:
        parts.append(f"on the validation rows {held_out[0]:.3f} → {held_out[-1]:.3f}")
    return "; ".join(parts) + "."


def _table(title: str, values: dict[str, str]) -> str:
    rows = [f"| {_inert(key)} | `{_inert(value)}` |" for key, value in sorted(values.items())]
    return "\n".join((f"## {title}", "", "| | |", "|---|---|", *rows, ""))


def _inert(text: str) -> str:
    """Text from a spec with nothing in it that Markdown, a table or a terminal acts on."""
    shown = "".join(one if one.isprintable() else " " for one in text)
    return shown.replace("`", "'").replace("|", "/").replace("<", "‹")
