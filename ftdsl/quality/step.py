"""The step ``check``: one pass over a dataset's rows, then a verdict for every rule.

Rows are examined in chunks whose places the content chooses, and the answers about each chunk are
kept. So a pass over a file that was edited examines the chunks that are new, asks the others only
the rules that are new, and puts kept and new answers together in the order of the file.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass

from ftdsl.data.rows import Part, chunks, resolve_files
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
"""Bytes below which starting worker processes costs more than it saves: about a second's work."""


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

    def over(self, tasks: list[_Task]) -> None:
        """Examine what is missing, here or in worker processes, and take in all answers."""
        missing = [task for task in tasks if task.missing]
        size = sum(task.part.size for task in missing)
        shared = size >= SMALL and self.context.policy.workers > 1
        with self._workers(shared) if missing else nullcontext() as workers, _no_cycles():
            todo = self._todo(missing)
            found = workers.answers(todo, self.context.checkpoint) if workers else None
            for task in tasks:
                self.take(task, found)
                self.progress.advance(task.part.size)

    def _workers(self, shared: bool) -> AbstractContextManager[Workers | Elsewhere | None]:
        """Those that examine parts; None where the run does so itself."""
        step, context = self.examination.step, self.context
        # A server of grammar that was started for the check answers this machine alone.
        if context.policy.engine != "local" and not is_served():
            return nullcontext(Elsewhere(context.engine, step, context.root))
        count = context.policy.workers
        return Workers(count, step, context.root, context.work) if shared else nullcontext()

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
        fresh = next(found) if found is not None else self._examined(task, task.missing)
        for answers in fresh:
            if task.key:
                self.kept.put(task.key, task.part.size, answers)
                answers = self._kept(task) | answers
            self.whole.take(task.part, answers)

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


@contextmanager
def _no_cycles() -> Iterator[None]:
    """Keep the collector from looking for cycles: rows hold none, and it takes a fifth of the
    time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
