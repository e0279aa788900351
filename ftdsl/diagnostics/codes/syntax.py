"""Codes of text and syntax: bytes, characters, single words and signs, and how they follow."""

from __future__ import annotations

from ftdsl.diagnostics.codes.code import Code

_HEAD = 'ftspec 1\n\ndataset support {\n  schema = chat\n  source = jsonl("data/*.jsonl")\n}\n'


def _check(*statements: str) -> str:
    body = "\n".join(f"  {line}" for statement in statements for line in statement.split("\n"))
    return f"{_HEAD}\ncheck support {{\n{body}\n}}\n"


def _rule(must: str) -> str:
    return _check(f"rule replies {{ each must {must} }}")


_GOOD = _rule('reply.text != ""')

CODES: tuple[Code, ...] = (
    Code(
        "FT001",
        "not-utf-8",
        "the file is not UTF-8",
        "A spec is UTF-8 text, with or without a byte order mark. The message names the first byte "
        "that begins no character, or the encoding where the file tells it (UTF-16).",
        "iconv -t UTF-16 spec.ftspec > other.ftspec && ftdsl check other.ftspec",
        "iconv -f UTF-16 -t UTF-8 other.ftspec > spec.ftspec && ftdsl check spec.ftspec",
        "run",
    ),
    Code(
        "FT002",
        "file-too-large",
        "the file is larger than 1 MiB",
        "A spec is read in code review, so it is small. The limit is checked before anything is "
        "read into a tree. Rows belong into data files; long specs are split with `import`.",
        "ftdsl check data/train.jsonl",
        "ftdsl check spec.ftspec",
        "run",
    ),
    Code(
        "FT003",
        "no-edition",
        "the first line is not `ftspec 1`",
        "The first line names the edition of the language, so that a later edition can change the "
        "grammar without changing what old files mean. Nothing stands before it, not even a "
        "comment.",
        _GOOD.removeprefix("ftspec 1\n\n"),
        _GOOD,
    ),
    Code(
        "FT004",
        "unknown-edition",
        "the file is written in an edition that this release does not know",
        "The number after `ftspec` is not one that this release reads. Nothing after it is read: "
        "its grammar may be another. Update ftdsl.",
        _GOOD.replace("ftspec 1", "ftspec 2"),
        _GOOD,
    ),
    Code(
        "FT005",
        "control-character",
        "a control character stands in the file",
        "NUL, escape sequences, a carriage return without a line feed and their like are not text: "
        "they can hide what a terminal shows. In a text an escape such as `\\u0000` is written.",
        "printf 'ftspec 1\\n\\0' > spec.ftspec && ftdsl check spec.ftspec",
        "printf 'ftspec 1\\n\\nlet a = 1' > spec.ftspec && ftdsl check spec.ftspec",
        "run",
    ),
    Code(
        "FT006",
        "direction-control",
        "a direction control makes the text look other than it is",
        "Unicode has invisible characters that turn the order in which a line is shown. With them "
        "a reviewer reads another spec than ftdsl does (CVE-2021-42574). They are an error outside "
        "texts and a warning inside, where the escape `\\u202e` says the same visibly.",
        "printf 'ftspec 1\\n# \\342\\200\\256 note\\n' > spec.ftspec && ftdsl check spec.ftspec",
        "printf 'ftspec 1\\n# note\\n' > spec.ftspec && ftdsl check spec.ftspec",
        "run",
    ),
    Code(
        "FT007",
        "invisible-character",
        "an invisible character stands in the file",
        "Zero-width spaces and joiners, soft hyphens and byte order marks inside a file come with "
        "copied text. Two names or texts that look the same can then differ. A warning.",
        "printf 'ftspec 1\\nlet a\\342\\200\\213 = 1\\n' > spec.ftspec && ftdsl check spec.ftspec",
        "printf 'ftspec 1\\nlet a = 1\\n' > spec.ftspec && ftdsl check spec.ftspec",
        "run",
    ),
    Code(
        "FT008",
        "tab",
        "a tab stands in the file",
        "Tabs are as wide as each reader's editor makes them, so columns in messages would be off. "
        "A warning, told once a file; `ftdsl fmt` puts spaces. In a text write `\\t`.",
        "printf 'ftspec 1\\n\\tlet a = 1\\n' > spec.ftspec && ftdsl check spec.ftspec",
        "ftdsl fmt spec.ftspec && ftdsl check spec.ftspec",
        "run",
    ),
    Code(
        "FT009",
        "unknown-character",
        "a character is not part of the language",
        "Outside of texts and comments the language is written in ASCII letters, digits and a few "
        "signs. `@`, `~`, emoji and the like mean nothing.",
        _rule('@reply.text != ""'),
        _GOOD,
    ),
    Code(
        "FT010",
        "unclosed-text",
        "a text has no closing quote on its line",
        'A text begins and ends with `"` on one line. A line break in it is written `\\n`, a quote '
        '`\\"`.',
        _rule('reply.text != "'),
        _GOOD,
    ),
    Code(
        "FT011",
        "other-quotes",
        "a text stands in quotes other than straight double ones",
        "There is one way to write a text. Single and typographic quotes, which word processors "
        "make of straight ones, have a safe fix.",
        _rule("reply.text != “none”"),
        _rule('reply.text != "none"'),
    ),
    Code(
        "FT012",
        "malformed-number",
        "a number is malformed or has an unknown unit",
        "Units are part of a number and its type: count `10k`, ratio `95%`, points `1pp`, duration "
        "`2s` `1.5h`, size `10MiB`, money `$40`, date `2026-12-31`. No space stands before the "
        "unit, digits are not grouped, and the decimal sign is a point.",
        _rule("words(reply.text) <= 1.8x"),
        _rule("words(reply.text) <= 1.8k"),
    ),
    Code(
        "FT013",
        "number-out-of-range",
        "a number is too large, or a date is not in the calendar",
        "Whole numbers reach to 9223372036854775807 (2^63 - 1), and no number is infinite. Dates "
        "are checked against the calendar.",
        _rule("words(reply.text) <= 99999999999999999999"),
        _rule("words(reply.text) <= 400"),
    ),
    Code(
        "FT014",
        "nested-too-deeply",
        "brackets, or signs such as `not`, nest deeper than 64 levels",
        "The limit is checked before any part of ftdsl walks the tree, so that a hostile file "
        "cannot exhaust it. A part of a long expression gets a name with `let` or `fn`.",
        _rule("(" * 65 + "true" + ")" * 65),
        _GOOD,
    ),
    Code(
        "FT015",
        "unknown-escape",
        "a text has a backslash that begins no escape",
        'The escapes are `\\"`, `\\\\`, `\\/`, `\\n`, `\\t`, `\\r` and `\\uXXXX`. A backslash '
        "itself, as in a regular expression, is written twice: `\\\\d`.",
        _rule('matches(reply.text, "\\d+")'),
        _rule('matches(reply.text, "\\\\d+")'),
    ),
    Code(
        "FT016",
        "unexpected",
        "a word or sign cannot stand where it does",
        "The message says what was expected there. After a mistake ftdsl goes on with the next "
        "statement, so that one run shows every mistake once.",
        _check('rule replies each must reply.text != "" }'),
        _GOOD,
    ),
    Code(
        "FT017",
        "expression-too-long",
        "one expression has more than 128 operators",
        "Every operator can make the tree of an expression one level deeper, and the depth is "
        'limited. Many equal comparisons are one: `lang in ["en", "de"]`. Other long expressions '
        "are split with `fn`.",
        _rule(" or ".join(["reply.text != prompt"] * 70)),
        _rule('reply.text in ["yes", "no"]'),
    ),
    Code(
        "FT018",
        "too-many-tokens",
        "the file has more than 200,000 words, signs and gaps",
        "A limit beside the one on bytes, so that reading a spec takes less than a second whatever "
        "it holds.",
        "(echo 'ftspec 1'; yes ' a' | head -150000) > spec.ftspec && ftdsl check spec.ftspec",
        "ftdsl check spec.ftspec",
        "run",
    ),
    Code(
        "FT019",
        "foreign-letters",
        "a name has letters other than a to z",
        "Letters of other alphabets can look like Latin ones; a name that reads the same must be "
        "the same. Texts and comments take every letter.",
        _check('rule größe { each must reply.text != "" }'),
        _check('rule groesse { each must reply.text != "" }'),
    ),
    Code(
        "FT020",
        "never-closed",
        "a bracket is never closed",
        "The place told is the opening bracket. Which of several it is, is read off the "
        "indentation: a closer further left than the line of its opener was meant for another.",
        _check('rule replies {\n  each must reply.text != ""'),
        _check('rule replies {\n  each must reply.text != ""\n}'),
    ),
    Code(
        "FT021",
        "closes-nothing",
        "a closing bracket has no opening one, or one of another kind",
        "Brackets come in pairs of one kind, nested: `( )`, `[ ]`, `{ }`.",
        _rule("words(reply.text] <= 400"),
        _rule("words(reply.text) <= 400"),
    ),
    Code(
        "FT022",
        "misspelt-word",
        "a word of the language is misspelt",
        "One word of the language is close to what is written, and with it the text would be "
        "complete. The fix puts it there.",
        _GOOD.replace("check support", "chekc support"),
        _GOOD,
    ),
    Code(
        "FT023",
        "other-sign",
        "`=`, `==` and `:` are mixed up",
        "`key = value` gives a setting its value, `a == b` compares two values, and `name: value` "
        "labels an argument or says the type of a field or parameter.",
        _rule('reply.text = ""'),
        _rule('reply.text == ""'),
    ),
    Code(
        "FT024",
        "reserved-word",
        "a word of the language stands as a name",
        "Words such as `each`, `must`, `by` and `fail` cannot be names, for a sentence with them "
        "could be read in two ways. Before `=` or `:` and after a dot every word is free.",
        _check('rule must { each must reply.text != "" }'),
        _check('rule must_reply { each must reply.text != "" }'),
    ),
    Code(
        "FT025",
        "chained-comparison",
        "comparisons are chained",
        "`1 < x < 5` means different things in different languages, so here it means nothing. Two "
        "comparisons are joined with `and`.",
        _rule("1 < words(reply.text) < 400"),
        _rule("1 < words(reply.text) and words(reply.text) < 400"),
    ),
    Code(
        "FT026",
        "merge-conflict",
        "a merge conflict is not resolved",
        "The file holds lines that version control left for a person to resolve. Nothing else is "
        "read of it.",
        _GOOD.replace("\ncheck", "\n<<<<<<< HEAD\n=======\n>>>>>>> branch\ncheck"),
        _GOOD,
    ),
    Code(
        "FT027",
        "empty-spec",
        "the spec says nothing",
        "After its first line the file holds no block and no declaration, so that a check of it "
        "would pass whatever the data. A warning.",
        "ftspec 1\n",
        _GOOD,
    ),
    Code(
        "FT028",
        "sign-of-another-language",
        "a sign of another language stands for a word or sign of this one",
        "`and`, `or` and `not` are words here; two values differ by `!=`; nothing stands between "
        "statements. Each has a safe fix.",
        _rule('reply.text != "" && words(reply.text) <= 400'),
        _rule('reply.text != "" and words(reply.text) <= 400'),
    ),
    Code(
        "FT029",
        "too-many-mistakes",
        "reading stopped after 50 mistakes",
        "So many mistakes have few causes, or the file is no spec. What follows is unread.",
        "(echo 'ftspec 1'; yes 'let' | head -200) > spec.ftspec && ftdsl check spec.ftspec",
        "ftdsl check spec.ftspec",
        "run",
    ),
    Code(
        "FT030",
        "not-formatted",
        "the formatter did not trust its own result",
        "Before a file is written, the new text is parsed: it must have the same tree and the same "
        "comments, and formatting it again must change nothing. Where that fails the file is left "
        "as it is. This is a fault of ftdsl, not of the file.",
        "ftdsl fmt spec.ftspec",
        "ftdsl fmt spec.ftspec",
        "run",
    ),
)
