"""Where a declared model answers: at which host, and whether that is somebody else's bill."""

from __future__ import annotations

from urllib.parse import urlsplit

from ftdsl.language.program import ModelDef, TrainDef

_OPENAI = "api.openai.com"
FEWEST_ROWS = 10
"""Rows that OpenAI's fine-tuning takes at the least."""
LARGEST_FILE = 512 * 1_000_000
"""Bytes of one file that it takes at the most."""
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_OF_A_MODEL = ("base_url", "input_per_1m", "output_per_1m")


def host_of(model: ModelDef) -> str | None:
    """The host that a declared model is called at; None for local and recorded ones."""
    if model.provider not in ("openai", "openai_compatible"):
        return None
    base_url = dict(model.settings).get("base_url")
    if isinstance(base_url, str):
        return urlsplit(base_url).hostname
    return _OPENAI if model.provider == "openai" else None


def is_hosted(train: TrainDef) -> bool:
    """Whether a training runs at a host."""
    return train.target == "openai"


def hosted_model(train: TrainDef, name: str = "") -> ModelDef:
    """The model that a hosted training makes, as one that is asked where it was trained; ``name``
    is what the host calls it, once it is made. By its host it also says where the training runs."""
    settings = dict(train.settings)
    kept = {key: settings[key] for key in _OF_A_MODEL if settings.get(key) is not None}
    provider = "openai_compatible" if "base_url" in kept else "openai"
    named = {**kept, **({"name": name} if name else {})}
    return ModelDef(train.name, provider, tuple(sorted(named.items())), span=train.span)


def is_free_of_charge(model: ModelDef) -> bool:
    """Whether a model is on this machine, or stated to be on the premises."""
    host = host_of(model)
    on_premises = dict(model.settings).get("privacy") == "on_premises"
    return host is None or host in LOOPBACK or on_premises
