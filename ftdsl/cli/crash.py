"""The one crash reporter: a bug of ours is told in three lines, its traceback kept in a file."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from ftdsl import __version__

_SECRET_NAMES = ("KEY", "TOKEN", "SECRET", "PASSW", "CREDENTIAL", "AUTH")
_MASK = "***"
_SHORTEST_SECRET = 6


def guarded(command: Callable[[list[str]], int], words: list[str]) -> int:
    """What ``command`` returns for ``words``; 2, with a crash report, when it lets anything out."""
    try:
        return command(words)
    except Exception as error:
        return report_crash(error, words)


def report_crash(error: Exception, words: Sequence[str]) -> int:
    """Tell of ``error`` on standard error and return 2. The traceback goes to a file of the user's
    cache folder, or of the temporary folder, with every secret of the environment masked."""
    import traceback

    from ftdsl.cli.console import print_text

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
        "  = help: please report it with that file; results that were finished are kept\n",
        sys.stderr,
    )
    return 2


def masked(text: str) -> str:
    """``text`` without the values of secret environment variables and without logins in URLs."""
    import re

    for secret in _secrets(os.environ.items()):
        text = text.replace(secret, _MASK)
    return re.sub(r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)", _MASK, text)


def _secrets(environment: Iterable[tuple[str, str]]) -> list[str]:
    """Values to hide and their common spellings, longest first, so that none is left in part."""
    import base64
    import json
    from urllib.parse import quote

    found = set()
    for name, value in environment:
        if len(value) >= _SHORTEST_SECRET and any(part in name.upper() for part in _SECRET_NAMES):
            raw = value.encode("utf-8", "surrogateescape")
            found |= {value, quote(raw, safe=""), base64.b64encode(raw).decode()}
            found |= {json.dumps(value)[1:-1], repr(value)[1:-1]}
    return sorted(found, key=len, reverse=True)


def _keep(text: str) -> Path | None:
    import tempfile

    from ftdsl.cli.check_cache import folder

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
