"""A model's chat template: the text it makes of turns, and which of it the assistant says.

The environment is that of ``transformers``: sandboxed Jinja with its extensions and functions, and
``{% generation %}`` marks. A template can neither reach files nor the network, and its loops over
numbers are bounded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from jinja2 import TemplateError, nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

Turn = dict[str, Any]
Span = tuple[int, int]

_MARKS = re.compile(r"\{%-?\s*generation\b")
_EVALUATION = (
    TemplateError,
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)
"""What evaluating a template's expressions can raise."""


STEPS = 1_000_000
"""Numbers that ``range`` gives out for one text."""


class Unrendered(Exception):
    """The template gives no text for these turns; says why."""


class _Marks(Extension):
    """``{% generation %} … {% endgeneration %}``: notes where in the text each stands."""

    tags = {"generation"}  # noqa: RUF012

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self.written: list[str] = []
        self.spans: list[Span] = []

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        call = self.call_method("_said")
        return nodes.CallBlock(call, [], [], body).set_lineno(line)

    def _said(self, caller: Any) -> str:
        text = str(caller())
        start = sum(map(len, self.written))
        self.spans.append((start, start + len(text)))
        return text

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Begin a text."""
        self.written, self.spans = [], []
        yield


class ChatTemplate:
    """A compiled template. ``variables`` are what it may read beside the turns, such as
    ``bos_token``. Raises Unrendered for a text that is no template."""

    def __init__(self, source: str, variables: dict[str, Any] | None = None) -> None:
        self.marks_turns = bool(_MARKS.search(source))
        self._variables = variables or {}
        self._steps = STEPS
        self._environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=[_Marks, loopcontrols]
        )
        self._environment.filters["tojson"] = _to_json
        self._environment.globals["range"] = self._range
        self._environment.globals["raise_exception"] = _refuse
        self._environment.globals["strftime_now"] = _now
        try:
            self._template = self._environment.from_string(source)
        except (TemplateError, RecursionError) as error:
            raise Unrendered(str(error)) from None

    def render(
        self, turns: list[Turn], tools: list[Any] | None = None, *, asks: bool = False
    ) -> tuple[str, list[Span]]:
        """The text, and the spans that ``{% generation %}`` marks. ``asks`` adds the start of an
        answer. Raises Unrendered."""
        marks: Any = self._environment.extensions[_Marks.identifier]
        self._steps = STEPS
        with marks.noting():
            try:
                for piece in self._template.generate(
                    **self._variables,
                    messages=turns,
                    tools=tools or None,
                    documents=None,
                    add_generation_prompt=asks,
                ):
                    marks.written.append(piece)
            except _EVALUATION as error:
                raise Unrendered(f"{type(error).__name__}: {error}") from None
            return "".join(marks.written), list(marks.spans)

    def _range(self, *bounds: int) -> range:
        numbers = range(*bounds)
        self._steps -= len(numbers) + 1
        if self._steps < 0:
            raise OverflowError(f"its loops take more than {STEPS:,} steps")
        return numbers

    def said(self, turns: list[Turn], tools: list[Any] | None = None) -> tuple[str, list[Span]]:
        """The text, and the spans of the assistant turns that are learned: those whose ``weight``
        is not 0. Raises Unrendered."""
        text, spans = self.render(turns, tools)
        places = [i for i, one in enumerate(turns) if one.get("role") == "assistant"]
        if not self.marks_turns:
            spans = self._unmarked(text, turns, places, tools)
        if len(spans) != len(places):
            return text, spans
        learned = [turns[i].get("weight") != 0 for i in places]
        return text, [span for span, wanted in zip(spans, learned, strict=True) if wanted]

    def _unmarked(
        self, text: str, turns: list[Turn], places: list[int], tools: list[Any] | None
    ) -> list[Span]:
        """For each assistant turn what the text gains by it; where the template writes earlier
        turns in another way, where the turn's content stands."""
        spans: list[Span] = []
        for at in places:
            start = spans[-1][1] if spans else 0
            span = self._gain(text, turns, at, tools)
            if span is None or span[0] < start:
                content = str(turns[at].get("content") or "").strip()
                found = text.find(content, start)
                span = (found, found + len(content)) if content and found >= 0 else (start, start)
            spans.append(span)
        return spans

    def _gain(self, text: str, turns: list[Turn], at: int, tools: list[Any] | None) -> Span | None:
        try:
            before, _ = self.render(turns[:at], tools, asks=True)
            after, _ = self.render(turns[: at + 1], tools)
        except Unrendered:
            return None
        if not (after.startswith(before) and text.startswith(after)):
            return None
        return len(before), len(after)


def _to_json(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


def _refuse(message: str) -> None:
    raise TemplateError(message)


def _now(format: str) -> str:
    # A fixed day: what is counted must not depend on when.
    return datetime(2026, 1, 1).strftime(format)
