"""Cold and warm parse of one spec: ftdsl's parser beside Lark's own ways with the same grammar.

Each peer runs in a fresh process, which reports CPU seconds of import, preparation and first parse
together (cold), and of one more parse (warm). Medians of several processes, in one run.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SPEC = ROOT / "specs" / "quickstart.ftspec"
REPEATS = 7

_TIMED = """
import sys, time
from pathlib import Path
text = Path(sys.argv[1]).read_bytes()
started = time.process_time()
{prepare}
{parse}
cold = time.process_time()
{parse}
print(cold - started, time.process_time() - cold)
"""

PEERS = {
    "ftdsl: tables built ahead": (
        "from ftdsl.language.parsing.parser import parse\nfrom ftdsl.language.source import Source",
        "assert not parse(Source('s.ftspec', text)).diagnostics",
    ),
    "lark: grammar built at start": (
        "from ftdsl.language.grammar_build import build_lark\nlark = build_lark()",
        "lark.parse(text.decode())",
    ),
}


def measure(prepare: str, parse: str) -> tuple[float, float]:
    """Median cold and warm CPU seconds of one peer."""
    program = _TIMED.format(prepare=prepare, parse=parse)
    runs = []
    for _ in range(REPEATS):
        done = subprocess.run(
            [sys.executable, "-c", program, str(SPEC)], capture_output=True, text=True, check=True
        )
        runs.append([float(word) for word in done.stdout.split()])
    cold, warm = zip(*runs, strict=True)
    return statistics.median(cold), statistics.median(warm)


def main() -> None:
    """Print a line a peer, with its ratio to ftdsl's own."""
    times = {name: measure(*peer) for name, peer in PEERS.items()}
    ours = next(iter(times.values()))
    lines = len(SPEC.read_text(encoding="utf-8").splitlines())
    print(f"{SPEC.name}, {lines} lines{'':10}cold              warm")
    for name, (cold, warm) in times.items():
        print(
            f"{name:<30}{cold * 1e3:6.0f} ms {cold / ours[0]:5.1f} ×"
            f"{warm * 1e3:8.1f} ms {warm / ours[1]:5.1f} ×"
        )


if __name__ == "__main__":
    main()
