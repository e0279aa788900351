"""A record is to everybody what a dataclass with slots is."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftdsl.record import fresh, record, replace


@record
class Point:
    """A place."""

    kind: ClassVar[str] = "place"
    x: int
    y: int = 2
    notes: Mapping[str, int] = fresh(default_factory=dict)

    @property
    def sum(self) -> int:
        return self.x + self.y


@record(frozen=False)
class Tally:
    count: int = 0
    seen: list[str] = fresh(default_factory=list)


@record
class Triple:
    a: int
    b: int
    c: int


@record
class Empty:
    pass


@dataclass(frozen=True, slots=True)
class Model:
    """What ``Point`` is measured by."""

    x: int
    y: int = 2
    notes: Mapping[str, int] = field(default_factory=dict)


ARGUMENTS = st.tuples(
    st.lists(st.integers(), max_size=4),
    st.dictionaries(st.sampled_from(["x", "y", "notes", "z"]), st.integers(), max_size=3),
)


@given(ARGUMENTS)
def test_it_takes_the_arguments_that_a_dataclass_takes(
    arguments: tuple[list[int], dict[str, int]],
) -> None:
    given_, named = arguments

    def shown(kind: type[Any]) -> str:
        try:
            return repr(kind(*given_, **named)).partition("(")[2]
        except TypeError:
            return "refused"

    assert shown(Point) == shown(Model)


def test_equal_records_are_equal_and_hash_alike() -> None:
    one, same, other = Triple(1, 2, 3), Triple(1, 2, 3), Triple(1, 2, 4)
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert Empty() == Empty()
    assert Empty() != one


def test_a_frozen_record_refuses_change_and_a_mutable_one_takes_it() -> None:
    point = Point(1)
    with pytest.raises(AttributeError, match="cannot assign to field 'x'"):
        point.x = 3  # type: ignore[misc]
    with pytest.raises(AttributeError, match="cannot delete field 'x'"):
        del point.x
    with pytest.raises(AttributeError):
        point.other = 3  # type: ignore[attr-defined]
    tally = Tally()
    tally.count += 1
    assert tally == Tally(1)
    with pytest.raises(TypeError, match="unhashable"):
        hash(tally)


def test_a_fresh_default_belongs_to_one_instance() -> None:
    one, other = Tally(), Tally()
    one.seen.append("a")
    assert other.seen == []


def test_it_has_slots_its_name_and_its_methods() -> None:
    assert not hasattr(Point(1), "__dict__")
    assert Point.__doc__ == "A place."
    assert Point.__qualname__ == "Point"
    assert Point.kind == "place"
    assert Point(1).sum == 3
    assert repr(Point(1, 5)) == "Point(x=1, y=5, notes={})"


def test_patterns_copies_and_pickles_know_it() -> None:
    point = Point(4, notes={"a": 1})
    match point:
        case Point(x, y):
            assert (x, y) == (4, 2)
    assert copy.deepcopy(point) == point
    assert pickle.loads(pickle.dumps(point)) == point


def test_dataclasses_knows_it() -> None:
    point = Point(4)
    assert dataclasses.is_dataclass(Point)
    assert dataclasses.is_dataclass(point)
    x, y, notes = dataclasses.fields(point)
    assert (x.name, x.default, y.default, notes.default_factory) == (
        "x",
        dataclasses.MISSING,
        2,
        dict,
    )
    assert dataclasses.replace(point, y=9) == Point(4, 9)
    assert dataclasses.asdict(point) == {"x": 4, "y": 2, "notes": {}}


def test_replace_changes_some_fields() -> None:
    assert replace(Point(4), y=9) == Point(4, 9)
    with pytest.raises(TypeError, match="no such field: 'z'"):
        replace(Point(4), z=9)


def test_a_class_with_bases_is_refused() -> None:
    with pytest.raises(TypeError, match="inherits from no other class"):

        @record
        class Sub(Empty):
            pass
