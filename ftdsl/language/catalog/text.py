"""Functions over one text of a row."""

from __future__ import annotations

from ftdsl.language.catalog.entry import Cost, FunctionEntry, Parameter, Scope

_TEXT = Parameter("text", "text", "the text")
_CHARACTERS = Parameter("n", "int", "how many characters", keyword=True, minimum=1, maximum=1000)
_PATTERN = Parameter("pattern", "regex", "a regular expression, searched for in linear time")


def _measure(name: str, doc: str, example: str, *more: Parameter) -> FunctionEntry:
    return FunctionEntry(
        name, (_TEXT, *more), "int", Scope.ROW, Cost.CHEAP, doc, example, minimum=0
    )


def _test(name: str, doc: str, example: str, *more: Parameter) -> FunctionEntry:
    return FunctionEntry(name, (_TEXT, *more), "bool", Scope.ROW, Cost.CHEAP, doc, example)


def _change(name: str, doc: str, example: str) -> FunctionEntry:
    return FunctionEntry(name, (_TEXT,), "text", Scope.ROW, Cost.CHEAP, doc, example)


FUNCTIONS: tuple[FunctionEntry, ...] = (
    _measure("length", "Number of characters.", "each must length(reply.text) <= 4k"),
    _measure("words", "Number of words: matches of `\\w+`.", "each must words(reply.text) <= 400"),
    _measure("lines", "Number of lines, 0 for an empty text.", "each must lines(reply.text) <= 40"),
    _test(
        "matches",
        "The pattern matches somewhere in the text; anchor it with ^ and $ to match all of it.",
        'each must not matches(reply.text, "(?i)as an ai")',
        _PATTERN,
    ),
    _measure(
        "count_matches",
        "Number of places, without overlap, where the pattern matches.",
        'each must count_matches(reply.text, "lorem ipsum") == 0',
        _PATTERN,
    ),
    _test(
        "contains",
        "The text holds the other text, letter for letter.",
        'each must not contains(reply.text, "lorem ipsum")',
        Parameter("part", "text", "what to look for"),
    ),
    _test(
        "starts_with",
        "The text begins with the other text.",
        'each must starts_with(reply.text, "{")',
        Parameter("part", "text", "how it must begin"),
    ),
    _test(
        "ends_with",
        "The text ends with the other text.",
        'each must ends_with(reply.text, ".")',
        Parameter("part", "text", "how it must end"),
    ),
    FunctionEntry(
        "lang",
        (_TEXT,),
        "text",
        Scope.ROW,
        Cost.HEAVY,
        "The text's language as an ISO 639-1 code, guessed from its letters.",
        'each must lang(reply.text) == "en"',
        extra="data",
    ),
    FunctionEntry(
        "misspelled",
        (
            _TEXT,
            Parameter(
                "allow", "text|list(text)", "words that are right here", default="", keyword=True
            ),
        ),
        "int",
        Scope.ROW,
        Cost.HEAVY,
        "Number of words found in a list of common English misspellings; code and addresses of "
        "pages are left out. Findings say which words, and what was meant.",
        "each must misspelled(reply.text) <= 2",
        minimum=0,
    ),
    FunctionEntry(
        "repeated",
        (
            _TEXT,
            Parameter("n", "int", "words in a run", default=3, keyword=True, minimum=1, maximum=50),
        ),
        "ratio",
        Scope.ROW,
        Cost.CHEAP,
        "Share of the text's runs of n words that have occurred before in it; 0% where the text is "
        "shorter than n words.",
        "each must repeated(reply.text, n: 3) <= 30%",
        minimum=0,
        maximum=1,
    ),
    _measure(
        "control_characters",
        "Number of control, zero-width and bidirectional control characters, other than tab and "
        "line ends.",
        "each must control_characters(reply.text) == 0",
    ),
    _measure(
        "carriage_returns",
        "Number of carriage returns, as the line ends of Windows have them: a model learns to "
        "write them.",
        "each must carriage_returns(reply.text) == 0",
    ),
    _test(
        "mojibake",
        "The text shows the marks of UTF-8 read as another encoding, such as `Ã©` or `â€™` "
        "(by ftfy's heuristic), or holds the replacement character.",
        "each must not mojibake(reply.text)",
    ),
    _measure(
        "special_tokens",
        "Number of reserved chat tokens in the text, such as `<|im_end|>` or `<end_of_turn>`.",
        "each must special_tokens(prompt) == 0",
    ),
    _test(
        "fences_closed",
        "Every Markdown code fence that is opened is closed.",
        "each must fences_closed(reply.text)",
    ),
    _test(
        "json_valid",
        "The text, without surrounding white space, is one JSON value.",
        "each must json_valid(reply.text)",
    ),
    FunctionEntry(
        "head",
        (_TEXT, _CHARACTERS),
        "text",
        Scope.ROW,
        Cost.CHEAP,
        "The text's first characters.",
        "expect strays(head(prompt, n: 8), below: 10%) == 0",
    ),
    FunctionEntry(
        "tail",
        (_TEXT, _CHARACTERS),
        "text",
        Scope.ROW,
        Cost.CHEAP,
        "The text's last characters.",
        "expect strays(tail(prompt, n: 4), below: 10%) == 0",
    ),
    _change("lower", "The text in lower case.", 'each must lower(lang) in ["en", "es"]'),
    _change("upper", "The text in upper case.", "each must upper(topic) == topic"),
    _change(
        "strip",
        "The text without white space at its ends.",
        "each must strip(reply.text) == reply.text",
    ),
    _change(
        "nfc",
        "The text in Unicode's normal form C: letters and their accents as one character where "
        "there is one.",
        "each must nfc(reply.text) == reply.text",
    ),
    FunctionEntry(
        "normalize",
        (Parameter("texts", "text", "one text or more", variadic=True),),
        "text",
        Scope.ROW,
        Cost.CHEAP,
        "The texts after NFKC and casefold, as their words joined by single spaces, the texts "
        "joined by a line end.",
        "drop exact on normalize(prompt, reply.text)",
    ),
)

POINTS: frozenset[str] = frozenset(
    {
        "matches",
        "count_matches",
        "contains",
        "control_characters",
        "mojibake",
        "special_tokens",
        "misspelled",
        "fences_closed",
        "json_valid",
        "repeated",
        "strip",
        "nfc",
        "lower",
        "upper",
    }
)
