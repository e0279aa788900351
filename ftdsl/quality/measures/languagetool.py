"""A LanguageTool server: one that the operator names, or one that runs for the length of a check.

A spec says what to ask, and never whom. The server is the one of ``FTDSL_LANGUAGETOOL_URL``, whose
host must be this machine or one that the operator has allowed; without it LanguageTool is looked
for where language-tool-python keeps it (``LTP_PATH``), started on a free port of the loopback and
ended with the check. Nothing is downloaded, and no start lasts longer than ``START``.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Policy, Refused

URL = "FTDSL_LANGUAGETOOL_URL"
PLACE = "LTP_PATH"
START = 45.0
"""Seconds until a server must be ready; two are usual."""
_JARS = ("languagetool-server.jar", "languagetool.jar")
_POLL = 0.1
_GRACE = 5.0


def refused(code: str, message: str, help: str, span: Span | None, exit_code: int = 2) -> Refused:
    """The diagnostic for a grammar checker that cannot be asked."""
    return Refused(Diagnostic(code, message, span or Span("", 0, 0), help=help), exit_code)


@contextmanager
def running(policy: Policy, span: Span | None, checkpoint: Callable[[], None]) -> Iterator[str]:
    """The base URL of a server that answers. Raises Refused (FT360-FT362)."""
    url = os.environ.get(URL, "").rstrip("/")
    if url:
        _require_allowed(url, policy, span)
        _require_answer(url, span)
        yield url
        return
    jar, java = _installed(span)
    port = _free_port()
    process = subprocess.Popen(
        [
            java,
            "-Xmx1g",
            "-cp",
            str(jar),
            "org.languagetool.server.HTTPServer",
            "--port",
            str(port),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        _await(process, url, span, checkpoint)
        yield url
    finally:
        _end(process)


def _require_allowed(url: str, policy: Policy, span: Span | None) -> None:
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if parts.scheme not in ("http", "https") or not host or parts.username:
        raise refused("FT361", f"`{URL}` is not a plain http(s) URL", "name a server", span)
    loopback = host in ("127.0.0.1", "localhost", "::1")
    if host not in policy.allowed_hosts or (policy.offline and not loopback):
        why = "this run is offline" if policy.offline else "the operator has not allowed this host"
        raise refused(
            "FT362",
            f"the grammar check would send the texts to {host}, but {why}",
            f"allow it on the command line: `--allow-host {host}`",
            span,
            exit_code=4,
        )


def _require_answer(url: str, span: Span | None) -> None:
    if not _answers(url):
        raise refused(
            "FT361",
            f"no LanguageTool server answers at {url}",
            f"start one there, or unset `{URL}` to have one started",
            span,
        )


def _answers(url: str) -> bool:
    """Whether the server lists its languages. No proxy is asked."""
    from urllib.error import URLError
    from urllib.request import ProxyHandler, build_opener

    try:
        with build_opener(ProxyHandler({})).open(f"{url}/v2/languages", timeout=5) as response:
            return bool(response.status == 200)
    except (URLError, OSError, ValueError):
        return False


def _installed(span: Span | None) -> tuple[Path, str]:
    kept = os.environ.get(PLACE) or str(Path.home() / ".cache" / "language_tool_python")
    folders = sorted(Path(kept).glob("LanguageTool-*"), reverse=True)
    jars = [folder / name for folder in folders for name in _JARS if (folder / name).is_file()]
    java = shutil.which("java")
    if jars and java:
        return jars[0].resolve(), java
    missing = f"LanguageTool is not in {kept}" if not jars else "Java is not installed"
    raise refused(
        "FT360",
        f"`grammar_errors(…)` needs a LanguageTool server: {missing}",
        f"set `{PLACE}` to the folder that holds LanguageTool-6.8, or `{URL}` to a running server",
        span,
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await(
    process: subprocess.Popen[bytes], url: str, span: Span | None, checkpoint: Callable[[], None]
) -> None:
    end = time.monotonic() + START
    while process.poll() is None and time.monotonic() < end:
        checkpoint()
        if _answers(url):
            return
        time.sleep(_POLL)
    status = process.poll()
    how = (
        f"ended with status {status}" if status is not None else f"did not answer in {START:.0f} s"
    )
    raise refused(
        "FT361",
        f"the LanguageTool server that was started {how}",
        "see that Java 17 or later runs it: `java -jar languagetool-server.jar`",
        span,
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
