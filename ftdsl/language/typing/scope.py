"""Which names and functions an expression may use, by the place it stands in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from ftdsl.diagnostics.diagnostic import Label
from ftdsl.language import catalog
from ftdsl.language.catalog.entry import FunctionEntry, MeasureEntry, ViewEntry
from ftdsl.language.modules import Module
from ftdsl.language.program import EvalDef, SchemaDef, Type
from ftdsl.language.tree import Let
from ftdsl.language.types import ROWS, parse_type
from ftdsl.language.workspace import Workspace
from ftdsl.record import fresh, record, replace

Level = Literal["row", "dataset", "measures", "constant"]


@record
class Known:
    """A name that stands for a value: how the typed tree calls it, its type, what bounds it."""

    op: str
    type: Type
    minimum: float | None = None
    maximum: float | None = None


@record
class Scope:
    """``place`` completes "… cannot stand in". ``row`` is the scope of the row arguments of a
    dataset's functions. ``elsewhere`` are names that mean something in other places, with where.
    ``complete`` is False where what declares the names could not be read in full."""

    module: Module
    level: Level
    place: str
    names: Mapping[str, Known]
    functions: Mapping[str, FunctionEntry]
    row: Scope | None = None
    elsewhere: Mapping[str, str] = fresh(default_factory=dict)
    complete: bool = True


def constant_scope(module: Module, place: str) -> Scope:
    """No names but constants."""
    return Scope(module, "constant", place, {}, {})


def function_scope(module: Module, parameters: Iterable[tuple[str, Type]]) -> Scope:
    """The body of a function: its parameters and the functions of one row."""
    names = {name: Known("param", kind) for name, kind in parameters}
    return Scope(module, "row", "a function", names, catalog.ROW)


def row_scope(
    ws: Workspace,
    module: Module,
    schema: SchemaDef,
    place: str,
    functions: Mapping[str, FunctionEntry] = catalog.ROW,
) -> Scope:
    """The fields and views of one row of ``schema``."""
    names = {view.name: _view(view) for view in views_of(schema)}
    names |= {one.name: Known("field", one.type) for one in schema.fields}
    _check_shadows(ws, module, schema)
    complete = _complete(ws, schema)
    return Scope(module, "row", place, names, functions, None, _measure_places(), complete)


def score_scope(ws: Workspace, module: Module, schema: SchemaDef) -> Scope:
    """One case of an eval and the model's ``output``."""
    scope = row_scope(ws, module, schema, "a score", {**catalog.ROW, **catalog.SCORERS})
    names = {**scope.names, **{view.name: _view(view) for view in catalog.ANSWER_VIEWS}}
    return replace(scope, names=names)


def dataset_scope(
    ws: Workspace, module: Module, schema: SchemaDef, place: str, context: str
) -> Scope:
    """All rows of a dataset of ``schema``; ``context`` is the block kind for measures."""
    names = {"rows": Known("field", ROWS), **_measures(context)}
    row = row_scope(ws, module, schema, place)
    hidden = catalog.OF_LOCK if context == "coverage" else catalog.OF_DUPLICATES
    functions = {n: one for n, one in catalog.AGGREGATES.items() if n not in hidden}
    return Scope(module, "dataset", place, names, functions, row, {}, row.complete)


def verdict_scope(module: Module) -> Scope:
    """The condition of ``fail when`` and ``warn when``."""
    return Scope(module, "measures", "a verdict line", _measures("verdict"), {})


def measure_scope(
    ws: Workspace, module: Module, context: str, place: str, evals: Iterable[EvalDef | None]
) -> Scope:
    """The measured scores of one eval (gate, select, rate); a sweep names the eval before them."""
    names: dict[str, Known] = {}
    complete = True
    for one in evals:
        if one is None:
            continue
        if one.span is not None and ws.report.in_incomplete(one.span):
            complete = False
        scores = [score.name for score in one.scores]
        prefix = f"{one.name}." if context == "sweep" else ""
        names |= {f"{prefix}{name}": known for name, known in _measures(context, scores).items()}
    return Scope(module, "measures", place, names or _measures(context), {}, complete=complete)


def views_of(schema: SchemaDef) -> tuple[ViewEntry, ...]:
    """The parts of a row that its format offers."""
    return catalog.FORMATS[schema.base].views if schema.base else catalog.PLAIN_VIEWS


def _complete(ws: Workspace, schema: SchemaDef) -> bool:
    """Whether all fields of the schema, and of those it extends, could be read."""
    spans = (schema.span, *(one.span for one in schema.fields))
    return not any(span is not None and ws.report.in_incomplete(span) for span in spans)


def _view(view: ViewEntry) -> Known:
    return Known("field", parse_type(view.type), view.minimum)


def _measures(context: str, scores: Iterable[str] = ()) -> dict[str, Known]:
    found: dict[str, Known] = {}
    for entry in catalog.MEASURES:
        if context not in entry.contexts or entry.name.startswith("RATE."):
            continue
        if "SCORE" in entry.name:
            for score in scores:
                found[entry.name.replace("SCORE", score)] = measure(entry)
        else:
            found[entry.name] = measure(entry)
    return found


def measure(entry: MeasureEntry) -> Known:
    return Known("measure", parse_type(entry.type), entry.minimum, entry.maximum)


def _measure_places() -> dict[str, str]:
    words = {"verdict": "a verdict line", "check": "an `expect`", "coverage": "an `expect`"}
    return {
        entry.name: " or ".join(
            dict.fromkeys(words.get(one, f"a `{one}` block") for one in entry.contexts)
        )
        for entry in catalog.MEASURES
    }


def _check_shadows(ws: Workspace, module: Module, schema: SchemaDef) -> None:
    """A `let` that a field or view of the same name would hide."""
    names = {view.name: None for view in views_of(schema)} | {
        one.name: one.span for one in schema.fields
    }
    for name, span in names.items():
        item = module.names.get(name)
        if isinstance(item, Let):
            related = (Label(span, "the field"),) if span is not None else ()
            ws.report.add(
                "FT102",
                f"a {'field' if span else 'part'} of the row hides the `let` called `{name}`",
                item.name.span,
                label="rename this one",
                related=related,
            )
