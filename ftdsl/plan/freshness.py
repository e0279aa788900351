"""Why a step would run again, in words, from what its last result was made of."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ftdsl.engine.store import Store
from ftdsl.results.models import EvalOutput

NEVER_RAN = "never ran"
_SHOWN_REASONS = 4


def stale_reasons(
    store: Store, step_id: str, key: str, inputs: Mapping[str, str]
) -> tuple[str, ...]:
    """Empty when a stored result still holds; else why not, at most a few reasons."""
    stored = store.read(step_id, key)
    if stored is not None:
        return _failed_calls(stored.output) if isinstance(stored.output, EvalOutput) else ()
    if store.folder(step_id, key).exists():
        return ("its stored result is damaged",)
    last = store.latest(step_id)
    if last is None:
        return (NEVER_RAN,)
    found = changes(last.inputs, inputs) or ("its stored result is gone",)
    more = len(found) - _SHOWN_REASONS
    return found if more <= 0 else (*found[:_SHOWN_REASONS], f"and {more} more changes")


def _failed_calls(output: EvalOutput) -> tuple[str, ...]:
    """Answers and verdicts that a model failed to give are asked for again."""
    errors = output.errors + sum(one.failed for one in output.judges.values())
    return (f"{errors} requests failed last time",) if errors else ()


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    """What differs between two sets of named inputs, root causes first.

    A needed step that changed, and the order of things of which some came or went, are named only
    when nothing else is.
    """
    names = sorted(
        name for name in before.keys() | after.keys() if before.get(name) != after.get(name)
    )
    causes = [name for name in names if not _is_consequence(name)]
    return tuple(dict.fromkeys(_in_words(name, before, after) for name in causes or names))


def _is_consequence(name: str) -> bool:
    return name.startswith(("step ", "order of ", "rule order", "problem of "))


def _in_words(name: str, before: Mapping[str, str], after: Mapping[str, str]) -> str:
    kind, _, rest = name.partition(" ")
    if kind == "code":
        return f"ftdsl computes a {rest} in another way now"
    if kind == "step":
        return f"{rest} would run again"
    thing = rest if kind == "file" else name
    if name not in before:
        return f"{thing} was added"
    if name not in after:
        return f"{thing} was removed"
    values = f" {_value(before[name])} → {_value(after[name])}"
    return f"{thing} changed{'' if _is_digest(before[name], after[name]) else values}"


def _is_digest(*values: str) -> bool:
    """Digests, and names without a fixed spelling, say nothing to a reader."""
    return any(value.startswith("sha256:") or _is_hex(value) for value in values)


def _is_hex(value: str) -> bool:
    return len(value) >= 32 and all(char in "0123456789abcdef" for char in value)


def _value(text: str) -> str:
    """A JSON scalar as a spec writes it: ``2e-4``, ``sft``, ``none``."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    if value is None:
        return "none"
    if isinstance(value, float) and 0 < abs(value) < 0.01:
        mantissa, exponent = f"{value:e}".split("e")
        return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    return value if isinstance(value, str) else text
