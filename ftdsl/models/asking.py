"""How many questions are put to one model: what is cached, how many at once, when to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Context, Refused, Stopped
from ftdsl.models.answer import Answer, Model, Question, Session
from ftdsl.models.answer_cache import AnswerCache, answer_key, as_cached

_POLL = 0.2  # seconds between two looks at the signal
_GRACE = 3.0  # seconds that requests in flight may still take once stopped
_HOPELESS = 5  # so many questions in a row without reaching the model end the run


@dataclass(frozen=True, slots=True)
class _Job:
    """One distinct question and the places in the list that ask it."""

    key: str | None
    question: Question
    places: tuple[int, ...]


def answer_all(
    model: Model,
    questions: Sequence[Question],
    context: Context,
    on_answer: Callable[[Answer], None] = lambda _: None,
) -> list[Answer]:
    """An answer to each question, in order; equal questions are asked once.

    ``on_answer`` is called for each as it comes. Answers found in ``context.cache`` are not asked
    for; new ones are stored before the next question goes out. Raises ``Stopped`` after at most
    ``_GRACE`` seconds when a signal asks for it, and ``Refused`` when the model cannot be reached.
    """
    with AnswerCache(context.cache) as cache:
        run = _Run(model, questions, cache, context, on_answer)
        run.take_cached()
        if run.jobs:
            _run_to_end(run.ask)
        return run.answers


def _run_to_end(ask: Callable[[], Coroutine[None, None, None]]) -> None:
    """Run ``ask`` in an event loop of its own; in a notebook, whose thread has one, in another
    thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(ask())
        return
    with ThreadPoolExecutor(max_workers=1) as pool:
        pool.submit(lambda: asyncio.run(ask())).result()


class _Run:
    """The state of one ``answer_all``."""

    def __init__(
        self,
        model: Model,
        questions: Sequence[Question],
        cache: AnswerCache,
        context: Context,
        on_answer: Callable[[Answer], None],
    ) -> None:
        self._model = model
        self._cache = cache
        self._context = context
        self._on_answer = on_answer
        self._stopping = False
        self._unreached = 0
        self.answers = [Answer()] * len(questions)
        self.jobs = list(_distinct(model, questions))

    def take_cached(self) -> None:
        """Fill in what the cache has, and keep only the other jobs."""
        left = []
        for job in self.jobs:
            known = self._cache.get(job.key) if job.key is not None else None
            if known is None:
                left.append(job)
            else:
                self._give(job, known)
        self.jobs = left

    async def ask(self) -> None:
        queue = iter(self.jobs)
        workers = min(self._model.concurrency, len(self.jobs))
        async with self._model.session() as session:
            tasks = {asyncio.create_task(self._work(session, queue)) for _ in range(workers)}
            try:
                await self._watch(tasks)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _watch(self, tasks: set[asyncio.Task[None]]) -> None:
        pending = tasks
        while pending:
            done, pending = await asyncio.wait(
                pending, timeout=_POLL, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                task.result()
            try:
                self._context.checkpoint()
            except Stopped:
                self._stopping = True
                if pending:
                    await asyncio.wait(pending, timeout=_GRACE)
                raise

    async def _work(self, session: Session, queue: Iterator[_Job]) -> None:
        while not self._stopping and (job := next(queue, None)) is not None:
            answer = await session.answer(job.question)
            if job.key is not None:
                self._cache.put(job.key, answer)
            self._give(job, answer)
            self._count_failure(answer)

    def _give(self, job: _Job, answer: Answer) -> None:
        for number, place in enumerate(job.places):
            given = answer if number == 0 or answer.error else as_cached(answer)
            self.answers[place] = given
            self._on_answer(given)

    def _count_failure(self, answer: Answer) -> None:
        self._unreached = self._unreached + 1 if answer.unreachable else 0
        if self._unreached >= _HOPELESS:
            raise Refused(
                Diagnostic(
                    "FT505",
                    f"the model could not be reached for {_HOPELESS} cases in a row; "
                    f"the last time: {answer.error}",
                    Span("", 0, 0),
                    help="run again when it is up: the answers so far are kept",
                )
            )


def _distinct(model: Model, questions: Sequence[Question]) -> Iterator[_Job]:
    identity = model.identity
    if identity is None:
        for place, question in enumerate(questions):
            yield _Job(None, question, (place,))
        return
    places: dict[str, list[int]] = {}
    for place, question in enumerate(questions):
        places.setdefault(answer_key(identity, question), []).append(place)
    for key, where in places.items():
        yield _Job(key, questions[where[0]], tuple(where))
