"""A training of a host's model as one that could be done here: what carries over, what does not."""

from __future__ import annotations

from dataclasses import replace

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.interchange.trainers.asked import BEFORE
from ftdsl.language.catalog.training_blocks import LEARNING_RATES, OF_METHOD, TARGETS
from ftdsl.language.program import TrainDef, Value
from ftdsl.plan.cost import auto_epochs

_NOWHERE = Span("", 0, 0)
_ITS_OWN = frozenset(
    {"model", "base_url", "suffix", "budget", "price_per_1m", "input_per_1m", "output_per_1m"}
)
"""Settings that say where and for how much, and nothing of what is learned."""
_ADAPTER: dict[str, Value] = {
    "adapter": "lora", "adapter.rank": 16, "adapter.alpha": 32, "adapter.dropout": 0.0,
    "adapter.targets": "all-linear",
}  # fmt: skip
_SAME = frozenset({"method", "seed", "beta"})


def as_local(train: TrainDef, rows: int) -> tuple[TrainDef, list[Diagnostic]]:
    """``train`` of ``target openai`` as one of ``target trl``, and what cannot be said of it.
    ``auto`` is what the language documents: passes by the number of rows (OpenAI's cookbook), and
    the defaults of ``target trl``; a host trains an adapter, and so does this."""
    method = str(dict(train.settings).get("method"))
    own = OF_METHOD["trl"]
    settings: dict[str, Value] = {
        one.name: one.default
        for one in TARGETS["trl"]
        if one.default is not None and method in own.get(one.name, (method,))
    }
    settings |= _ADAPTER | {"learning_rate": LEARNING_RATES[method != "sft", True]}
    problems = []
    for name, value in train.settings:
        if name in _ITS_OWN | BEFORE or value is None:
            continue
        if name == "n_epochs":
            settings[name] = float(auto_epochs(rows) if value == "auto" else value)
        elif name in _SAME and not (name == "method" and value == "reinforcement"):
            settings[name] = value
        elif value != "auto" or name not in ("batch_size", "learning_rate_multiplier"):
            if name == "batch_size":
                settings[name] = value
            else:
                problems.append(_unsaid(train, name, value))
    local = replace(train, target="trl", settings=tuple(sorted(settings.items())))
    return local, problems


def _unsaid(train: TrainDef, name: str, value: Value) -> Diagnostic:
    why = {
        "learning_rate_multiplier": "it is a factor on a rate that only the host knows",
        "method": "a grader runs at the host alone",
    }.get(name, "it is the host's own")
    return Diagnostic(
        "FT671", f"`{name} = {value}` cannot be said elsewhere: {why}", train.span or _NOWHERE,
        help=f"leave it out of `{train.name}`, or write a block with `target trl`",
    )  # fmt: skip
