"""What the parser makes of good texts, and what it says about bad ones and where."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftdsl.diagnostics.codes.syntax import CODES
from ftdsl.diagnostics.diagnostic import Severity
from ftdsl.language import tree
from ftdsl.language.parsing.parser import MAX_BYTES, Parsed, parse
from ftdsl.language.source import Source

EXAMPLE = Path(__file__).parents[1] / "spec" / "fmt" / "language_page.in.ftspec"


def read(text: str | bytes) -> Parsed:
    return parse(Source("spec.ftspec", text))


def told(text: str | bytes) -> list[tuple[str, int, int]]:
    """Code, line and column of every diagnostic."""
    source = Source("spec.ftspec", text)
    found = parse(source).diagnostics
    return [(one.code, *source.position(one.span.start)) for one in found]


def value(expression: str) -> tree.Expr:
    parsed = read(f"ftspec 1\nlet a = {expression}\n")
    assert parsed.diagnostics == ()
    (item,) = parsed.spec.items
    assert isinstance(item, tree.Let)
    return item.value


def test_every_block_of_the_example_is_read() -> None:
    parsed = read(EXAMPLE.read_bytes())
    assert parsed.diagnostics == ()
    assert parsed.complete
    kinds = {item.kind for item in parsed.spec.items if isinstance(item, tree.Block)}
    assert kinds == {
        "ruleset", "dataset", "check", "dedup", "coverage", "model", "eval", "select", "train",
        "sweep", "gate", "rate", "waive",
    }  # fmt: skip
    assert "".join(token.text for token in parsed.tokens) == EXAMPLE.read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("10k", "int", 10_000),
        ("1.5k", "int", 1500),
        ("0.85", "float", 0.85),
        ("2e-4", "float", 2e-4),
        ("95%", "ratio", 0.95),
        ("0.07%", "ratio", 0.0007),
        ("1pp", "points", 0.01),
        ("250ms", "duration", 0.25),
        ("1.5h", "duration", 5400.0),
        ("$0.60", "money", 0.6),
        ("10MiB", "size", 10 * 2**20),
        ("2026-12-31", "date", "2026-12-31"),
        ("true", "bool", True),
        (r'"a\n\"b\"\\ \u00e9"', "text", 'a\n"b"\\ é'),
    ],
)
def test_literals(text: str, kind: str, expected: object) -> None:
    literal = value(text)
    assert isinstance(literal, tree.Literal)
    assert (literal.kind, literal.value) == (kind, expected)


def render(node: tree.Expr) -> str:
    match node:
        case tree.Binary():
            return f"({render(node.left)} {node.op} {render(node.right)})"
        case tree.Unary():
            return f"({node.op} {render(node.operand)})"
        case tree.Paren():
            return render(node.inner)
        case tree.Path():
            return node.text
        case tree.Literal():
            return str(node.value)
        case tree.Call():
            return f"{node.function.text}({', '.join(render(a.value) for a in node.arguments)})"
        case tree.ListExpr():
            return f"[{', '.join(render(item) for item in node.items)}]"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x or y and not z == 1 + 2 * -3", "(x or (y and (not (z == (1 + (2 * (- 3)))))))"),
        ("a - b - c", "((a - b) - c)"),
        ("(a - (b - c))", "(a - (b - c))"),
        ("a ?? b == c", "((a ?? b) == c)"),
        ("a.b in [1, f(x, k: 2),]", "(a.b in [1, f(x, 2)])"),
        ("not not x", "(not (not x))"),
    ],
)
def test_operators_bind_as_written_down(text: str, expected: str) -> None:
    assert render(value(text)) == expected


def test_spans_cover_what_was_written() -> None:
    source = Source("s.ftspec", 'ftspec 1\n\ncheck a { rule b "doc" { each must f(x) > 1 } }\n')
    (block,) = parse(source).spec.items
    assert isinstance(block, tree.Block)
    (rule,) = block.statements
    assert isinstance(rule, tree.Rule)
    assert source.slice(block.header) == "check a"
    assert source.slice(rule.span) == 'rule b "doc" { each must f(x) > 1 }'
    (each,) = rule.bodies
    assert isinstance(each, tree.Each)
    assert isinstance(each.must, tree.Binary)
    assert source.slice(each.must.left.span) == "f(x)"
    assert source.slice(each.must.op_span) == ">"


HEAD = "ftspec 1\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [("FT003", 1, 1)]),
        ("hello\nworld\n", [("FT003", 1, 1)]),
        ("# note\nftspec 1\n", [("FT003", 1, 1)]),
        ("FTSPEC 1.0\nlet a = 1\n", [("FT003", 1, 1)]),
        ("ftspec 7\nanything at all", [("FT004", 1, 8)]),
        ("ftspec 0\n", [("FT004", 1, 8)]),
        (HEAD + "# nothing\n", [("FT027", 1, 1)]),
        (HEAD + "let a = 1\0", [("FT005", 2, 10)]),
        (HEAD + 'let a = "\x1b[31m"', [("FT005", 2, 10)]),
        (HEAD + "let a = 1\rlet b = 2\n", [("FT005", 2, 10)]),
        (HEAD + "# \u202e note\nlet a = 1", [("FT006", 2, 3)]),
        (HEAD + 'let a = "\u202e"', [("FT006", 2, 10)]),
        (HEAD + "let \u200ba = 1", [("FT007", 2, 5)]),
        (HEAD + "\tlet a = 1\n\tlet b = 1\n", [("FT008", 2, 1)]),
        (HEAD + "let a = 1 @\n", [("FT009", 2, 11)]),
        (HEAD + 'let a = "x\nlet b = 1\n', [("FT010", 2, 9)]),
        (HEAD + "let a = 'x'\n", [("FT011", 2, 9)]),
        (HEAD + "let a = “x”\n", [("FT011", 2, 9)]),
        (HEAD + "let a = 1.8x\nlet b = 10KB\nlet c = 0x1F\n", [
            ("FT012", 2, 9), ("FT012", 3, 9), ("FT012", 4, 9)]),
        (HEAD + "let a = 1,5\n", [("FT016", 2, 10)]),
        (HEAD + f"let a = {'9' * 5000}\nlet b = 1{'0' * 40}%\n", [
            ("FT013", 2, 9), ("FT013", 3, 9)]),
        (HEAD + "let a = 2026-02-30\nlet b = 1e999\n", [("FT013", 2, 9), ("FT013", 3, 9)]),
        (HEAD + r'let a = "\d \ud800"', [("FT015", 2, 10), ("FT015", 2, 13)]),
        (HEAD + "let a =\nlet b = 2\n", [("FT016", 2, 7)]),
        (HEAD + "let a 3\n", [("FT016", 2, 7)]),
        (HEAD + "let each = 3\n", [("FT024", 2, 5)]),
        (HEAD + "fn f(by: text) -> bool = true\n", [("FT024", 2, 6)]),
        (HEAD + "let größe = 3\n", [("FT019", 2, 5)]),
        (HEAD + "let a = (1\nlet b = 2\n", [("FT020", 2, 9)]),
        (HEAD + "check a {\n", [("FT020", 2, 9)]),
        (HEAD + "check a {\n  rule b {\n    each must true\n}\nlet a = 1\n", [("FT020", 3, 10)]),
        (HEAD + "let a = [1)\nlet b = 1\n", [("FT021", 2, 11)]),
        (HEAD + "let a = 1\n}\nlet b = 1\n", [("FT021", 3, 1)]),
        (HEAD + "chekc a { use b }\n", [("FT022", 2, 1)]),
        (HEAD + "check a { rule b { each mst true } }\n", [("FT022", 2, 25)]),
        (HEAD + "gate g { requir x > 1 }\n", [("FT022", 2, 10)]),
        (HEAD + "check a { rule b { each must x = 3 } }\n", [("FT023", 2, 32)]),
        (HEAD + "dataset a { schema: chat }\n", [("FT023", 2, 19)]),
        (HEAD + "let a = f(x = 1)\n", [("FT023", 2, 13)]),
        (HEAD + "schema a { b = text }\n", [("FT023", 2, 14)]),
        (HEAD + "let a = 1 < x < 3\n", [("FT025", 2, 15)]),
        (HEAD + "<<<<<<< a\nlet a = 1\n=======\n>>>>>>> b\n", [("FT026", 2, 1)]),
        (HEAD + "let a = x && y || !z;\n", [
            ("FT028", 2, 11), ("FT028", 2, 16), ("FT028", 2, 19), ("FT028", 2, 21)]),
        (HEAD + "check { use a }\n", [("FT016", 2, 1)]),
        (HEAD + "check a {\n  each must true\n}\n", [("FT016", 3, 3)]),
        (HEAD + "check a {\n  by lang { en > 1% }\n}\n", [("FT016", 3, 3)]),
        (HEAD + 'import "x" house\n', [("FT016", 2, 12)]),
    ],
)  # fmt: skip
def test_mistakes_are_told_once_and_in_their_place(
    text: str, expected: list[tuple[str, int, int]]
) -> None:
    assert told(text) == expected


def test_six_mistakes_of_six_kinds_in_one_file() -> None:
    text = EXAMPLE.read_text("utf-8")
    for good, bad in (
        ("let context = 4k", "let context = 4x"),
        ("schema ticket extends", "schema ticket extend"),
        (
            '  schema = ticket\n  source = jsonl("data/sup',
            '  schema ticket\n  source = jsonl("data/sup',
        ),
        ("keep = longest", "keep = 'longest'"),
        ("gate release", "gaet release"),
        ("from = [support_lora, support_api]", "from = [support_lora, support_api"),
    ):
        assert good in text
        text = text.replace(good, bad, 1)
    found = read(text).diagnostics
    assert sorted(one.code for one in found) == [
        "FT011", "FT012", "FT016", "FT020", "FT022", "FT022",
    ]  # fmt: skip
    assert all(one.help and one.label for one in found)


def test_what_is_unread_is_left_out_and_named() -> None:
    parsed = read(
        "ftspec 1\nlet lost = \nlet kept = 1\n"
        "check a {\n  rule good { each must true }\n  rule bad { each must 1x }\n}\n"
    )
    assert [type(item).__name__ for item in parsed.spec.items] == ["Let", "Block"]
    block = parsed.spec.items[1]
    assert isinstance(block, tree.Block)
    assert not block.complete
    assert [s.name.text for s in block.statements if isinstance(s, tree.Rule)] == ["good"]
    assert {"lost", "bad"} <= parsed.broken
    assert "good" not in parsed.broken
    assert not parsed.complete


def test_byte_order_mark_and_line_ends_are_accepted() -> None:
    assert read("\ufeffftspec 1\r\n\r\nlet a = 1\r\n".encode()).diagnostics == ()


@pytest.mark.code("FT001")
@pytest.mark.parametrize(
    ("data", "place", "words"),
    [
        ("ftspec 1\nlet a = 1\n".encode("utf-16"), (1, 1), "UTF-16"),
        ("ftspec 1\nlet ü = 1\n".encode("latin-1"), (2, 5), "byte 13"),
        (b"ftspec 1\n# \xc3\xa4 \xff", (2, 5), "byte 14"),
    ],
)
def test_bytes_that_are_not_utf_8(data: bytes, place: tuple[int, int], words: str) -> None:
    assert told(data) == [("FT001", *place)]
    assert words in read(data).diagnostics[0].message
    assert read(data).tokens == ()


@pytest.mark.code("FT002")
def test_a_file_over_the_limit_is_not_read() -> None:
    assert told("ftspec 1\n" + "#" * MAX_BYTES) == [("FT002", 1, 1)]
    assert told("ftspec 1\nlet a = 1\n#" + "#" * (MAX_BYTES - 20)) == []


@pytest.mark.code("FT018")
def test_a_file_of_too_many_tokens_is_not_read() -> None:
    assert [code for code, *_ in told("ftspec 1\n" + "a " * 101_000)] == ["FT018"]


@pytest.mark.code("FT029")
def test_reading_stops_after_many_mistakes() -> None:
    codes = [code for code, *_ in told("ftspec 1\n" + "let\n" * 200)]
    assert codes[-1] == "FT029"
    assert len(codes) <= 51


@pytest.mark.code("FT005")
@pytest.mark.code("FT006")
@pytest.mark.code("FT007")
@pytest.mark.code("FT008")
@pytest.mark.parametrize(
    ("char", "outside", "inside"),
    [
        ("\0", Severity.ERROR, Severity.ERROR),
        ("\u202e", Severity.ERROR, Severity.WARNING),
        ("\u2067", Severity.ERROR, Severity.WARNING),
        ("\u200b", Severity.WARNING, Severity.WARNING),
        ("\u2028", Severity.WARNING, Severity.WARNING),
        ("\t", Severity.WARNING, Severity.ERROR),
    ],
)
def test_odd_characters(char: str, outside: Severity, inside: Severity) -> None:
    around = read(f"ftspec 1\nlet a = 1 # {char}\n").diagnostics
    within = read(f'ftspec 1\nlet a = "{char}"\n').diagnostics
    assert [one.severity for one in around] == [outside]
    assert [one.severity for one in within] == [inside]


@pytest.mark.parametrize("code", [c for c in CODES if c.examples == "spec"], ids=lambda c: c.code)
def test_examples_of_the_codes(code: object) -> None:
    assert hasattr(code, "failing")
    assert hasattr(code, "passing")
    assert {one.code for one in read(code.failing).diagnostics} == {code.code}  # type: ignore[attr-defined]
    assert read(code.passing).diagnostics == ()


def test_fixes_mend_what_they_are_offered_for() -> None:
    for code in CODES:
        if code.examples != "spec":
            continue
        for one in read(code.failing).diagnostics:
            if one.fix is None:
                continue
            text = code.failing
            for edit in sorted(one.fix.edits, key=lambda each: -each.span.start):
                text = text[: edit.span.start] + edit.replacement + text[edit.span.end :]
            if one.fix.safe:
                assert read(text).diagnostics == (), (code.code, text)
