"""Grammar errors in a text, by LanguageTool through language-tool-python.

Texts are asked for in requests of some 30 KB, two in flight, and each text's answer is kept by its
content, the language and the rules asked, so that a text is asked once. Spelling is left to
``misspelled``, and taste to people: categories of typography, style and spelling are off.
"""

from __future__ import annotations

import hashlib
import os
import queue
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from ftdsl.engine.context import Context
from ftdsl.language.program import Expr
from ftdsl.plan.steps import CheckStep
from ftdsl.quality.measures.languagetool import URL, refused, running

_SERVED, _KEPT = "FTDSL_GRAMMAR_SERVED", "FTDSL_GRAMMAR_KEPT"
"""How a check tells its worker processes where the server is, and where answers are kept."""
VERSION = "1"
BATCH = 30_000
"""Characters of one request: a long one costs a fifth of what its paragraphs cost alone."""
IN_FLIGHT = 2
TIMEOUT = 60.0
_BETWEEN = "\n\n"
_OFF = frozenset(
    {"TYPOS", "TYPOGRAPHY", "STYLE", "REDUNDANCY", "COLLOQUIALISMS", "PLAIN_ENGLISH", "CASING"}
    | {"CREATIVE_WRITING", "WIKIPEDIA", "GENDER_NEUTRALITY", "MISC", "PUNCTUATION"}
)
_TASTE = frozenset({"ENGLISH_WORD_REPEAT_BEGINNING_RULE"})
_MOST_SHOWN = 5

Slip = tuple[int, int, str, str]
"""Offset and length in characters, the rule's id, the first suggestion."""


@contextmanager
def grammar_served(step: CheckStep, context: Context) -> Iterator[None]:
    """A server for the length of the check, if a rule of it asks for grammar."""
    rules = step.check.rules if step.check is not None else ()
    parts = [one for rule in rules for one in (rule.where, rule.must, rule.expect) if one]
    if not any(map(_asks, parts)):
        yield
        return
    span = step.check.span if step.check is not None else None
    with running(context.policy, span, context.checkpoint) as url:
        context.cache.mkdir(parents=True, exist_ok=True)
        os.environ[_SERVED], os.environ[_KEPT] = url, str(context.cache / "grammar.sqlite")
        try:
            yield
        finally:
            for name in (_SERVED, _KEPT):
                os.environ.pop(name, None)
            _checker.cache_clear()


def is_served() -> bool:
    """Whether the check that runs asks for grammar."""
    return _SERVED in os.environ


def _asks(expr: Expr) -> bool:
    asks = expr.op == "call" and expr.value == "grammar_errors"
    return asks or any(map(_asks, expr.args))


class Checker:
    """One language and set of rules at one server. ``slips`` gives the answers to many texts."""

    def __init__(self, url: str, kept: Path, language: str, disabled: tuple[str, ...]) -> None:
        self.url = url
        self.language = language
        self.disabled = disabled
        asked = (VERSION, language, sorted({*disabled, *_TASTE}), sorted(_OFF))
        self._salt = hashlib.sha256(orjson.dumps([*asked, _software(url)])).digest()
        self._kept = sqlite3.connect(kept, timeout=30, isolation_level=None)
        self._kept.execute("pragma journal_mode = wal")
        self._kept.execute("create table if not exists slips (key blob primary key, found blob)")

    def slips(self, texts: list[str]) -> list[list[Slip]]:
        """What is wrong in each text. Raises Refused (FT361)."""
        keys = [hashlib.sha256(self._salt + one.encode()).digest() for one in texts]
        kept = {key: self._get(key) for key in set(keys)}
        known = {key: slips for key, slips in kept.items() if slips is not None}
        missing = {key: one for key, one in zip(keys, texts, strict=True) if key not in known}
        for batch, found in self._answers(list(_batches(missing))):
            for key, new in zip(batch, found, strict=True):
                known[key] = new
                row = (key, orjson.dumps(new))
                self._kept.execute("insert or replace into slips values (?, ?)", row)
        return [known[key] for key in keys]

    def _get(self, key: bytes) -> list[Slip] | None:
        row = self._kept.execute("select found from slips where key = ?", (key,)).fetchone()
        return None if row is None else [tuple(one) for one in orjson.loads(row[0])]

    def _answers(
        self, batches: list[dict[bytes, str]]
    ) -> Iterator[tuple[dict[bytes, str], list[list[Slip]]]]:
        todo: queue.SimpleQueue[dict[bytes, str]] = queue.SimpleQueue()
        done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for batch in batches:
            todo.put(batch)
        # Threads that a dead server holds must not hold the end of the process.
        for _ in range(min(IN_FLIGHT, len(batches))):
            threading.Thread(target=self._work, args=(todo, done), daemon=True).start()
        for _ in batches:
            try:
                batch, found, error = done.get(timeout=2 * TIMEOUT)
            except queue.Empty:
                batch, found, error = {}, [], f"no answer in {2 * TIMEOUT:.0f} s"
            if error:
                raise refused(
                    "FT361",
                    f"the LanguageTool server at {self.url} failed: {error}",
                    f"run again, or set `{URL}` to another server; what was answered is kept",
                    None,
                )
            yield batch, found

    def _work(self, todo: queue.SimpleQueue[Any], done: queue.SimpleQueue[Any]) -> None:
        import language_tool_python as library
        import requests

        class Bounded(library.LanguageTool):  # type: ignore[misc]
            _TIMEOUT = TIMEOUT

        failures = (library.exceptions.LanguageToolError, requests.RequestException, OSError)
        malformed = (KeyError, TypeError, ValueError, AttributeError)
        try:
            tool = Bounded(self.language, remote_server=self.url, proxies=_NO_PROXY)
            tool.disabled_categories = set(_OFF)
            tool.disabled_rules = {*self.disabled, *_TASTE}
            while True:
                batch = todo.get_nowait()
                done.put((batch, _asked(tool, list(batch.values())), ""))
        except queue.Empty:
            return
        except (*failures, *malformed) as error:
            done.put(({}, [], " ".join(str(error).split())[:200] or type(error).__name__))


_NO_PROXY = {"http": "", "https": ""}


def _software(url: str) -> str:
    """The server's name and version, as its answers give them; "" where it does not say."""
    import requests

    try:
        said = requests.post(
            f"{url}/v2/check",
            data={"text": "x", "language": "en-US"},
            timeout=TIMEOUT,
            proxies=_NO_PROXY,
        ).json()["software"]
        return f"{said['name']} {said['version']} {said['buildDate']}"
    except (requests.RequestException, KeyError, TypeError, ValueError):
        return ""


def served_by() -> str:
    """What checks grammar for the check that runs now, by name and version; "" where nothing
    does."""
    url = os.environ.get(_SERVED)
    return _software(url) if url else ""


def _batches(texts: dict[bytes, str]) -> Iterator[dict[bytes, str]]:
    batch: dict[bytes, str] = {}
    size = 0
    for key, text in texts.items():
        if batch and size + len(text) > BATCH:
            yield batch
            batch, size = {}, 0
        batch[key] = text
        size += len(text) + len(_BETWEEN)
    if batch:
        yield batch


def _asked(tool: Any, texts: list[str]) -> list[list[Slip]]:
    """The slips in each text of one request, by where the text stands in it. Characters beyond the
    basic plane are sent as one that is in it: the library counts them in a state that all threads
    share."""
    plain = ["".join(one if ord(one) < 0x10000 else "□" for one in text) for text in texts]
    found: list[list[Slip]] = [[] for _ in texts]
    starts, at = [], 0
    for text in plain:
        starts.append(at)
        at += len(text) + len(_BETWEEN)
    matches = sorted(tool.check(_BETWEEN.join(plain)), key=lambda match: match.offset)
    row = 0
    for match in matches:
        while row + 1 < len(starts) and match.offset >= starts[row + 1]:
            row += 1
        offset = match.offset - starts[row]
        if offset + match.error_length <= len(plain[row]):
            told = match.replacements[0] if match.replacements else ""
            found[row].append((offset, match.error_length, match.rule_id, told))
    return found


@lru_cache(maxsize=8)
def _checker(language: str, disabled: tuple[str, ...]) -> Checker:
    url, kept = os.environ.get(_SERVED), os.environ.get(_KEPT)
    if not url or not kept:
        help = "write it in a rule of a `check` block"
        raise refused("FT363", "`grammar_errors(…)` is asked outside of a check", help, None)
    return Checker(url, Path(kept), language, disabled)


def _slips(column: list[str], language: str, disabled: str | list[str]) -> list[list[Slip]]:
    off = (disabled,) if isinstance(disabled, str) else tuple(disabled)
    return _checker(language, tuple(one for one in off if one)).slips(list(column))


def grammar_errors(
    column: list[str], language: str = "en-US", disabled: str | list[str] = ""
) -> list[int]:
    """Grammar errors in each text."""
    return [len(one) for one in _slips(column, language, disabled)]


def _told(text: str, language: str = "en-US", disabled: str | list[str] = "") -> str:
    (slips,) = _slips([text], language, disabled)
    told = [
        f"`{text[at : at + size]}`" + (f" → `{better}`" if better else "") + f" ({rule})"
        for at, size, rule, better in slips[:_MOST_SHOWN]
    ]
    return ", ".join(told) + (" …" if len(slips) > _MOST_SHOWN else "")


FUNCTIONS: dict[str, Any] = {"grammar_errors": grammar_errors}
REASONS: dict[str, Any] = {"grammar_errors": _told}
