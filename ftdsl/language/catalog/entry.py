"""The shape of a catalog entry: everything the checker, planner, docs and completion need."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from ftdsl.record import record


class Cost(StrEnum):
    """What a call costs, for the planner and for where a rule may use it."""

    CHEAP = "cheap"
    HEAVY = "heavy"
    NETWORK = "network"
    PAID = "paid"


class Scope(StrEnum):
    """Where a function may stand: over one row, over the whole dataset, as the key of a coverage
    group, over a model's output, as the source of a dataset, or as the value of one setting."""

    ROW = "row"
    DATASET = "dataset"
    GROUP = "group"
    SCORE = "score"
    SOURCE = "source"
    SETTING = "setting"


@record
class Parameter:
    """``type`` is written as in a spec (``text``, ``text?``, ``int``, ``list(text)``) or is one of

    ``any``       every row type                 ``number``  a quantity; its unit is kept
    ``share``     a ratio, or a float in [0, 1]  ``optional``  a value that may be null
    ``a|b``       either                         ``regex``   a constant pattern
    ``path``      a constant project path        ``name:KIND``  the name of a declared block
    ``names:KIND``  a list of such names
    ``rows``      the word ``rows`` itself       ``rows(T)``  a row expression of type T: the
                                                 function is an aggregate over the rows

    ``keyword`` parameters are written with their label. A ``variadic`` one is the last and takes
    ``least`` values or more. ``default`` None means required; ``minimum`` and ``maximum`` bound
    constants; the constants of a ``rising`` list are in strictly rising order.
    """

    name: str
    type: str
    doc: str
    default: str | int | float | bool | None = None
    keyword: bool = False
    variadic: bool = False
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    least: int = 1
    rising: bool = False


@record
class FunctionEntry:
    """A function, measure or scorer. ``extra`` names the optional dependency group its
    implementation needs, or is "". ``minimum`` and ``maximum`` bound what it can return.
    ``labels`` is the type of further ``NAME: value`` arguments, or "" where there are none.
    ``result`` may be ``same``: the type of the ``number`` arguments. ``groups`` names the parameter
    that says how many groups a group key makes: a number, or a list of that many edges but one."""

    name: str
    parameters: tuple[Parameter, ...]
    result: str
    scope: Scope
    cost: Cost
    doc: str
    example: str
    extra: str = ""
    minimum: float | None = None
    maximum: float | None = None
    labels: str = ""
    groups: str = ""


@record
class MeasureEntry:
    """A dotted quantity of the run. ``SCORE`` and ``EVAL`` in ``name`` stand for declared names;
    ``contexts`` lists the block kinds that may read it (``verdict`` is a rule's verdict line)."""

    name: str
    type: str
    contexts: tuple[str, ...]
    doc: str
    minimum: float | None = None
    maximum: float | None = None


@record
class ViewEntry:
    """A part of a row that a row format offers by name, such as ``reply.text``."""

    name: str
    type: str
    doc: str
    minimum: float | None = None


@record
class FormatEntry:
    """A built-in row format, that a schema may extend. ``abstract`` ones only bound rule sets."""

    name: str
    views: tuple[ViewEntry, ...]
    doc: str
    extends: str = ""
    abstract: bool = False


@record
class SettingEntry:
    """One ``key = value`` of a block. ``type`` as for parameters, or ``choice`` (a bare word of
    ``choices``), ``names:KIND``, ``field``, ``source``, ``sources``, ``url``, ``split`` (a dataset
    or ``dataset.split``), ``call:NAME|NAME``, ``value`` (an expression over a row), ``objective``,
    ``grid``; ``choices`` beside another type are bare words it takes as well."""

    name: str
    type: str
    doc: str
    default: str | int | float | bool | None = None
    required: bool = False
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None


@record
class BlockEntry:
    """A block kind and what may stand in it. ``runs`` is False while its step does not exist.
    ``subject`` says what the word after the keyword is: ``new`` name, or the kind it refers to."""

    kind: str
    doc: str
    settings: tuple[SettingEntry, ...]
    statements: tuple[str, ...]
    example: str
    runs: bool = True
    subject: str = "new"


@record
class FixEntry:
    """One way to mend a data file. ``kind`` is what it is given: a whole file, a line, a text of a
    row, a row, the rows that ``dedup`` removes, or the spec. ``safe`` ones change nothing that is
    meant; ``unsafe`` ones may, and are asked for by name of that option; ``display`` ones are only
    told. ``mends`` are codes, functions of a predicate, or drop lines. ``before`` becomes ``after``
    (bytes that are no UTF-8 are written as lone surrogates)."""

    name: str
    kind: Literal["file", "line", "text", "row", "rows", "spec"]
    applicability: Literal["safe", "unsafe", "display"]
    mends: tuple[str, ...]
    doc: str
    before: str
    after: str
