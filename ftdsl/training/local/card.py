"""The model card that is written beside what was trained: from what, how, and with what."""

from __future__ import annotations

import json
import re

from ftdsl.results.models import TrainOutput
from ftdsl.training.card import inert, losses, table

_LICENCE_ID = re.compile(r"[a-z0-9][a-z0-9.-]*")


def model_card(output: TrainOutput, licence: str, versions: dict[str, str]) -> str:
    """Markdown with the front matter of a Hugging Face model card. All of it follows from the
    training run: it holds no time and no path of the machine. Scores come later: ``ftdsl card``."""
    tables = (
        table("Settings", output.settings),
        table("Digests (SHA-256)", output.digests),
        table("Versions", versions),
    )
    return "\n".join(
        (
            "---",
            *_front_matter(output, licence),
            "---",
            "",
            f"# {inert(output.name)}",
            "",
            f"{_what(output)} `{inert(output.base)}`, made by `ftdsl` with TRL.",
            "",
            f"- Licence of the base model: {inert(licence)}. What is derived from it is bound by "
            "the same terms.",
            f"- Learned from {output.rows:,} rows ({output.tokens:,} tokens in "
            f"{output.epochs:g} passes), watched on {output.validation_rows:,}.",
            f"- {output.steps:,} optimizer steps; {_parameters(output)}.",
            losses(output.curve),
            "",
            *_parts(output),
            "",
            *tables,
        )
    )


def _front_matter(output: TrainOutput, licence: str) -> tuple[str, ...]:
    """YAML, with every text as JSON writes it, which YAML reads."""
    method = output.settings.get("method", "sft")
    kind = [output.settings["adapter"]] if output.adapter else []
    known = _LICENCE_ID.fullmatch(licence) is not None
    stated = licence != "not stated"
    named = () if known or not stated else (f"license_name: {_quoted(licence)}",)
    return (
        f"base_model: {_quoted(output.base)}",
        f"base_model_relation: {'adapter' if output.adapter else 'finetune'}",
        f"library_name: {'peft' if output.adapter else 'transformers'}",
        "pipeline_tag: text-generation",
        *((f"license: {licence if known else 'other'}",) if stated else ()),
        *named,
        f"tags: {json.dumps([*kind, method, 'trl', 'ftdsl'])}",
    )


def _quoted(text: str) -> str:
    return json.dumps(inert(text), ensure_ascii=False)


def _what(output: TrainOutput) -> str:
    return "A low-rank adapter over" if output.adapter else "All weights, trained from"


def _parameters(output: TrainOutput) -> str:
    if not output.adapter:
        return f"all {output.trained_parameters:,} parameters trained"
    frozen = f"beside {output.total_parameters:,} frozen ones"
    return f"{output.trained_parameters:,} parameters trained {frozen}"


def _parts(output: TrainOutput) -> tuple[str, ...]:
    """What lies beside the card."""
    found = []
    if output.adapter:
        found.append(
            f"`{output.adapter}/` is for PEFT, `adapter.gguf` (where there is one) for llama.cpp."
        )
    if output.weights:
        found.append(f"`{output.weights}/` holds whole weights for transformers (safetensors).")
    return (*found, "The chat template is `template.jinja`.")
