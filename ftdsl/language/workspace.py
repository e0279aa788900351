"""What one analysis knows as it goes: files, finished definitions, budgets and diagnostics."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from ftdsl.diagnostics.diagnostic import Span
from ftdsl.language.modules import Module
from ftdsl.language.program import (
    CheckDef,
    CoverageDef,
    DatasetDef,
    DedupDef,
    EvalDef,
    Expr,
    ExternDef,
    GateDef,
    ModelDef,
    RateDef,
    RuleDef,
    SchemaDef,
    SelectDef,
    TrainDef,
    Type,
    WaiverDef,
)
from ftdsl.language.reporting import Report
from ftdsl.language.source import Source
from ftdsl.language.swept import SweepDef
from ftdsl.record import fresh, record

MAX_NODES = 100_000
"""Typed nodes that all expressions of one analysis may grow to when functions are inlined."""


@record
class FunctionValue:
    """A checked function. ``body`` is None for an extern one; ``nodes`` is the body's size."""

    name: str
    parameters: tuple[tuple[str, Type], ...]
    result: Type
    body: Expr | None
    nodes: int
    depth: int
    extern: ExternDef | None = None


@record(frozen=False)
class Workspace:
    """Definitions are kept by name once checked; a name whose block was wrong maps to None, so
    that what refers to it stays silent. Keys of ``lets`` and ``functions`` are (path, name).
    ``ancestors`` maps a schema's key (``path:name``, or a row format's name) to the keys of all
    that it extends, itself among them."""

    root: Path
    today: date
    overrides: dict[str, str]
    report: Report = fresh(default_factory=Report)
    sources: dict[str, Source] = fresh(default_factory=dict)
    modules: dict[str, Module] = fresh(default_factory=dict)
    main: Module | None = None
    nodes: int = 0
    lets: dict[tuple[str, str], Expr | None] = fresh(default_factory=dict)
    functions: dict[tuple[str, str], FunctionValue | None] = fresh(default_factory=dict)
    schemas: dict[tuple[str, str], SchemaDef | None] = fresh(default_factory=dict)
    rulesets: dict[tuple[str, str], tuple[RuleDef, ...] | None] = fresh(default_factory=dict)
    ancestors: dict[str, frozenset[str]] = fresh(default_factory=dict)
    externs: dict[str, ExternDef] = fresh(default_factory=dict)
    pending: list[tuple[str, str]] = fresh(default_factory=list)
    datasets: dict[str, DatasetDef | None] = fresh(default_factory=dict)
    models: dict[str, ModelDef | None] = fresh(default_factory=dict)
    evals: dict[str, EvalDef | None] = fresh(default_factory=dict)
    trains: dict[str, TrainDef | None] = fresh(default_factory=dict)
    checks: dict[str, CheckDef] = fresh(default_factory=dict)
    dedups: list[DedupDef] = fresh(default_factory=list)
    coverages: list[CoverageDef] = fresh(default_factory=list)
    selects: list[SelectDef] = fresh(default_factory=list)
    sweeps: list[SweepDef] = fresh(default_factory=list)
    gates: list[GateDef] = fresh(default_factory=list)
    rates: list[RateDef] = fresh(default_factory=list)
    waivers: list[WaiverDef] = fresh(default_factory=list)

    @property
    def program_file(self) -> Module:
        """The file that was asked for."""
        if self.main is None:
            raise LookupError("no file has been read")
        return self.main

    def text(self, span: Span) -> str:
        """The text that ``span`` covers, with its white space as single spaces."""
        source = self.sources.get(span.path)
        return " ".join(source.slice(span).split()) if source is not None else ""

    def spend(self, nodes: int, span: Span) -> bool:
        """Count typed nodes against the budget; False once it is used up (said once)."""
        before, self.nodes = self.nodes, self.nodes + nodes
        if self.nodes <= MAX_NODES:
            return True
        if before <= MAX_NODES:
            self.report.add(
                "FT126",
                f"functions expand to more than {MAX_NODES} parts",
                span,
                label="this call goes over the budget",
                help="let the functions call one another less",
            )
        return False
