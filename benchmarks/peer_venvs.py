"""An environment for each peer, so that no two of them have to agree on their libraries.

They are made once below a cache folder, with pip, and named after what is installed in them;
another pin is another environment. Nothing of them is a dependency of ftdsl.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

PINS: dict[str, str] = {
    "datasketch": "datasketch==2.0.0",
    "rensa": "rensa==0.5.0",
    "gaoya": "gaoya==0.2.2",
    "daft": "daft==0.7.26",
    "text-dedup": "text-dedup==0.4.0",
}
"""What each peer is installed from. Its other needs are pip's to choose, NumPy's among them."""
NEEDED: dict[str, tuple[str, ...]] = {
    "text-dedup": (
        "datasets", "click", "click-option-group", "ftfy", "regex", "rich", "scipy", "tqdm",
        "xxhash",
    )
}  # fmt: skip
"""Of a peer that asks for far more than it uses here (Spark, documentation tools): what it uses. It
is installed without what it asks for."""
_DONE = "installed"
_SECONDS = 1200


@dataclass(frozen=True, slots=True)
class Environment:
    """``python`` runs the peer; where it is None ``reason`` says why nothing does."""

    peer: str
    python: Path | None
    reason: str = ""


def default_folder() -> Path:
    """Where environments are kept between runs."""
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "ftdsl-benchmarks"


def environment(peer: str, folder: Path) -> Environment:
    """The environment of a peer, which is made if it is not there yet."""
    place = folder / PINS[peer].replace("==", "-")
    python = place / "bin" / "python"
    if (place / _DONE).exists():
        return Environment(peer, python)
    try:
        place.mkdir(parents=True, exist_ok=True)
        venv.create(place, with_pip=True, clear=True)
    except (OSError, subprocess.CalledProcessError) as error:
        return Environment(peer, None, f"no environment could be made: {error}")
    needed = NEEDED.get(peer)
    runs = (
        [["numpy", PINS[peer]]]
        if needed is None
        else [["numpy", *needed], ["--no-deps", PINS[peer]]]
    )
    for wanted in runs:
        reason = _installed(python, wanted)
        if reason:
            return Environment(peer, None, reason)
    (place / _DONE).write_text(PINS[peer])
    return Environment(peer, python)


def _installed(python: Path, wanted: list[str]) -> str:
    """Install with pip; the reason where that fails."""
    command = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    try:
        done = subprocess.run(
            [*command, *wanted], capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return f"pip took more than {_SECONDS} s"
    if done.returncode == 0:
        return ""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    told = [line for line in lines if line.startswith("ERROR")] or lines or ["pip failed"]
    return f"{told[0]} (Python {sys.version.split()[0]})"
