"""Whether tool calls keep to the JSON Schemas of their tools, and whether those are schemas.

A validator is made once for each distinct schema. Nothing that a schema says can reach the network
(references are looked up in the schema alone) or take more than linear time in a pattern (RE2).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import orjson

from ftdsl.data.rows import Row
from ftdsl.quality.measures.tool_calls import Call, calls_of, declared_tools

_SHOWN = 4
"""Faults of one row that are told."""
_VALUE = 60


class Schema:
    """One tool's argument schema. ``fault`` says why it is no JSON Schema, or is ""."""

    def __init__(self, schema: Any) -> None:
        self.schema = schema
        self.fault = _schema_fault(schema)
        self._validator = None if self.fault else _validator(schema)

    def faults(self, arguments: dict[str, Any]) -> list[str]:
        """Where ``arguments`` do not conform, each as ``path: why``, in order of the paths."""
        from referencing.exceptions import Unresolvable

        if self._validator is None:
            return []
        try:
            errors = sorted(self._validator.iter_errors(arguments), key=_place)
        except (RecursionError, Unresolvable):
            # A schema that refers to itself or to elsewhere decides nothing.
            return []
        return [f"{_place(one)}{_cut(one.message)}" for one in errors]


def _place(error: Any) -> str:
    path = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in error.absolute_path)
    return f"{path.removeprefix('.')}: " if path else ""


def _cut(text: str) -> str:
    return text if len(text) <= 2 * _VALUE else text[: 2 * _VALUE] + "…"


def compiled(schema: Any) -> Schema:
    """The validator of ``schema``, made once for each content."""
    return _compiled(orjson.dumps(schema, option=orjson.OPT_SORT_KEYS, default=str))


@lru_cache(maxsize=1024)
def _compiled(content: bytes) -> Schema:
    return Schema(orjson.loads(content))


def _schema_fault(schema: Any) -> str:
    import re2
    from jsonschema.exceptions import SchemaError

    if not isinstance(schema, dict):
        return f"is {orjson.dumps(schema, default=str).decode()[:_VALUE]}, not an object"
    try:
        _dialect(schema).check_schema(schema)
        for pattern in _patterns(schema):
            _regex(pattern)
    except SchemaError as error:
        return f"{_place(error)}{_cut(error.message)}"
    except re2.error:
        return f"pattern {_cut(pattern)} cannot be searched for in linear time"
    except RecursionError:
        return "is nested too deep"
    return ""


def _dialect(schema: dict[str, Any]) -> Any:
    from jsonschema import Draft202012Validator
    from jsonschema.validators import validator_for

    named = schema.get("$schema")
    if not isinstance(named, str):
        return Draft202012Validator
    return validator_for({"$schema": named}, default=Draft202012Validator)


def _patterns(schema: Any) -> Iterator[str]:
    """Every regular expression of the schema. ``properties`` holds names, not keywords."""
    if isinstance(schema, list):
        for one in schema:
            yield from _patterns(one)
    if not isinstance(schema, dict):
        return
    for key, value in schema.items():
        if key == "pattern" and isinstance(value, str):
            yield value
        if key == "patternProperties" and isinstance(value, dict):
            yield from value
        if key in ("properties", "patternProperties", "$defs", "definitions"):
            yield from _patterns(list(value.values()) if isinstance(value, dict) else value)
        elif key not in ("const", "enum", "default", "examples"):
            yield from _patterns(value)


@lru_cache(maxsize=1024)
def _regex(pattern: str) -> Any:
    import re2

    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options=options)


def _validator(schema: dict[str, Any]) -> Any:
    from jsonschema.validators import extend
    from referencing import Registry

    kind = extend(
        _dialect(schema),
        {
            "pattern": _pattern,
            "patternProperties": _pattern_properties,
            "additionalProperties": _additional_properties,
            # The library's own reads patterns with a regex engine that can backtrack for ever.
            "unevaluatedProperties": _undecided,
        },
    )
    return kind(schema, registry=Registry())


def _pattern(_validator: Any, pattern: str, value: Any, _schema: Any) -> Iterator[Any]:
    from jsonschema.exceptions import ValidationError

    if isinstance(value, str) and _regex(pattern).search(value) is None:
        yield ValidationError(f"{value!r} does not match {pattern!r}")


def _pattern_properties(
    validator: Any, patterns: dict[str, Any], value: Any, _schema: Any
) -> Iterator[Any]:
    if not isinstance(value, dict):
        return
    for pattern, inner in patterns.items():
        for name, one in value.items():
            if _regex(pattern).search(name) is not None:
                yield from validator.descend(one, inner, path=name, schema_path=pattern)


def _additional_properties(
    validator: Any, allowed: Any, value: Any, schema: dict[str, Any]
) -> Iterator[Any]:
    from jsonschema.exceptions import ValidationError

    if not isinstance(value, dict):
        return
    extras = _extras(value, schema)
    if isinstance(allowed, dict):
        for name in extras:
            yield from validator.descend(value[name], allowed, path=name)
    elif allowed is False and extras:
        yield ValidationError(f"{', '.join(map(repr, extras))} is not declared")


def _undecided(*_: Any) -> Iterator[Any]:
    return iter(())


def _extras(value: dict[str, Any], schema: dict[str, Any]) -> list[str]:
    """The names of ``value`` that neither ``properties`` nor ``patternProperties`` knows."""
    known = schema.get("properties") or {}
    patterns = [_regex(one) for one in schema.get("patternProperties") or {}]
    return [
        name
        for name in value
        if name not in known and all(one.search(name) is None for one in patterns)
    ]


# ------------------------------------------------------------------ padding and unknown names


def _is_padding(name: str, value: Any, schema: dict[str, Any]) -> bool:
    """Whether ``name: null`` only fills a column: the schema neither wants it nor allows null."""
    known = schema.get("properties")
    if value is not None or not isinstance(known, dict) or name in (schema.get("required") or ()):
        return False
    return name not in known or bool(compiled(known[name]).faults(None))  # type: ignore[arg-type]


def _padding(arguments: dict[str, Any], schema: Any, path: str = "") -> Iterator[str]:
    if not isinstance(schema, dict):
        return
    known = schema.get("properties")
    for name, value in arguments.items():
        if _is_padding(name, value, schema):
            yield f"{path}{name}"
        elif isinstance(value, dict) and isinstance(known, dict) and name in known:
            yield from _padding(value, known[name], f"{path}{name}.")


def unpadded(arguments: dict[str, Any], schema: Any) -> dict[str, Any]:
    """The arguments without the nulls that only fill a column."""
    if not isinstance(schema, dict):
        return arguments
    known = schema.get("properties")
    inner = known if isinstance(known, dict) else {}
    return {
        name: unpadded(value, inner.get(name)) if isinstance(value, dict) else value
        for name, value in arguments.items()
        if not _is_padding(name, value, schema)
    }


def _checked(row: Row) -> Iterator[tuple[Call, dict[str, Any], Schema]]:
    """The calls whose arguments can be held to a schema."""
    calls = list(calls_of(row))
    if not calls:
        return
    declared = declared_tools(row)
    for call in calls:
        arguments = call.parsed()
        schema = declared.get(call.name) if call.name is not None else None
        if arguments is None or schema is None:
            continue
        found = compiled(schema)
        if not found.fault:
            yield call, arguments, found


def tool_arguments_valid(row: Row) -> bool:
    """Whether the arguments of every call conform to their tool's schema, nulls that only fill a
    column aside. Calls of undeclared tools, and broken schemas, are told by measures of their own.
    """
    return next(_misfits(row), None) is None


def _misfits(row: Row) -> Iterator[str]:
    for call, arguments, schema in _checked(row):
        for fault in schema.faults(unpadded(arguments, schema.schema)):
            yield f"{call}: {fault}"


def padded_arguments(row: Row) -> int:
    """Arguments that are null though their tool neither requires them nor allows null."""
    return sum(1 for _ in _paddings(row))


def _paddings(row: Row) -> Iterator[str]:
    for call, arguments, schema in _checked(row):
        for name in _padding(arguments, schema.schema):
            yield f"{call}: {name}"


def unknown_arguments(row: Row) -> int:
    """Arguments that their tool does not declare, where its schema lists what it takes."""
    return sum(1 for _ in _unknown(row))


def _unknown(row: Row) -> Iterator[str]:
    for call, arguments, schema in _checked(row):
        listed = schema.schema.get("properties")
        if not isinstance(listed, dict) or schema.schema.get("additionalProperties"):
            continue
        given = unpadded(arguments, schema.schema)
        for name in _extras(given, schema.schema):
            yield f"{call}: {name}; declared: {', '.join(listed) or 'none'}"


def tool_schemas_valid(row: Row) -> bool:
    """Whether the argument schema of every declared tool is a valid JSON Schema."""
    return next(_broken(row), None) is None


def _broken(row: Row) -> Iterator[str]:
    for name, schema in declared_tools(row).items():
        fault = compiled(schema).fault if schema is not None else ""
        if fault:
            yield f"{name}: {fault}"


def _told(found: Iterator[str]) -> str:
    listed = list(found)
    more = f"; and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return "; ".join(listed[:_SHOWN]) + more


EACH: dict[str, Any] = {
    "tool_arguments_valid": tool_arguments_valid,
    "padded_arguments": padded_arguments,
    "unknown_arguments": unknown_arguments,
    "tool_schemas_valid": tool_schemas_valid,
}

REASONS: dict[str, Any] = {
    "tool_arguments_valid": lambda row: _told(_misfits(row)),
    "padded_arguments": lambda row: _told(_paddings(row)),
    "unknown_arguments": lambda row: _told(_unknown(row)),
    "tool_schemas_valid": lambda row: _told(_broken(row)),
}
"""What a finding tells beside the value, by function."""
