"""Models: which settings each provider takes, and where answers may come from."""

from __future__ import annotations

from urllib.parse import urlsplit

from ftdsl.diagnostics.suggestion import suggest
from ftdsl.language import catalog, tree
from ftdsl.language.catalog.model_blocks import MODEL_FACTS, MODEL_PACKAGES, PROVIDER_KEYS
from ftdsl.language.checks.settings import Settings, read_settings
from ftdsl.language.checks.sources import no_columns, source
from ftdsl.language.checks.statements import check_statements, of_type
from ftdsl.language.modules import Module
from ftdsl.language.program import Expr, ModelDef, SourceDef, Value
from ftdsl.language.reporting import did_you_mean, one_of
from ftdsl.language.tree import Block, Setting
from ftdsl.language.workspace import Workspace

_WEIGHTS = ("path", "package")
_PRICES = ("input_per_1m", "cached_per_1m", "output_per_1m")
_APART = frozenset({"provider", "outputs"})
"""Settings that the typed model keeps in fields of their own."""


def check_model(ws: Workspace, module: Module, block: Block) -> ModelDef | None:
    """A checked model; None where it was wrong."""
    before = ws.report.size
    check_statements(ws, block)
    settings = read_settings(
        ws, module, catalog.BLOCKS[block.kind].settings, of_type(block, Setting), block.header,
        "a `model`",
    )  # fmt: skip
    provider = settings.constant("provider")
    values: list[tuple[str, Value]] = []
    for name in settings.given:
        if name in _APART:
            continue
        value = settings.constant(name)
        if value is not None and _sound(settings, name, value):
            values.append((name, value.value))
    outputs = _outputs(settings)
    if provider is not None:
        _check_provider(settings, str(provider.value))
    if ws.report.size > before or provider is None:
        return None
    return ModelDef(
        block.subject.text, str(provider.value), tuple(sorted(values)), outputs, block.span
    )


def _check_provider(settings: Settings, provider: str) -> None:
    required, further = PROVIDER_KEYS[provider]
    own = ("provider", *required, *further, *MODEL_FACTS)
    foreign = [name for name in settings.given if name not in own]
    why = f"a model of `provider = {provider}` does not take it"
    settings.forbid(foreign, why)
    settings.require(*required, why=f" with `provider = {provider}`")
    if any(name in settings.given for name in _PRICES):
        settings.require(_PRICES[0], _PRICES[-1], why=" where it states a price")
    if not all(name in further for name in _WEIGHTS):
        return
    given = [name for name in _WEIGHTS if name in settings.given]
    if len(given) == len(_WEIGHTS):
        settings.forbid(_WEIGHTS[1:], f"the weights come from `{_WEIGHTS[0]}`")
    elif not given:
        settings.ws.report.add(
            "FT107",
            f"a `model` needs {one_of(_WEIGHTS)} with `provider = {provider}`",
            settings.header,
            label="where are its weights?",
            help=f'add `package = "{MODEL_PACKAGES[0]}"`, or `path = "models/NAME.gguf"`',
        )


def _sound(settings: Settings, name: str, value: Expr) -> bool:
    entry, node = settings.entries[name], settings.node(name)
    assert node is not None, "the setting was given"
    text = str(value.value)
    if entry.type == "url":
        return _is_address(settings, text, node)
    if entry.type == "text" and name != "stop" and not text.strip():
        settings.ws.report.add("FT114", f"`{name}` is empty", node.span, label="expected a name")
        return False
    if name in _WEIGHTS[1:] and text not in MODEL_PACKAGES:
        word = suggest(text, MODEL_PACKAGES)
        help_text, fix = did_you_mean(node.span, f'"{word}"' if word else None)
        settings.ws.report.add(
            "FT125",
            f'there is no model package "{text}"',
            node.span,
            label=f"expected {one_of(MODEL_PACKAGES)}",
            help=help_text,
            fix=fix,
        )
        return False
    return True


def _is_address(settings: Settings, text: str, node: tree.Expr) -> bool:
    """Whether ``text`` is the plain address of an API: no password, no query in it."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    reason = ""
    if parts.scheme not in ("http", "https") or not host:
        reason = "is not the address of an API"
    elif parts.username is not None or parts.password is not None:
        reason = "holds a user name or password"
    elif parts.query or parts.fragment:
        reason = "holds a query"
    elif any(ord(one) <= 32 or ord(one) == 127 for one in text):
        reason = "holds a space or a control character"
    if not reason:
        return True
    secret = "password" in reason
    settings.ws.report.add(
        "FT160",
        f"the address {reason}",
        node.span,
        label="credentials never stand in a spec" if secret
        else 'expected an address such as "https://host/v1"',
        help="the operator gives keys by environment, for a host each" if secret else "",
    )  # fmt: skip
    return False


def _outputs(settings: Settings) -> SourceDef | None:
    node = settings.node("outputs")
    if node is None:
        return None
    found = source(settings.ws, settings.module, node)
    if found is None:
        return None
    if not no_columns(settings.ws, (found,), ("id", "output"), "recorded outputs"):
        return None
    missing = [name for name in ("id", "output") if name not in dict(found.columns)]
    if missing:
        settings.ws.report.add(
            "FT113",
            f"recorded outputs need {one_of(missing).replace(' or ', ' and ')}",
            node.span,
            label="which fields hold the row's id and the output?",
            help='write it like `jsonl("runs/old.jsonl", id: "id", output: "reply")`',
        )
        return None
    return found
