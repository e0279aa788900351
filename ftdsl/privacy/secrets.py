"""Secrets that give themselves away: keys and tokens with a form of their own.

Forms are those that their issuers publish and secret scanners use. A string that looks random but
has no such form is left alone, and so is a token of too few different characters, a documented
example (``AKIA…EXAMPLE``) and a slot to be filled in (``postgres://user:password@host``).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from itertools import pairwise

import orjson

from ftdsl.privacy.detector import Detector, Family, words

_STAND_IN = re.compile(
    r"(?i)example|sample|your[_-]?|x{4}|0{6}|1234567|abcdef|placeholder|redacted|changeme|dummy|\.\.\."
)
_LEAST_DIFFERENT = 8
_BASE64 = re.compile(r"[A-Za-z0-9+/=]{40}")


def _is_random(body: str) -> bool:
    """Whether ``body`` is no slot and no run of few or consecutive characters."""
    if len(set(body)) < _LEAST_DIFFERENT or _STAND_IN.search(body):
        return False
    steps = sum(ord(b) - ord(a) in (0, 1) for a, b in pairwise(body))
    return steps < len(body) // 2


def _token(found: str, before: str, after: str) -> bool:
    del before, after
    return _is_random(found)


def _shown(prefix: int) -> Callable[[str], str]:
    return lambda found: f"{found[:prefix]}***"


def _is_private_key(found: str, before: str, after: str) -> bool:
    del before, after
    body = found.partition("KEY")[2].replace("\\n", "").replace("\n", "").replace("\r", "")
    run = _BASE64.search(body.replace(" ", ""))
    return run is not None and len(set(run.group())) >= _LEAST_DIFFERENT


def _is_web_token(found: str, before: str, after: str) -> bool:
    del before, after
    header, payload, _ = found.split(".")
    try:
        told = orjson.loads(_unpacked(header))
        said = orjson.loads(_unpacked(payload))
    except (ValueError, binascii.Error):
        return False
    example = isinstance(said, dict) and said.get("sub") == "1234567890"  # the one of jwt.io
    return isinstance(told, dict) and "alg" in told and not example


def _unpacked(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


_SLOTS = words(
    "password passwort passwd pass pwd secret user username xxx xxxx example changeme pw token"
    " yourpassword your_password your-password mypassword my_password my-password dbpassword"
    " db_password mysecretpassword postgres root admin guest test 1234 12345 123456 password123"
)
_SLOT_MARKS = re.compile(r"[<>{}$%*\[\]…]|\.\.\.")


def _is_connection(found: str, before: str, after: str) -> bool:
    del before, after
    user, _, password = found.partition("://")[2].rpartition("@")[0].partition(":")
    if _SLOT_MARKS.search(password) or password.lower() in _SLOTS or password == user:
        return False
    host = found.rpartition("@")[2].lower()
    return not host.startswith("example") and "pass" not in password.lower()[:4]


def _is_assigned(found: str, before: str, after: str) -> bool:
    del before, after
    body = re.split(r"[=:\s\"']+", found.rstrip("\"'"))[-1]
    return _is_random(body)


SECRETS = Family(
    Detector(
        "private key",
        r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----"
        r"[^-]*(?:-----END[A-Z0-9 ]*-----)?",
        _is_private_key,
        lambda _: "-----BEGIN PRIVATE KEY----- ***",
        alone=False,
        sign="-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY",
    ),
    Detector("AWS access key", r"(?:AKIA|ASIA)[A-Z2-7]{16}", _token, _shown(4)),
    Detector(
        "AWS secret key",
        r"(?i:aws_?secret_?(?:access_?)?key)[\"']?[ \t]{0,3}[:=][ \t]{0,3}[\"']?[A-Za-z0-9/+]{40}",
        _is_assigned,
        lambda _: "aws_secret_access_key=***",
    ),
    Detector("GitHub token", r"gh[pousr]_[0-9A-Za-z]{36,255}", _token, _shown(4)),
    Detector("GitHub token", r"github_pat_[0-9A-Za-z_]{60,255}", _token, _shown(11)),
    Detector("GitLab token", r"glpat-[0-9A-Za-z_-]{20,}", _token, _shown(6)),
    Detector("Slack token", r"xox[abeoprs]-(?:[0-9A-Za-z]+-)+[0-9A-Za-z]{10,}", _token, _shown(5)),
    Detector(
        "Slack webhook",
        r"hooks\.slack\.com/services/T[0-9A-Z]{8,}/B[0-9A-Z]{8,}/[0-9A-Za-z]{20,}",
        lambda found, *_: _is_random(found.rpartition("/")[2]),
        lambda _: "hooks.slack.com/services/***",
    ),
    Detector("Stripe key", r"[sr]k_live_[0-9A-Za-z]{16,}", _token, _shown(8)),
    Detector("Anthropic key", r"sk-ant-[a-z]+[0-9]{2}-[0-9A-Za-z_-]{60,}", _token, _shown(7)),
    Detector(
        "OpenAI key",
        r"sk-(?:(?:proj|svcacct|admin)-)?[0-9A-Za-z_-]{16,}T3BlbkFJ[0-9A-Za-z_-]{16,}",
        _token,
        _shown(3),
    ),
    Detector("OpenAI key", r"sk-[0-9A-Za-z]{48}", _token, _shown(3)),
    Detector("OpenAI key", r"sk-proj-[0-9A-Za-z_-]{40,}", _token, _shown(8)),
    Detector("Google key", r"AIza[0-9A-Za-z_-]{35}", _token, _shown(4)),
    Detector("Google key", r"GOCSPX-[0-9A-Za-z_-]{28}", _token, _shown(7)),
    Detector("Hugging Face token", r"hf_[A-Za-z]{34}", _token, _shown(3)),
    Detector("npm token", r"npm_[0-9A-Za-z]{36}", _token, _shown(4)),
    Detector("package index token", r"pypi-AgE[0-9A-Za-z_-]{50,}", _token, _shown(5)),
    Detector("SendGrid key", r"SG\.[0-9A-Za-z_-]{22}\.[0-9A-Za-z_-]{43}", _token, _shown(3)),
    Detector(
        "Telegram bot token", r"[0-9]{8,10}:AA[0-9A-Za-z_-]{33}", _token, lambda _: "***:AA***"
    ),
    Detector("DigitalOcean token", r"do[opr]_v1_[a-f0-9]{64}", _token, _shown(7)),
    Detector("Shopify token", r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}", _token, _shown(6)),
    Detector(
        "Azure storage key", r"AccountKey=[0-9A-Za-z+/]{86}==", _token, _shown(11), alone=False
    ),
    Detector(
        "JSON web token",
        r"eyJ[0-9A-Za-z_-]{10,}\.eyJ[0-9A-Za-z_-]{10,}\.[0-9A-Za-z_-]{16,}",
        _is_web_token,
        _shown(3),
    ),
    Detector(
        "password in a connection string",
        r"[a-z][a-z0-9+]{2,20}://[^\s:/@\"'<>`]{1,64}:[^\s:/@\"'<>`]{3,128}@[^\s/@\"'<>`:]{3,}",
        _is_connection,
        lambda found: f"{found.partition('://')[0]}://***:***@***",
    ),
)
