"""The page that people rate on: one HTML file that loads nothing and sends nothing.

All that models, rubrics and specs say is data in one island of JSON, and the page's script puts it
on the screen as text alone. The policy admits the page's own script and style, by digest.
"""

from __future__ import annotations

import json
from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path

from ftdsl.rating.batch import Batch

_ESCAPED = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&"}


def page_of(batch: Batch, *, server: bool = False) -> str:
    """The page. With ``server`` it hands ratings in at the address that it came from.

    Nothing in it depends on which model gave which answer: answers are in the order of their
    digests, and which lies left is drawn in the page.
    """
    script, style = _script(), _part("page.css")
    filled = {
        "policy": policy(server=server),
        "css": style,
        "js": script,
        "data": island(_data(batch, server)),
    }
    return "".join(filled[piece] if number % 2 else piece for number, piece in enumerate(_pieces()))


def policy(*, server: bool) -> str:
    """What the page may do."""
    script, style = (f"'sha256-{_digest(text)}'" for text in (_script(), _part("page.css")))
    connect = "'self'" if server else "'none'"
    return (
        f"default-src 'none'; script-src {script}; style-src {style}; connect-src {connect}; "
        "base-uri 'none'; form-action 'none'"
    )


def island(value: object) -> str:
    """JSON that can stand in a `<script>`: no sign of it ends the element or begins another."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).translate(_ESCAPED)


def _data(batch: Batch, server: bool) -> dict[str, object]:
    rate = batch.rate
    return {
        "rate": rate.name,
        "batch": batch.id,
        "rubric": batch.rubric_id,
        "ask": rate.ask,
        "points": rate.points,
        "question": rate.question,
        "guide": batch.guide,
        "reasons": batch.reasons,
        "repeats": rate.repeats,
        "server": server,
        "items": [
            {
                "item": item.id,
                "prompt": item.prompt,
                "answers": [
                    {"digest": digest, "text": text}
                    for digest, text in zip(item.digests, item.answers, strict=True)
                ],
            }
            for item in batch.items.values()
        ],
    }


def _script() -> str:
    return _part("session.js") + _part("page.js")


@cache
def _part(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _pieces() -> list[str]:
    """The frame, and between its pieces the names of what is put there."""
    found: list[str] = []
    for piece in _part("page.html").split("{{"):
        name, marked, rest = piece.partition("}}")
        found += [name, rest] if marked else [piece]
    return found


def _digest(text: str) -> str:
    return b64encode(sha256(text.encode("utf-8")).digest()).decode("ascii")
