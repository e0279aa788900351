"""A promptfoo config as a spec: its prompts and tests as cases, its assertions as scores."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import orjson

from ftdsl.diagnostics.diagnostic import Span
from ftdsl.interchange.imported import Imported, formatted, identifier, rows_text
from ftdsl.interchange.located import Node, Unreadable, read_document
from ftdsl.interchange.promptfoo_assertions import Reading, Refusal
from ftdsl.interchange.promptfoo_models import model_block
from ftdsl.interchange.promptfoo_scores import Test, scores_of
from ftdsl.interchange.promptfoo_spec import Group, spec_text
from ftdsl.language.source import Source

_VARIABLE = re.compile(r"\{\{-?\s*(\w+)\s*-?\}\}")
_TEMPLATE = re.compile(r"\{[{%#]")
_CODE = ("scenarios", "extensions", "redteam", "derivedMetrics", "nunjucksFilters", "transform")


@dataclass(frozen=True, slots=True)
class _Prompt:
    label: str
    turns: tuple[tuple[str, str], ...]
    node: Node


@dataclass(slots=True)
class _State:
    """An import on its way."""

    found: Imported
    folder: Path
    models: dict[str, str] = field(default_factory=dict)
    groups: dict[tuple[Any, ...], Group] = field(default_factory=dict)
    judge: str = ""


def import_promptfoo(text: str, name: str, folder: Path, judge: str = "") -> Imported:
    """The spec that the config ``text`` makes. ``folder`` is where the prompt files lie that it
    names, ``judge`` the provider that grades where the config names none. Every assertion is said
    in the spec, or refused in ``problems``."""
    found = Imported(sources={name: Source(name, text)})
    try:
        root = read_document(text, name)
    except Unreadable as error:
        root = Node(None, Span(name, error.offset, error.offset + 1))
        found.problems.append(root.problem("FT574", f"this is no promptfoo config: {error}"))
        return found
    if not isinstance(root.value, dict) or root.get("prompts") is None:
        found.problems.append(
            root.problem("FT574", "this is no promptfoo config: it has no `prompts`")
        )
        return found
    state = _State(found, folder)
    for key in (one for one in _CODE if root.get(one) is not None):
        _refuse(state, root.value[key], f"`{key}` is not taken over")
    defaults = root.get("defaultTest") or Node({}, root.span)
    if isinstance(defaults.value, str):
        _refuse(state, defaults, "`defaultTest` is a file of its own")
        defaults = Node({}, root.span)
    _read_models(state, root, defaults)
    if judge and not state.judge:
        state.judge = _model(state, Node(judge, root.span))
    prompts = list(_prompts(state, root.value["prompts"]))
    for place, test in enumerate(_tests(state, root), 1):
        _add_test(state, prompts, defaults, test, place)
    repeat = (root.get("evaluateOptions") or root).get("repeat")
    epochs = repeat.value if repeat is not None and isinstance(repeat.value, int) else 1
    _write(state, name, epochs)
    return found


def _refuse(state: _State, node: Node, message: str, help: str = "") -> None:
    problem = node.problem("FT576", message, label="cannot be said in a spec", help=help)
    if problem not in state.found.problems:
        state.found.problems.append(problem)


def _read_models(state: _State, root: Node, defaults: Node) -> None:
    declared = root.get("providers") or root.get("targets")
    nodes = [] if declared is None else declared.items or [declared]
    for node in nodes:
        _model(state, node)
    grading = (defaults.get("options") or defaults).get("provider")
    if grading is not None and isinstance(grading.value, (str, dict)):
        state.judge = _model(state, grading)


def _model(state: _State, node: Node) -> str:
    """The name of the model, declared once; "" where it was refused."""
    taken = list(state.models)
    try:
        name, block = model_block(node, taken)
    except Refusal as why:
        _refuse(state, node, str(why), why.help)
        return ""
    known = next((key for key, one in state.models.items() if one == block), None)
    if known is None:
        state.models[name] = block
    return known or name


# ------------------------------------------------------------------ prompts


def _prompts(state: _State, node: Node) -> Iterator[_Prompt]:
    for place, one in enumerate(node.items or [node], 1):
        raw, label = one, f"prompt {place}"
        if isinstance(one.value, dict):
            label = one.text("label") or one.text("id") or label
            found = one.get("raw") or one.get("id")
            if found is None:
                _refuse(state, one, "a prompt without its text")
                continue
            raw = found
        if isinstance(raw.value, str):
            yield from _texts(state, raw, label)
        else:
            _refuse(state, one, "a prompt that is no text")


def _texts(state: _State, node: Node, label: str) -> Iterator[_Prompt]:
    text: str = node.value
    if not text.startswith("file://"):
        yield _Prompt(label, _turns(text), node)
        return
    path = text.removeprefix("file://")
    place = (state.folder / path).resolve()
    if place.suffix not in (".txt", ".json", ".md"):
        _refuse(state, node, f"`{path}` is not read: prompts are .txt, .md or .json files here")
        return
    if not place.is_relative_to(state.folder.resolve()) or not place.is_file():
        _refuse(state, node, f"`{path}` is no file beside the config")
        return
    body = place.read_text(encoding="utf-8", errors="replace")
    parts = re.split(r"(?m)^---\s*$", body) if place.suffix == ".txt" else [body]
    for number, part in enumerate(parts, 1):
        name = place.stem if len(parts) == 1 else f"{place.stem} {number}"
        yield _Prompt(name, _turns(part.strip()), node)


def _turns(text: str) -> tuple[tuple[str, str], ...]:
    """The turns of a prompt: those of a JSON chat, else one of the user."""
    if text.lstrip().startswith("["):
        try:
            found = orjson.loads(text)
        except orjson.JSONDecodeError:
            found = None
        if isinstance(found, list) and all(_is_turn(one) for one in found) and found:
            return tuple((one["role"], one["content"]) for one in found)
    return (("user", text),)


def _is_turn(one: object) -> bool:
    return (
        isinstance(one, dict)
        and isinstance(one.get("role"), str)
        and isinstance(one.get("content"), str)
    )


# ------------------------------------------------------------------ tests


def _tests(state: _State, root: Node) -> Iterator[Node]:
    tests = root.get("tests")
    if tests is None:
        yield Node({}, root.span)
        return
    for one in tests.items or [tests]:
        if isinstance(one.value, dict):
            yield one
        else:
            _refuse(state, one, "tests of another file", "write the tests into the config")


def _add_test(
    state: _State, prompts: list[_Prompt], defaults: Node, test: Node, place: int
) -> None:
    for key in ("provider", "providerOutput", "assertScoringFunction", "prompts"):
        if test.get(key) is not None:
            _refuse(state, test.value[key], f"`{key}` of a test is not taken over")
            state.found.left_out += 1
            return
    variables = {**_part(defaults, "vars"), **_part(test, "vars")}
    options = test.get("options") or defaults.get("options")
    expand = options is None or options.get("disableVarExpansion") is None
    for number, values in enumerate(_expanded(variables, expand), 1):
        for prompt in prompts:
            case = f"{place}.{number}" if len(prompts) == 1 else f"{place}.{number} {prompt.label}"
            try:
                turns = [
                    {"role": role, "content": _rendered(content, values)}
                    for role, content in prompt.turns
                ]
            except Refusal as why:
                _refuse(state, prompt.node, str(why), why.help)
                state.found.left_out += 1
                continue
            reading = Reading(partial(_value, values=values), judge=state.judge)
            read = scores_of(Test(defaults, test), reading)
            state.found.problems += [
                one for one in reading.problems if one not in state.found.problems
            ]
            if read is None:
                state.found.left_out += 1
                continue
            state.found.files |= reading.files
            row = {"case_id": case, "prompt_name": prompt.label, "messages": turns}
            group = state.groups.setdefault(
                (read, tuple(reading.wants)), Group(read, tuple(reading.wants))
            )
            group.rows.append({**row, **reading.wants})


def _part(node: Node, key: str) -> dict[str, Node]:
    found = node.get(key)
    return found.value if found is not None and isinstance(found.value, dict) else {}


def _expanded(variables: Mapping[str, Node], expand: bool) -> Iterator[dict[str, Node]]:
    """Lists of values are a test each, in every combination."""
    names = list(variables)
    choices = [
        one.items if expand and isinstance(one.value, list) and one.items else [one]
        for one in variables.values()
    ]
    for combination in product(*choices):
        yield dict(zip(names, combination, strict=True))


def _value(node: Node, values: Mapping[str, Node]) -> str:
    return _rendered(_text(node), values)


def _text(node: Node) -> str:
    """A scalar as promptfoo writes it into a template."""
    value = node.value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, (str, int, float)):
        return str(value)
    raise Refusal("a value that is no text and no number")


def _rendered(text: str, values: Mapping[str, Node]) -> str:
    """``text`` with its variables filled in. Anything more of a template is refused."""

    def filled(match: re.Match[str]) -> str:
        found = values.get(match[1])
        if found is None:
            raise Refusal(f"the variable `{match[1]}` has no value")
        told = _text(found)
        if told.startswith("file://") or _TEMPLATE.search(told):
            raise Refusal(f"the variable `{match[1]}` is a file or a template of its own")
        return told

    rest = _VARIABLE.sub("", text)
    if _TEMPLATE.search(rest):
        raise Refusal("a template with filters, conditions or loops", "write the text out")
    return _VARIABLE.sub(filled, text)


# ------------------------------------------------------------------ the spec


def _write(state: _State, name: str, epochs: int) -> None:
    groups = list(state.groups.values())
    taken: list[str] = []
    for place, group in enumerate(groups, 1):
        base = identifier(Path(name).stem, (), "eval")
        group.name = base if len(groups) == 1 else f"{base}_{place}"
        taken.append(group.name)
        state.found.files[f"cases/{group.name}.jsonl"] = rows_text(group.rows)
    if groups:
        text = spec_text(name, state.models, groups, state.found.left_out, epochs, state.judge)
        path = f"{identifier(Path(name).stem, (), 'eval')}.ftspec"
        state.found.files = {path: formatted(path, text), **state.found.files}
