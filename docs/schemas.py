"""The JSON Schemas that are published with the documentation, as the text of their files."""

from __future__ import annotations

import json
from typing import Any

from ftdsl.plan.schema import plan_schema
from ftdsl.results.schema import run_schema


def schema_pages() -> dict[str, str]:
    """File name → text, with sorted keys so that a change is a small diff."""
    found = {"plan.schema.json": plan_schema(), "run.schema.json": run_schema()}
    return {name: _text(schema) for name, schema in found.items()}


def _text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=1, sort_keys=True) + "\n"
