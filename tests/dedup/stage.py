"""Programs and contexts for tests of dedup and coverage, built without the language."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ftdsl.dedup.step import run_dedup
from ftdsl.engine.console import QuietConsole
from ftdsl.engine.context import Policy
from ftdsl.engine.run import StepContext
from ftdsl.engine.signals import StopRequest
from ftdsl.language.program import (
    DatasetDef,
    DedupDef,
    DropDef,
    Expr,
    FieldDef,
    SchemaDef,
    SourceDef,
    Type,
)
from ftdsl.plan.steps import DedupStep
from ftdsl.results.models import DedupOutput

ROWS = Path(__file__).parent / "rows"
TEXT = Type("text")


def field(path: str, kind: str = "text") -> Expr:
    """A field or view of the row."""
    return Expr("field", Type(kind), value=path, source=path)


def call(name: str, *args: Expr, kind: str = "text") -> Expr:
    """A call of a row function."""
    source = f"{name}({', '.join(arg.source for arg in args)})"
    return Expr("call", Type(kind), args, name, source)


def literal(value: Any, kind: str = "int") -> Expr:
    """A constant."""
    return Expr("literal", Type(kind), value=value, source=str(value))


def dataset(name: str = "support", pattern: str = "rows.jsonl", **fields: str) -> DatasetDef:
    """A chat dataset over one file of JSON lines, whose rows are named by ``id`` if it is a
    declared field."""
    declared = tuple(
        FieldDef(key, Type(kind.rstrip("?"), kind.endswith("?"))) for key, kind in fields.items()
    )
    schema = SchemaDef("turns", "chat", declared)
    return DatasetDef(
        name, schema, (SourceDef("jsonl", pattern),), id="id" if "id" in fields else None
    )


def chat(prompt: str, reply: str, **fields: Any) -> dict[str, Any]:
    """A row of one question and one answer."""
    turns = [{"role": "user", "content": prompt}, {"role": "assistant", "content": reply}]
    return {"messages": turns, **fields}


def write(root: Path, rows: Iterable[Mapping[str, Any]], name: str = "rows.jsonl") -> None:
    """Rows as JSON lines below ``root``."""
    root.joinpath(name).write_text(
        "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8"
    )


def context(
    root: Path, step: str = "step", folders: Mapping[str, Path] | None = None
) -> StepContext:
    """The engine's own context, quiet, over ``root``."""
    work, cache = root / ".out" / step, root / ".out" / "cache"
    work.mkdir(parents=True, exist_ok=True)
    cache.mkdir(parents=True, exist_ok=True)
    return StepContext(
        root, work, cache, Policy(), {}, dict(folders or {}), QuietConsole(), StopRequest()
    )


def near(*on: Expr, **settings: Any) -> DropDef:
    """``drop near on …``."""
    return DropDef("near", on or (field("prompt"),), **settings)


def exact(*on: Expr, **settings: Any) -> DropDef:
    """``drop exact on …``."""
    return DropDef("exact", on or (field("prompt"),), **settings)


def dedup(
    root: Path,
    *drops: DropDef,
    own: DatasetDef | None = None,
    against: tuple[DatasetDef, ...] = (),
    splits: tuple[str | None, ...] = (),
    **settings: Any,
) -> DedupOutput:
    """Run the step over ``own`` (by default ``rows.jsonl`` below ``root``)."""
    source = own or dataset()
    step = DedupStep(
        id=f"dedup.{source.name}",
        name=source.name,
        dataset=source,
        dedup=DedupDef(source.name, drops, **settings),
        against=against,
        against_splits=splits,
    )
    return run_dedup(step, context(root, step.id))
