"""Conflicting answers to near-identical prompts, with both rows as evidence."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftdsl.language.program import Expr, Type
from tests.dedup.stage import call, chat, field, literal, write
from tests.diversity.test_coverage import compare, cover

ASKED = "how many days does the shop take to send a parcel to the north of the country {} this year"


def conflicts(value: Expr, similarity: float = 0.8, agreement: float = 1.0) -> Expr:
    args = (field("prompt"), value, literal(similarity, "float"), literal(agreement, "float"))
    return Expr("call", Type("int"), args, "near_conflicts", "near_conflicts(…)")


def rows(*replies: str) -> list[dict[str, object]]:
    ends = ("", "please", "again", "now", "then")
    return [chat(ASKED.format(end), reply) for end, reply in zip(ends, replies, strict=False)]


def test_near_prompts_with_other_answers_are_named_with_both_rows(tmp_path: Path) -> None:
    write(tmp_path, [*rows("two days", "five days", "two days"), chat("what else", "nothing")])
    expect = compare(conflicts(field("reply.text"), 0.6), "==", 0)
    output = cover(tmp_path, expects=(expect,))
    (finding,) = output.findings
    assert (finding.code, output.verdict, output.rows) == ("FT411", "fail", 4)
    assert [(one.source, one.value) for one in finding.values] == [
        ("rows.jsonl:2", '"five days", and "two days" at its duplicate rows.jsonl:1')
    ]
    assert output.outcomes[0].value == "near_conflicts(…) = 1"


@pytest.mark.parametrize(("agreement", "found"), [(1.0, 2), (0.8, 1), (0.0, 0)])
def test_answers_may_differ_in_some_words(tmp_path: Path, agreement: float, found: int) -> None:
    said = "it takes two working days from the day of your order"
    write(tmp_path, rows(said, said.replace("two", "two full"), "nobody can tell", said.upper()))
    expect = compare(conflicts(field("reply.text"), 0.6, agreement), "==", found)
    assert cover(tmp_path, expects=(expect,)).verdict == "pass"


def test_other_values_are_compared_for_equality_and_absent_ones_not_at_all(tmp_path: Path) -> None:
    made = rows("a", "b", "c", "d")
    for row, turn in zip(made, (1, 2, None, 1), strict=True):
        row |= {} if turn is None else {"stars": turn}
    write(tmp_path, made)
    expect = compare(conflicts(field("stars", "int"), 0.6), "==", 1)
    assert cover(tmp_path, expects=(expect,), stars="int?").verdict == "pass"


def test_prompts_that_are_less_alike_do_not_conflict(tmp_path: Path) -> None:
    write(tmp_path, rows("two days", "five days"))
    expect = compare(conflicts(field("reply.text"), 0.95), "==", 0)
    assert cover(tmp_path, expects=(expect,)).verdict == "pass"


def test_what_is_shown_of_answers_is_masked(tmp_path: Path) -> None:
    write(tmp_path, rows("write to jane.doe@acme-mail.com", "write to joe.roe@acme-mail.com"))
    output = cover(tmp_path, expects=(compare(conflicts(field("reply.text"), 0.6), "==", 0),))
    assert "jane.doe" not in output.model_dump_json() and output.findings[0].values


def test_two_statements_have_groups_of_their_own(tmp_path: Path) -> None:
    write(tmp_path, rows("two days", "five days", "two days"))
    words = call("words", field("reply.text"), kind="int")
    expects = (
        compare(conflicts(field("reply.text"), 0.6), "==", 1),
        compare(conflicts(words, 0.6), "==", 0),
    )
    assert cover(tmp_path, expects=expects).verdict == "pass"
