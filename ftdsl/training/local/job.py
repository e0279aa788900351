"""What a training worker is told, and what it tells back: the two sides of one pipe."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from ftdsl.language.program import Value

#: Settings that the worker does not read: files, and what is checked or reckoned before it.
_BESIDE = (
    "template",
    "serving_template",
    "max_untrained",
    "max_cut",
    "tokens_per_second",
)


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Lora(_Message):
    """Low-rank adapters (Hu et al. 2021): the update is ``alpha / rank`` times B·A. With
    ``quantized`` the base below them is held in 4 bits (Dettmers et al. 2023)."""

    quantized: bool = False
    rank: int
    alpha: int
    dropout: float
    targets: str | list[str]


class Settings(_Message):
    """The settings of ``target trl``; the names and the units are those of the language."""

    method: Literal["sft", "dpo", "orpo", "kto"]
    adapter: Lora | None
    learning_rate: float
    n_epochs: float
    max_steps: int | None = None
    batch_size: int
    accumulation: int
    max_length: int
    packing: bool = False
    assistant_only_loss: bool = True
    beta: float = 0.1
    loss: str = "sigmoid"
    label_smoothing: float = 0.0
    desirable_weight: float = 1.0
    undesirable_weight: float = 1.0
    warmup_ratio: float
    scheduler: str
    weight_decay: float
    max_grad_norm: float
    seed: int
    log_every: int
    eval_every: int | None = None
    save_every: int | None = None
    early_stopping: int | None = None
    precision: str
    processes: int = 1
    merge: bool = False

    @property
    def batch(self) -> int:
        """Rows an optimizer step."""
        return self.batch_size * self.accumulation * self.processes


class Job(_Message):
    """All that decides a training run. ``base`` is a ``.gguf`` file or a Hugging Face folder;
    ``converted`` is where the former is kept as the latter, and ``tokenizer`` where its tokenizer
    lies once it was checked. ``rows`` and ``validation`` are JSONL files as ``training.examples``
    writes them (``validation`` is None when the spec says so in words); ``template`` is the text of
    the chat template, None for the base model's own."""

    base: Path
    converted: Path | None
    work: Path
    rows: Path
    validation: Path | None
    template: str | None
    settings: Settings
    threads: int
    tokenizer: Path | None = None


class Phase(_Message):
    """The worker begins something that takes seconds."""

    event: Literal["phase"] = "phase"
    text: str


class Lengths(_Message):
    """How long the rows are, in tokens of the base model. ``cut`` rows are over ``max_length``;
    ``mute`` rows have no token left to learn from and take no part."""

    event: Literal["lengths"] = "lengths"
    split: str
    rows: int
    tokens: int
    longest: int
    cut: int
    mute: int


class Begun(_Message):
    """Training starts, at ``step`` of ``steps``; ``step`` > 0 when it resumes."""

    event: Literal["begun"] = "begun"
    step: int
    steps: int


class Stepped(_Message):
    event: Literal["step"] = "step"
    step: int
    loss: float | None = None


class Validated(_Message):
    """The loss on the validation rows after ``step`` steps, which are ``epoch`` passes."""

    event: Literal["validated"] = "validated"
    step: int
    epoch: float
    eval_loss: float


class Failed(_Message):
    """The worker gives up for a reason it knows. ``code`` is a diagnostic's."""

    event: Literal["failed"] = "failed"
    code: str
    message: str
    help: str = ""


class Halted(_Message):
    """It was asked to stop, wrote a checkpoint at ``step``, and ends."""

    event: Literal["halted"] = "halted"
    step: int


class Done(_Message):
    """Training ended and its files are written. ``history`` is the trainer's log, an object a
    logged step; ``memory`` is the peak of resident bytes; ``adapter`` and ``weights`` are the
    folders of an adapter and of whole weights, "" where there are none."""

    event: Literal["done"] = "done"
    steps: int
    epochs: float
    tokens: int
    trained_parameters: int
    total_parameters: int
    history: list[dict[str, float]]
    memory: int
    resumed_from: int | None
    adapter: str
    weights: str
    adapter_gguf: bool
    digests: dict[str, str]
    versions: dict[str, str]


Event = Phase | Lengths | Begun | Stepped | Validated | Failed | Halted | Done


def settings_of(values: Mapping[str, Value]) -> Settings:
    """The settings of a ``target trl`` block, as the checker left them (defaults filled in)."""
    plain = {key: value for key, value in values.items() if "." not in key}
    for name in _BESIDE:
        plain.pop(name, None)
    kind = plain.pop("adapter", "none")
    if kind == "none":
        return Settings.model_validate(plain | {"adapter": None})
    lora = {
        key.removeprefix("adapter."): value
        for key, value in values.items()
        if key.startswith("adapter.")
    }
    targets = str(lora.get("targets", "all-linear"))
    adapter = {"rank": 16, "alpha": 32, "dropout": 0.0, "quantized": kind == "qlora"} | lora
    names = [name.strip() for name in targets.split(",")]
    adapter["targets"] = targets if targets == "all-linear" else names  # type: ignore[assignment]
    return Settings.model_validate(plain | {"adapter": adapter})
