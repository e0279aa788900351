"""Which hosts a model may be asked at, and which key, if any, a host is given."""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Policy, Refused
from ftdsl.language.program import ModelDef

OPENAI_HOST = "api.openai.com"
OPENAI_URL = f"https://{OPENAI_HOST}/v1"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A permitted base URL. ``key`` is a secret: it is never printed, stored or hashed; nor is
    ``proxy``, the address of the operator's proxy, which may hold a password."""

    url: str
    host: str
    loopback: bool
    key: str | None = field(default=None, repr=False)
    proxy: str | None = field(default=None, repr=False)


def permitted_endpoint(model: ModelDef, policy: Policy, *, sends: str = "the cases") -> Endpoint:
    """The endpoint of an ``openai`` or ``openai_compatible`` model; ``sends`` says what would go
    there.

    Raises ``Refused`` with exit code 4 when the operator has not allowed the host, and 2 when the
    URL is none. A key is read from the environment only here, for its own host only, and never
    for plain http to another machine.
    """
    settings = dict(model.settings)
    default = OPENAI_URL if model.provider == "openai" else ""
    url = str(settings.get("base_url") or default)
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if parts.scheme not in ("http", "https") or not host or parts.username or parts.query:
        raise Refused(_diagnostic("FT502", model, f"`{_shown(url)}` is not a plain http(s) URL"))
    loopback = is_loopback(host)
    _require_allowed(model, host, loopback, policy, sends)
    secure = parts.scheme == "https" or loopback
    proxy = _proxy(host, parts.scheme) if policy.use_proxy and not loopback else None
    return Endpoint(url.rstrip("/"), host, loopback, _key(host) if secure else None, proxy)


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine by its very name."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def key_variable(host: str) -> str:
    """The environment variable that holds the key of ``host``: ``FTDSL_KEY_MODELS_EXAMPLE_ORG``."""
    if host == OPENAI_HOST:
        return "OPENAI_API_KEY"
    return "FTDSL_KEY_" + re.sub(r"[^A-Z0-9]", "_", host.upper())


def _proxy(host: str, scheme: str) -> str | None:
    """The proxy that the environment names for this host, which the operator said to obey."""
    return None if proxy_bypass(host) else getproxies().get(scheme)


def _key(host: str) -> str | None:
    return os.environ.get(key_variable(host)) or None


def _require_allowed(
    model: ModelDef, host: str, loopback: bool, policy: Policy, sends: str
) -> None:
    if host in policy.allowed_hosts and (loopback or not policy.offline):
        _require_private(model, host, loopback)
        return
    why = "this run is offline" if policy.offline else "the operator has not allowed this host"
    cost = (
        "; its answers cost money and no price is known for them"
        if model.provider == "openai"
        else ""
    )
    raise Refused(
        _diagnostic(
            "FT503",
            model,
            f"model `{model.name}` would send {sends} to {host}, but {why}{cost}",
            help_=f"allow it on the command line: `--allow-host {host}`",
        ),
        exit_code=4,
    )


def _require_private(model: ModelDef, host: str, loopback: bool) -> None:
    privacy = dict(model.settings).get("privacy")
    if privacy != "on_premises" or loopback or _is_private(host):
        return
    raise Refused(
        _diagnostic(
            "FT503",
            model,
            f"model `{model.name}` says `privacy = on_premises`, but {host} is a public host",
            help_="use an address of your own network, or change `privacy`",
        ),
        exit_code=4,
    )


def _is_private(host: str) -> bool:
    """A private address, or a name that public DNS does not have."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".local", ".internal", ".lan", ".home.arpa"))


def _shown(url: str) -> str:
    """The URL without anything that may be a credential."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"


def _diagnostic(code: str, model: ModelDef, message: str, help_: str = "") -> Diagnostic:
    return Diagnostic(code, message, model.span or Span("", 0, 0), help=help_)
