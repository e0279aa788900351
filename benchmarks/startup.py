"""CPU time of ``ftdsl check`` on every shipped spec, cold and unchanged, beside ``python -c pass``.

Cold means an empty diagnostics cache and compiled bytecode; unchanged means a second call. Times
are user + system seconds of the child process (``os.wait4``), medians of one run.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
REPEATS = 9


def cpu_seconds(command: list[str], cache: Path) -> float:
    """User and system seconds that ``command`` took. RuntimeError when it died of a signal."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    silent = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (1, 2)]
    child = os.posix_spawn(command[0], command, environment, file_actions=silent)
    _, status, usage = os.wait4(child, 0)
    if os.WIFSIGNALED(status):
        raise RuntimeError(f"{command} died of signal {os.WTERMSIG(status)}")
    return usage.ru_utime + usage.ru_stime


def cold(command: list[str]) -> float:
    """Median over runs that each begin with an empty cache."""
    times = []
    for _ in range(REPEATS):
        with tempfile.TemporaryDirectory() as cache:
            times.append(cpu_seconds(command, Path(cache)))
    return statistics.median(times)


def unchanged(command: list[str]) -> float:
    """Median over runs that find their answer in the cache."""
    with tempfile.TemporaryDirectory() as cache:
        cpu_seconds(command, Path(cache))
        return statistics.median(cpu_seconds(command, Path(cache)) for _ in range(REPEATS))


def main() -> None:
    """Print one line a spec: milliseconds, and the ratio to an empty Python."""
    python = cold([sys.executable, "-c", "pass"])
    print(f"{'python -c pass':<34}{python * 1e3:7.0f} ms CPU")
    ftdsl = str(Path(sys.executable).with_name("ftdsl"))
    for spec in sorted((ROOT / "specs").glob("*.ftspec")):
        command = [ftdsl, "check", str(spec)]
        for name, seconds in (("cold", cold(command)), ("unchanged", unchanged(command))):
            ratio = seconds / python
            label = f"check {spec.name}, {name}"
            print(f"{label:<34}{seconds * 1e3:7.0f} ms CPU  {ratio:5.1f} × python -c pass")


if __name__ == "__main__":
    main()
