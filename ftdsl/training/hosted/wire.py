"""The fine-tuning API as this step needs it: one request at a time, and every failure named.

The ``openai`` package gives the types and the paths. Its own retries are off: it repeats a create
after a timeout or a 500, and the host then runs, and bills, two jobs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from ftdsl.models.hosts import Endpoint
from ftdsl.models.retry import RETRIED_STATUSES, RetryPolicy, asked_wait, wait_seconds

if TYPE_CHECKING:
    import httpx2
    from openai import OpenAI
    from openai.types import FileObject
    from openai.types.fine_tuning import FineTuningJob, FineTuningJobEvent
    from openai.types.fine_tuning.jobs import FineTuningJobCheckpoint

T = TypeVar("T")

PURPOSE: Literal["fine-tune"] = "fine-tune"
_SENT_HEADERS = frozenset(
    {"host", "accept", "accept-encoding", "connection", "content-type", "content-length"}
)
_PART = 64_000_000
_PAGE = 100
_NEWEST = 20


class HostError(Exception):
    """The host did not do what it was asked. ``status`` is None where it did not answer;
    ``doubtful`` tells that it may have done it all the same."""

    def __init__(
        self, why: str, *, status: int | None = None, code: str = "", doubtful: bool = False
    ) -> None:
        super().__init__(why)
        self.status = status
        self.code = code
        self.doubtful = doubtful
        self.wait: float | None = None

    @property
    def passing(self) -> bool:
        """Whether another attempt may fare better."""
        if self.code == "insufficient_quota":
            return False
        return self.status is None or self.status in RETRIED_STATUSES


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds. ``timeout`` is for one request; a job is looked at after ``first``, then ever more
    seldom up to ``most``; ``doubt`` are the waits between listings after a create whose outcome
    nobody knows, for a new job may take a while to be listed."""

    timeout: float = 120.0
    first: float = 2.0
    most: float = 30.0
    doubt: tuple[float, ...] = (0.0, 1.0, 2.0, 4.0, 8.0, 15.0)
    retry: RetryPolicy = field(default_factory=RetryPolicy)


def timing_of(endpoint: Endpoint) -> Timing:
    """A host of this machine has no queue and no replicas to wait for."""
    if not endpoint.loopback:
        return Timing()
    retry = RetryPolicy(attempts=5, base=0.02, cap=0.2, retry_after_cap=1.0)
    return Timing(30.0, 0.02, 0.5, (0.0, 0.02, 0.05, 0.1), retry)


class Wire:
    """An open line to one host. Reads are repeated; nothing that costs is."""

    def __init__(
        self,
        endpoint: Endpoint,
        timing: Timing,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.endpoint = endpoint
        self.timing = timing
        self.pause = pause
        self._client = _client(endpoint, timing.timeout)

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    # ------------------------------------------------------------------ files

    def find_file(self, name: str, size: int) -> str | None:
        """The id of a file that was uploaded before under this name, with this size."""
        found = self._again(
            lambda: list(self._client.files.list(purpose=PURPOSE, limit=10_000)), "files"
        )
        right = (f for f in found if f.filename == name and f.bytes == size and f.status != "error")
        return next((file.id for file in right), None)

    def upload(self, path: Path, name: str, *, largest: int) -> str:
        """Upload the file at ``path`` as ``name``; in parts where it is over ``largest`` bytes.
        A repeated upload leaves a second copy behind and costs nothing."""
        if path.stat().st_size > largest:
            return self._again(lambda: self._upload_parts(path, name), "upload")

        def once() -> FileObject:
            with path.open("rb") as stream:
                return self._client.files.create(file=(name, stream), purpose=PURPOSE)

        return self._again(once, "upload").id

    def _upload_parts(self, path: Path, name: str) -> str:
        uploads = self._client.uploads
        size = path.stat().st_size
        upload = uploads.create(bytes=size, filename=name, mime_type="text/jsonl", purpose=PURPOSE)
        parts = [uploads.parts.create(upload.id, data=part).id for part in _parts(path)]
        done = uploads.complete(upload.id, part_ids=parts)
        if done.file is None:
            raise HostError("the upload was completed without a file")
        return done.file.id

    def content(self, file: str) -> bytes:
        return self._again(lambda: self._client.files.content(file).content, "content")

    # ------------------------------------------------------------------ jobs

    def create(self, body: Mapping[str, Any]) -> FineTuningJob:
        """Ask for a job, once. Raises ``HostError``, ``doubtful`` where it may exist now."""
        create = self._client.fine_tuning.jobs.create
        return self._once(lambda: _whole(create(**body)), "create")

    def jobs(self, metadata: Mapping[str, str]) -> list[FineTuningJob]:
        """The jobs with this metadata, newest first. A host that ignores the filter costs time,
        not truth: what it lists is looked through again."""

        def listed() -> list[FineTuningJob]:
            page = self._client.fine_tuning.jobs.list(limit=_PAGE, metadata=dict(metadata))
            return [job for job in page if _has(job, metadata)]

        return self._again(listed, "list")

    def job(self, name: str) -> FineTuningJob:
        return self._again(lambda: _whole(self._client.fine_tuning.jobs.retrieve(name)), "retrieve")

    def newest_events(self, name: str) -> list[FineTuningJobEvent]:
        """The last events, newest first: one page, however long the job is."""
        listed = self._client.fine_tuning.jobs.list_events
        return self._again(lambda: list(listed(name, limit=_NEWEST).data), "events")

    def checkpoints(self, name: str) -> list[FineTuningJobCheckpoint]:
        """Every checkpoint, by step."""
        listed = self._client.fine_tuning.jobs.checkpoints.list
        found = self._again(lambda: list(listed(name, limit=_PAGE)), "checkpoints")
        return sorted(found, key=lambda each: each.step_number)

    def act(self, name: str, action: Literal["cancel", "pause", "resume"]) -> FineTuningJob:
        """Cancel, pause or resume. A race with the job's own end is no error: read it again."""
        jobs = self._client.fine_tuning.jobs
        call = {"cancel": jobs.cancel, "pause": jobs.pause, "resume": jobs.resume}[action]
        try:
            return self._again(lambda: call(name), action)
        except HostError as error:
            if error.status != 400:
                raise
            job = self.job(name)
            if job.status not in TERMINAL:
                raise
            return job

    def shutdown_date(self, model: str) -> str | None:
        """The day on which the host takes the model away, as it says; None where it does not say.
        Raises ``HostError`` with status 404 where there is no such model."""
        found = self._again(lambda: self._client.models.retrieve(model), "model")
        date = getattr(found, "shutdown_date", None)
        return str(date) if date else None

    # ------------------------------------------------------------------ requests

    def _again(self, call: Callable[[], T], what: str) -> T:
        """A request that may be repeated, repeated while that may help."""
        policy = self.timing.retry
        for attempt in range(1, policy.attempts + 1):
            try:
                return self._once(call, what)
            except HostError as error:
                if attempt == policy.attempts or not error.passing:
                    raise
                self.pause(wait_seconds(policy, attempt, error.wait, lambda: 0.5))
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _once(self, call: Callable[[], T], what: str) -> T:
        import httpx2
        import openai

        try:
            found = call()
            if isinstance(found, str):  # what the package makes of a page in place of JSON
                raise ValueError(found[:40])
            return found
        except openai.APIStatusError as error:
            raise _status_error(error) from error
        except openai.APITimeoutError as error:
            why = f"no answer to `{what}` within {self.timing.timeout:g} s"
            raise HostError(why, doubtful=True) from error
        except (openai.APIConnectionError, httpx2.HTTPError) as error:
            reason = error.__cause__ or error
            why = f"the connection failed during `{what}`: {type(reason).__name__}"
            raise HostError(why, doubtful=not _is_unsent(reason)) from error
        except (openai.APIError, ValueError, AttributeError, TypeError) as error:
            # A proxy's page, or half an answer, with status 200.
            raise HostError(f"the answer to `{what}` is not readable", doubtful=True) from error


TERMINAL = frozenset({"succeeded", "failed", "cancelled"})


def _client(endpoint: Endpoint, timeout: float) -> OpenAI:
    import httpx2
    from openai import OpenAI

    def keep_only_known(request: httpx2.Request) -> None:
        for header in list(request.headers):
            if header.lower() not in _SENT_HEADERS:
                del request.headers[header]
        request.headers["User-Agent"] = "ftdsl"
        if endpoint.key is not None:
            request.headers["Authorization"] = f"Bearer {endpoint.key}"

    http = httpx2.Client(
        timeout=httpx2.Timeout(timeout, connect=min(10.0, timeout)),
        follow_redirects=False,  # a redirect could carry the rows and the key elsewhere
        trust_env=False,
        proxy=endpoint.proxy,
        event_hooks={"request": [keep_only_known]},
    )
    return OpenAI(base_url=endpoint.url, api_key="unused", max_retries=0, http_client=http)


def _status_error(error: Any) -> HostError:
    body = error.body if isinstance(error.body, dict) else {}
    message = body.get("message")
    why = " ".join(message.split())[:300] if isinstance(message, str) else "no reason was given"
    status: int = error.status_code
    code = str(body.get("code") or "")
    found = HostError(why, status=status, code=code, doubtful=status >= 500 or status == 408)
    found.wait = asked_wait(error.response.headers)
    return found


def _is_unsent(reason: object) -> bool:
    """Whether the host cannot have seen the request."""
    import httpx2

    return isinstance(reason, httpx2.ConnectError | httpx2.ConnectTimeout)


def _whole(job: FineTuningJob) -> FineTuningJob:
    """The package checks no answer. Raises ValueError for one that is no job."""
    if not isinstance(getattr(job, "id", None), str) or not isinstance(job.status, str):
        raise ValueError("no job")
    return job


def _has(job: FineTuningJob, metadata: Mapping[str, str]) -> bool:
    own = job.metadata or {}
    return all(own.get(key) == value for key, value in metadata.items())


def _parts(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while part := stream.read(_PART):
            yield part
