"""The peers of the near-duplicate benchmark, each as its own documentation shows it.

Each runs in an environment of its own (``peer_venvs``): ``python -m benchmarks.dedup_peers TOOL
CORPUS`` there prints what it found and what the whole process took, children included.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

SIMILARITY = 0.8
SHINGLE = 5
PERMUTATIONS = 128
FUZZY_ROWS = 1_000

Pairs = set[tuple[int, int]]


def prompts(path: Path) -> Iterator[str]:
    """The prompts of a corpus, in order."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)["messages"][0]["content"]


def datasketch_loop(path: Path) -> Pairs:
    """datasketch as its documentation shows it: update for each shingle, then MinHashLSH."""
    from datasketch import MinHash, MinHashLSH

    from ftdsl.dedup.shingles import shingle_words

    lsh = MinHashLSH(threshold=SIMILARITY, num_perm=PERMUTATIONS)
    pairs: Pairs = set()
    for row, text in enumerate(prompts(path)):
        sketch = MinHash(num_perm=PERMUTATIONS)
        for shingle in shingle_words(text, SHINGLE):
            sketch.update(" ".join(shingle).encode())
        pairs |= {(other, row) for other in lsh.query(sketch)}
        lsh.insert(row, sketch)
    return pairs


def datasketch_bulk(path: Path) -> Pairs:
    """The same with ``update_batch``, its faster way."""
    from datasketch import MinHash, MinHashLSH

    from ftdsl.dedup.shingles import shingle_words

    lsh = MinHashLSH(threshold=SIMILARITY, num_perm=PERMUTATIONS)
    pairs: Pairs = set()
    for row, text in enumerate(prompts(path)):
        sketch = MinHash(num_perm=PERMUTATIONS)
        sketch.update_batch([" ".join(one).encode() for one in shingle_words(text, SHINGLE)])
        pairs |= {(other, row) for other in lsh.query(sketch)}
        lsh.insert(row, sketch)
    return pairs


def gaoya_pairs(path: Path) -> Pairs:
    """gaoya's index over its own shingles, filled and asked in parallel."""
    from gaoya.minhash import MinHashStringIndex

    index = MinHashStringIndex(
        hash_size=32,
        jaccard_threshold=SIMILARITY,
        num_bands=9,
        band_size=13,
        num_hashes=117,
        analyzer="word",
        lowercase=True,
        ngram_range=(SHINGLE, SHINGLE),
    )
    texts = list(prompts(path))
    index.par_bulk_insert_docs(list(range(len(texts))), texts)
    pairs: Pairs = set()
    for row, others in enumerate(index.par_bulk_query(texts)):
        pairs |= {(other, row) for other in others if other < row}
    return pairs


def rensa_pairs(path: Path) -> Pairs:
    """rensa's signatures and its index, over shingles made in Python as its documentation does."""
    from rensa import RMinHash, RMinHashLSH

    lsh = RMinHashLSH(threshold=SIMILARITY, num_perm=PERMUTATIONS, num_bands=16)
    pairs: Pairs = set()
    for row, text in enumerate(prompts(path)):
        sketch = RMinHash(num_perm=PERMUTATIONS, seed=1)
        words = text.lower().split()
        runs = [" ".join(words[i : i + SHINGLE]) for i in range(max(1, len(words) - SHINGLE + 1))]
        sketch.update(runs)
        pairs |= {(other, row) for other in lsh.query(sketch)}
        lsh.insert(row, sketch)
    return pairs


def daft_pairs(path: Path) -> Pairs:
    """Daft's signatures, which is all it has; bands of 13 minima, as the others choose them, and
    pairs that agree in enough minima, in NumPy."""
    import daft

    frame = daft.from_pydict({"text": list(prompts(path))})
    marked = frame.select(
        daft.col("text").minhash(num_hashes=PERMUTATIONS, ngram_size=SHINGLE, seed=1)
    )
    column = marked.to_arrow().column(0).combine_chunks()
    marks = np.asarray(column.flatten()).reshape(-1, PERMUTATIONS)
    pairs: Pairs = set()
    for band in range(0, 9 * 13, 13):
        keys = np.ascontiguousarray(marks[:, band : band + 13])
        _, which = np.unique(keys.view(f"V{keys.itemsize * 13}").ravel(), return_inverse=True)
        order = np.argsort(which, kind="stable")
        for rows in np.split(order, np.flatnonzero(np.diff(which[order])) + 1):
            for at, row in enumerate(rows[1:].tolist(), 1):
                for other in rows[:at].tolist():
                    if (marks[row] == marks[other]).mean() >= SIMILARITY:
                        pairs.add((min(row, other), max(row, other)))
    return pairs


def rapidfuzz_all(path: Path) -> Pairs:
    """rapidfuzz's ratio over all pairs of the first rows."""
    from rapidfuzz.fuzz import ratio
    from rapidfuzz.process import cdist

    texts = [text for _, text in zip(range(FUZZY_ROWS), prompts(path), strict=False)]
    scores = cdist(texts, texts, scorer=ratio, score_cutoff=100 * SIMILARITY, dtype=np.uint8)
    rows, columns = np.nonzero(scores)
    return {(a, b) for a, b in zip(rows.tolist(), columns.tolist(), strict=True) if a < b}


def text_dedup_rows(path: Path) -> int:
    """text-dedup's command line, which removes rows and says how many are left. The column of texts
    that it wants is written ahead."""
    with tempfile.TemporaryDirectory() as folder:
        texts = Path(folder) / "texts.jsonl"
        rows = 0
        with texts.open("w", encoding="utf-8") as file:
            for rows, text in enumerate(prompts(path), 1):  # noqa: B007 (counts them)
                file.write(json.dumps({"text": text}, ensure_ascii=False) + "\n")
        command = [sys.executable, "-m", "text_dedup.minhash", "--path", "json", "--split", "train"]
        command += ["--data_files", str(texts), "--cache_dir", f"{folder}/cache"]
        command += ["--output", f"{folder}/out", "--column", "text", "--ngram", str(SHINGLE)]
        command += ["--num_perm", str(PERMUTATIONS), "--threshold", str(SIMILARITY)]
        subprocess.run(command, check=True, capture_output=True, cwd=folder)
        import datasets

        return rows - len(datasets.load_from_disk(f"{folder}/out"))


PEERS: dict[str, tuple[str, Callable[[Path], Pairs | int]]] = {
    "gaoya": ("gaoya", gaoya_pairs),
    "rensa": ("rensa", rensa_pairs),
    "daft": ("daft", daft_pairs),
    "text-dedup": ("text-dedup", text_dedup_rows),
    "datasketch-batch": ("datasketch", datasketch_bulk),
    "datasketch-loop": ("datasketch", datasketch_loop),
}
"""By the name of a run: the environment it needs, and what runs."""


def told(found: Pairs | int, seconds: float) -> dict[str, Any]:
    """What a tool found, and what this process and its children took."""
    own, others = (
        resource.getrusage(of) for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    pairs = sorted(found) if isinstance(found, set) else None
    return {
        "seconds": seconds,
        "cpu": own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime,
        "mb": max(own.ru_maxrss, others.ru_maxrss) / 1024,
        "pairs": pairs,
        "removed": found if pairs is None else None,
    }


def main() -> int:
    """Run one peer here."""
    tool, path = sys.argv[1], Path(sys.argv[2])
    started = time.perf_counter()
    found = PEERS[tool][1](path)
    print(json.dumps(told(found, time.perf_counter() - started)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
