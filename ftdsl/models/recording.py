"""Which outputs were recorded for which case: the rows behind a ``provider = replay`` model."""

from __future__ import annotations

from pathlib import Path

import orjson

from ftdsl.data.rows import read_rows
from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Refused
from ftdsl.language.program import DatasetDef, ModelDef, SchemaDef

_ID = "id"
_OUTPUT = "output"


def id_column(model: ModelDef) -> str:
    """The field of a recorded row that names its case."""
    return _column(model, _ID)


def recorded_outputs(model: ModelDef, root: Path) -> dict[str, str]:
    """Case id → output text. A row without an output is left out, so that its case is unscored.

    Raises ``Refused``: FT300 and on for files that cannot be read, FT507 when no row has the id
    field, or two rows of one id differ.
    """
    assert model.outputs is not None, "the checker requires outputs of a replay"
    schema = SchemaDef("", None)
    dataset = DatasetDef(model.name, schema, (model.outputs,), span=model.outputs.span)
    key, field = _column(model, _ID), _column(model, _OUTPUT)
    outputs: dict[str, str] = {}
    for row in read_rows(dataset, root):
        case, output = row.value.get(key), row.value.get(field)
        if case is None or isinstance(case, dict | list) or not isinstance(output, str):
            continue
        name = case_name(case)
        if outputs.setdefault(name, output) != output:
            where = f"{row.path}:{row.line}"
            raise _refused(model, f"{where}: two different outputs are recorded for {name!r}")
    if not outputs:
        pattern = model.outputs.pattern
        raise _refused(model, f"no row of `{pattern}` has an id `{key}` and a text `{field}`")
    return outputs


def case_name(value: object) -> str:
    """The text of an id: itself, or as JSON writes it."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _column(model: ModelDef, role: str) -> str:
    columns = dict(model.outputs.columns) if model.outputs is not None else {}
    return columns.get(role) or role


def _refused(model: ModelDef, message: str) -> Refused:
    return Refused(
        Diagnostic(
            "FT507",
            f"model `{model.name}`: {message}",
            model.span or Span("", 0, 0),
            help='say which fields hold them: `jsonl("…", id: "…", output: "…")`',
        )
    )
