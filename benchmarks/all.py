"""Every benchmark, one after the other, each in a process of its own.

``FTDSL_BENCH_DATA`` names the folder with the real data sets that the large ones read; without it
they are left out, and said to be.
"""

from __future__ import annotations

import os
import subprocess
import sys

ALWAYS = ("benchmarks.startup", "benchmarks.parsing", "benchmarks.evals", "benchmarks.training")
WITH_DATA = (
    "benchmarks.validate",
    "benchmarks.incremental",
    "benchmarks.preflight",
    "benchmarks.check_peers",
    "benchmarks.spelling",
    "benchmarks.dedup",
    "benchmarks.leakage",
    "benchmarks.at_scale",
    "benchmarks.recall",
    "benchmarks.precision",
)


def main() -> int:
    """Run them; the exit code is the number of those that failed."""
    failed = sum(run(name) for name in ALWAYS)
    if os.environ.get("FTDSL_BENCH_DATA"):
        return failed + sum(run(name) for name in WITH_DATA)
    print(f"\nleft out, as FTDSL_BENCH_DATA is not set: {', '.join(WITH_DATA)}")
    return failed


def run(name: str) -> bool:
    """Run one benchmark module; True when it failed."""
    print(f"\n== {name}", flush=True)
    return subprocess.run([sys.executable, "-m", name], check=False).returncode != 0


if __name__ == "__main__":
    sys.exit(main())
