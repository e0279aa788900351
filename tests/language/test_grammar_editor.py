"""The editor's grammar knows every word of the language, and colours numbers and keys alike."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ftdsl.language.grammar import load_grammar
from ftdsl.language.parsing.mistakes import NOUNS
from ftdsl.language.tokens import tokenize

PATH = Path(__file__).parents[2] / "grammars" / "ftspec.tmLanguage.json"
EDITOR: dict[str, Any] = json.loads(PATH.read_text("utf-8"))
RULES: dict[str, Any] = EDITOR["repository"]
NUMBERS = {"INT", "FLOAT", "RATIO", "POINTS", "DURATION", "SIZE", "MONEY", "DATE"}
SPECS = sorted((Path(__file__).parents[1] / "spec" / "fmt").glob("*.out.ftspec"))


def test_every_rule_is_used_and_compiles() -> None:
    assert [one["include"].removeprefix("#") for one in EDITOR["patterns"]] == list(RULES)
    for rule in RULES.values():
        for key in ("match", "begin", "end"):
            if key in rule:
                re.compile(rule[key])


@pytest.mark.parametrize("word", sorted(load_grammar().keywords))
def test_keywords(word: str) -> None:
    names = [name for name in ("keyword", "constant") if re.fullmatch(RULES[name]["match"], word)]
    assert len(names) == 1


def test_no_keyword_that_the_language_has_not() -> None:
    words = set(re.findall(r"[a-z]{2,}", RULES["keyword"]["match"]))
    assert words == set(load_grammar().keywords) - {"true", "false"}


@pytest.mark.parametrize("word", sorted(NOUNS))
def test_block_words_before_a_name(word: str) -> None:
    assert re.fullmatch(RULES["declaration"]["match"], f"{word} some_name")


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.name)
def test_numbers_keys_and_labels_are_the_lexer_s(path: Path) -> None:
    text = path.read_text("utf-8")
    tokens = [t for t in tokenize(load_grammar(), text, 8) if t.kind not in ("COMMENT", "STRING")]
    for kinds, name in ((NUMBERS, "number"), ({"KEY"}, "key"), ({"LABEL"}, "label")):
        for token in tokens:
            match = re.compile(RULES[name]["match"]).match(text, token.start)
            assert (match is not None and match[0] == token.text) == (token.kind in kinds), token
