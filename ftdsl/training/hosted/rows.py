"""Rows as the fine-tuning API takes them: one file a split, and what it weighs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftdsl.data.rows import Row, content_text, messages, pair_of, read_rows, reply
from ftdsl.engine.context import Context
from ftdsl.plan.steps import TrainStep
from ftdsl.training.examples import removed_by_dedup

_TURN = ("role", "content", "name", "tool_calls", "tool_call_id", "refusal", "weight", "audio")
_TOOLS = ("tools", "parallel_tool_calls")
_SAID = frozenset({"assistant", "tool"})
_BLOCK = 256

Counter = Callable[[list[str]], list[int]]


@dataclass(frozen=True, slots=True)
class WireFile:
    """``rows`` examples in ``size`` bytes. ``unfit`` rows say nothing that this method can learn
    from and were left out. ``tokens`` is what one pass is billed for at the most, exact where the
    tokenizer is known (``exact``); ``answer_tokens`` is the mean of what is learned from a row, or
    None where it is not known."""

    path: Path
    rows: int
    unfit: int
    size: int
    digest: str
    tokens: int
    exact: bool
    answer_tokens: float | None


def write_wire_rows(
    step: TrainStep,
    source: tuple[str, str | None],
    path: Path,
    context: Context,
    method: str,
    count: Counter | None,
) -> WireFile:
    """Write the rows of ``source`` (dataset, split), without those that dedup removed, as examples
    of ``method`` (``sft``, ``dpo`` or ``reinforcement``). ``count`` counts tokens; without it every
    byte is taken for one, which is the most that it can be."""
    digest = hashlib.sha256()
    rows = unfit = size = tokens = answers = 0
    with path.open("wb") as file:
        for row in used_rows(step, source, context):
            example = example_of(row, method)
            if example is None:
                unfit += 1
                continue
            line = json.dumps(example, ensure_ascii=False, sort_keys=True).encode() + b"\n"
            file.write(line)
            digest.update(line)
            rows += 1
            size += len(line)
            if count is not None:
                all_, answer = count([_text(example), reply(row)])
                tokens, answers = tokens + all_ + _framing(example), answers + answer
            if rows % _BLOCK == 0:
                context.checkpoint()
    return WireFile(
        path=path,
        rows=rows,
        unfit=unfit,
        size=size,
        digest=digest.hexdigest(),
        tokens=size if count is None else tokens,
        exact=count is not None,
        answer_tokens=answers / rows if count is not None and rows else None,
    )


def used_rows(step: TrainStep, source: tuple[str, str | None], context: Context) -> Iterator[Row]:
    """The rows of a split that dedup kept, in file order."""
    name, split = source
    dataset = next(one for one in step.datasets if one.name == name)
    removed = removed_by_dedup(step, dataset, context)
    return read_rows(dataset, context.root, split=split, exclude=removed)


def example_of(row: Row, method: str) -> dict[str, Any] | None:
    """The row as one example, or None where it has none: a supervised one ends with the assistant,
    a preference has two answers, and a prompt to be graded ends with the user."""
    if method == "dpo":
        return _pair(row)
    turns = [_turn(turn) for turn in messages(row)]
    if method == "reinforcement":
        return _prompt(row, turns)
    if not turns or turns[-1]["role"] != "assistant":
        return None
    return {"messages": turns, **_tools(row)}


def _pair(row: Row) -> dict[str, Any] | None:
    asked, chosen, rejected = ([_turn(turn) for turn in part] for part in pair_of(row))
    right = all(part and {turn["role"] for turn in part} <= _SAID for part in (chosen, rejected))
    if not asked or not right:
        return None
    return {
        "input": {"messages": asked, **_tools(row)},
        "preferred_output": chosen,
        "non_preferred_output": rejected,
    }


def _prompt(row: Row, turns: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Everything up to the last user turn; a grader reads the other fields as ``item.…``, and the
    row's own reply as ``item.reply``."""
    while turns and turns[-1]["role"] != "user":
        turns.pop()
    if not turns:
        return None
    extra = {k: v for k, v in row.value.items() if k not in ("messages", "conversations", *_TOOLS)}
    said = reply(row)
    own = {"reply": said} if said and "reply" not in extra else {}
    return {"messages": turns, **_tools(row), **extra, **own}


def _turn(turn: Mapping[str, Any]) -> dict[str, Any]:
    return {key: turn[key] for key in _TURN if turn.get(key) is not None}


def _tools(row: Row) -> dict[str, Any]:
    found = {key: row.value[key] for key in _TOOLS if row.value.get(key) is not None}
    if isinstance(text := found.get("tools"), str):
        try:
            found["tools"] = json.loads(text)
        except ValueError:
            del found["tools"]
    return found


def _framing(example: Mapping[str, Any]) -> int:
    """Tokens around the turns: three for each and three for the answer (OpenAI's cookbook,
    ``num_tokens_from_messages``)."""
    return 3 * len(_turns(example)) + 3


def _turns(example: Mapping[str, Any]) -> list[dict[str, Any]]:
    parts = [example.get("input", {}).get("messages", ()), example.get("messages", ())]
    parts += [example.get("preferred_output", ()), example.get("non_preferred_output", ())]
    return [turn for part in parts for turn in part]


def _text(example: Mapping[str, Any]) -> str:
    """All that a model reads of an example."""
    turns = _turns(example)
    said = [content_text(turn.get("content")) for turn in turns]
    called = [json.dumps(turn["tool_calls"]) for turn in turns if "tool_calls" in turn]
    tools = example.get("tools") or example.get("input", {}).get("tools")
    return "\n".join((*said, *called, json.dumps(tools) if tools else ""))
