from __future__ import annotations

import json
import math
import time
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftdsl.data.rows import Row, row_value
from ftdsl.evaluation.judges.call import KINDS
from ftdsl.evaluation.scorers import COLUMN_SCORERS, SCORERS, Unscorable
from ftdsl.evaluation.scorers.likeness import (
    bleu,
    chrf,
    partial_ratio,
    ratio,
    rouge,
    token_set_ratio,
    token_sort_ratio,
)
from ftdsl.evaluation.scorers.meaning import embedding_similarity
from ftdsl.evaluation.scorers.numbers import choice_match, chosen_letter, last_number, numeric_match
from ftdsl.evaluation.scorers.structured import (
    calls_in,
    json_fields,
    json_match,
    json_schema_match,
    tool_call_match,
    tool_name_match,
)
from ftdsl.evaluation.scorers.texts import (
    any_match,
    contains_match,
    exact_match,
    label_match,
    normalized_match,
    regex_match,
    word_f1,
)
from ftdsl.evaluation.scores import Scored, Scoring
from ftdsl.language import catalog
from ftdsl.language.program import DatasetDef, Expr, SchemaDef, ScoreDef, Type
from ftdsl.models.answer import Answer
from ftdsl.plan.prices import Price
from ftdsl.quality.expressions import Evaluator
from tests.evaluation.evals import literal, name, scorer
from tests.models.desk import desk

TEXT_MATCHES = ["exact_match", "normalized_match", "contains_match"]
GSM8K = Path(__file__).parent / "gsm8k" / "solutions.jsonl"


def test_every_scorer_of_the_catalog_is_implemented_once() -> None:
    named = [*SCORERS, *COLUMN_SCORERS, *KINDS]
    assert set(named) == set(catalog.SCORERS)
    assert len(named) == len(set(named))
    assert set(KINDS) == catalog.JUDGES
    assert len(set(SCORERS.values())) == len(SCORERS)


CALL = '{"name": "find", "arguments": {"q": "x"}}'
CALLER = row_value(
    {
        "messages": [
            {"role": "user", "content": "find x"},
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [{"function": {"name": "find", "arguments": '{"q": "x"}'}}],
            },
        ]
    },
    "chat",
)


@pytest.mark.parametrize("called", SCORERS)
def test_scorers_take_what_the_catalog_says(called: str) -> None:
    parameters = catalog.SCORERS[called].parameters
    text = CALL if called.startswith("tool") else "B" if called == "choice_match" else "7"
    values: dict[str, object] = {
        "tolerance": 0.0,
        "relative": 0.0,
        "answers": ["7"],
        "labels": ["7", "8"],
        "schema": '{"type": "integer"}',
        "row": CALLER,
        "variant": "rougeL",
        "scores": 1.0,
        "weights": [2],
    }
    found = SCORERS[called](*(values.get(one.name, text) for one in parameters))
    assert found == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("output", "expected", "score"),
    [("a b", "a b", 1), (" a b\n", "a b", 1), ("A b", "a b", 0), ("a  b", "a b", 0), ("", "", 1)],
)
def test_exact_match(output: str, expected: str, score: int) -> None:
    assert exact_match(output, expected) == score


@pytest.mark.parametrize(
    ("output", "expected", "score"),
    [
        ("The answer: YES!", "the answer yes", 1),
        ("ﬁne, straße", "fine strasse", 1),
        ("yes no", "no yes", 0),
        ("yes yes", "yes", 0),
    ],
)
def test_normalized_match(output: str, expected: str, score: int) -> None:
    assert normalized_match(output, expected) == score


@pytest.mark.parametrize(
    ("output", "expected", "score"),
    [("It is PARIS.", " paris ", 1), ("London", "Paris", 0), ("１２", "12", 1)],
)
def test_contains_match(output: str, expected: str, score: int) -> None:
    assert contains_match(output, expected) == score


@pytest.mark.parametrize(
    ("output", "score"),
    [
        ("spam", 1), ("SPAM.", 1), ("I think it is spam", 1), ("not spam", 0), ("", 0),
        ("spam, or not spam", 0), ("spam or ham", 0), ("hamster", 0), ("spam spam", 1),
    ],
)  # fmt: skip
def test_label_match(output: str, score: int) -> None:
    assert label_match(output, "Spam", ["spam", "not spam", "ham"]) == score


def test_an_expected_text_that_is_no_label_is_unscored() -> None:
    with pytest.raises(Unscorable, match="none of the labels"):
        label_match("spam", "eggs", ["spam", "ham"])


def test_embeddings_tell_likeness_of_meaning(tmp_path: Path) -> None:
    where = desk(tmp_path)
    pairs = [
        ("How do I reset my password?", "I forgot my password, how can I change it?"),
        ("How do I reset my password?", "The train to Bern leaves at noon."),
        ("same", "same"),
        ("anything", " "),
    ]
    outputs, expected = zip(*pairs, strict=True)
    like, unlike, same, none = embedding_similarity(
        outputs, expected, ["minilm"] * 4, context=where
    )
    assert isinstance(none, Unscorable)
    assert like > 0.6 > 0.3 > unlike >= 0
    assert same == pytest.approx(1.0)
    assert (where.cache / "embeddings.sqlite").exists()


@pytest.mark.parametrize("called", ["contains_match", "normalized_match"])
def test_nothing_expected_is_unscored_and_not_right(called: str) -> None:
    with pytest.raises(Unscorable):
        SCORERS[called]("anything", " \n")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("so 1,234 apples", "1234"),
        ("#### 70,000.50", "70000.50"),
        ("it is -5.", "-5"),
        ("it is \u22125", "-5"),
        ("= -$5", "-5"),
        ("16-3", "3"),
        ("(16)-3", "3"),
        ("16 - 3", "3"),
        (".5 and", "0.5"),
        ("18%", "18"),
        ("3e8 m/s", "3e8"),
        ("1,23", "23"),
        ("12,345,678", "12345678"),
        ("room 12b", "12"),
        ("1e5000", "5000"),
        ("none", None),
        ("", None),
    ],
)
def test_last_number(text: str, number: str | None) -> None:
    assert last_number(text) == (None if number is None else Decimal(number))


def test_numbers_are_compared_by_value_within_the_tolerance() -> None:
    assert numeric_match("18.00", "18") == 1
    assert numeric_match("18.01", "18") == 0
    assert numeric_match("18.01", "18", 0.01) == 1
    assert numeric_match("18.011", "18", 0.01) == 0
    assert numeric_match("-18", "18") == 0
    assert numeric_match("no idea", "18") == 0
    assert numeric_match("0.1", "0.3", 0.2) == 1  # exactly, unlike 0.3 - 0.1 in binary
    with pytest.raises(Unscorable):
        numeric_match("18", "no number")


def test_numeric_match_agrees_with_the_authors_of_gsm8k() -> None:
    rows = [json.loads(line) for line in GSM8K.read_text().splitlines()]
    assert len(rows) == 50
    assert {row["is_correct"] for row in rows} == {True, False}
    for row in rows:
        assert numeric_match(row["solution"], row["answer"]) == row["is_correct"], row["solution"]


def test_regex_match_is_linear() -> None:
    start = time.perf_counter()
    assert regex_match("a" * 50_000 + "!", "^(a+)+$") == 0
    assert time.perf_counter() - start < 2
    assert regex_match("I say yes", r"\b(yes|no)$") == 1


@pytest.mark.parametrize(
    ("output", "expected", "score"),
    [
        ('{"b": [1, 2.0], "a": null}', '{"a": null, "b": [1.0, 2]}', 1),
        ("[1, 2]", "[2, 1]", 0),
        ("true", "1", 0),
        ('{"a": true}', '{"a": 1}', 0),
        ("[0]", "[false]", 0),
        ('{"a": 1}', '{"a": 1, "b": 2}', 0),
        ("not json", "{}", 0),
        ("NaN", "1", 0),
    ],
)
def test_json_match(output: str, expected: str, score: int) -> None:
    assert json_match(output, expected) == score


def test_deep_json_is_no_trap() -> None:
    deep = "[" * 900 + "]" * 900
    assert json_match(deep, deep) == 1
    bottomless = "[" * 100_000
    assert json_match(bottomless, "[]") == 0
    with pytest.raises(Unscorable):
        json_match("{}", "no json")


def test_ratios_by_hand() -> None:
    # "kitten" → "sitting": 5 insertions and deletions of 13 characters.
    assert ratio("kitten", "sitting") == pytest.approx(1 - 5 / 13)
    assert partial_ratio("fox", "the quick brown fox") == 1
    assert token_sort_ratio("fox the", "the fox") == 1
    assert token_set_ratio("the the fox", "fox the") == 1
    assert ratio("the fox", "fox the") < 1
    assert token_set_ratio("", "") == 1
    assert ratio("", "a") == 0


@pytest.mark.parametrize(
    "called", [one for one in SCORERS if one.endswith("ratio")] + [*TEXT_MATCHES, "word_f1"]
)
@given(text=st.text(max_size=40), other=st.text(max_size=40))
@settings(max_examples=50, deadline=None)
def test_scores_are_shares_and_a_text_matches_itself(called: str, text: str, other: str) -> None:
    try:
        assert SCORERS[called](text, text) == 1
        assert 0 <= SCORERS[called](text, other) <= 1
    except Unscorable:
        return  # nothing was expected


@given(number=st.decimals(places=3, min_value=-(10**9), max_value=10**9))
@settings(max_examples=50)
def test_a_written_number_is_read_back(number: Decimal) -> None:
    assert last_number(f"so it is {number:,} in all") == number


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("B", "B"),
        ("The answer is (C).", "C"),
        ("(A) is tempting, but the answer is B", "B"),
        ("Answer: **D**", "D"),
        ("I would choose option C: it fits.", "C"),
        ("(B) because A is too small", "B"),
        ("A) no\nB) yes\nSo (B)", "B"),
        ("C. Paris", "C"),
        ("A dog is an animal", None),
        ("I think so", None),
        ("The answer is I'm not sure", None),
        ("", None),
    ],
)
def test_the_letter_that_an_answer_chooses(text: str, letter: str | None) -> None:
    assert chosen_letter(text) == letter


def test_choice_match() -> None:
    assert choice_match("The answer is (B).", "B") == 1
    assert choice_match("The answer is (A).", "(B)") == 0
    assert choice_match("no idea", "B") == 0
    with pytest.raises(Unscorable):
        choice_match("B", "Paris")


def test_any_match() -> None:
    assert any_match("Yes!", ["no", "yes"]) == 1
    assert any_match("maybe", ["no", "yes"]) == 0
    with pytest.raises(Unscorable):
        any_match("x", ["", "!"])


def test_relative_tolerance() -> None:
    assert numeric_match("102", "100", 0.0, 0.02) == 1
    assert numeric_match("103", "100", 0.0, 0.02) == 0
    assert numeric_match("-102", "-100", 0.0, 0.02) == 1
    assert numeric_match("103", "100", 5.0, 0.02) == 1  # the wider of the two


def test_word_f1_as_squad_counts() -> None:
    assert word_f1("the big red fox", "red fox") == pytest.approx(2 * 2 / 6)
    assert word_f1("", "red") == 0
    with pytest.raises(Unscorable):
        word_f1("red", "")


@pytest.mark.parametrize(
    ("output", "share"),
    [
        ('{"a": 1, "b": {"c": [1, 2]}}', 1),
        ('{"a": 1, "b": {"c": [1, 3]}, "z": 0}', 2 / 3),
        ('```json\n{"a": 1}\n```', 1 / 3),
        ("[]", 0),
        ("no json", 0),
    ],
)
def test_json_fields(output: str, share: float) -> None:
    assert json_fields(output, '{"a": 1, "b": {"c": [1, 2]}}') == pytest.approx(share)


def test_json_schema_match() -> None:
    schema = '{"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}'
    assert json_schema_match('{"a": 1}', schema) == 1
    assert json_schema_match('{"a": "1"}', schema) == 0
    assert json_schema_match("a", schema) == 0
    for bad in ("no json", '{"type": "nonsense"}', "[1]"):
        with pytest.raises(Unscorable):
            json_schema_match("{}", bad)


@pytest.mark.parametrize(
    ("output", "call", "name"),
    [
        (CALL, 1, 1),
        (f"[{CALL}]", 1, 1),
        ('{"function": {"name": "find", "arguments": "{\\"q\\": \\"x\\"}"}}', 1, 1),
        (f'{{"tool_calls": [{CALL}]}}', 1, 1),
        ('{"name": "find", "arguments": {"q": "y"}}', 0, 1),
        ('{"name": "seek", "arguments": {"q": "x"}}', 0, 0),
        (f"[{CALL}, {CALL}]", 0, 0),
        ("find(x)", 0, 0),
        ("[]", 0, 0),
    ],
)
def test_tool_calls(output: str, call: int, name: int) -> None:
    assert tool_call_match(output, CALLER) == call
    assert tool_name_match(output, CALLER) == name


def test_what_is_no_call() -> None:
    assert calls_in('{"name": 1}') is None
    assert calls_in('{"name": "f", "arguments": "{"}') is None
    plain = row_value({"messages": [{"role": "assistant", "content": "hi"}]}, "chat")
    with pytest.raises(Unscorable):
        tool_call_match(CALL, plain)


def test_overlap_scores_by_hand() -> None:
    # All runs of up to three words are in the reference; the output is half as long: e^(1 - 6/3).
    assert bleu("the cat sat", "the cat sat on the mat") == pytest.approx(math.exp(-1))
    assert chrf("fox", "fox") == pytest.approx(1)
    assert chrf("dog", "fox") < 0.2 < chrf("fix", "fox")
    # The example of rouge-score's README.
    target, made = (
        "The quick brown fox jumps over the lazy dog",
        "The quick brown dog jumps on the log.",
    )
    assert rouge(made, target, "rouge1") == pytest.approx(
        2 * 0.75 * 6 / 9 / (0.75 + 6 / 9), abs=1e-3
    )
    assert rouge(made, target) == pytest.approx(2 * 0.625 * 5 / 9 / (0.625 + 5 / 9), abs=1e-3)
    with pytest.raises(Unscorable):
        bleu("x", " ")


ALPACA = DatasetDef("d", SchemaDef("a", "alpaca"), ())


def rows_of(*replies: str) -> list[Row]:
    return [row_value({"instruction": "q", "output": text}, "alpaca") for text in replies]


def column(score: ScoreDef, rows: list[Row], *outputs: str | Answer, root: Path) -> Scored:
    answers = [one if isinstance(one, Answer) else Answer(one) for one in outputs]
    return Scoring(Evaluator(ALPACA), root).column(score, rows, answers)


def test_arguments_may_be_computed_from_row_and_output(tmp_path: Path) -> None:
    lower = Expr("call", name("x").type, (name("output"),), "lower")
    wanted = Expr("call", name("x").type, (name("reply.text"),), "lower")
    score = ScoreDef("s", "exact_match", scorer("exact_match", wanted, of=lower))
    found = column(score, rows_of("RED", "blue", "x"), "red", "BLUE", "y", root=tmp_path)
    assert found == [1.0, 1.0, 0.0]


def test_a_case_that_cannot_be_scored_keeps_its_reason(tmp_path: Path) -> None:
    value = scorer("numeric_match", name("reply.text"), literal(0.0), literal(0.0))
    score = ScoreDef("s", "numeric_match", value)
    found = column(score, rows_of("7", "seven"), "7", "7", root=tmp_path)
    assert found[0] == 1.0
    assert str(found[1]) == "the expected text has no number"


def test_scores_of_an_expression(tmp_path: Path) -> None:
    weights = Expr("list", Type("list"), (literal(3), literal(1)))
    parts = (scorer("exact_match", name("reply.text")), scorer("ratio", name("reply.text")))
    both = ScoreDef("s", "weighted", Expr("call", Type("float"), (*parts, weights), "weighted"))
    assert column(both, rows_of("ab", "ab"), "ab", "ax", root=tmp_path) == [1.0, 0.25 * 0.5]
    never = ScoreDef("n", "exact_match", Expr("not", Type("bool"), (parts[0],)))
    assert column(never, rows_of("ab", "ab"), "ab", "ax", root=tmp_path) == [0.0, 1.0]


def test_a_score_out_of_range_is_none(tmp_path: Path) -> None:
    twice = Expr("*", Type("float"), (scorer("ratio", name("reply.text")), literal(2)))
    found = column(ScoreDef("s", "ratio", twice), rows_of("a", "a"), "a", "b", root=tmp_path)
    assert str(found[0]) == "it comes to 2, not to 0 … 1"
    assert found[1] == 0.0


def test_parts_of_an_answer(tmp_path: Path) -> None:
    latency = Expr("field", Type("duration"), value="output.latency")
    quick = ScoreDef("q", "", Expr("<=", Type("bool"), (latency, literal(2.0))))
    found = column(
        quick, rows_of("a", "a", "a"), Answer("a", latency=1.5), Answer("a", latency=3.0), "a",
        root=tmp_path,
    )  # fmt: skip
    assert found[:2] == [1.0, 0.0]
    assert str(found[2]) == "`output.latency` is not known of this answer"


def test_the_cost_of_an_answer_is_that_of_its_tokens(tmp_path: Path) -> None:
    cost = Expr("field", Type("money"), value="output.cost")
    cheap = ScoreDef("c", "", Expr("<=", Type("bool"), (cost, literal(0.001))))
    price = Price(input=1.0, cached=0.5, output=4.0)
    answers = [
        Answer("a", prompt_tokens=400, completion_tokens=100, cached_tokens=400),  # $0.0006
        Answer("a", prompt_tokens=700, completion_tokens=100),  # $0.0011
        Answer("a", prompt_tokens=700),
    ]
    rows = rows_of("a", "a", "a")
    found = Scoring(Evaluator(ALPACA), tmp_path, price=price).column(cheap, rows, answers)
    assert found[:2] == [1.0, 0.0]
    assert str(found[2]) == "`output.cost` is not known of this answer"
    unknown = Scoring(Evaluator(ALPACA), tmp_path).column(cheap, rows, answers)
    assert all(isinstance(one, Unscorable) for one in unknown)


def test_a_schema_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"type": "integer"}')
    value = Expr("call", Type("bool"), (name("output"), literal("a.json")), "json_schema_match")
    score = ScoreDef("valid", "json_schema_match", value)
    assert column(score, rows_of("", ""), "7", "x", root=tmp_path) == [1.0, 0.0]
