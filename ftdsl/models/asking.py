"""How questions are put to one model: what is cached, how many at once, when to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from types import TracebackType

from ftdsl.engine.context import Context, Stopped
from ftdsl.models.answer import Answer, Model, Question, Session
from ftdsl.models.answer_cache import AnswerCache, answer_key, as_cached
from ftdsl.models.watched_loop import WatchedLoop

_POLL = 0.2  # seconds between two looks at the signal
_GRACE = 3.0  # seconds that requests in flight may still take once stopped

OnAnswer = Callable[[Answer], None]


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
    on_answer: OnAnswer = lambda _: None,
) -> list[Answer]:
    """An answer to each question, in order: ``Asking.ask`` once."""
    with Asking(model, context) as asking:
        return asking.ask(questions, on_answer)


class Asking:
    """A model that is asked block after block over the same connections. Open with ``with``.

    The event loop is this object's own; in a notebook, whose thread has one, it runs in another
    thread. Connections are made when the first question is not cached.
    """

    def __init__(self, model: Model, context: Context) -> None:
        self._model = model
        self._context = context
        self._stack = ExitStack()
        self._open = AsyncExitStack()
        self._session: Session | None = None
        self._loop: _Loop | None = None

    def __enter__(self) -> Asking:
        self._cache = self._stack.enter_context(AnswerCache(self._context.cache))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if self._loop is not None:
                self._loop.run(self._open.aclose)
                self._loop.close()
        finally:
            self._stack.close()

    def ask(
        self, questions: Sequence[Question], on_answer: OnAnswer = lambda _: None
    ) -> list[Answer]:
        """An answer to each question, in order; equal questions are asked once.

        ``on_answer`` is called for each as it comes. Answers found in the cache are not asked for;
        new ones are stored as they come. Raises ``Stopped`` after at most ``_GRACE`` seconds when a
        signal asks for it, and ``Refused`` when no later question could be answered either; what is
        in flight by then is still waited for and kept.
        """
        round_ = _Round(self._model, questions, self._cache, self._context, on_answer)
        round_.take_cached()
        if round_.jobs:
            if self._loop is None:
                self._loop = _Loop()
            self._loop.run(lambda: self._asked(round_))
        return round_.answers

    async def _asked(self, round_: _Round) -> None:
        if self._session is None:
            self._session = await self._open.enter_async_context(self._model.session())
        await round_.ask(self._session)


class _Loop:
    """An event loop of its own, in another thread where this one has a loop already."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner(loop_factory=WatchedLoop)
        self._thread = ThreadPoolExecutor(max_workers=1) if _in_a_loop() else None

    def run(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        self._do(lambda: self._runner.run(work()))

    def close(self) -> None:
        self._do(self._runner.close)
        if self._thread is not None:
            self._thread.shutdown()

    def _do(self, work: Callable[[], None]) -> None:
        if self._thread is None:
            work()
        else:
            self._thread.submit(work).result()


def _in_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class _Round:
    """The state of one ``ask``."""

    def __init__(
        self,
        model: Model,
        questions: Sequence[Question],
        cache: AnswerCache,
        context: Context,
        on_answer: OnAnswer,
    ) -> None:
        self._model = model
        self._cache = cache
        self._context = context
        self._on_answer = on_answer
        self._stopping = False
        self._unsaved: list[tuple[str, Answer]] = []
        self.answers = [Answer()] * len(questions)
        self.jobs = list(_distinct(model, questions))

    def take_cached(self) -> None:
        """Fill in what the cache has, and keep only the other jobs."""
        keyed = {job.key: job for job in self.jobs if job.key is not None}
        for key, known in self._cache.known(list(keyed)):
            self._give(keyed.pop(key), known)
        self.jobs = [job for job in self.jobs if job.key is None or job.key in keyed]

    async def ask(self, session: Session) -> None:
        queue = iter(self.jobs)
        workers = min(self._model.concurrency, len(self.jobs))
        tasks = {asyncio.create_task(self._work(session, queue)) for _ in range(workers)}
        try:
            await self._watch(tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._save()

    async def _watch(self, tasks: set[asyncio.Task[None]]) -> None:
        pending = tasks
        while pending:
            done, pending = await asyncio.wait(
                pending, timeout=_POLL, return_when=asyncio.FIRST_EXCEPTION
            )
            failed = next((task for task in done if task.exception() is not None), None)
            if failed is not None:
                await self._wind_down(pending)
                failed.result()
            try:
                self._context.checkpoint()
            except Stopped:
                await self._wind_down(pending)
                raise

    async def _wind_down(self, pending: set[asyncio.Task[None]]) -> None:
        """Let what is in flight end, for it may have been paid for."""
        self._stopping = True
        if pending:
            await asyncio.wait(pending, timeout=_GRACE)

    async def _work(self, session: Session, queue: Iterator[_Job]) -> None:
        while not self._stopping and (job := next(queue, None)) is not None:
            answer = await session.answer(job.question)
            if job.key is not None:
                self._keep(job.key, answer)
            self._give(job, answer)
            # The next request goes out once this answer is stored: what is killed then has no more
            # in flight than there are workers.
            await asyncio.sleep(0)

    def _keep(self, key: str, answer: Answer) -> None:
        """Store with all others that the loop finds on its sockets in this turn: one transaction,
        and no answer waits for it longer than it takes to read them."""
        if not self._unsaved:
            asyncio.get_running_loop().call_soon(self._save)
        self._unsaved.append((key, answer))

    def _save(self) -> None:
        if self._unsaved:
            self._cache.put(self._unsaved)
            self._unsaved = []

    def _give(self, job: _Job, answer: Answer) -> None:
        for number, place in enumerate(job.places):
            given = answer if number == 0 or answer.error else as_cached(answer)
            self.answers[place] = given
            self._on_answer(given)


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
