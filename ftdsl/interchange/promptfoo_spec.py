"""The text of a spec that was imported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ftdsl.interchange.imported import Scored, quoted
from ftdsl.interchange.promptfoo_scores import PASSED


@dataclass(slots=True)
class Group:
    """Cases that are scored alike: an eval."""

    scores: tuple[Scored, ...]
    wants: tuple[str, ...]
    name: str = ""
    rows: list[dict[str, Any]] = field(default_factory=list)

    @property
    def judged(self) -> bool:
        return any("judge(" in one.value for one in self.scores)


def spec_text(
    origin: str,
    models: Mapping[str, str],
    groups: Sequence[Group],
    left_out: int,
    epochs: int,
    judge: str,
) -> str:
    """A spec with a schema and an eval for each group, and a gate for those that can have one."""
    lines = ["ftspec 1", "", f"# Imported from {origin}."]
    if left_out:
        lines.append(f"# {left_out} of its cases are left out: they require what no spec can say.")
    lines.append("")
    for name, block in models.items():
        lines.append(f"model {name} {{ {block} }}")
    candidates = [name for name in models if name != judge] or list(models)
    for group in groups:
        lines += ["", *_group(group, epochs), *_gate(group, candidates)]
    return "\n".join(lines) + "\n"


def _group(group: Group, epochs: int) -> Iterator[str]:
    yield f"schema {group.name}_case extends chat {{"
    for name in ("case_id", "prompt_name", *group.wants):
        yield f"  {name}: text"
    yield "}"
    yield ""
    yield f"eval {group.name} {{"
    yield f"  schema = {group.name}_case"
    yield f"  source = jsonl({quoted(f'cases/{group.name}.jsonl')})"
    yield "  id = case_id"
    if epochs > 1:
        yield f"  epochs = {epochs}"
    for score in group.scores:
        yield f"  score {score.name} = {score.value}"
    if len({row["prompt_name"] for row in group.rows}) > 1:
        yield "  slice by prompt_name"
    yield "}"


def _gate(group: Group, candidates: Sequence[str]) -> Iterator[str]:
    """promptfoo fails when a test fails. A gate on a judge needs verdicts of people first."""
    if not candidates or group.scores[-1].name != PASSED:
        return
    yield ""
    if group.judged:
        yield f"# No gate on `{PASSED}`: its judge is to be measured by `labels` first."
        return
    yield f"gate {group.name}_passes {{"
    yield f"  from = [{', '.join(candidates)}]"
    yield f"  eval = {group.name}"
    yield f"  require {PASSED}.mean >= 100%"
    yield "}"
