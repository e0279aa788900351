"""How syntax mistakes are told: what stood there, what was expected, and how to mend it."""

from __future__ import annotations

from ftdsl.diagnostics.diagnostic import Diagnostic, Edit, Fix, Label, Span
from ftdsl.diagnostics.suggestion import suggest
from ftdsl.language.parsing.mistakes import BLOCK_WORDS, Mistake, Wrong, reserved_word
from ftdsl.language.source import Source
from ftdsl.language.tokens import COMPARATORS, END, OPENERS, STATEMENT_STARTS, Token

_BRACKETS = {"LBRACE": "{", "RBRACE": "}", "LPAR": "(", "RPAR": ")", "LSQB": "[", "RSQB": "]"}
_SIGNS = {
    **_BRACKETS, "COMMA": ",", "EQUAL": "=", "COLON": ":", "DOT": ".", "ARROW": "->",
    "OPTIONAL": "?",
}  # fmt: skip
_NUMBERS = frozenset(
    {"INT", "FLOAT", "RATIO", "POINTS", "DURATION", "SIZE", "MONEY", "DATE", "BAD_NUMBER"}
)
_STRINGS = frozenset({"STRING", "ODD_STRING", "OPEN_STRING"})
_VALUES = frozenset({*_NUMBERS, *_STRINGS, "NAME", "LPAR", "LSQB", "TRUE", "FALSE", "MINUS"})
_OPERATORS = frozenset({*COMPARATORS, "PLUS", "MINUS", "STAR", "SLASH", "OR_ELSE", "AND", "OR"})
_NOUNS = {
    "NAME": "a name", "WORD": "a name", "KEY": "a setting `key = …`", "LABEL": "a label `name: …`",
    "BLOCK": "a block", END: "the end of the file",
}  # fmt: skip
_RULE_PARTS = ("`each`", "`expect`", "`fail`", "`warn`", "`accepts`", "`rejects`")
_ITEM_WORDS = (
    "import", "let", "fn", "extern", "schema", "ruleset", *BLOCK_WORDS, "coverage",
)  # fmt: skip
_SHAPES = {
    **dict.fromkeys(_ITEM_WORDS, "NAME { … }"),
    "import": '"PATH" as NAME',
    "let": "NAME = …",
    "fn": "NAME(…) -> TYPE = …",
    "extern": 'fn NAME(…) -> TYPE from "MODULE:NAME"',
    "ruleset": "NAME for SCHEMA { … }",
}


def diagnostic_of(mistake: Mistake, source: Source) -> Diagnostic:
    """The diagnostic that tells one mistake."""
    return _TELLERS[mistake.wrong](mistake, source)


def shown(token: Token) -> str:
    """A token as a message names it."""
    if token.kind == END:
        return "the end of the file"
    if token.kind in _STRINGS:
        return f"the text {_short(token.text)}"
    if token.kind in _NUMBERS:
        return f"the number {_short(token.text)}"
    return f"`{_short(token.text)}`"


def _short(text: str) -> str:
    return text if len(text) <= 32 else f"{text[:30]}…"


def _span(token: Token, source: Source) -> Span:
    return source.span(token.start, token.end)


def _place(mistake: Mistake, source: Source) -> Span:
    """Where to point: at what was found, or at the token before where its line is unfinished."""
    found, previous = mistake.found, mistake.previous
    if previous is None or (mistake.expected & {"RBRACE", END} and found.text):
        return _span(found, source)
    if source.position(previous.start)[0] == source.position(found.start)[0] and found.text:
        return _span(found, source)
    return _span(previous, source)


def _unclosed(mistake: Mistake, source: Source) -> Diagnostic:
    opener, found = mistake.opener, mistake.found
    assert opener is not None
    sign = _BRACKETS[opener.kind]
    closer = _BRACKETS[OPENERS[opener.kind]]
    where = "the file ends" if found.kind == END else f"{shown(found)} comes"
    related = () if found.kind == END else (Label(_span(found, source), "found while it is open"),)
    return Diagnostic(
        "FT020",
        f"`{sign}` is never closed",
        _span(opener, source),
        label=f"opened here, and {where} before its `{closer}`",
        related=related,
        help=f"add the missing `{closer}`",
    )


def _stray(mistake: Mistake, source: Source) -> Diagnostic:
    found, opener = mistake.found, mistake.opener
    place = _span(found, source)
    sign = found.text
    if mistake.wanted and opener is not None:
        return Diagnostic(
            "FT021",
            f"`{sign}` cannot close `{opener.text}`",
            place,
            label=f"expected `{mistake.wanted}`",
            related=(Label(_span(opener, source), "opened here"),),
            help=f"close it with `{mistake.wanted}`",
            fix=Fix(f"replace with `{mistake.wanted}`", (Edit(place, mistake.wanted),), safe=False),
        )
    return Diagnostic(
        "FT021",
        f"`{sign}` closes nothing",
        place,
        label="nothing is open here",
        help="take it out, or add the opening bracket before it",
        fix=Fix(f"delete `{sign}`", (Edit(place, ""),), safe=False),
    )


def _misspelt(mistake: Mistake, source: Source) -> Diagnostic:
    place = _span(mistake.found, source)
    return Diagnostic(
        "FT022",
        f"the language has no word `{_short(mistake.found.text)}`",
        place,
        label="unknown word",
        help=f"did you mean `{mistake.wanted}`?",
        fix=Fix(f"replace with `{mistake.wanted}`", (Edit(place, mistake.wanted),)),
    )


def _missing(mistake: Mistake, source: Source) -> Diagnostic:
    place = _place(mistake, source)
    after = mistake.previous is not None and place.start == mistake.previous.start
    label = f"expected `{mistake.wanted}` {'after this' if after else 'here'}"
    offset = mistake.previous.end if mistake.previous is not None else mistake.found.start
    words = mistake.wanted.isalpha() or mistake.wanted in ("=", "{", "->")
    text = f" {mistake.wanted}" if words else mistake.wanted
    related: tuple[Label, ...] = ()
    if mistake.opener is not None and mistake.wanted in (")", "]"):
        related = (Label(_span(mistake.opener, source), "opened here"),)
    return Diagnostic(
        "FT016",
        f"expected `{mistake.wanted}`, found {shown(mistake.found)}",
        place,
        label=label,
        related=related,
        help=f"add `{mistake.wanted}`",
        fix=Fix(f"add `{mistake.wanted}`", (Edit(source.span(offset, offset), text),), safe=False),
    )


_MIXED_HELP = {
    "==": "`=` gives a setting its value; two values are compared with `==`",
    "=": "a setting is written `key = value`",
    ":": "an argument, a parameter and a field are written `name: …`",
}


def _mixed(mistake: Mistake, source: Source) -> Diagnostic:
    place = _span(mistake.found, source)
    written = mistake.found.text
    start = place.start
    if mistake.wanted == ":":
        # The label sits tight on its colon.
        while start and source.text[start - 1] in " \t":
            start -= 1
    tight = mistake.wanted == "=" and _tight(source, start)
    text = f" {mistake.wanted}" if tight else mistake.wanted
    edit = Edit(source.span(start, place.end), text)
    return Diagnostic(
        "FT023",
        f"expected `{mistake.wanted}`, found `{written}`",
        place,
        label=f"write `{mistake.wanted}`",
        help=_MIXED_HELP[mistake.wanted],
        fix=Fix(f"replace with `{mistake.wanted}`", (edit,)),
    )


def _tight(source: Source, offset: int) -> bool:
    return bool(offset) and not source.text[offset - 1].isspace()


def _reserved(mistake: Mistake, source: Source) -> Diagnostic:
    return reserved_word(mistake.found.text, _span(mistake.found, source))


def _chain(mistake: Mistake, source: Source) -> Diagnostic:
    return Diagnostic(
        "FT025",
        "comparisons do not chain",
        _span(mistake.found, source),
        label="a second comparison of the same value",
        help="compare twice: `1 < x and x < 5`",
    )


def _unexpected(mistake: Mistake, source: Source) -> Diagnostic:
    found = mistake.found
    place = _place(mistake, source)
    expected = _expectation(mistake.expected)
    after = mistake.previous is not None and place.start == mistake.previous.start
    told = _special(mistake)
    message, help = told or (f"expected {expected}, found {shown(found)}", f"write {expected}")
    fix = None
    if told is None and found.kind == "NAME":
        word = suggest(found.text, _words(mistake.expected))
        if word:
            help = f"did you mean `{word}`?"
            fix = Fix(f"replace with `{word}`", (Edit(_span(found, source), word),))
    related: tuple[Label, ...] = ()
    if found.kind == END and mistake.opener is not None:
        related = (Label(_span(mistake.opener, source), "this is still open"),)
    return Diagnostic(
        "FT016",
        message,
        place,
        label=f"expected {expected}{' after this' if after else ''}",
        related=related,
        help=help,
        fix=fix,
    )


def _words(expected: frozenset[str]) -> list[str]:
    if "LET" in expected:
        return list(_ITEM_WORDS)
    return [kind.lower() for kind in expected if kind.isalpha() and kind not in _NOUNS]


def _special(mistake: Mistake) -> tuple[str, str] | None:
    """Message and help of what people often do, or None."""
    found, expected = mistake.found, mistake.expected
    if "LET" in expected and found.text in _ITEM_WORDS:
        return (f"`{found.text}` needs a name", f"write `{found.text} {_SHAPES[found.text]}`")
    if found.kind == "BY" and "RBRACE" in expected:
        return ("`by` groups stand in a coverage block", "write `coverage DATASET { by … { … } }`")
    if "RBRACE" not in expected:
        return None
    if found.kind in _IN_RULES and "RULE" in expected:
        return (f"`{found.text}` stands inside a rule", "write `rule NAME { … }` around it")
    if found.kind in _IN_BLOCKS:
        return (f"`{found.text}` cannot stand here", _HOLDS[_container(expected)])
    if found.kind == "NAME" and not expected & {"PLUS", "RSQB", "RPAR"}:
        container = _container(expected)
        word = suggest(found.text, _words(expected))
        if word is None:
            return (f"`{_short(found.text)}` begins no statement", _HOLDS[container])
    return None


_IN_RULES = frozenset({"EACH", "FAIL", "WARN", "ACCEPTS", "REJECTS"})
_IN_BLOCKS = frozenset(
    {"USE", "RULE", "DROP", "FORBID", "SCORE", "SLICE", "REQUIRE", "TARGET", "EXPECT"} | _IN_RULES
)
_HOLDS = {
    "rule": "a rule holds `each`, `expect`, `fail when`, `warn when`, `accepts`, `rejects` and "
    "settings `key = …`",
    "block": "a block holds settings `key = …` and statements such as `rule`, `use` and `require`",
    "coverage": "a coverage block holds `by … { … }`, `expect` and settings `key = …`",
    "schema": "a schema holds fields `name: type`",
    "settings": "settings are written `key = …`",
    "group": "a group holds shares such as `en >= 60%` and `each >= 1%`",
}


def _container(expected: frozenset[str]) -> str:
    """What the statement at hand stands in, told by what may come next there."""
    for kind, container in (
        ("RULE", "block"), ("MUST", "rule"), ("WARN", "rule"), ("BY", "coverage"),
        ("EACH", "group"), ("LABEL", "schema"),
    ):  # fmt: skip
        if kind in expected:
            return container
    return "settings"


def _expectation(expected: frozenset[str]) -> str:
    """Plain words for a set of terminals, few enough to read."""
    if "LET" in expected:
        goes_on = expected & COMPARATORS
        return "an operator or the next block" if goes_on else "a block or a declaration"
    parts: list[str] = []
    rest = set(expected)
    if rest == {"KEY"}:
        return "`name = …`"
    if rest >= _VALUES:
        parts.append("a value")
        rest -= _VALUES | {"NOT"}
    if rest & {"PLUS", "STAR", "OR"}:
        parts.append("an operator")
        rest -= _OPERATORS | {"DOT", "LPAR"}
    elif rest & COMPARATORS:
        parts.append("a comparison")
        rest -= COMPARATORS
    if "RBRACE" in rest and len(rest & STATEMENT_STARTS) > 0:
        parts.append("the next statement" if "an operator" in parts else "a statement")
        rest -= STATEMENT_STARTS | {"NAME"}
    if {"NAME", "KEY"} <= rest:
        rest -= {"KEY"}  # of a type before `=`, which reads as a key
    if rest >= {"INT", "RATIO"}:
        parts.append("a number")
        rest -= _NUMBERS | {"TRUE", "FALSE"}
    if rest & _STRINGS:
        parts.append("a text")
        rest -= _STRINGS
    parts.extend(_NOUNS[kind] for kind in ("NAME", "WORD", "KEY", "LABEL", END) if kind in rest)
    rest -= set(_NOUNS)
    parts.extend(f"`{_SIGNS[kind]}`" for kind in sorted(rest & set(_SIGNS)))
    rest -= set(_SIGNS)
    parts.extend(f"`{kind.lower()}`" for kind in sorted(rest) if kind not in _OPERATORS)
    return _listed(parts)


def _listed(parts: list[str]) -> str:
    unique = list(dict.fromkeys(parts))
    if not unique:
        return "nothing more"
    if len(unique) == 1:
        return unique[0]
    return f"{', '.join(unique[:-1])} or {unique[-1]}"


_TELLERS = {
    Wrong.UNCLOSED: _unclosed,
    Wrong.STRAY: _stray,
    Wrong.MISSPELT: _misspelt,
    Wrong.MISSING: _missing,
    Wrong.MIXED: _mixed,
    Wrong.RESERVED: _reserved,
    Wrong.CHAIN: _chain,
    Wrong.UNEXPECTED: _unexpected,
}
