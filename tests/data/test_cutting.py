"""Chunks lie where the content says, whatever the blocks are that the cutter is fed."""

from __future__ import annotations

import hashlib
import random
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from ftdsl.data.cutting import LEAST, MOST, Cut, Cutter

LINES = st.lists(st.binary(max_size=60).map(lambda line: line.replace(b"\n", b"")), max_size=60)


def cut(body: bytes, step: int | None = None, *sizes: int) -> tuple[Cut, ...]:
    cutter = Cutter(*sizes)
    for at in range(0, len(body), step or len(body) or 1):
        cutter.feed(body[at : at + (step or len(body))])
    return cutter.end()


def pieces(body: bytes, cuts: tuple[Cut, ...]) -> list[bytes]:
    found, at = [], 0
    for one in cuts:
        found.append(body[at : at + one.size])
        at += one.size
    return found


@given(LINES, st.booleans(), st.integers(1, 70), st.integers(1, 200), st.integers(1, 200))
@settings(max_examples=200, deadline=None)
def test_chunks_make_up_the_file(
    lines: list[bytes], ended: bool, step: int, least: int, mean: int
) -> None:
    body = b"\n".join(lines) + b"\n" * ended
    sizes = (least, mean, 2 * least + mean)
    cuts = cut(body, None, *sizes)
    assert cut(body, step, *sizes) == cuts
    found = pieces(body, cuts)
    assert b"".join(found) == body
    assert all(piece.endswith(b"\n") for piece in found[:-1])
    for piece, one in zip(found, cuts, strict=True):
        assert one.digest == hashlib.sha256(piece).hexdigest()[:32]
        assert one.lines == len(piece.removesuffix(b"\n").split(b"\n"))
        last = piece[:-1].rfind(b"\n") + 1
        assert len(piece) >= least or piece is found[-1]
        assert last < sizes[2]


def rows(count: int, seed: int = 1) -> list[bytes]:
    draw = random.Random(seed)
    return [draw.randbytes(draw.randint(500, 3000)).hex().encode() + b"\n" for _ in range(count)]


def test_an_edit_changes_a_chunk_or_two() -> None:
    """Over many edits of every kind; at these sizes a chunk has some 360 rows."""
    draw = random.Random(7)
    lines = rows(4000)
    before = cut(b"".join(lines))
    sizes = [one.size for one in before]
    assert min(sizes[:-1]) >= LEAST
    assert max(sizes) <= MOST + 6001
    assert 0.8 * 2**20 < sum(sizes) / len(sizes) < 1.4 * 2**20
    changed = []
    for number in range(30):
        at = draw.randrange(len(lines))
        new = list(lines)
        if number % 3 == 0:
            del new[at]
        else:
            new[at : at + number % 3 - 1] = rows(1, number + 100)
        after = cut(b"".join(new))
        changed.append(len({one.digest for one in after} - {one.digest for one in before}))
    assert max(changed) <= 4
    assert sum(changed) / len(changed) < 1.5


def test_rows_that_are_all_the_same_are_cut_by_size() -> None:
    cuts = cut(b"the same\n" * (1 << 20))
    assert len(cuts) > 1
    assert all(one.size <= MOST + 9 for one in cuts)
    assert all(one.digest == other.digest for one, other in pairwise(cuts[:-1]))
