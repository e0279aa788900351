"""What a local training renders, tokenizes and stops with, from its settings and its base."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Context, Refused
from ftdsl.language.program import Value
from ftdsl.plan.steps import TrainStep
from ftdsl.quality.measures.chat_template import Unrendered
from ftdsl.training.checking.base_tokenizer import BaseTokenizer
from ftdsl.training.checking.masks import CODE, Kit, compiled

_NOWHERE = Span("", 0, 0)


def kit_of(step: TrainStep, tokenizer: BaseTokenizer, context: Context) -> Kit:
    """The kit of a training. What serves is the template that ``serving_template`` names, else the
    declared base's ``template``, else the base's own, else that of the training. Raises
    ``Refused`` (FT603)."""
    settings: Mapping[str, Value] = dict(step.train.settings)
    declared = dict(step.base_model.settings) if step.base_model is not None else {}
    declares = _file(step, declared.get("template"), context)
    template = _file(step, settings.get("template"), context) or declares or tokenizer.template
    if not template:
        raise _unusable(
            step,
            "the base model has no chat template",
            'name one in the target: `template = "chat.jinja"`',
        )
    named = _file(step, settings.get("serving_template"), context)
    serving = named or declares or tokenizer.template or template
    paired = str(settings.get("method", "sft")) != "sft"
    marked = settings.get("assistant_only_loss") is not False and not paired
    limit = settings.get("max_length")
    kit = Kit(
        tokenizer=tokenizer.content,
        template=template,
        serving=serving,
        variables=tokenizer.variables,
        stops=tokenizer.stops,
        limit=limit if isinstance(limit, int) else None,
        marked=marked,
        whole=not marked and not paired,
        digest="",
    )
    kit = _with_digest(kit, tokenizer.sha256)
    try:
        compiled(kit)
    except Unrendered as error:
        raise _unusable(step, f"the chat template cannot be read: {error}", "") from None
    return kit


def stops_shown(kit: Kit) -> str:
    """The tokens that a server stops at, as they are written."""
    tokenizer = compiled(kit).tokenizer
    names = (tokenizer.id_to_token(one) for one in kit.stops)
    return ", ".join(f"`{name}`" for name in names if name) or "no token that is known"


def _with_digest(kit: Kit, tokenizer: str) -> Kit:
    decided = (CODE, tokenizer, kit.template, kit.serving, kit.variables, kit.stops)
    rest = (kit.limit, kit.marked, kit.whole)
    digest = hashlib.sha256(repr((*decided, *rest)).encode()).hexdigest()
    return Kit(
        kit.tokenizer,
        kit.template,
        kit.serving,
        kit.variables,
        kit.stops,
        kit.limit,
        kit.marked,
        kit.whole,
        digest,
    )


def _file(step: TrainStep, name: Value, context: Context) -> str | None:
    if name is None:
        return None
    place = (context.root / str(name)).resolve()
    if not place.is_relative_to(context.root.resolve()) or not place.is_file():
        raise _unusable(step, f"the chat template `{name}` is no file of the project", "")
    return place.read_text(encoding="utf-8")


def _unusable(step: TrainStep, message: str, help_: str) -> Refused:
    return Refused(Diagnostic("FT603", message, step.train.span or _NOWHERE, help=help_))
