"""A run for one step at a time, and short ways to write typed expressions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ftdsl.engine.context import Policy, Stopped
from ftdsl.language.program import CheckDef, DatasetDef, Expr, RuleDef, Type, WaiverDef
from ftdsl.plan.steps import CheckStep
from ftdsl.results.outputs import StepOutput


class Bar:
    """Remembers how far it got."""

    def __init__(self) -> None:
        self.amount = 0
        self.closed = False

    def advance(self, amount: int = 1) -> None:
        self.amount += amount

    def note(self, text: str) -> None:
        del text

    def close(self) -> None:
        self.closed = True


class Run:
    """A context over real folders. ``stop_after`` checkpoints it asks to stop."""

    def __init__(self, root: Path, workers: int = 1, stop_after: int | None = None) -> None:
        self.root = root
        self.work = root / ".ftdsl" / "work"
        self.cache = root / ".ftdsl" / "cache"
        self.work.mkdir(parents=True, exist_ok=True)
        self.policy = Policy(workers=workers)
        self.outputs: Mapping[str, StepOutput] = {}
        self.bar = Bar()
        self._left = stop_after

    def artifacts(self, step_id: str) -> Path:
        raise KeyError(step_id)

    def progress(self, label: str, total: int | None = None, unit: str = "rows") -> Bar:
        del label, total, unit
        return self.bar

    def checkpoint(self) -> None:
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                raise Stopped


TEXT, INT, BOOL, FLOAT = Type("text"), Type("int"), Type("bool"), Type("float")


def lit(value: Any) -> Expr:
    return Expr("literal", {str: TEXT, int: INT, bool: BOOL, float: FLOAT}[type(value)], (), value)


def field(name: str, type: Type = TEXT) -> Expr:
    return Expr("field", type, (), name)


def measure(name: str) -> Expr:
    return Expr("measure", FLOAT, (), name)


def wrap(value: Any) -> Expr:
    return value if isinstance(value, Expr) else lit(value)


def call(name: str, *args: Any) -> Expr:
    return Expr("call", INT, tuple(wrap(one) for one in args), name)


def op(name: str, *args: Any) -> Expr:
    return Expr(name, BOOL, tuple(wrap(one) for one in args))


REPLY, PROMPT = field("reply.text"), field("prompt")
ROW, MESSAGES = field("row", Type("row")), field("messages", Type("list", element=Type("message")))


def must(name: str, expr: Expr, where: Expr | None = None, **more: Any) -> RuleDef:
    return RuleDef(name, "row", where=where, must=expr, **more)


def expect(name: str, expr: Expr, **more: Any) -> RuleDef:
    return RuleDef(name, "dataset", expect=expr, **more)


def check(
    dataset: DatasetDef,
    *rules: RuleDef,
    waivers: tuple[WaiverDef, ...] = (),
    locked: dict[str, float] | None = None,
) -> CheckStep:
    return CheckStep(
        id=f"check.{dataset.name}",
        name=dataset.name,
        dataset=dataset,
        check=CheckDef(dataset.name, rules),
        waivers=waivers,
        locked=locked or {},
    )


Rules = Callable[[], tuple[RuleDef, ...]]
