"""What an eval costs beside the model: 1,000 short cases on a loopback server, at 32 at once.

    python -m benchmarks.evals            all but the large ones
    python -m benchmarks.evals peers      ours, and the peers that FTDSL_BENCH_PEERS holds
    python -m benchmarks.evals slow       a model that takes 200 ms
    python -m benchmarks.evals starts     cold start, and all from the cache
    python -m benchmarks.evals large      up to 100,000 cases

CPU is of the whole process from its start; a case's is that of 1,000 cases less that of one case,
so that starting up is told apart. Wall times say little on a busy machine. See ``eval_peers``.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from benchmarks.eval_peers import CONCURRENCY, Command, cases, peers
from benchmarks.loopback import Loopback, loopback
from benchmarks.processes import Taken, taken

COUNT = 1000
_DELAY = 200.0

_SPEC = """ftspec 1

model m {{
  provider = openai_compatible
  base_url = "{url}"
  name = "m"
  concurrency = {concurrency}
}}

eval golden {{
  schema = completion
  source = jsonl("cases.jsonl")
  score {score} = exact_match(output, reply.text)
}}
"""


def ours(folder: Path, url: str, count: int, score: str = "exact") -> Command:
    """``ftdsl eval`` on ``count`` cases. Another name of the score asks for another result, with
    the answers from the cache."""
    data = folder / "cases.jsonl"
    if not data.exists():
        data.write_text("".join(json.dumps(one) + "\n" for one in cases(count)))
    spec = _SPEC.format(url=url, concurrency=CONCURRENCY, score=score)
    (folder / "spec.ftspec").write_text(spec)
    program = str(Path(sys.executable).with_name("ftdsl"))
    return [program, "eval", str(folder / "spec.ftspec"), "golden", "-q"], {
        "PATH": os.environ["PATH"]
    }


def measured(command: Command, server: Loopback, expected: int) -> Taken:
    """Run it; every case must have reached the server exactly once."""
    server.asked()
    found = taken(*command)
    asked = server.asked().count
    if asked != expected or found.code != 0:
        raise SystemExit(f"{command[0][:3]}: {asked} of {expected} requests, exit {found.code}")
    return found


def row(name: str, one: Taken, many: Taken) -> tuple[str, ...]:
    each = 1000 * (many.cpu - one.cpu) / (COUNT - 1)
    return (
        name,
        f"{one.cpu:.2f} s",
        f"{many.wall:.2f} s",
        f"{many.cpu:.2f} s",
        f"{each:.2f} ms",
        f"{many.peak / 1e6:.0f} MB",
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for one in rows:
        print("| " + " | ".join(one) + " |")
    print(flush=True)


def beside_peers() -> None:
    """One run of each harness after the other, on one server."""
    rows = []
    with loopback() as server:
        for name, prepare in _harnesses():
            found = []
            for count in (1, COUNT):
                with tempfile.TemporaryDirectory() as place:
                    found.append(measured(prepare(Path(place), server.url, count), server, count))
            rows.append(row(name, *found))
            print(f"  {rows[-1]}", file=sys.stderr, flush=True)
    table(("", "CPU, 1 case", f"wall, {COUNT:,}", "CPU", "CPU a case", "memory"), rows)


def _harnesses() -> Iterator[tuple[str, Callable[[Path, str, int], Command]]]:
    yield "ftdsl", ours
    for peer in peers():
        yield peer.name, partial(peer.prepare, peer.program)


def output_of(folder: Path) -> dict[str, object]:
    """The last result of the eval."""
    latest = max((folder / ".ftdsl" / "runs").glob("*/run.json"), key=os.path.getmtime)
    steps = json.loads(latest.read_text())["steps"]
    found: dict[str, object] = next(s for s in steps if s["kind"] == "eval")["output"]
    return found


def with_a_slow_model() -> None:
    """1,000 cases of a model that takes 200 ms: the ideal is as many rounds of 32 as that takes, of
    the time that the server really took."""
    with loopback(_DELAY) as server, tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        taken(*ours(folder, server.url, COUNT))
        asked = server.asked()
        found = output_of(folder)
    rounds = -(-COUNT // CONCURRENCY)
    latency = found["latency"]
    assert isinstance(latency, dict)
    table(
        ("ideal", "the step", "p50 by the server", "reported p50", "p95", "client's share"),
        [
            (
                f"{rounds * asked.took:.2f} s",
                f"{found['seconds']:.2f} s",
                f"{1000 * asked.took:.1f} ms",
                f"{1000 * latency['p50']:.1f} ms",
                f"{1000 * latency['p95']:.1f} ms",
                f"{found['client_share']:.1%}",
            )
        ],
    )


def starts() -> None:
    """From the command to the first request, and all again from the cache: the best of five."""
    first, again = [], []
    with loopback() as server:
        for _ in range(5):
            with tempfile.TemporaryDirectory() as place:
                folder = Path(place)
                command = ours(folder, server.url, COUNT)
                server.asked()
                start = time.time()
                taken(*command)
                first.append(server.asked().first - start)
                again.append(measured(ours(folder, server.url, COUNT, "other"), server, 0))
    best = min(again, key=lambda one: one.cpu)
    table(
        ("cold start to the first request", f"{COUNT:,} cases from the cache", "CPU"),
        [(f"{min(first):.2f} s", f"{min(one.wall for one in again):.2f} s", f"{best.cpu:.2f} s")],
    )


def large() -> None:
    """Memory and CPU as the cases grow."""
    rows: list[tuple[str, ...]] = []
    with loopback() as server:
        for count in (1000, 10_000, 100_000):
            with tempfile.TemporaryDirectory() as place:
                found = measured(ours(Path(place), server.url, count), server, count)
            each = 1000 * found.cpu / count
            rows.append(
                (f"{count:,}", f"{found.wall:.1f} s", f"{found.cpu:.1f} s", f"{each:.2f} ms",
                 f"{found.peak / 1e6:.0f} MB")
            )  # fmt: skip
    table(("cases", "wall", "CPU", "CPU a case, start included", "memory"), rows)


def main() -> int:
    print(f"load of the machine at the start: {os.getloadavg()[0]:.1f}\n")
    parts = {"peers": beside_peers, "slow": with_a_slow_model, "starts": starts, "large": large}
    for name in sys.argv[1:] or [name for name in parts if name != "large"]:
        parts[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main())
