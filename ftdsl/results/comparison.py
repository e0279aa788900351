"""What differs between two runs, case by case: results that ``ftdsl compare`` reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class ScoreChange:
    """One score on the cases that both runs have it for, ``slice`` saying which of them. ``fixed``
    and ``broken`` count yes-or-no scores, or graded ones that rose and fell. ``difference`` is
    after less before, with an interval of joint ``confidence``. ``verdict`` is of the requirement
    not to be worse by more than the margin; without a margin nothing is ``inconclusive``. ``p`` is
    of the exact sign test of fixed against broken cases (McNemar's, for yes and no)."""

    score: str
    slice: str
    n: int
    fixed: int
    broken: int
    unchanged: int
    before: float
    after: float
    difference: float
    low: float
    high: float
    method: str
    why: str
    note: str
    confidence: float
    verdict: Literal["pass", "fail", "inconclusive"]
    p: float = 1.0


@dataclass(frozen=True, slots=True)
class CaseChange:
    """One case that a score tells apart."""

    case_id: str
    score: str
    change: Literal["fixed", "broken"]
    before: float
    after: float
    prompt: str
    expected: str
    before_output: str
    after_output: str


@dataclass(frozen=True, slots=True)
class EvalChange:
    """One eval in both runs. ``added`` and ``removed`` are cases of one run alone, ``edited`` those
    of which prompt or expected text changed: they are not compared. ``cases`` are in the order of
    their ids, so that rows may move."""

    eval: str
    before_model: str
    after_model: str
    shared: int
    added: tuple[str, ...]
    removed: tuple[str, ...]
    edited: tuple[str, ...]
    scores: tuple[ScoreChange, ...]
    slices: tuple[ScoreChange, ...]
    cases: tuple[CaseChange, ...]


@dataclass(frozen=True, slots=True)
class RowChange:
    """A row that one of the runs has and the other has not, by the digest of its content."""

    row_id: str
    path: str
    line: int
    digest: str
    split: str | None = None
    kept: bool = True


@dataclass(frozen=True, slots=True)
class SettingChange:
    """A setting of a step that is not the same, written as JSON; None where a run has it not."""

    step: str
    setting: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class DataChange:
    """A dataset of which files, rows or counts changed. Counts are None where a run did not count,
    and where it listed no rows. ``added`` and ``removed`` are the first rows that came and went:
    a row that only moved is in neither, and ``unchanged`` counts it."""

    dataset: str
    files_added: tuple[str, ...]
    files_removed: tuple[str, ...]
    files_changed: tuple[str, ...]
    rows_before: int | None
    rows_after: int | None
    rows_added: int | None = None
    rows_removed: int | None = None
    rows_unchanged: int | None = None
    added: tuple[RowChange, ...] = ()
    removed: tuple[RowChange, ...] = ()


@dataclass(frozen=True, slots=True)
class StepChange:
    """A step that was made of other inputs; ``what`` says of which, in words."""

    step: str
    what: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs. ``margin`` is how much worse the later one may be, None where none is asked."""

    before: str
    after: str
    margin: float | None
    evals: tuple[EvalChange, ...]
    steps: tuple[StepChange, ...]
    data: tuple[DataChange, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    settings: tuple[SettingChange, ...] = ()
