"""The syntax tree: what was written, before names and types mean anything.

Every node carries the span of its text. Nodes are frozen; no pass changes one.
"""

from __future__ import annotations

from typing import Literal as OneOf

from ftdsl.diagnostics.diagnostic import Span
from ftdsl.record import record

# --- names and expressions -------------------------------------------------------------------

LiteralKind = OneOf[
    "int", "float", "ratio", "points", "duration", "money", "size", "date", "text", "bool"
]
BinaryOp = OneOf["or", "and", "??", "==", "!=", "<", "<=", ">", ">=", "in", "+", "-", "*", "/"]


@record
class Name:
    """An identifier as written."""

    text: str
    span: Span


@record
class Path:
    """A dotted name such as ``house.well_formed_chat`` or ``reply.text`` (one part or more)."""

    parts: tuple[Name, ...]
    span: Span

    @property
    def text(self) -> str:
        return ".".join(part.text for part in self.parts)


@record
class Literal:
    """A constant. ``value`` is an int for ``int`` (10k → 10000) and ``size`` (bytes), a float for
    ``float``, ``ratio`` (95% → 0.95), ``points`` (1pp → 0.01), ``duration`` (seconds) and
    ``money`` (dollars), a str for ``text`` and ``date`` (ISO), a bool for ``bool``.
    """

    kind: LiteralKind
    value: int | float | str | bool
    span: Span


@record
class ListExpr:
    items: tuple[Expr, ...]
    span: Span


@record
class Argument:
    """``value`` or ``label: value`` in a call."""

    label: Name | None
    value: Expr
    span: Span


@record
class Call:
    function: Path
    arguments: tuple[Argument, ...]
    span: Span


@record
class Unary:
    op: OneOf["not", "-"]
    operand: Expr
    span: Span


@record
class Binary:
    op: BinaryOp
    left: Expr
    right: Expr
    span: Span
    op_span: Span


@record
class Paren:
    """Kept so that the formatter and the fixes can tell what was written."""

    inner: Expr
    span: Span


Expr = Path | Literal | ListExpr | Call | Unary | Binary | Paren


# --- statements inside blocks ----------------------------------------------------------------


@record
class Setting:
    """``key = value``."""

    key: Name
    value: Expr
    span: Span


@record
class Verdict:
    """``fail when failing > 0.5%`` or ``warn when …``."""

    level: OneOf["fail", "warn"]
    condition: Expr
    span: Span


@record
class Examples:
    """``accepts SOURCE`` or ``rejects SOURCE``: rows that the rule must let pass or refuse."""

    kind: OneOf["accepts", "rejects"]
    source: Expr
    span: Span


@record
class Each:
    """``each [where P] must Q``: a statement about every row."""

    where: Expr | None
    must: Expr
    span: Span


@record
class Expect:
    """``expect E``: a statement about the whole dataset."""

    condition: Expr
    span: Span


@record
class Rule:
    """``rule NAME ["doc"] { … }``. A rule that was given other than one body keeps them all, so
    that the checker can point at the second."""

    name: Name
    doc: Literal | None
    bodies: tuple[Each | Expect, ...]
    verdicts: tuple[Verdict, ...]
    examples: tuple[Examples, ...]
    settings: tuple[Setting, ...]
    span: Span


@record
class Use:
    """``use PATH [except a, b]``."""

    path: Path
    excluded: tuple[Name, ...]
    span: Span


@record
class Drop:
    """``drop METHOD on E[, E] [{ settings }]``, or ``forbid …`` (``forbids``)."""

    method: Name
    on: tuple[Expr, ...]
    settings: tuple[Setting, ...]
    forbids: bool
    span: Span


@record
class Bucket:
    """``en >= 60%``, ``"de" >= 10%`` or ``each >= 10%`` (``key`` is None) in a coverage group."""

    key: Name | Literal | None
    op: BinaryOp
    bound: Expr
    span: Span


@record
class By:
    """``by E { buckets }`` in a coverage block."""

    key: Expr
    buckets: tuple[Bucket, ...]
    span: Span


@record
class Score:
    """``score NAME = scorer(…)``."""

    name: Name
    value: Expr
    span: Span


@record
class Slice:
    """``slice by E [{ settings }]``."""

    key: Expr
    settings: tuple[Setting, ...]
    span: Span


@record
class Require:
    """``require E [by SLICE] [with confidence 95%]``."""

    condition: Expr
    by: Path | None
    confidence: Expr | None
    span: Span


@record
class Target:
    """``target NAME { settings }``."""

    name: Name
    settings: tuple[Setting, ...]
    span: Span


@record
class Bound:
    """``raters >= 2``: a bare comparison on a named quantity of the block."""

    name: Name
    op: BinaryOp
    value: Expr
    span: Span


Statement = Setting | Rule | Use | Drop | By | Expect | Score | Slice | Require | Target | Bound


# --- top level -------------------------------------------------------------------------------


@record
class Import:
    """``import "PATH" as NAME``."""

    path: Literal
    alias: Name
    span: Span


@record
class Let:
    name: Name
    value: Expr
    span: Span


@record
class TypeRef:
    """``text``, ``text?`` or ``list(text)``."""

    name: Name
    optional: bool
    element: TypeRef | None
    span: Span


@record
class Parameter:
    name: Name
    type: TypeRef
    span: Span


@record
class Function:
    """``fn NAME(p: T) -> T = E`` when ``body`` is set, ``extern fn … from "module:name"`` when
    ``origin`` is."""

    name: Name
    parameters: tuple[Parameter, ...]
    result: TypeRef
    body: Expr | None
    origin: Literal | None
    span: Span


@record
class Field:
    """``name: type`` in a schema."""

    name: Name
    type: TypeRef
    span: Span


@record
class Schema:
    """``complete`` is False where a field could not be read: what is missing is no mistake."""

    name: Name
    extends: Path | None
    fields: tuple[Field, ...]
    span: Span
    complete: bool = True


BlockKind = OneOf[
    "ruleset",
    "dataset",
    "check",
    "dedup",
    "coverage",
    "model",
    "eval",
    "select",
    "train",
    "sweep",
    "gate",
    "rate",
    "waive",
]


@record
class Block:
    """``KIND SUBJECT [for SCHEMA] { statements }``.

    ``subject`` is the declared name (dataset, model, …), the name of another block (check, dedup,
    coverage, sweep) or a rule's path (waive). ``target_schema`` is set for rulesets alone.
    ``complete`` is False where a statement could not be read: what is missing is no mistake.
    """

    kind: BlockKind
    subject: Path
    target_schema: Path | None
    statements: tuple[Statement, ...]
    span: Span
    header: Span
    complete: bool = True


Item = Import | Let | Function | Schema | Block


@record
class Spec:
    """One parsed file. ``edition`` is the number of its first line, ``ftspec 1``."""

    path: str
    edition: int
    items: tuple[Item, ...]
    span: Span
