"""The one crash reporter: a bug of ours is told in three lines, its traceback kept in a file."""

from __future__ import annotations

import os
import re
import sys
import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path

from ftdsl import __version__
from ftdsl.cli.check_cache import folder
from ftdsl.cli.console import print_text

_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|AUTH", re.IGNORECASE)
_ADDRESS_LOGIN = re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)")
_MASK = "***"
_SHORTEST_SECRET = 6


def report_crash(error: Exception, words: Sequence[str]) -> int:
    """Tell of ``error`` on standard error and return 2. The traceback goes to a file of the user's
    cache folder, or of the temporary folder, with every secret of the environment masked."""
    lines = [
        f"ftdsl {__version__}, Python {sys.version.split()[0]}, {sys.platform}",
        "ftdsl " + " ".join(words),
        "",
        *traceback.format_exception(error),
    ]
    place = _keep(masked("\n".join(lines)))
    told = f"its traceback is in {place}" if place else "its traceback could not be written"
    kind = type(error).__name__
    print_text(
        f"ftdsl: error[FT299]: a bug in ftdsl ({kind}); {told}\n"
        "  = help: please report it with that file; nothing of yours was changed by the crash\n",
        sys.stderr,
    )
    return 2


def masked(text: str) -> str:
    """``text`` without the values of secret environment variables and without logins in URLs."""
    for secret in _secrets(os.environ.items()):
        text = text.replace(secret, _MASK)
    return _ADDRESS_LOGIN.sub(_MASK, text)


def _secrets(environment: Iterable[tuple[str, str]]) -> list[str]:
    """Values to hide and their common spellings, longest first, so that none is left in part."""
    import base64
    import json
    from urllib.parse import quote

    found = set()
    for name, value in environment:
        if _SECRET_NAME.search(name) and len(value) >= _SHORTEST_SECRET:
            raw = value.encode("utf-8", "surrogateescape")
            found |= {value, quote(raw, safe=""), base64.b64encode(raw).decode()}
            found |= {json.dumps(value)[1:-1], repr(value)[1:-1]}
    return sorted(found, key=len, reverse=True)


def _keep(text: str) -> Path | None:
    import tempfile

    for place in (folder() / "crashes", Path(tempfile.gettempdir())):
        try:
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, name = tempfile.mkstemp(prefix="ftdsl-crash-", suffix=".txt", dir=place)
        except OSError:
            continue
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(text)
        return Path(name)
    return None
