"""What an assertion of promptfoo says, as an expression of a spec; or why none says the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ftdsl.diagnostics.diagnostic import Diagnostic
from ftdsl.interchange.imported import number, quoted
from ftdsl.interchange.located import Node

NEEDS_CODE = frozenset({"javascript", "python", "ruby", "webhook"})
_JUDGED = frozenset({"llm-rubric", "model-graded-closedqa", "g-eval"})
_CLOSE = {
    "similar": "another sentence encoder measures the likeness",
    "rouge-n": "words are stemmed here",
    "bleu": "sacrebleu smooths another way",
    "word-count": "words are matches of `\\w+` here",
    "is-refusal": "refusals are told by other phrases here",
}
_THRESHOLDS = {"rouge-n": 0.75, "bleu": 0.5}


class Refusal(Exception):
    """The assertion cannot be said in a spec; ``help`` is what might be done instead."""

    def __init__(self, why: str, help: str = "") -> None:
        super().__init__(why)
        self.help = help


@dataclass(frozen=True, slots=True)
class Said:
    """``test`` is yes or no; ``score`` is what it weighs in a weighted test, ``judged`` whether a
    model is asked."""

    test: str
    score: str
    judged: bool = False


@dataclass(slots=True)
class Reading:
    """One test on its way: ``wants`` are the texts of this case that expressions read by name,
    ``files`` contents by path. ``render`` fills in the test's variables."""

    render: Callable[[Node], str]
    wants: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    problems: list[Diagnostic] = field(default_factory=list)
    judge: str = ""

    def want(self, text: str) -> str:
        """The field that holds ``text``."""
        name = f"want_{len(self.wants) + 1}"
        self.wants[name] = text
        return name

    def file(self, folder: str, text: str, ending: str) -> str:
        """The path of a file with ``text``; the same text has the same file."""
        import hashlib

        path = f"{folder}/{hashlib.sha256(text.encode()).hexdigest()[:8]}{ending}"
        self.files[path] = text
        return path


def said(node: Node, reading: Reading) -> Said:
    """What one assertion says. Raises ``Refusal``."""
    kind = node.text("type")
    negated = kind.startswith("not-")
    kind = kind.removeprefix("not-")
    for key in ("transform", "contextTransform"):
        if node.get(key) is not None:
            raise Refusal(f"`{key}` changes the output by code")
    found = _positive(kind, node, reading)
    base = kind.partition(":")[0]
    if base in _CLOSE:
        reading.problems.append(
            node.problem(
                "FT577", f"`{kind}` is measured a little differently: {_CLOSE[base]}",
                label="look at its threshold", warning=True,
            )
        )  # fmt: skip
    if not negated:
        return found
    return Said(f"not ({found.test})", f"not ({found.test})", found.judged)


def _positive(kind: str, node: Node, reading: Reading) -> Said:
    if kind in NEEDS_CODE:
        raise Refusal(f"`{kind}` runs code", "a spec runs none: say it with scorers")
    if kind in _JUDGED:
        return _judged(node, reading)
    test = _texts(kind, node, reading) or _shapes(kind, node, reading)
    if test is not None:
        return Said(test, test)
    graded = _graded(kind, node, reading)
    if graded is None:
        raise Refusal(f"nothing here says what `{kind}` says")
    least = _threshold(kind.partition(":")[0], node)
    return Said(f"{graded} >= {number(least)}", graded)


def _texts(kind: str, node: Node, reading: Reading) -> str | None:
    """Assertions about what stands in the output."""
    if kind == "equals":
        value = _value(node)
        if isinstance(value.value, (dict, list)):
            import json

            return f"json_match(output, {reading.want(json.dumps(value.plain))})"
        return f"output == {reading.want(reading.render(value))}"
    if kind in ("contains", "icontains", "starts-with"):
        wanted = reading.want(reading.render(_value(node)))
        if kind == "starts-with":
            return f"starts_with(output, {wanted})"
        return _contains(wanted, folded=kind == "icontains")
    if kind in ("contains-any", "contains-all", "icontains-any", "icontains-all"):
        parts = [reading.render(one) for one in _list(node)]
        folded, word = kind.startswith("i"), "or" if kind.endswith("any") else "and"
        found = [_contains(reading.want(part), folded=folded) for part in parts]
        return f"({f' {word} '.join(found)})" if len(found) > 1 else found[0]
    if kind == "regex":
        pattern = reading.render(_value(node))
        from ftdsl.language.typing.patterns import pattern_fault

        fault = pattern_fault(pattern)
        if fault is not None:
            raise Refusal(f"the pattern cannot be searched for in linear time: {fault.message}")
        return f"regex_match(output, {quoted(pattern)})"
    return None


def _contains(wanted: str, *, folded: bool) -> str:
    if folded:
        return f"contains(lower(output), lower({wanted}))"
    return f"contains(output, {wanted})"


def _shapes(kind: str, node: Node, reading: Reading) -> str | None:
    """Assertions about the form, the time and the end of an output."""
    if kind == "is-json":
        schema = node.get("value")
        if schema is None:
            return "json_valid(output)"
        if not isinstance(schema.value, dict):
            raise Refusal("its schema is not written in the file itself")
        import json

        text = json.dumps(schema.plain, indent=2, ensure_ascii=False) + "\n"
        path = reading.file("schemas", text, ".schema.json")
        return f"json_valid(output) and json_schema_match(output, {quoted(path)})"
    if kind == "latency":
        return f"output.latency <= {number(_stated(node))}ms"
    if kind == "cost":
        return f"output.cost <= ${number(_stated(node))}"
    if kind == "finish-reason":
        return f"output.finish_reason == {quoted(reading.render(_value(node)))}"
    if kind == "is-refusal":
        return "refusal(output)"
    if kind == "word-count":
        return _word_count(_value(node))
    return None


def _word_count(value: Node) -> str:
    if isinstance(value.value, int):
        return f"words(output) == {value.value}"
    bounds = [(op, value.get(key)) for key, op in (("min", ">="), ("max", "<="))]
    found = [f"words(output) {op} {one.value}" for op, one in bounds if one is not None]
    if not found:
        raise Refusal("it has neither a number, nor `min` or `max`")
    return " and ".join(found)


def _graded(kind: str, node: Node, reading: Reading) -> str | None:
    if kind in ("similar", "similar:cosine"):
        return f"embedding_similarity(output, {reading.want(reading.render(_value(node)))})"
    if kind == "rouge-n":
        wanted = reading.want(reading.render(_value(node)))
        return f'rouge(output, {wanted}, variant: "rouge1")'
    if kind == "bleu":
        return f"bleu(output, {reading.want(reading.render(_value(node)))})"
    return None


def _judged(node: Node, reading: Reading) -> Said:
    if not reading.judge:
        raise Refusal(
            "which model judges is not said in the file",
            "name it in `defaultTest.options.provider`",
        )
    if node.get("rubricPrompt") is not None:
        raise Refusal("`rubricPrompt` is a prompt of its own", "write it as a rubric")
    if node.get("threshold") is not None:
        raise Refusal("a threshold on a judge's score", "use `scale` and compare the score")
    rubric = reading.render(_value(node)).strip() + "\n"
    path = reading.file("rubrics", rubric, ".md")
    call = f"judge({quoted(path)}, by: {reading.judge})"
    return Said(f"{call} >= 0.5", call, judged=True)


def _threshold(kind: str, node: Node) -> float:
    """What is stated, else promptfoo's own default where it has always been one."""
    if node.get("threshold") is None and kind in _THRESHOLDS:
        return _THRESHOLDS[kind]
    return _stated(node)


def _stated(node: Node) -> float:
    found = node.get("threshold")
    if found is None or isinstance(found.value, bool) or not isinstance(found.value, (int, float)):
        raise Refusal("it states no `threshold` as a number")
    return float(found.value)


def _value(node: Node) -> Node:
    found = node.get("value")
    if found is None:
        raise Refusal("it has no `value`")
    if isinstance(found.value, str) and found.value.startswith("file://"):
        raise Refusal("its value is a file of its own", "write the value into the file")
    return found


def _list(node: Node) -> list[Node]:
    value = _value(node)
    if isinstance(value.value, list) and value.items:
        return value.items
    if isinstance(value.value, str):
        parts = [part.strip() for part in value.value.split(",")]
        return [Node(part, value.span) for part in parts]
    raise Refusal("its value is no list")
