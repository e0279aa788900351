"""What a training asks for, setting by setting, and what becomes of each when it is exported."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from ftdsl.diagnostics.diagnostic import Diagnostic, Severity, Span
from ftdsl.language.program import TrainDef, Value

_NOWHERE = Span("", 0, 0)
BEFORE = frozenset({"max_untrained", "max_cut", "serving_template", "tokens_per_second"})
"""Settings of what is looked at before any training, by ftdsl itself: no trainer's business."""


@dataclass(frozen=True, slots=True)
class Machines:
    """``processes`` on each of ``nodes``; one device each."""

    nodes: int = 1
    processes: int = 1

    @property
    def world(self) -> int:
        return self.nodes * self.processes


@dataclass(frozen=True, slots=True)
class Written:
    """The rows as they were written for the tool, relative to the folder of the export."""

    rows: str
    count: int
    validation: str | None = None
    validation_count: int = 0


@dataclass(slots=True)
class Asked:
    """Every intent of one training. An exporter reads them with ``of`` and answers for each with
    ``met`` or ``refuse``; what it answered for in neither way is refused by ``unmet``, so that a
    setting that an exporter has never heard of cannot be lost.

    ``base`` is what the trainer loads: a hub id, or a folder relative to that of the export.
    ``template`` is the name of the chat template's copy in the export, None for the base's own.
    """

    train: TrainDef
    tool: str
    base: str
    written: Written
    template: str | None = None
    machines: Machines = Machines()
    chosen: Mapping[str, str] = field(default_factory=dict)
    _met: set[str] = field(default_factory=set)
    _found: list[Diagnostic] = field(default_factory=list)

    @property
    def settings(self) -> dict[str, Value]:
        return dict(self.train.settings)

    def of(self, name: str) -> Value:
        """The value asked for; None where the spec asks for nothing."""
        return self.settings.get(name)

    def met(self, *names: str) -> None:
        """The output says what these intents say."""
        self._met.update(names)

    def refuse(self, name: str, why: str, help_: str = "") -> None:
        """The tool cannot be told this intent."""
        self._met.add(name)
        value = self.of(name)
        shown = f"{name} = {_shown(value)}" if value is not None else name
        self._add("FT671", f"{self.tool} cannot be told `{shown}`: {why}", help_)

    def differs(self, name: str, how: str, help_: str = "") -> None:
        """The intent is met, but for a difference that the user must know."""
        self._met.add(name)
        self._add("FT676", f"{self.tool} {how}", help_, Severity.WARNING)

    def problems(self) -> list[Diagnostic]:
        """Everything that was refused, or that differs; call it when the exporter is done."""
        for name, value in self.train.settings:
            if name not in self._met | BEFORE and value is not None:
                self.refuse(name, "nothing of it is known to mean the same")
        return self._found

    def _add(
        self, code: str, message: str, help_: str, severity: Severity = Severity.ERROR
    ) -> None:
        help_ = help_ or f"leave it out of `{self.train.name}`, or export to another trainer"
        span = self.train.span or _NOWHERE
        self._found.append(Diagnostic(code, message, span, severity, help=help_))

    # ------------------------------------------------------------------ what follows from several

    @property
    def method(self) -> str:
        return str(self.of("method"))

    @property
    def validated(self) -> bool:
        return self.written.validation is not None

    @property
    def batch(self) -> tuple[int, int] | None:
        """Rows a forward pass of one process, and passes an optimizer step, so that all processes
        together learn from as many rows a step as the spec says; None where that cannot be."""
        if self.of("batch_size") == "auto":
            return None
        size, passes = _whole(self.of("batch_size")), _whole(self.of("accumulation"))
        each, rest = divmod(size * passes * self.processes, self.machines.world)
        if rest or not each:
            return None
        if each % size == 0:
            return size, each // size
        size = max(part for part in range(1, min(size, each) + 1) if each % part == 0)
        return size, each // size

    @property
    def processes(self) -> int:
        """How many the spec's own numbers are for."""
        return _whole(self.of("processes") or 1)

    @property
    def quantized(self) -> bool:
        """Whether the base is held in 4 bits below its adapter."""
        return self.of("adapter") == "qlora"

    @property
    def adapted(self) -> bool:
        """Whether an adapter is trained, and not all weights."""
        return self.of("adapter") in ("lora", "qlora")

    @property
    def steps(self) -> int | None:
        """Optimizer steps of the whole run; None where packing leaves their number open."""
        most = self.of("max_steps")
        if most is not None:
            return _whole(most)
        if self.of("packing") or self.batch is None:
            return None
        size, passes = self.batch
        batches = math.ceil(self.written.count / (size * self.machines.world))
        return math.ceil(max(1, math.ceil(batches / passes)) * self.number("n_epochs"))

    @property
    def warmup_steps(self) -> int | None:
        """``warmup_ratio`` in steps, as trainers round it; None where their number is open."""
        ratio = self.number("warmup_ratio")
        if ratio == 0:
            return 0
        return None if self.steps is None else math.ceil(self.steps * ratio)

    @property
    def evaluation(self) -> tuple[str, int | None]:
        """When the loss of the validation rows is looked at: a strategy and a number of steps."""
        if not self.validated:
            return "no", None
        every = self.of("eval_every")
        return ("epoch", None) if every is None else ("steps", _whole(every))

    @property
    def saving(self) -> tuple[str, int | None]:
        """When a checkpoint is kept. The best one is that of a validation, so that early stopping
        saves when it looks."""
        if self.of("early_stopping") is not None and self.validated:
            return self.evaluation
        every = self.of("save_every")
        return ("epoch", None) if every is None else ("steps", _whole(every))

    @property
    def targets(self) -> list[str] | None:
        """The modules that get an adapter; None for all linear ones."""
        named = str(self.of("adapter.targets") or "all-linear")
        return None if named == "all-linear" else [one.strip() for one in named.split(",")]

    @property
    def precision(self) -> str:
        """``auto`` is bf16, as it is here on a GPU: exports are for one."""
        stated = str(self.of("precision"))
        return "bf16" if stated == "auto" else stated

    @property
    def held(self) -> str:
        """The number format that the weights are held in: all weights stay in 32 bits, which small
        updates need, and are computed in ``precision``."""
        return self.precision if self.adapted else "fp32"

    @property
    def mixed(self) -> str:
        """The format that is computed in where that is less than what is held, or ``""``."""
        return "" if self.held == self.precision else self.precision

    def number(self, name: str) -> float:
        value = self.of(name)
        assert isinstance(value, int | float), f"{name} is a number with a default"
        return float(value)


def _whole(value: Value) -> int:
    assert isinstance(value, int | float), "a checked count"
    return int(value)


def _shown(value: Value) -> str:
    return "true" if value is True else "false" if value is False else f"{value}"


def is_inside(name: str) -> bool:
    """Whether a name of an output file stays in the folder of the export."""
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts
