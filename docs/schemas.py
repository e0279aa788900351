"""The published JSON Schemas, from the types they describe."""

from __future__ import annotations

import json
from typing import Any

from pydantic import TypeAdapter

from ftdsl.plan.schema import DIALECT, plan_schema
from ftdsl.reports.document import Document
from ftdsl.reports.jsonl import FindingLine, SummaryLine
from ftdsl.results.record import SCHEMA as RECORD
from ftdsl.results.record import RunRecord
from ftdsl.results.schema import run_schema


def schema_pages() -> dict[str, str]:
    """JSON text of every published schema, by file name."""
    schemas = {
        "plan.schema.json": plan_schema(),
        "run.schema.json": run_schema(),
        "record.schema.json": record_schema(),
        "report.schema.json": report_schema(),
        "lines.schema.json": lines_schema(),
    }
    return {
        name: json.dumps(schema, indent=1, sort_keys=True) + "\n"
        for name, schema in schemas.items()
    }


def report_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of ``--output json``, the same for every command."""
    found = TypeAdapter(Document).json_schema(mode="serialization")
    return {"$schema": DIALECT, "$id": "ftdsl.report/1", **found}


def record_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of ``record.json`` in the folder of a kept run."""
    found = RunRecord.model_json_schema(mode="serialization")
    return {"$schema": DIALECT, "$id": RECORD, **found}


def lines_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of one line of ``--output jsonl``."""
    found = TypeAdapter(FindingLine | SummaryLine).json_schema(mode="serialization")
    return {"$schema": DIALECT, "$id": "ftdsl.lines/1", **found}
