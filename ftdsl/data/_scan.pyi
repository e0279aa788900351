from typing import Any

def scan(
    data: bytes, turns: bytes, speaker: bytes, text: bytes, names: tuple[bytes, ...], /
) -> tuple[Any, ...] | None: ...
def texts(
    data: bytes,
    counts: bytes,
    roles: bytes,
    starts: bytes,
    stops: bytes,
    flags: bytes,
    which: int,
    /,
) -> tuple[bytes, bytes, bytes]: ...
def words(joined: bytes, ends: Any, table: bytes, /) -> bytes: ...
def pairs(data: bytes, first: bytes, follows: bytes, /) -> bytes: ...
def choose(
    data: bytes, at: int, crc: int, length: int, mean: int, left: int, /
) -> tuple[int, int, int]: ...
def count(data: Any, byte: int, /) -> int: ...
