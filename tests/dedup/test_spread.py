"""Dedup in blocks and shards comes to what it comes to in one process, byte for byte."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spreading import BLOCKS, ENCODED, outcome, step_of, write_files

from ftdsl.dedup.ragged import Ints, Ragged, offsets_of
from ftdsl.dedup.spread.exchange import Piece, ShardIndex, counted
from ftdsl.dedup.spread.index import Numbering
from ftdsl.engine.context import Station
from ftdsl.engine.local import LocalEngine


class Blocks(LocalEngine):
    """This process, with the blocks and shards of a cluster of ``width`` cores."""

    distributed = True

    def __init__(self, width: int) -> None:
        self.width = width


class Forgetful(Blocks):
    """Makes every shard anew before every question, as if its worker had died."""

    def place(self, kind: Any, *arguments: Any) -> Station:
        class Again:
            def ask(self, method: str, *asked: Any) -> Any:
                return getattr(kind(*arguments), method)(*asked)

        return Again()


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("width", [1, 3])
def test_blocks_and_shards_change_nothing(name: str, width: int, tmp_path: Path) -> None:
    write_files(tmp_path, files=6, rows=60)
    step = step_of(name)
    here, there = outcome(tmp_path, step), outcome(tmp_path, step, Blocks(width))
    assert here[0].removed, "rows go at all"
    assert there[1] == here[1]
    assert there[0] == here[0]


@pytest.mark.parametrize("name", ENCODED)
def test_meanings_are_the_same_in_every_block(name: str, tmp_path: Path) -> None:
    write_files(tmp_path, files=3, rows=9)
    step = step_of(name)
    here, there = outcome(tmp_path, step), outcome(tmp_path, step, Blocks(2))
    assert here[0].removed, "rows go at all"
    assert there == here


@pytest.mark.parametrize("keep", ["longest", "first"])
def test_the_order_of_rows_is_that_of_all_blocks(keep: str, tmp_path: Path) -> None:
    write_files(tmp_path, files=5, rows=50)
    step = step_of("near", keep=keep)
    assert outcome(tmp_path, step, Blocks(2)) == outcome(tmp_path, step)


def test_shards_that_die_are_told_again_what_is_kept(tmp_path: Path) -> None:
    write_files(tmp_path, files=6, rows=200)
    step = step_of("near")
    assert outcome(tmp_path, step, Forgetful(2)) == outcome(tmp_path, step)


def test_a_shard_that_is_asked_twice_does_as_if_it_were_asked_once() -> None:
    def some(*rows: list[int]) -> Ragged:
        values = np.array([one for row in rows for one in row], dtype=np.uint64)
        return Ragged(values, offsets_of(np.array([len(row) for row in rows], dtype=np.int64)))

    def ints(*numbers: int) -> Ints:
        return np.array(numbers, dtype=np.int64)

    alike = Piece(ints(4, 9), ints(3, 4), some([1, 2, 3], [1, 2, 3]), some([1], [1]))
    shard = ShardIndex(0.7, alike)
    assert shard.similar(2, [], ints(), True) == 0, "two batches are missing"
    for _ in range(2):
        found = shard.similar(0, [ints(4), ints(7)], ints(9, 11), False)
        assert not isinstance(found, int)
        assert [one.tolist() for one in found] == [[9], [4], [0.75]]
    assert shard.similar(3, [], ints(), True) == 2


blocks_of_keys = st.lists(st.lists(st.integers(0, 5), max_size=8), min_size=1, max_size=5)


@given(blocks_of_keys)
@settings(max_examples=60, deadline=None)
def test_equal_keys_have_one_number_and_one_representative(blocks: list[list[int]]) -> None:
    keys = [np.array([(0, one) for one in block], np.uint64).reshape(-1, 2) for block in blocks]
    made = Numbering(keys)
    flat = [one for block in blocks for one in block]
    numbers = [int(one) for block in made.numbers for one in block]
    firsts = [int(one) for block in made.representative for one in block]
    assert made.count == len(set(flat))
    assert len(set(zip(flat, numbers, strict=True))) == made.count
    assert [one >= 0 for one in firsts] == [flat.index(one) == at for at, one in enumerate(flat)]


@given(st.lists(st.lists(st.integers(0, 9), min_size=1), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_hashes_are_counted_over_all_blocks(blocks: list[list[int]]) -> None:
    told = counted(*(np.array(block, dtype=np.uint64) for block in blocks))
    found = told if len(blocks) > 1 else [told]
    every = [one for block in blocks for one in block]
    assert [list(map(int, one)) for one in found] == [list(map(every.count, b)) for b in blocks]
