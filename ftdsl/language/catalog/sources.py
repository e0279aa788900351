"""Where rows come from: file formats."""

from __future__ import annotations

from ftdsl.language.catalog.entry import Cost, FunctionEntry, Parameter, Scope


def _source(name: str, doc: str, extra: str = "") -> FunctionEntry:
    return FunctionEntry(
        name,
        (
            Parameter("pattern", "path", "file or glob, relative to the spec's folder"),
            Parameter("id", "text", "field that names the row", default="", keyword=True),
            Parameter("output", "text", "field with a recorded output", default="", keyword=True),
            Parameter(
                "text",
                "text",
                "field whose text is compared, in an `against`",
                default="",
                keyword=True,
            ),
        ),
        "source",
        Scope.SOURCE,
        Cost.CHEAP,
        doc,
        f'source = {name}("data/*.{name}")',
        extra=extra,
    )


FUNCTIONS: tuple[FunctionEntry, ...] = (
    _source("jsonl", "One JSON object a line; `.gz` and `.zst` files are read as well."),
    _source("json", "One JSON array of objects."),
    _source("csv", "Comma-separated values with a header line."),
    _source("parquet", "Apache Parquet files.", extra="data"),
)
