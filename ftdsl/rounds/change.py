"""An action as a change of the project: new files beside the spec, and the spec with one edit.

Files of data are never touched, and no file that is there is written over. Edits keep every other
sign of the spec, for they are places in its text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from ftdsl.diagnostics.diagnostic import Edit, Span
from ftdsl.language import tree
from ftdsl.language.parsing.parser import parse
from ftdsl.language.program import DatasetDef, Program
from ftdsl.language.source import Source
from ftdsl.results.actions import Action, NextSteps, Shown

_ROWS: dict[str | None, dict[str, Any]] = {
    "chat": {"messages": [{"role": "user", "content": ""}, {"role": "assistant", "content": ""}]},
    "completion": {"prompt": "", "completion": ""},
    "alpaca": {"instruction": "", "input": "", "output": ""},
    "sharegpt": {"conversations": [{"from": "human", "value": ""}, {"from": "gpt", "value": ""}]},
    "preference": {"prompt": "", "chosen": "", "rejected": ""},
    "kto": {"prompt": "", "completion": "", "label": True},
}
_EMPTY: dict[str, Any] = {"text": "", "int": 0, "float": 0.0, "bool": False}


@dataclass(frozen=True, slots=True)
class ProjectChange:
    """``files`` are new ones by root-relative path; ``spec`` is the spec's text with the edit, ""
    where it stays as it is."""

    folder: str
    files: Mapping[str, str]
    spec: str = ""


def change_of(
    steps: NextSteps, action: Action, program: Program, source: Source, dataset: str
) -> ProjectChange:
    """What the action asks for, ready to be filled in and reviewed."""
    spec = PurePosixPath(program.path)
    name = f"{spec.stem}-{steps.run}"
    folder = (spec.parent / "rounds" / name).as_posix()
    files = {f"{folder}/README.md": _readme(steps, action)}
    if action.cases:
        files[f"{folder}/cases.jsonl"] = _lines([_case(one) for one in action.cases])
    if action.rows:
        files[f"{folder}/rows.jsonl"] = _lines([_row(one) for one in action.rows])
    text = ""
    if action.kind == "request":
        definition = next((one for one in program.datasets if one.name == dataset), None)
        if definition is not None:
            rows = [template_row(definition, action, number) for number in range(action.asked)]
            files[f"{folder}/request.jsonl"] = _lines(rows)
            text = with_source(source, dataset, f"rounds/{name}/request.jsonl")
    elif action.patch is not None:
        text = with_setting(source, action.patch.train, action.patch.setting, action.patch.value)
    return ProjectChange(folder, files, text)


def template_row(dataset: DatasetDef, action: Action, number: int) -> dict[str, Any]:
    """A row of the dataset's format with nothing in it but its name and its group."""
    row: dict[str, Any] = {}
    for field in dataset.schema.fields:
        if not field.type.optional:
            row[field.name] = _EMPTY.get(field.type.name, "")
    if dataset.id is not None:
        row[dataset.id] = f"new-{number + 1:03}"
    if action.slice in {field.name for field in dataset.schema.fields}:
        row[action.slice] = action.value
    return row | deepcopy(_ROWS.get(dataset.schema.base, {}))


def with_setting(source: Source, train: str, setting: str, value: str) -> str:
    """The spec with another value of a target's setting, or a line for it; "" where the training
    stands in another file."""
    block = _block(source, "train", train)
    target = (
        next((s for s in block.statements if isinstance(s, tree.Target)), None) if block else None
    )
    if target is None:
        return ""
    for one in target.settings:
        if one.key.text == setting:
            return _edited(source, Edit(one.value.span, value))
    if not target.settings:
        return ""
    last = target.settings[-1].span
    line = source.text.rfind("\n", 0, last.start) + 1
    lead = source.text[line : last.start]
    gap = f"\n{lead}" if lead.strip() == "" else "  "
    return _edited(source, Edit(Span(source.path, last.end, last.end), f"{gap}{setting} = {value}"))


def with_source(source: Source, dataset: str, path: str) -> str:
    """The spec with one file more among the dataset's sources; "" where they stand elsewhere, or
    are named by split."""
    block = _block(source, "dataset", dataset)
    for one in block.statements if block is not None else ():
        if isinstance(one, tree.Setting) and one.key.text == "source":
            added = f'jsonl("{path}")'
            if isinstance(one.value, tree.ListExpr) and one.value.items:
                end = one.value.items[-1].span.end
                return _edited(source, Edit(Span(source.path, end, end), f", {added}"))
            start, end = one.value.span.start, one.value.span.end
            return _edited(source, Edit(one.value.span, f"[{source.text[start:end]}, {added}]"))
    return ""


def _block(source: Source, kind: str, name: str) -> tree.Block | None:
    for item in parse(source).spec.items:
        if isinstance(item, tree.Block) and item.kind == kind and item.subject.text == name:
            return item
    return None


def _edited(source: Source, edit: Edit) -> str:
    text = source.text
    return text[: edit.span.start] + edit.replacement + text[edit.span.end :]


def _lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _case(one: Shown) -> dict[str, Any]:
    found = {"case_id": one.id, "line": one.line, "prompt": one.text, "expected": one.expected,
             "output": one.answer}  # fmt: skip
    return found | ({"note": one.note} if one.note else {})


def _row(one: Shown) -> dict[str, Any]:
    found: dict[str, Any] = {"row_id": one.id, "path": one.path, "line": one.line,
                             "prompt": one.text, "reply": one.answer}  # fmt: skip
    if one.similarity is not None:
        found["similarity"] = round(one.similarity, 3)
    return found | ({"note": one.note, "decision": ""} if one.note else {})


def _readme(steps: NextSteps, action: Action) -> str:
    """What is asked, why, and what to do with the files beside it. Texts of data stand in code, so
    that they mean nothing here."""
    lines = [
        f"# {_plain(action.title)}",
        "",
        f"{_plain(action.why)}.",
        "",
        f"- `{_plain(steps.eval)}`, `{_plain(steps.model)}`, `{_plain(steps.score)}`: "
        f"{steps.mean:.1%} [{steps.low:.1%}, {steps.high:.1%}] of {steps.n} cases, run {steps.run}",
        f"- expected gain {action.gain * 100:.1f} points, about {action.hours:.1f} hours",
        *(f"- {_plain(name)}: {_plain(value)}" for name, value in action.facts),
        "",
    ]
    if action.kind == "request":
        lines += [
            f"Write {action.asked} rows into `request.jsonl`, which the spec reads from now on. "
            "`cases.jsonl` are answers that were wrong: rows must not repeat their prompts, or the "
            "eval says nothing any more. `rows.jsonl` are the rows that come nearest today.",
            "",
        ]
    elif action.kind in ("rows", "eval") and action.rows:
        lines += [
            "`rows.jsonl` are the first of the rows that it is about: decide on each, and mend the "
            "files of data yourself.",
            "",
        ]
    if action.row_ids:
        lines += ["Rows: " + ", ".join(f"`{_plain(one)}`" for one in action.row_ids[:200]), ""]
    if action.case_ids:
        lines += ["Cases: " + ", ".join(f"`{_plain(one)}`" for one in action.case_ids[:200]), ""]
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Text of data as part of a line of Markdown: no markup of its own, no line break."""
    return "".join(" " if sign in "\r\n" else sign for sign in text if sign not in "`<>[]|!#@")
