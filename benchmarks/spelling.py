"""Words a second that ``misspelled`` looks at, on one core, when its dictionary is loaded.

    FTDSL_BENCH_DATA=FOLDER python -m benchmarks.spelling [--repeat 5]

The texts are the answers of the real rows in FOLDER, in columns of ``--rows`` texts as a check asks
for them; a word is a run of word characters. Printed is the best of ``--repeat`` passes in CPU
seconds, beside the first column, which loads the dictionary, and ``str.split``.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.generate_chat import exchanges
from ftdsl.quality.measures.spelling import misspelled

_WORD = re.compile(r"\w+")


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of this process."""
    began = time.process_time()
    work()
    return time.process_time() - began


def main() -> int:
    """Read the texts and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--repeat", type=int, default=5)
    arguments = parser.parse_args()
    data = os.environ.get("FTDSL_BENCH_DATA")
    if data is None:
        print("name a folder of instruction data in FTDSL_BENCH_DATA", file=sys.stderr)
        return 2
    texts = [answer for _, answer in exchanges(Path(data))]
    columns = [texts[i : i + arguments.rows] for i in range(0, len(texts), arguments.rows)]
    words = sum(len(_WORD.findall(one)) for one in texts)
    first = seconds(lambda: misspelled(columns[0]))
    best = min(
        seconds(lambda: [misspelled(column) for column in columns]) for _ in range(arguments.repeat)
    )
    split = min(seconds(lambda: [one.split() for one in texts]) for _ in range(arguments.repeat))
    total = sum(sum(misspelled(column)) for column in columns)
    print(f"{len(texts):,} texts, {words:,} words, {total:,} misspellings")
    print(f"{'first column':26}{first:8.3f} s CPU, the dictionary loaded")
    print(f"{'misspelled, warm':26}{best:8.3f} s CPU{words / best:14,.0f} words/s/core")
    print(f"{'str.split':26}{split:8.3f} s CPU{words / split:14,.0f} words/s/core")
    return 0


if __name__ == "__main__":
    sys.exit(main())
