"""Dataclasses that cost next to nothing to define, for what ``ftdsl check`` imports.

``dataclasses`` writes and compiles six functions for every class, which takes a millisecond, and
its import takes ten: for the hundred classes of the language that is a third of a whole check. A
``record`` shares its methods with all others instead. It is what ``dataclass(slots=True)`` makes
to all who look at it: fields by annotation, ``==``, ``hash``, ``repr``, patterns, pickles, and
``dataclasses.fields`` and ``replace``.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform, overload

T = TypeVar("T")
_put = object.__setattr__


class _Fresh:
    """A default that every instance gets its own of."""

    def __init__(self, factory: Callable[[], Any]) -> None:
        self.factory = factory


def fresh(*, default_factory: Callable[[], T]) -> T:
    """The default of a field that is made anew for every instance."""
    made: Any = _Fresh(default_factory)
    return made  # type: ignore[no-any-return]


@overload
def record(cls: type[T], /) -> type[T]: ...


@overload
def record(*, frozen: bool = True) -> Callable[[type[T]], type[T]]: ...


@dataclass_transform(frozen_default=True, field_specifiers=(fresh,))
def record(cls: type[T] | None = None, /, *, frozen: bool = True) -> Any:
    """Make a class a record of its annotated fields, which never change unless ``frozen`` is False.

    Annotations are texts (``from __future__ import annotations``); a ``ClassVar`` is no field.
    Raises TypeError when an instance is made with fields that the class lacks, or without one that
    has no default, and when a class with bases is made one.
    """
    if cls is None:
        return lambda given: _made(given, frozen)
    return _made(cls, frozen)


def replace(of: T, /, **changes: Any) -> T:
    """A record like ``of`` with some fields changed."""
    names = of.__match_args__  # type: ignore[attr-defined]
    return type(of)(**{name: getattr(of, name) for name in names} | changes)


def _made(cls: type[Any], frozen: bool) -> type[Any]:
    """The class again, with slots: they have to be known when a class is created."""
    if cls.__bases__ != (object,):
        raise TypeError(f"{cls.__qualname__}: a record inherits from no other class")
    own = dict(cls.__dict__)
    annotations: dict[str, str] = own.get("__annotations__", {})
    names = [name for name, kind in annotations.items() if not kind.startswith("ClassVar")]
    defaults = {name: own.pop(name) for name in names if name in own}
    for name in ("__dict__", "__weakref__"):
        own.pop(name, None)
    methods = _FROZEN if frozen else _MUTABLE
    shared = {name: method for name, method in methods.items() if name not in own}
    body = own | shared
    body["__slots__"] = body["__match_args__"] = tuple(names)
    body["_defaults"] = defaults
    body["_values"] = attrgetter(*names) if names else staticmethod(lambda _: ())
    return type(cls.__name__, (), body)


def _init(self: Any, *given: Any, **named: Any) -> None:
    names = self.__match_args__
    for name, value in zip(names, given, strict=False):
        _put(self, name, value)
    if len(given) < len(names):
        defaults = self._defaults
        for name in names[len(given) :]:
            if name in named:
                value = named.pop(name)
            elif name in defaults:
                value = defaults[name]
                if type(value) is _Fresh:
                    value = value.factory()
            else:
                raise TypeError(f"{type(self).__qualname__} lacks the field {name!r}")
            _put(self, name, value)
    if named or len(given) > len(names):
        extra = ", ".join(map(repr, named)) or f"{len(given) - len(names)} more"
        raise TypeError(f"{type(self).__qualname__} has no such field: {extra}")


def _eq(self: Any, other: Any) -> Any:
    if type(other) is not type(self):
        return NotImplemented
    return self._values(self) == self._values(other)


def _hash(self: Any) -> int:
    return hash(self._values(self))


def _repr(self: Any) -> str:
    told = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
    return f"{type(self).__qualname__}({told})"


def _reduce(self: Any) -> tuple[Any, ...]:
    return type(self), tuple(getattr(self, name) for name in self.__match_args__)


def _refuse_set(self: Any, name: str, _: object) -> None:
    raise AttributeError(f"cannot assign to field {name!r} of {type(self).__qualname__}")


def _refuse_delete(self: Any, name: str) -> None:
    raise AttributeError(f"cannot delete field {name!r} of {type(self).__qualname__}")


class _Fields:
    """What ``dataclasses`` knows a dataclass by, made when somebody asks."""

    def __get__(self, _: object, cls: type[Any]) -> dict[str, Any]:
        from dataclasses import MISSING, field, make_dataclass

        def described(name: str) -> tuple[str, str, Any]:
            default = cls._defaults.get(name, MISSING)
            if type(default) is _Fresh:
                return name, cls.__annotations__[name], field(default_factory=default.factory)
            return name, cls.__annotations__[name], field(default=default)

        made: Any = make_dataclass(cls.__name__, [described(name) for name in cls.__match_args__])
        fields: dict[str, Any] = made.__dataclass_fields__
        cls.__dataclass_fields__ = fields
        return fields


_MUTABLE: dict[str, Any] = {
    "__init__": _init,
    "__eq__": _eq,
    "__hash__": None,
    "__repr__": _repr,
    "__reduce__": _reduce,
    "__dataclass_fields__": _Fields(),
}
_FROZEN = _MUTABLE | {
    "__hash__": _hash,
    "__setattr__": _refuse_set,
    "__delattr__": _refuse_delete,
}
