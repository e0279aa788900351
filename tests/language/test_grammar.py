"""The shipped table is the grammar, and the driver over it does what Lark itself does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from lark import Lark, Token, Tree

from ftdsl.language.grammar import TABLE, Grammar, load_grammar
from ftdsl.language.grammar_build import build_lark, build_table
from ftdsl.language.parsing.tables import Halt, LalrParser
from ftdsl.language.tokens import END, tokenize
from ftdsl.language.tokens import Token as OwnToken

SPECS = Path(__file__).parents[1] / "spec"
TEXTS = sorted((SPECS / "fmt").glob("*.out.ftspec"))


@pytest.fixture(scope="module")
def lark() -> Lark:
    """Built with ``strict=True``: an ambiguous terminal or rule raises."""
    return build_lark()


def body(path: Path) -> str:
    """The text after the first line, with plain line ends."""
    return path.read_bytes().decode().replace("\r\n", "\n").partition("\n")[2]


def test_the_grammar_is_strict_and_lalr(lark: Lark) -> None:
    assert lark.options.strict
    assert lark.options.parser == "lalr"
    assert lark.options.lexer == "basic"
    assert not lark.options.cache


def test_the_shipped_table_is_the_grammar_s() -> None:
    assert TABLE.read_text("utf-8") == build_table(), "run python -m ftdsl.language.grammar_build"


def test_the_table_is_plain_json() -> None:
    table = json.loads(TABLE.read_text("utf-8"))
    assert set(table) == {"scanner", "keywords", "trivia", "rules", "states", "start", "end"}


def test_the_table_lies_in_the_package() -> None:
    assert TABLE.parent.name == "language"
    assert TABLE.suffix == ".json"  # shipped by the package-data of pyproject.toml


def test_reading_a_spec_imports_neither_lark_nor_pickle() -> None:
    code = (
        "import sys\n"
        "from ftdsl.language.formatting.formatter import format_source\n"
        "from ftdsl.language.source import Source\n"
        "assert format_source(Source('a.ftspec', 'ftspec 1\\nlet a = 1')).text\n"
        "assert not {'lark', 'pickle', 'pydantic', 'numpy'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_tokens_are_lark_s(path: Path, lark: Lark) -> None:
    text = body(path)
    grammar = load_grammar()
    own = [t for t in tokenize(grammar, text) if t.kind not in grammar.trivia]
    theirs = list(lark.lex(text))
    assert [(t.kind, t.text, t.start) for t in own] == [
        (t.type, str(t), t.start_pos) for t in theirs
    ]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_trees_are_lark_s(path: Path, lark: Lark) -> None:
    text = body(path)
    assert own_tree(load_grammar(), text) == plain(lark.parse(text))


def own_tree(grammar: Grammar, text: str) -> object:
    """What the driver reduces ``text`` to, as nested tuples of rule names."""

    def action(name: str) -> object:
        return lambda values: (
            name,
            *(value.text if isinstance(value, OwnToken) else value for value in values),
        )

    actions = [action(r.action) if r.action not in ("", "*") else None for r in grammar.rules]
    tokens = [t for t in tokenize(grammar, text) if t.kind not in grammar.trivia]

    def stop(halt: Halt) -> None:
        raise AssertionError(halt.tokens[halt.index])

    parser = LalrParser(grammar, actions)  # type: ignore[arg-type]
    return parser.parse([*tokens, OwnToken(END, "", len(text))], stop)


def plain(node: Tree[Token] | Token) -> object:
    if isinstance(node, Token):
        return str(node)
    return (str(node.data), *(plain(child) for child in node.children))
