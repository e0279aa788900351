"""The shape of ``--output json``: one versioned object for every command, as plain dataclasses.

The published JSON Schema is generated from these classes. A key is never renamed or removed within
a version; new keys may come. Lines and columns are 1-based; shares and scores are in [0, 1].
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Literal

from ftdsl.reports.eval_entries import FlakinessEntry, LookEntry, SelectionEntry
from ftdsl.reports.eval_entries import ScoreEntry as ScoreEntry
from ftdsl.reports.rating_entries import RatingEntry
from ftdsl.reports.run_history import RunEntry
from ftdsl.reports.sweep_entries import SweepEntry
from ftdsl.results.actions import NextSteps
from ftdsl.results.comparison import Comparison

SCHEMA = "ftdsl.report/1"


@dataclass(frozen=True, slots=True)
class ValueEntry:
    """A part of a failed predicate and what it came to on that row."""

    source: str
    value: str


@dataclass(frozen=True, slots=True)
class FindingEntry:
    """One thing wrong, in a spec, in a data file or on the command line. ``fix`` is the text of a
    machine-applicable fix's title, or null. ``spec_path`` and ``spec_line`` are where the rule that
    a row breaks is written. ``turn`` counts the row's messages from 0; ``highlight`` is what of
    ``excerpt`` is to blame, start and end in characters."""

    code: str
    rule: str
    severity: Literal["error", "warning"]
    message: str
    path: str
    line: int | None
    column: int | None
    row_id: str | None
    fix: str | None
    help: str = ""
    dataset: str = ""
    offset: int | None = None
    excerpt: str = ""
    values: tuple[ValueEntry, ...] = ()
    spec_path: str = ""
    spec_line: int | None = None
    row_digest: str | None = None
    turn: int | None = None
    role: str = ""
    highlight: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class CountsEntry:
    """``discovered == checked + skipped + failed``: rows of the data that was read, or spec files
    where no data was. ``waived`` and ``baselined`` are findings that a waiver or the baseline
    excused: a row counts once for each rule that it breaks. ``left_out`` rows are those that a
    sample left unasked, once for each rule."""

    discovered: int = 0
    checked: int = 0
    skipped: int = 0
    failed: int = 0
    waived: int = 0
    baselined: int = 0
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class RemovedEntry:
    """A row that dedup drops, and the row it duplicates."""

    row_id: str
    line: int
    kept_row_id: str
    kept_line: int
    similarity: float
    path: str
    kept_path: str
    method: str


@dataclass(frozen=True, slots=True)
class RuleEntry:
    """How one rule did. ``rate`` is failing / checked. ``left_out`` rows are those that the rule is
    about and that ``sampled(…)`` left unasked."""

    rule: str
    kind: str
    verdict: Literal["pass", "warn", "fail"]
    checked: int
    failing: int
    waived: int
    rate: float
    requirement: str
    value: str
    baselined: int = 0
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class BarEntry:
    """One bucket of a coverage group against its bound."""

    key: str
    rows: int
    share: float
    op: str
    bound: float | None
    is_share: bool
    met: bool
    missing_rows: int


@dataclass(frozen=True, slots=True)
class GroupEntry:
    """``by EXPRESSION`` of a coverage block."""

    source: str
    bars: tuple[BarEntry, ...]
    entropy: float
    effective: float


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One source file that was read."""

    path: str
    size: int
    sha256: str
    split: str | None


@dataclass(frozen=True, slots=True)
class ForecastEntry:
    """What becomes of the rows over ``limit`` tokens: in the training ``train``, or where that is
    "" in ``trainer`` when nobody states a limit."""

    trainer: str
    train: str
    limit: int
    fate: Literal["cut", "dropped"]
    rows: int
    over: int
    lost_tokens: int


@dataclass(frozen=True, slots=True)
class TrainingCostEntry:
    """What a hosted training bills; ``money`` is in dollars, null where no price is stated."""

    train: str
    rows: int
    tokens: int
    epochs: int
    price_per_1m: float | None
    money: float | None
    budget: float | None


@dataclass(frozen=True, slots=True)
class DatasetEntry:
    """What is known of one dataset. ``kept`` is what dedup leaves of ``rows``. ``statistics`` are
    of lengths in characters, and of tokens where they are counted."""

    rows: int
    removed: tuple[RemovedEntry, ...]
    kept: int
    counts: CountsEntry
    files: tuple[FileEntry, ...] = ()
    digest: str = ""
    splits: dict[str, int] | None = None
    rules: tuple[RuleEntry, ...] = ()
    coverage: tuple[GroupEntry, ...] = ()
    statistics: dict[str, dict[str, float]] = field(default_factory=dict)
    forecasts: tuple[ForecastEntry, ...] = ()
    costs: tuple[TrainingCostEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class CalibrationEntry:
    """A judge measured by verdicts of people on ``rows`` answers. ``unusable`` says why no gate
    decides by it, or is ""."""

    method: Literal["rates", "shift"]
    rows: int
    unscored: int
    positives: int
    hits: int
    negatives: int
    rejections: int
    sensitivity: float | None
    sensitivity_interval: tuple[float, float] | None
    specificity: float | None
    specificity_interval: tuple[float, float] | None
    shift: float
    spread: float
    kappa: float | None
    unusable: str


@dataclass(frozen=True, slots=True)
class JudgeEntry:
    """How far one judged score of one model can be trusted. ``raw`` is the mean before it is
    corrected; of ``probes`` that order the judge to praise them ``probes_obeyed`` were praised."""

    eval: str
    model: str
    score: str
    kind: Literal["judge", "jury", "pairwise"]
    models: tuple[str, ...]
    raw: float | None
    asked: int
    unparsable: int
    failed: int
    requests: int
    prompt_tokens: int
    completion_tokens: int
    canaries: int
    canaries_missed: tuple[str, ...]
    probes: int
    probes_obeyed: int
    probes_open: int
    order_asked: int
    order_kept: int
    order_first: int
    order_second: int
    unanimous: float | None
    alpha: float | None
    calibration: CalibrationEntry | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TrainingEntry:
    """What one training run did."""

    target: str
    base: str
    rows: int
    validation_rows: int
    steps: int
    epochs: float
    tokens: int
    trained_parameters: int
    total_parameters: int
    seconds: float
    first_loss: float | None
    last_loss: float | None
    last_eval_loss: float | None
    adapter: str
    digests: dict[str, str]


@dataclass(frozen=True, slots=True)
class GateEntry:
    """One requirement of a gate, for one candidate and slice. For a comparison with the baseline
    ``estimate`` is the paired difference."""

    name: str
    verdict: Literal["pass", "fail", "inconclusive"]
    requirement: str
    estimate: float
    low: float
    high: float
    n: int
    needed_n: int | None
    candidate: str
    slice: str
    op: str
    bound: float
    unit: Literal["share", "seconds", "dollars", "number"]
    method: str
    confidence: float
    paired: bool
    fixed: int | None
    broken: int | None
    note: str
    why: str = ""
    needed_cost: float | None = None


@dataclass(frozen=True, slots=True)
class StepEntry:
    """One step of a run (``done``, ``fresh``, ``failed``, ``blocked``, ``refused``, ``stopped``,
    ``pending``, ``waiting``) or of a plan (``stale``, ``fresh``, ``pending``, ``blocked``,
    ``waiting``)."""

    id: str
    status: str
    verdict: str | None
    reasons: tuple[str, ...]
    seconds: float | None
    key: str


@dataclass(frozen=True, slots=True)
class RangeEntry:
    """An estimate: at least, most likely, at most."""

    low: float
    expected: float
    worst: float


@dataclass(frozen=True, slots=True)
class CostEntry:
    """What the stale steps of a plan take. Null means that it cannot be known ahead."""

    files: int
    bytes: int
    rows: int | None
    requests: int | None
    tokens: RangeEntry | None
    money: RangeEntry | None
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FactEntry:
    """One thing a telling command found out."""

    name: str
    value: str
    state: str


@dataclass(frozen=True, slots=True)
class Document:
    """The whole object."""

    schema: Literal["ftdsl.report/1"]
    version: str
    command: str
    verdict: Literal["pass", "fail", "inconclusive", "error", "stopped", "refused"]
    exit_code: int
    spec: str
    findings: tuple[FindingEntry, ...]
    counts: CountsEntry
    datasets: dict[str, DatasetEntry]
    evals: dict[str, dict[str, dict[str, ScoreEntry]]]
    gates: tuple[GateEntry, ...]
    trainings: dict[str, TrainingEntry]
    steps: tuple[StepEntry, ...]
    cost: CostEntry | None
    notes: tuple[str, ...]
    facts: tuple[FactEntry, ...]
    run_id: str | None = None
    files: tuple[str, ...] = ()
    judges: tuple[JudgeEntry, ...] = ()
    comparison: Comparison | None = None
    runs: tuple[RunEntry, ...] = ()
    next: NextSteps | None = None
    selections: dict[str, SelectionEntry] = field(default_factory=dict)
    sweeps: dict[str, SweepEntry] = field(default_factory=dict)
    looks: dict[str, dict[str, LookEntry]] = field(default_factory=dict)
    flakiness: dict[str, dict[str, dict[str, FlakinessEntry]]] = field(default_factory=dict)
    ratings: dict[str, RatingEntry] = field(default_factory=dict)


def as_plain(value: Any) -> Any:
    """``value`` as dicts, lists and scalars, ready for a JSON writer."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: as_plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, dict):
        return {key: as_plain(each) for key, each in value.items()}
    if isinstance(value, (tuple, list)):
        return [as_plain(each) for each in value]
    return value


_FINDING_KEYS = tuple(each.name for each in fields(FindingEntry))


def finding_object(entry: FindingEntry) -> dict[str, Any]:
    """``as_plain`` of a finding, of which there may be a million."""
    found = {key: getattr(entry, key) for key in _FINDING_KEYS}
    found["values"] = [{"source": each.source, "value": each.value} for each in entry.values]
    return found
