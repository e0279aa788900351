"""The published JSON Schema of ``run.json``."""

from __future__ import annotations

from typing import Any

from ftdsl.results.run import SCHEMA, RunResult

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def run_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of the record that every run leaves in ``runs/<id>/run.json``."""
    found = RunResult.model_json_schema(mode="serialization")
    return {"$schema": DIALECT, "$id": SCHEMA, **found}
