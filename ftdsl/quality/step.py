"""The step ``check``: one pass over a dataset's rows, then a verdict for every rule.

Rows are examined in chunks whose places the content chooses, and the answers about each chunk are
kept. So a pass over a file that was edited examines the chunks that are new, asks the others only
the rules that are new, and puts kept and new answers together in the order of the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from time import process_time

from ftdsl.data.rows import Part, chunks, resolve_files
from ftdsl.engine.collecting import paused
from ftdsl.engine.context import Context, Progress
from ftdsl.plan.steps import CheckStep
from ftdsl.quality.conclusion import Conclusion
from ftdsl.quality.elsewhere import Elsewhere
from ftdsl.quality.examination import Examination
from ftdsl.quality.gathering import Answers
from ftdsl.quality.kept import KeptAnswers
from ftdsl.quality.keys import chunk_key, rule_keys
from ftdsl.quality.measures.grammar import is_served
from ftdsl.quality.whole import Whole
from ftdsl.quality.workers import Task, Workers
from ftdsl.results.models import CheckOutput

SMALL = 48 << 20
"""Bytes of files that are not cut below which worker processes cost more than they save."""
WORTH = 1.0
"""Seconds of work left for which they are started where a file is cut: a start takes about half a
second of a core."""
_TRIED = 8 << 20
_TRIED_SECONDS = 0.2
"""Bytes, or seconds, of work that show how long the rest will take."""


def run_check(step: CheckStep, context: Context) -> CheckOutput:
    """Read the dataset once and decide every rule. All findings are in ``findings.jsonl``, in the
    order of the rows. The result depends neither on the number of workers nor on what was kept.
    Raises Refused (FT300-FT308, FT358, FT359) and Stopped."""
    examination = Examination(step, context.root)
    for left_over in context.work.glob("answers*"):
        left_over.unlink()
    files = resolve_files(step.dataset, context.root)
    keys = rule_keys(examination, context.root)
    size = sum(file.stamp.size for file in files)
    progress = context.progress(f"check {step.name}", size, "bytes")
    with (
        closing(progress),
        KeptAnswers(context.cache, keys) as kept,
        Whole(examination, context.work) as whole,
    ):
        tasks = [_Task.of(part, kept, keys) for part in chunks(files, context.cache)]
        _Pass(examination, context, kept, whole, progress).over(tasks)
        for file in files:
            file.assert_unchanged()
    return Conclusion(whole, context.root, size).output()


@dataclass(frozen=True, slots=True)
class _Task:
    """A part, its key among the kept answers (empty where none are kept of it), and the rules whose
    answers are missing."""

    part: Part
    key: str
    missing: frozenset[int]

    @classmethod
    def of(cls, part: Part, kept: KeptAnswers, rules: Mapping[int, str]) -> _Task:
        if not part.digest:
            return cls(part, "", frozenset(rules))
        key = chunk_key(part.digest, part.start == 0, part.file.split)
        return cls(part, key, frozenset(rules) - kept.known(key))


class _Pass:
    """One pass over all parts in their order."""

    def __init__(
        self,
        examination: Examination,
        context: Context,
        kept: KeptAnswers,
        whole: Whole,
        progress: Progress,
    ) -> None:
        self.examination = examination
        self.context = context
        self.kept = kept
        self.whole = whole
        self.progress = progress
        self._handed_out: set[int] = set()
        self._pace = _Pace()

    def over(self, tasks: list[_Task]) -> None:
        """Examine what is missing, here and in worker processes where that saves time, or on the
        run's engine, and take in all answers."""
        found: Iterator[Iterator[Answers]] | None = None
        missing = [task for task in tasks if task.missing]
        left = sum(task.part.size for task in missing)
        cut = all(task.key for task in missing)
        with ExitStack() as stack, paused():
            for index, task in enumerate(tasks):
                if found is None and task.missing and self._is_worth_sharing(cut, left):
                    found = self._shared(tasks[index:], cut, stack)
                self.take(task, found)
                left -= task.part.size if task.missing else 0
                self.progress.advance(task.part.size)

    def _is_worth_sharing(self, cut: bool, left: int) -> bool:
        if self._is_elsewhere:
            return True
        if self.context.policy.workers < 2:
            return False
        return self._pace.seconds(left) >= WORTH if cut else left >= SMALL

    def _shared(
        self, tasks: list[_Task], cut: bool, stack: ExitStack
    ) -> Iterator[Iterator[Answers]]:
        """The answers by worker processes or the run's engine. This process is a worker too where
        all is cut into chunks, none of which takes it long."""
        missing = [task for task in tasks if task.missing]
        if self._is_elsewhere:
            elsewhere = Elsewhere(self.context.engine, self.examination.step, self.context.root)
            return elsewhere.answers(self._todo(missing), self.context.checkpoint)
        count = self.context.policy.workers - cut
        step, root, work = self.examination.step, self.context.root, self.context.work
        workers = stack.enter_context(Workers(count, step, root, work))
        own = self._own if cut else None
        return workers.answers(self._todo(missing), self.context.checkpoint, own)

    @property
    def _is_elsewhere(self) -> bool:
        # A server of grammar that was started for the check answers this machine alone.
        return self.context.policy.engine != "local" and not is_served()

    def _own(self, task: Task) -> list[Answers]:
        part, asked = task
        return list(self.examination.examine(part, asked, self.context.checkpoint))

    def _todo(self, missing: list[_Task]) -> Iterator[Task]:
        """What to examine, for workers that run ahead: less than all where a file ends early."""
        for task in missing:
            if not self.whole.is_over(task.part):
                self._handed_out.add(id(task))
                yield task.part, task.missing

    def take(self, task: _Task, found: Iterator[Iterator[Answers]] | None) -> None:
        """The answers about one part, kept or new."""
        if self.whole.is_over(task.part):
            if found is not None and id(task) in self._handed_out:
                next(found)
            return
        if not task.missing:
            self.context.checkpoint()
            self.whole.take(task.part, self._kept(task))
            return
        began = process_time()
        fresh = next(found) if found is not None else self._examined(task, task.missing)
        for answers in fresh:
            if task.key:
                self.kept.put(task.key, task.part.size, answers)
                answers = self._kept(task) | answers
            self.whole.take(task.part, answers)
        self._pace.note(task.part.size, process_time() - began)

    def _kept(self, task: _Task) -> Answers:
        """The kept answers. One that turned out to be damaged is found anew."""
        wanted = frozenset(self.examination.numbers) - task.missing
        answers = self.kept.get(task.key, wanted)
        if lost := wanted - answers.keys():
            (again,) = self._examined(task, lost)
            answers |= again
        return answers

    def _examined(self, task: _Task, asked: frozenset[int]) -> Iterator[Answers]:
        return self.examination.examine(task.part, asked, self.context.checkpoint)


class _Pace:
    """How long examining takes. The first part does not count: patterns are compiled for it."""

    def __init__(self) -> None:
        self._warm = False
        self._bytes, self._spent = 0, 0.0

    def note(self, size: int, seconds: float) -> None:
        """``size`` bytes took so long."""
        if self._warm:
            self._bytes += size
            self._spent += seconds
        self._warm = True

    def seconds(self, size: int) -> float:
        """How long ``size`` bytes will take; 0 while that is not known."""
        if self._bytes < _TRIED and self._spent < _TRIED_SECONDS:
            return 0.0
        return self._spent / self._bytes * size
