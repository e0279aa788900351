from typing import Any

def shingle(
    texts: tuple[str | bytes, ...], width: int, words: Any, folds: Any, folded: Any, /
) -> tuple[bytes, bytes, bytes]: ...
def scan(
    data: bytes,
    fields: tuple[tuple[bytes, int, int], ...],
    wanted: int,
    target: int,
    width: int,
    words: Any,
    folds: Any,
    folded: Any,
    /,
) -> tuple[bytes, bytes, bytes, bytes, bytes]: ...
def tally(values: Any, table: Any, bits: int, /) -> None: ...
def sift(
    values: Any, offsets: Any, needed: Any, table: Any, bits: int, /
) -> tuple[bytes, bytes]: ...
def touched(
    values: Any, offsets: Any, needed: Any, sums: Any, table: Any, bits: int, /
) -> bytes: ...
def number(
    values: Any,
    ids: Any,
    keys: Any,
    slots: Any,
    frequency: Any,
    first: int,
    used: int,
    shard: int,
    shards: int,
    /,
) -> int: ...
def rarity(frequency: Any, ranks: Any, /) -> int: ...
def rank(ids: Any, offsets: Any, needed: Any, ranks: Any, counts: Any, /) -> int: ...
def sign(values: Any, offsets: Any, multipliers: Any, addends: Any, marks: Any, /) -> None: ...
def enter(classes: Any, state: tuple[Any, ...], /) -> None: ...
def probe(
    classes: Any, state: tuple[Any, ...], stamp: int, similarity: float, among: bool, /
) -> tuple[bytes, bytes, bytes]: ...
