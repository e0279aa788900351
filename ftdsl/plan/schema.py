"""The published JSON Schema of ``plan.json``."""

from __future__ import annotations

from typing import Any

from ftdsl.plan.model import SCHEMA, Plan

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def plan_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of what ``ftdsl plan -o plan.json`` writes."""
    found = Plan.model_json_schema(mode="serialization")
    return {"$schema": DIALECT, "$id": SCHEMA, **found}
