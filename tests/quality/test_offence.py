"""What a finding points at: the turn, and the characters to blame."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftdsl.api import analyze
from ftdsl.data.rows import Row
from ftdsl.language import catalog
from ftdsl.quality.evidence import EVIDENCE
from ftdsl.quality.expressions import Block, Evaluator
from ftdsl.quality.offence import EXCERPT, Offence
from ftdsl.quality.rules import RowRule

_SPEC = """ftspec 1

schema ticket extends chat {{
  topic: text?
}}

dataset support {{
  schema = ticket
  source = jsonl("rows.jsonl")
}}

check support {{
  rule one {{ each must {must} }}
}}
"""


def offence(folder: Path, must: str, value: dict[str, Any]) -> Offence:
    """What a row that breaks ``must`` is blamed for."""
    (folder / ".ftdsl-root").touch()
    spec = folder / "a.ftspec"
    spec.write_text(_SPEC.format(must=must), encoding="utf-8")
    seen = analyze(spec, root=folder)
    assert seen.program is not None, [one.message for one in seen.diagnostics]
    evaluator = Evaluator(seen.program.datasets[0], folder)
    rule = RowRule(seen.program.checks[0].rules[0], evaluator)
    block = Block([Row("rows.jsonl", 1, 0, value, "chat")])
    failing = rule.ask(block).failing
    assert failing == [0], "the row must break the rule"
    (values,) = rule.values(block, failing)
    return rule.offence(block, 0, values)


def chat(*texts: str, **more: Any) -> dict[str, Any]:
    roles = ("user", "assistant")
    turns = [{"role": roles[k % 2], "content": text} for k, text in enumerate(texts)]
    return {"messages": turns, **more}


def blamed(found: Offence) -> str:
    assert found.highlight is not None
    return found.excerpt[found.highlight[0] : found.highlight[1]]


def test_the_catalog_lists_what_points() -> None:
    assert set(EVIDENCE) == catalog.POINTS
    assert set(catalog.ROW) >= catalog.POINTS


@pytest.mark.parametrize(
    ("must", "texts", "turn", "part"),
    [
        ('not matches(reply.text, "(?i)as an ai")', ("q", "é: As an AI, no"), 1, "As an AI"),
        ('count_matches(prompt, "lo+") == 0', ("hi", "yes", "é loo lo", "no"), 2, "loo"),
        ('not contains(prompt, "bad")', ("a bad one", "yes"), 0, "bad"),
        ("control_characters(prompt) == 0", ("a", "b", "c\u200bd", "e"), 2, "\u200b"),
        ("not mojibake(reply.text)", ("a", "the cafÃ© is"), 1, "Ã©"),
        ("special_tokens(reply.text) == 0", ("a", "b <|im_end|>"), 1, "<|im_end|>"),
        ("misspelled(reply.text) <= 0", ("a", "I recieve it"), 1, "recieve"),
        ("fences_closed(reply.text)", ("a", "so:\n```py\nx"), 1, "```"),
        ("json_valid(reply.text)", ("a", ' {"a": oops}'), 1, "o"),
        ("repeated(reply.text, n: 2) <= 10%", ("a", "one two one two"), 1, "one two"),
        ("strip(reply.text) == reply.text", ("a", "b \n"), 1, " \n"),
        ("nfc(prompt) == prompt", ("cafe\u0301", "b"), 0, "e"),
        ("lower(reply.text) == reply.text", ("a", "aB"), 1, "B"),
    ],
)
def test_the_part_to_blame(
    must: str, texts: tuple[str, ...], turn: int, part: str, tmp_path: Path
) -> None:
    found = offence(tmp_path, must, chat(*texts))
    assert (found.turn, found.role) == (turn, ("user", "assistant")[turn % 2])
    assert blamed(found) == part


@pytest.mark.parametrize(
    ("must", "part"),
    [
        ('not contains(prompt, "x") and not contains(reply.text, "b")', "b"),
        ('not (contains(prompt, "a") and contains(reply.text, "b"))', "a"),
        ('not (contains(prompt, "z") or contains(reply.text, "b"))', "b"),
        ('not contains(prompt, "a") or contains(reply.text, "z")', "a"),
        ('contains(prompt, "a") and misspelled(reply.text) == 0', "teh"),
        ('not (has(topic) and contains(topic, "a")) and not contains(reply.text, "teh")', "teh"),
    ],
)
def test_only_the_side_that_decided_is_blamed(must: str, part: str, tmp_path: Path) -> None:
    assert blamed(offence(tmp_path, must, chat("a", "b teh"))) == part


def test_a_field_that_is_no_turn(tmp_path: Path) -> None:
    found = offence(
        tmp_path, 'not (has(topic) and contains(topic, "x"))', chat("a", "b", topic="a x")
    )
    assert (found.turn, blamed(found)) == (None, "x")


def test_a_turn_without_a_part_to_blame(tmp_path: Path) -> None:
    found = offence(tmp_path, "empty_turns(row) == 0", chat("a", "", "c", "d"))
    assert (found.turn, found.role, found.highlight) == (1, "assistant", None)
    found = offence(tmp_path, "words(reply.text) <= 1", chat("a", "b c"))
    assert (found.turn, found.excerpt, found.highlight) == (1, "b c", None)
    found = offence(tmp_path, 'last_role(messages) == "assistant"', chat("a", "b", "c"))
    assert (found.turn, found.role, found.excerpt) == (2, "user", "c")


@given(before=st.text(max_size=300), after=st.text(max_size=300))
def test_the_part_is_always_seen(before: str, after: str) -> None:
    from ftdsl.data.places import Place
    from ftdsl.quality.offence import window

    place = Place(("x",), f"{before}<bad>{after}")
    found = window(place, len(before), len(before) + 5)
    assert blamed(found) == "<bad>"
    assert len(found.excerpt) <= EXCERPT
