"""Graders of OpenAI's Evals as the scores of an eval over the same items."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from ftdsl.diagnostics.diagnostic import Diagnostic, Severity, Span
from ftdsl.interchange.imported import RESERVED, Imported, formatted, identifier, number, quoted
from ftdsl.language.source import Source

_REFERENCE = re.compile(r"^\s*\{\{\s*([\w.]+)\s*\}\}\s*$")
_OUTPUT = "sample.output_text"
_ITEM = "item."
_SIMILAR = {
    "fuzzy_match": ("ratio(output, {})", "which likeness of rapidfuzz OpenAI takes is not said"),
    "bleu": ("bleu(output, {})", "sacrebleu smooths in its own way"),
    "cosine": ("embedding_similarity(output, {})", "another sentence encoder measures it"),
    "rouge_1": ('rouge(output, {}, variant: "rouge1")', "words are stemmed here"),
    "rouge_2": ('rouge(output, {}, variant: "rouge2")', "words are stemmed here"),
    "rouge_l": ('rouge(output, {}, variant: "rougeL")', "words are stemmed here"),
}
_TERM = re.compile(r"\s*([+]?)\s*(?:(\d+(?:\.\d+)?)\s*\*\s*)?(\w+)(?:\s*\*\s*(\d+(?:\.\d+)?))?\s*")
_TYPES = {"string": "text", "integer": "int", "number": "float", "boolean": "bool"}
_HELP = {
    "score_model": "write its instructions as a rubric: `judge(…)`",
    "label_model": "write its instructions as a rubric: `judge(…)`",
    "python": "a spec runs no code: say it with scorers",
}


class _Refused(Exception):
    """A grader that no spec can say."""


@dataclass(slots=True)
class _Reading:
    """``fields`` are those of the items that graders read, with their types."""

    known: Mapping[str, str]
    fields: dict[str, str] = field(default_factory=dict)
    warnings: list[tuple[str, str]] = field(default_factory=list)


def import_graders(text: str, name: str, cases: str) -> Imported:
    """The spec that a grader, a list of them, or an exported eval with ``testing_criteria`` makes.
    ``cases`` is the path of the items, as the spec is to name it."""
    source = Source(name, text)
    found = Imported(sources={name: source})
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        found.problems.append(_problem(source, "FT574", f"this is no JSON: {error.msg}", error.pos))
        return found
    graders = _graders(document)
    if not graders:
        found.problems.append(
            _problem(source, "FT574", "this holds no graders: no `type`, no `testing_criteria`", 0)
        )
        return found
    reading = _Reading(_item_types(document))
    scores: dict[str, str] = {}
    for grader in graders:
        called = str(grader.get("name") or grader.get("type"))
        at = max(0, text.find(f'"{called}"'))
        try:
            value = _expression(grader, reading)
        except _Refused as why:
            kind = str(grader.get("type"))
            found.problems.append(
                _problem(source, "FT575", f"`{called}` cannot be taken over: {why}", at,
                         help=_HELP.get(kind, ""), length=len(called) + 2)
            )  # fmt: skip
            found.left_out += 1
            continue
        scores[identifier(called, list(scores))] = value
        for message, _ in reading.warnings:
            found.problems.append(
                _problem(source, "FT577", f"`{called}` is measured a little differently: {message}",
                         at, warning=True, length=len(called) + 2)
            )  # fmt: skip
        reading.warnings.clear()
    if scores:
        base = identifier(Path(name).stem, (), "eval")
        path = f"{base}.ftspec"
        text = _spec(name, base, cases, reading.fields, scores)
        found.files[path] = formatted(path, text)
    return found


def _graders(document: Any) -> list[dict[str, Any]]:
    if isinstance(document, dict) and isinstance(document.get("testing_criteria"), list):
        document = document["testing_criteria"]
    elif isinstance(document, dict) and "type" in document:
        document = [document]
    if not isinstance(document, list):
        return []
    return [one for one in document if isinstance(one, dict) and "type" in one]


def _item_types(document: Any) -> dict[str, str]:
    """The fields that the export declares for an item, by type."""
    config = document.get("data_source_config") if isinstance(document, dict) else None
    schema = config.get("item_schema", config.get("schema")) if isinstance(config, dict) else None
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if isinstance(properties, dict) and isinstance(properties.get("item"), dict):
        properties = properties["item"].get("properties")
    if not isinstance(properties, dict):
        return {}
    return {
        name: _TYPES[one["type"]]
        for name, one in properties.items()
        if isinstance(one, dict) and one.get("type") in _TYPES
    }


def _expression(grader: Mapping[str, Any], reading: _Reading) -> str:
    match grader.get("type"):
        case "string_check":
            return _string_check(grader, reading)
        case "text_similarity":
            return _similarity(grader, reading)
        case "multi":
            return _multi(grader, reading)
        case kind:
            what = "runs code" if kind == "python" else "asks a model by a prompt of its own"
            raise _Refused(f"a grader of the type `{kind}` {what}")


def _string_check(grader: Mapping[str, Any], reading: _Reading) -> str:
    left = _operand(grader.get("input"), reading)
    right = _operand(grader.get("reference"), reading)
    match grader.get("operation"):
        case "eq":
            return f"{left} == {right}"
        case "ne":
            return f"{left} != {right}"
        case "like":
            return f"contains({left}, {right})"
        case "ilike":
            return f"contains(lower({left}), lower({right}))"
        case operation:
            raise _Refused(f"the operation `{operation}` is not known")


def _similarity(grader: Mapping[str, Any], reading: _Reading) -> str:
    metric = str(grader.get("evaluation_metric"))
    if metric not in _SIMILAR:
        raise _Refused(f"nothing here measures `{metric}`")
    if _operand(grader.get("input"), reading) != "output":
        raise _Refused("its input is not the model's output")
    form, differs = _SIMILAR[metric]
    reading.warnings.append((differs, metric))
    value = form.format(_operand(grader.get("reference"), reading))
    threshold = grader.get("pass_threshold")
    if threshold is None:
        return value
    if isinstance(threshold, bool) or not isinstance(threshold, (int, float)):
        raise _Refused("its `pass_threshold` is no number")
    return f"{value} >= {number(threshold)}"


def _operand(template: object, reading: _Reading) -> str:
    """``output``, a field of the item, or a constant text."""
    if not isinstance(template, str):
        raise _Refused("an operand is no text")
    found = _REFERENCE.match(template)
    if found is None:
        if "{{" in template:
            raise _Refused("a template that is more than one reference")
        return quoted(template)
    if found[1] == _OUTPUT:
        return "output"
    name = found[1].removeprefix(_ITEM)
    if not found[1].startswith(_ITEM) or not name.isidentifier() or name in RESERVED:
        raise _Refused(f"`{found[1]}` is no field of an item that a spec can name")
    kind = reading.known.get(name, "text")
    if kind != "text":
        raise _Refused(f"the field `{name}` is no text")
    reading.fields[name] = kind
    return name


def _multi(grader: Mapping[str, Any], reading: _Reading) -> str:
    """A weighted sum of graders whose weights add up to 1."""
    parts = grader.get("graders")
    named = parts if isinstance(parts, dict) else {}
    if isinstance(parts, list):
        named = {str(one.get("name")): one for one in parts if isinstance(one, dict)}
    formula = grader.get("calculate_output")
    terms = list(_terms(formula)) if isinstance(formula, str) else []
    if not terms or abs(sum(weight for _, weight in terms) - 1) > 1e-9:
        raise _Refused("its `calculate_output` is no weighted sum with weights that add up to 1")
    values = []
    for name, _ in terms:
        part = named.get(name)
        if not isinstance(part, dict):
            raise _Refused(f"`calculate_output` reads `{name}`, which is no grader of it")
        values.append(_expression(part, reading))
    weights = ", ".join(number(weight) for _, weight in terms)
    return f"weighted({', '.join(values)}, weights: [{weights}])"


def _terms(formula: str) -> Iterator[tuple[str, float]]:
    place = 0
    while place < len(formula):
        found = _TERM.match(formula, place)
        if found is None or (place > 0 and not found[1]) or (found[2] and found[4]):
            raise _Refused("its `calculate_output` is no weighted sum")
        yield found[3], float(found[2] or found[4] or 1)
        place = found.end()


def _spec(
    origin: str, base: str, cases: str, fields: Mapping[str, str], scores: Mapping[str, str]
) -> str:
    lines = ["ftspec 1", "", f"# Graders of {origin}. The items are to have `messages` as well:"]
    lines += ["# the turns that a model is asked.", "", f"schema {base}_item extends chat {{"]
    lines += [f"  {name}: {kind}" for name, kind in fields.items()]
    lines += ["}", "", f"eval {base} {{", f"  schema = {base}_item"]
    lines.append(f"  source = jsonl({quoted(cases)})")
    lines += [f"  score {name} = {value}" for name, value in scores.items()]
    return "\n".join([*lines, "}"]) + "\n"


def _problem(
    source: Source, code: str, message: str, at: int, *, help: str = "", warning: bool = False,
    length: int = 1,
) -> Diagnostic:  # fmt: skip
    severity = Severity.WARNING if warning else Severity.ERROR
    return Diagnostic(code, message, Span(source.path, at, at + length), severity, help=help)
