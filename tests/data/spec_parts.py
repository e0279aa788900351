"""Small programs for tests, built without the language."""

from __future__ import annotations

from pathlib import Path

from ftdsl.language.program import DatasetDef, FieldDef, SchemaDef, SourceDef, SplitDef, Type


def dataset(
    pattern: str = "rows.jsonl",
    base: str | None = "chat",
    format: str = "jsonl",
    fields: dict[str, Type] | None = None,
    split: SplitDef | None = None,
    id: str | None = None,
) -> DatasetDef:
    """A dataset named ``d`` over one source."""
    schema = SchemaDef(
        base or "record", base, tuple(FieldDef(n, t) for n, t in (fields or {}).items())
    )
    sources = () if split is not None and split.kind == "given" else (SourceDef(format, pattern),)
    return DatasetDef("d", schema, sources, split, id)


def write(root: Path, data: bytes, name: str = "rows.jsonl") -> Path:
    """``data`` as a file under ``root``."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
