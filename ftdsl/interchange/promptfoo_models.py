"""Which of promptfoo's providers are models of a spec."""

from __future__ import annotations

from ftdsl.interchange.imported import identifier, number, quoted
from ftdsl.interchange.located import Node
from ftdsl.interchange.promptfoo_assertions import Refusal

_SETTINGS = {"temperature": "temperature", "max_tokens": "max_tokens", "seed": "seed"}
_NOT_CHAT = frozenset({"completion", "embedding", "assistant", "image", "realtime", "responses"})
_OLLAMA = "http://127.0.0.1:11434/v1"


def model_block(node: Node, taken: list[str]) -> tuple[str, str]:
    """The name and the block of a provider. Raises ``Refusal`` for one that is no chat model of the
    OpenAI API, and for settings that a model here does not have."""
    config: Node | None = None
    named = node
    if isinstance(node.value, dict):
        config = node.get("config")
        found = node.get("id")
        if found is None and len(node.keys) == 1:
            raise Refusal("a provider that is called by its own key", "name it by `id`")
        named = found or node
    if not isinstance(named.value, str):
        raise Refusal("a provider without a name")
    kind, _, rest = named.value.partition(":")
    base = ""
    if config is not None:
        for key in config.keys:
            if key not in {*_SETTINGS, "apiBaseUrl", "apiKeyEnvar"}:
                raise Refusal(f"`{key}` of a provider is not taken over")
        base = config.text("apiBaseUrl")
    name = _chat_model(kind, rest)
    if kind == "ollama":
        base = base or _OLLAMA
    lines = [f"provider = {'openai_compatible' if base else 'openai'}"]
    if base:
        lines.append(f"base_url = {quoted(base)}")
    lines.append(f"name = {quoted(name)}")
    for key, ours in _SETTINGS.items():
        value = config.get(key) if config is not None else None
        if value is not None and isinstance(value.value, (int, float)):
            lines.append(f"{ours} = {number(value.value)}")
    label = node.text("label") if isinstance(node.value, dict) else ""
    return identifier(label or name, taken, "model"), "  ".join(lines)


def _chat_model(kind: str, rest: str) -> str:
    if kind == "ollama":
        return rest.removeprefix("chat:").removeprefix("completion:")
    if kind == "openai" and rest:
        first, colon, model = rest.partition(":")
        if first == "chat" and colon:
            return model
        if first not in _NOT_CHAT and not colon:
            return rest
    raise Refusal(
        f"the provider `{kind}` is not one that can be asked here",
        "serve it behind the OpenAI API and declare it as `openai_compatible`",
    )
