"""The typed program: what a spec means, with every name resolved and every expression typed.

The checker builds it from the syntax tree; the planner turns it into steps. All nodes are frozen,
hold plain values only, and keep the span they came from so that later stages can point at the spec.
``span`` never takes part in a content key: moving a block must not make anything stale.
"""

from __future__ import annotations

from ftdsl.diagnostics.diagnostic import Span
from ftdsl.language.swept import SweepDef as SweepDef
from ftdsl.language.typed import Expr as Expr
from ftdsl.language.typed import Type as Type
from ftdsl.record import record

Value = str | int | float | bool | None


@record
class FieldDef:
    name: str
    type: Type
    span: Span | None = None


@record
class SchemaDef:
    """``base`` is the built-in row format at the end of the ``extends`` chain: ``chat``,
    ``completion``, ``alpaca``, ``sharegpt``, ``preference``, ``kto``; None for a plain record.
    ``fields`` are all declared fields, inherited ones first, without the base's own."""

    name: str
    base: str | None
    fields: tuple[FieldDef, ...] = ()
    span: Span | None = None


@record
class SourceDef:
    """``format`` is jsonl, json, csv or parquet; ``pattern`` a glob or file below the project root.
    ``columns`` maps a role (``id``, ``output``) to a field, for replayed outputs."""

    format: str
    pattern: str
    columns: tuple[tuple[str, str], ...] = ()
    span: Span | None = None


@record
class SplitDef:
    """``by_hash``: ``shares`` by split, ``key`` a field, ``seed`` the salt; ``given``: sources."""

    kind: str
    key: str | None = None
    shares: tuple[tuple[str, float], ...] = ()
    seed: int = 0
    sources: tuple[tuple[str, SourceDef], ...] = ()
    span: Span | None = None


@record
class DatasetDef:
    """``id`` is the field that names a row; None means a digest of the row's content.
    ``tokenizer`` names what ``tokens(…)`` counts with, ``template`` the trainer's chat template.
    ``sources`` is empty when the split holds them (``given``). ``allow_empty``: the operator, never
    a spec, says that no row is fine."""

    name: str
    schema: SchemaDef
    sources: tuple[SourceDef, ...]
    split: SplitDef | None = None
    id: str | None = None
    tokenizer: str = "o200k_base"
    span: Span | None = None
    allow_empty: bool = False
    template: str | None = None

    @property
    def split_names(self) -> tuple[str, ...]:
        if self.split is None:
            return ()
        pairs = self.split.shares if self.split.kind == "by_hash" else self.split.sources
        return tuple(name for name, _ in pairs)


@record
class ExampleDef:
    """Rows that a rule must accept or reject."""

    kind: str
    source: SourceDef
    span: Span | None = None


@record
class RuleDef:
    """One rule of a check. ``kind`` is ``row`` (``where``, ``must``) or ``dataset`` (``expect``).

    ``fail`` and ``warn`` are boolean Exprs over ``failing`` and ``failing_rows``. With neither
    written, ``fail`` is ``failing_rows > 0``; giving one implies nothing about the other.
    ``origin`` is the ruleset it came from (``house.well_formed_chat``), or "".
    """

    name: str
    kind: str
    doc: str = ""
    where: Expr | None = None
    must: Expr | None = None
    expect: Expr | None = None
    fail: Expr | None = None
    warn: Expr | None = None
    waivable: bool = True
    origin: str = ""
    examples: tuple[ExampleDef, ...] = ()
    span: Span | None = None


@record
class CheckDef:
    dataset: str
    rules: tuple[RuleDef, ...]
    span: Span | None = None


@record
class RulesetDef:
    name: str
    schema: SchemaDef
    rules: tuple[RuleDef, ...]
    span: Span | None = None


@record
class DropDef:
    """``against``: a dataset, split, eval or file (``file``, compared by ``file_on`` if given).
    ``algorithm`` ``auto``: every pair. ``similarity`` 0 (paraphrase): by ``false_flags``.
    ``embeddings`` names its sentence encoder, ``index`` what earlier runs stored; "" for none."""

    method: str
    on: tuple[Expr, ...]
    against: str | None = None
    algorithm: str = "auto"
    shingle: int = 5
    permutations: int = 128
    seed: int = 1
    similarity: float = 0.8
    n: int = 13
    false_flags: float = 0.01
    embeddings: str = ""
    forbids: bool = False
    file: DatasetDef | None = None
    file_on: tuple[Expr, ...] = ()
    index: str = ""
    span: Span | None = None


@record
class DedupDef:
    """``keep`` is ``first``, ``longest`` or ``best`` (then ``keep_by`` is a row Expr, largest
    wins). ``max_dropped`` is the largest share of rows that may go, ``max_cluster`` the largest
    that one row may stand for, ``ignore_shared`` the share of rows beyond which a shingle is no
    part of any set; or None."""

    dataset: str
    drops: tuple[DropDef, ...]
    keep: str = "first"
    keep_by: Expr | None = None
    max_dropped: float | None = None
    max_cluster: float | None = None
    ignore_shared: float | None = None
    span: Span | None = None


@record
class BucketDef:
    """``key`` is None for ``each``. ``bound`` is a share in [0, 1] or a row count
    (``is_share`` tells which)."""

    key: str | None
    op: str
    bound: float
    is_share: bool = True
    span: Span | None = None


@record
class GroupDef:
    """``by KEY { … }``; ``key`` is a row Expr, or a ``bucket`` or ``cluster`` call."""

    key: Expr
    buckets: tuple[BucketDef, ...]
    span: Span | None = None


@record
class CoverageDef:
    dataset: str
    groups: tuple[GroupDef, ...]
    expects: tuple[Expr, ...] = ()
    span: Span | None = None


@record
class ModelDef:
    """``provider`` is ``openai``, ``openai_compatible``, ``local`` or ``replay``. ``settings``
    holds the other checked settings, sorted by key. ``outputs`` is set for ``replay`` alone."""

    name: str
    provider: str
    settings: tuple[tuple[str, Value], ...] = ()
    outputs: SourceDef | None = None
    span: Span | None = None


@record
class ScoreDef:
    """``score NAME = …``: ``value`` is an Expr over the row and ``output``, yes or no or a number
    from 0 to 1. ``scorer`` is the first scorer that it calls, "" where it calls none."""

    name: str
    scorer: str
    value: Expr
    span: Span | None = None


@record
class SliceDef:
    name: str
    key: Expr
    min_rows: int = 20
    span: Span | None = None


@record
class EvalDef:
    """Cases come from ``sources``, or from ``split`` of a dataset, ``(dataset, split)``.
    ``settings`` holds generation settings (``max_tokens``, ``temperature``, ``seed``, …).
    ``cluster`` is the row Expr whose equal values group cases that are not independent."""

    name: str
    schema: SchemaDef
    sources: tuple[SourceDef, ...]
    scores: tuple[ScoreDef, ...]
    split: tuple[str, str | None] | None = None
    id: str | None = None
    slices: tuple[SliceDef, ...] = ()
    settings: tuple[tuple[str, Value], ...] = ()
    span: Span | None = None
    cluster: Expr | None = None


@record
class RequireDef:
    """``condition`` is a comparison over measures; ``by`` names a slice; ``confidence`` is the
    level of the interval that decides (0.95 unless written; ``stated`` tells whether it was)."""

    condition: Expr
    by: str | None = None
    confidence: float = 0.95
    stated: bool = False
    span: Span | None = None


@record
class GuardDef:
    """``forbid broken on …``: the cases that must stay right, by ``ids`` or by the row Expr
    ``where``, in each of ``scores``. ``source`` is the line as written."""

    scores: tuple[str, ...]
    ids: tuple[str, ...] = ()
    where: Expr | None = None
    source: str = ""
    span: Span | None = None


@record
class SelectDef:
    name: str
    candidates: tuple[str, ...]
    eval: str
    requires: tuple[RequireDef, ...]
    best: Expr | None = None
    span: Span | None = None


@record
class TrainDef:
    """``data`` and ``validate`` are (dataset, split). ``target`` is ``trl`` or ``openai``;
    ``settings`` are the target's checked settings with catalog defaults filled in, sorted by key.
    An ``auto`` is the string ``"auto"``; ``adapter = lora(rank: 16, alpha: 32)`` becomes
    ``adapter = "lora"``, ``adapter.rank = 16``, ``adapter.alpha = 32``."""

    name: str
    data: tuple[str, str | None]
    validate: tuple[str, str | None] | None
    base: str | None
    target: str
    settings: tuple[tuple[str, Value], ...]
    span: Span | None = None


@record
class GateDef:
    """``baseline`` names the model that ``baseline.…`` reads, or is None for the lock's."""

    name: str
    candidates: tuple[str, ...]
    eval: str
    requires: tuple[RequireDef, ...]
    baseline: str | None = None
    span: Span | None = None
    guards: tuple[GuardDef, ...] = ()


@record
class RateDef:
    """``cases`` names an eval, or a dataset, of which ``sample_rows`` cases are shown, all if None.
    ``ask`` is ``sides`` (two answers side by side), ``correct`` or ``scale`` (one answer, from 1 to
    ``points``). ``rubric`` and ``gold`` are files, ``ratings`` the folder of what people said;
    ``repeats`` is the share of what is shown that is shown again."""

    name: str
    compare: tuple[str, ...]
    cases: str
    sample_rows: int | None
    seed: int
    min_raters: int
    requires: tuple[RequireDef, ...] = ()
    span: Span | None = None
    ask: str = "sides"
    points: int = 0
    question: str = ""
    rubric: str | None = None
    gold: str | None = None
    repeats: float = 0.1
    ratings: str = ""


@record
class WaiverDef:
    """``rule`` is (dataset, rule name). ``rows`` is empty when every row is waived."""

    rule: tuple[str, str]
    reason: str
    until: str
    rows: tuple[str, ...] = ()
    span: Span | None = None


@record
class ExternDef:
    """A Python function that the operator must allow before a step may call it."""

    name: str
    parameters: tuple[FieldDef, ...]
    result: Type
    module: str
    attribute: str
    span: Span | None = None


@record
class SpecFile:
    """A file that the program was read from: root-relative path (``std/…`` for the shipped ones)
    and the SHA-256 of its bytes."""

    path: str
    sha256: str


@record
class Program:
    """Everything that one spec and its imports declare. Blocks keep their written order."""

    path: str
    edition: int
    files: tuple[SpecFile, ...] = ()
    datasets: tuple[DatasetDef, ...] = ()
    checks: tuple[CheckDef, ...] = ()
    dedups: tuple[DedupDef, ...] = ()
    coverages: tuple[CoverageDef, ...] = ()
    models: tuple[ModelDef, ...] = ()
    evals: tuple[EvalDef, ...] = ()
    selects: tuple[SelectDef, ...] = ()
    trains: tuple[TrainDef, ...] = ()
    sweeps: tuple[SweepDef, ...] = ()
    gates: tuple[GateDef, ...] = ()
    rates: tuple[RateDef, ...] = ()
    waivers: tuple[WaiverDef, ...] = ()
    externs: tuple[ExternDef, ...] = ()
    rulesets: tuple[RulesetDef, ...] = ()
