"""The result types. Every step returns one of them; every reporter reads only them.

All are frozen pydantic models, so a stored result is checked when it is read back.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from ftdsl.results.coverage import CoverageGroup, LengthHistogram
from ftdsl.results.discovery import Agreement, Confusion, FoundSlice
from ftdsl.results.distribution import Distribution
from ftdsl.results.forecast import Forecast as Forecast
from ftdsl.results.forecast import TrainingCost as TrainingCost
from ftdsl.results.judging import JudgeReport

Verdict = Literal["pass", "fail", "inconclusive", "error", "stopped", "refused"]


class Result(BaseModel):
    """The base of all results: frozen, and closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class SubValue(Result):
    """One part of a failed predicate and its value on that row: ``words(reply.text)``, 412."""

    source: str
    value: str


class Finding(Result):
    """One thing wrong, at one place in the data.

    ``line`` is the 1-based line of the source file; ``column`` the 1-based character; ``offset``
    the byte offset of the line (or of the fault itself for a malformed file). ``row_digest`` is of
    the row's content, wherever it stands. ``turn`` counts the row's messages from 0, and ``role``
    says who speaks there; ``highlight`` is what of ``excerpt`` is to blame, start and end in
    characters.
    """

    code: str
    message: str
    severity: Literal["error", "warning"] = "error"
    rule: str = ""
    dataset: str = ""
    path: str = ""
    line: int | None = None
    column: int | None = None
    offset: int | None = None
    row_id: str | None = None
    row_digest: str | None = None
    values: tuple[SubValue, ...] = ()
    turn: int | None = None
    role: str = ""
    excerpt: str = ""
    highlight: tuple[int, int] | None = None
    help: str = ""
    fix: str | None = None


class RuleOutcome(Result):
    """How one rule did over one dataset. ``rate`` is failing / checked; rows that are waived, or
    that the baseline knows, are not failing. ``left_out`` rows are those that the rule is about and
    that ``sampled(…)`` left unasked: with ``checked`` they are all that it is about. For a dataset
    rule ``checked`` is 1 and ``value`` shows what the statement's parts came to."""

    rule: str
    kind: Literal["row", "dataset", "file"]
    doc: str = ""
    verdict: Literal["pass", "warn", "fail"]
    checked: int
    failing: int
    waived: int = 0
    baselined: int = 0
    left_out: int = 0
    rate: float
    value: str = ""
    requirement: str = ""
    spec_line: int | None = None


class Counts(Result):
    """``discovered == checked + skipped + failed``, always. ``failed`` rows could not be read."""

    discovered: int = 0
    checked: int = 0
    skipped: int = 0
    failed: int = 0


class FileInfo(Result):
    """One source file: root-relative path, size in bytes, SHA-256, the split it was given."""

    path: str
    size: int
    sha256: str
    split: str | None = None


class DatasetOutput(Result):
    """Step ``dataset``: which files, which bytes."""

    kind: Literal["dataset"] = "dataset"
    name: str
    files: tuple[FileInfo, ...]
    digest: str


class CheckOutput(Result):
    """Step ``check``: rules over rows. ``findings`` holds at most the first few of each rule
    (``shown``); all of them are in the artifact ``findings.jsonl`` beside the result.
    ``distributions`` are of the expressions that rules compare with the lock."""

    kind: Literal["check"] = "check"
    name: str
    counts: Counts
    splits: dict[str, int] = {}
    outcomes: tuple[RuleOutcome, ...] = ()
    findings: tuple[Finding, ...] = ()
    statistics: dict[str, dict[str, float]] = {}
    forecasts: tuple[Forecast, ...] = ()
    costs: tuple[TrainingCost, ...] = ()
    distributions: dict[str, Distribution] = {}
    verdict: Verdict


class Removal(Result):
    """A dropped row and the evidence for it. ``kept_path`` differs from the row's own dataset for
    leakage (``against``). ``excerpt`` and ``kept_excerpt`` are the compared texts of both rows, cut
    to a few hundred characters, so that a report can show them side by side. ``method`` is
    that of the line (``near``); ``clause`` is the line: ``near on prompt against golden``.
    """

    row_id: str
    line: int
    path: str
    kept_row_id: str
    kept_line: int
    kept_path: str
    similarity: float
    method: str
    clause: str = ""
    excerpt: str = ""
    kept_excerpt: str = ""


class DedupOutput(Result):
    """Step ``dedup``. ``kept`` rows remain of ``rows``. ``removed`` names every removed row; only
    the first 200 carry excerpts, all do in the artifact ``removed.jsonl``. ``by_method`` counts
    them by drop line (``Removal.clause``); ``notes`` say of some lines how rows were told apart:
    the threshold of a paraphrase."""

    kind: Literal["dedup"] = "dedup"
    name: str
    rows: int
    kept: int
    removed: tuple[Removal, ...]
    by_method: dict[str, int] = {}
    notes: dict[str, str] = {}
    largest_cluster: int = 0
    findings: tuple[Finding, ...] = ()
    verdict: Verdict


class CoverageOutput(Result):
    """Step ``coverage``."""

    kind: Literal["coverage"] = "coverage"
    name: str
    rows: int
    groups: tuple[CoverageGroup, ...]
    lengths: tuple[LengthHistogram, ...] = ()
    outcomes: tuple[RuleOutcome, ...] = ()
    findings: tuple[Finding, ...] = ()
    verdict: Verdict


class CurvePoint(Result):
    """One logged step of training; what was not logged is None. Of pairs of answers
    ``reward_margin`` is how much more the preferred one is rewarded, ``reward_accuracy`` the share
    in which it is."""

    step: int
    epoch: float | None = None
    loss: float | None = None
    eval_loss: float | None = None
    learning_rate: float | None = None
    grad_norm: float | None = None
    token_accuracy: float | None = None
    reward_margin: float | None = None
    reward_accuracy: float | None = None


class HostedCheckpoint(Result):
    """A model that the host kept on the way, with its figures on all validation rows."""

    step: int
    model: str
    eval_loss: float | None = None
    token_accuracy: float | None = None


class HostedJob(Result):
    """A job at a host. ``url`` is where its model is asked; ``adopted`` tells that an earlier run
    had made it; ``hyperparameters`` are those that the host resolved; ``money`` is what was billed
    by the stated price in dollars, ``worst_money`` what was reserved."""

    host: str
    url: str
    job: str
    model: str
    adopted: bool
    seed: int
    hyperparameters: dict[str, str] = {}
    worst_money: float | None = None
    money: float | None = None
    checkpoints: tuple[HostedCheckpoint, ...] = ()


class TrainOutput(Result):
    """Step ``train``. ``adapter``, ``weights`` (whole ones) and ``model_card`` are artifact names,
    "" where there is none; ``memory`` is the peak of the training process in bytes; ``findings``
    are warnings about rows. A hosted job leaves neither and names no parameters: its model is in
    ``hosted``."""

    kind: Literal["train"] = "train"
    name: str
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
    curve: tuple[CurvePoint, ...]
    settings: dict[str, str] = {}
    digests: dict[str, str] = {}
    adapter: str
    weights: str = ""
    model_card: str
    resumed_from: int | None = None
    memory: int | None = None
    findings: tuple[Finding, ...] = ()
    resolved: dict[str, str] = {}
    hosted: HostedJob | None = None
    verdict: Verdict = "pass"


class Estimate(Result):
    """A score over the cases of an eval, with its confidence interval, how it was made, and why in
    that way."""

    mean: float
    low: float
    high: float
    n: int
    unscored: int
    method: str
    confidence: float = 0.95
    why: str = ""


class Flakiness(Result):
    """How often the answers to one case differ in a score. Of ``n`` cases that were answered more
    than once ``flaky`` are scored in two ways; ``rate`` has a 95% interval. ``within`` is the
    variance of the score between the answers to a case, ``between`` that between cases."""

    n: int
    flaky: int
    rate: float
    low: float
    high: float
    within: float
    between: float


class Case(Result):
    """One case: what was asked, expected and answered. ``scores`` lacks a score that is unscored;
    ``unscored`` says why, and ``reasons`` what a judge said. ``epochs`` holds the score of each
    answer where there are several; ``earlier`` are the model's own answers before the last, where a
    case was held turn by turn; ``cluster`` is the group of cases that it belongs to. Times in
    seconds: ``latency`` at the socket, ``first_token`` to the first token of a streamed answer,
    ``queued`` before the request went out, ``lag`` what of the latency may be this machine's own.
    """

    case_id: str
    line: int
    prompt: str
    expected: str
    output: str
    scores: dict[str, float]
    unscored: dict[str, str] = {}
    reasons: dict[str, str] = {}
    earlier: tuple[str, ...] = ()
    slices: dict[str, str] = {}
    cluster: str | None = None
    epochs: dict[str, tuple[float, ...]] = {}
    finish_reason: str = ""
    latency: float | None = None
    first_token: float | None = None
    queued: float = 0.0
    lag: float = 0.0
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class EvalOutput(Result):
    """Step ``eval``: one model over one eval. All cases are in the artifact ``cases.jsonl``;
    ``cases`` holds all of them when there are at most 200, else the first 200.
    ``slices`` maps slice → value → score → estimate. ``cost_per_1k`` and ``spent``, what this run's
    requests may be billed at, are in dollars, None where no price is known. ``latency``,
    ``first_token`` and ``queued`` hold ``p50`` and ``p95`` in seconds when answers were timed: at
    the socket, to the first token, and before the request went out. ``client_share`` is how much of
    the median latency may be this machine's own, 1 being all of it. ``judges`` says of each judged
    score how far it can be trusted."""

    kind: Literal["eval"] = "eval"
    name: str
    model: str
    scores: dict[str, Estimate]
    slices: dict[str, dict[str, dict[str, Estimate]]] = {}
    flakiness: dict[str, Flakiness] = {}
    weak: tuple[FoundSlice, ...] = ()
    agreement: tuple[Agreement, ...] = ()
    confusion: Confusion | None = None
    cases: tuple[Case, ...] = ()
    requests: int = 0
    cached: int = 0
    errors: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    latency: dict[str, float] = {}
    first_token: dict[str, float] = {}
    queued: dict[str, float] = {}
    client_share: float | None = None
    cost_per_1k: float | None = None
    judges: dict[str, JudgeReport] = {}
    spent: float | None = None
    price: str = ""
    seconds: float = 0.0
    verdict: Verdict = "pass"


class Requirement(Result):
    """One ``require`` of a gate, decided. For a comparison with the baseline ``estimate`` is the
    paired difference and ``bound`` the margin it must reach. ``needed_n`` is the number of cases
    that would decide an inconclusive one at the estimate seen, ``needed_cost`` the dollars for
    those still to be asked, where the price is known. ``why`` is the reason for ``method``.
    ``unit`` is of ``estimate``, ``low``, ``high`` and ``bound``: a share of one, seconds, US
    dollars, or a plain number."""

    requirement: str
    candidate: str
    slice: str = ""
    verdict: Literal["pass", "fail", "inconclusive"]
    estimate: float
    low: float
    high: float
    bound: float
    op: str
    unit: Literal["share", "seconds", "dollars", "number"] = "share"
    n: int
    needed_n: int | None = None
    needed_cost: float | None = None
    method: str
    why: str = ""
    confidence: float
    paired: bool = False
    fixed: int | None = None
    broken: int | None = None
    spec_line: int | None = None
    note: str = ""


class GateOutput(Result):
    """Step ``gate``: the worst of its requirements decides. ``notes`` say what was left undecided
    on purpose, such as slices with too few rows."""

    kind: Literal["gate"] = "gate"
    name: str
    eval: str
    baseline: str | None = None
    requirements: tuple[Requirement, ...]
    notes: tuple[str, ...] = ()
    verdict: Verdict
