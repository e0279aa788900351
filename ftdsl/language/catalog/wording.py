"""Functions that find what a text should not say: leftovers, refusals, repetition, a cut end."""

from __future__ import annotations

from ftdsl.language.catalog.entry import Cost, FunctionEntry, Parameter, Scope

_TEXT = Parameter("text", "text", "the text")


def _entry(
    name: str, result: str, doc: str, example: str, *more: Parameter, extra: str = ""
) -> FunctionEntry:
    cost = Cost.HEAVY if extra else Cost.CHEAP
    least = None if result in ("bool", "text") else 0
    most = 1 if result == "ratio" else None
    return FunctionEntry(
        name,
        (_TEXT, *more),
        result,
        Scope.ROW,
        cost,
        doc,
        example,
        extra=extra,
        minimum=least,
        maximum=most,
    )


FUNCTIONS: tuple[FunctionEntry, ...] = (
    _entry(
        "truncated",
        "bool",
        "The text seems to be cut off: its last sentence ends in a comma, a hyphen or a word that "
        "no sentence ends with, or has an open bracket. A row with a finish reason can be asked "
        'for that too: `finish_reason != "length"`.',
        "each must not truncated(reply.text)",
    ),
    _entry(
        "refusal",
        "bool",
        "The text begins as a refusal does, such as “I'm sorry, but I can't assist”.",
        "each must not refusal(reply.text)",
    ),
    _entry(
        "boilerplate",
        "int",
        "Number of phrases in which an assistant speaks of itself, such as “As an AI language "
        "model” or “my knowledge cutoff”.",
        "each must boilerplate(reply.text) == 0",
    ),
    _entry(
        "stand_in",
        "bool",
        "The whole text only stands in for one, such as `<noinput>`, `N/A`, `null` or `...`. A "
        "bare “none” or “unknown” may be an answer and is not counted.",
        "each must not stand_in(reply.text)",
    ),
    _entry(
        "unfilled",
        "int",
        "Number of slots left to be filled in: `[Your Name]`, `<noinput>`, lorem ipsum.",
        "each must unfilled(reply.text) == 0",
    ),
    _entry(
        "merged_rows",
        "int",
        "Number of marks of another row inside the text, such as `18. Instruction:` or "
        "`### Response:` at the head of a line.",
        "each must merged_rows(reply.text) == 0",
    ),
    _entry(
        "url_only",
        "bool",
        "The last line of the text is the address of a page and nothing else: a model cannot open "
        "it.",
        "each must not url_only(prompt)",
    ),
    _entry(
        "attachments",
        "int",
        "Number of marks for something that is not in the text, such as `<image attached>`.",
        "each must attachments(prompt) == 0",
    ),
    _entry(
        "echoes",
        "bool",
        "The text begins with all of another, word for word; asked of nine words or more.",
        "each must not echoes(reply.text, prompt)",
        Parameter("other", "text", "the text that it should not repeat"),
    ),
    _entry(
        "repeated_lines",
        "ratio",
        "Share of the text's lines, blank ones aside, that have occurred before in it.",
        "each must repeated_lines(reply.text) <= 30%",
    ),
    _entry(
        "repeated_sentences",
        "ratio",
        "Share of the text's sentences of twelve characters or more that have occurred before in "
        "it.",
        "each must repeated_sentences(reply.text) <= 20%",
    ),
    _entry(
        "opening",
        "text",
        "How the text begins: `upper`, `lower`, `digit`, `other`, or `none` for a blank one. "
        "Letters of scripts without case are `other`.",
        'each must opening(reply.text) == "upper"',
    ),
    _entry(
        "ending",
        "text",
        "How the text ends: its last character where that is a mark, else `letter`, `digit`, or "
        "`none` for a blank one.",
        'each must ending(reply.text) == "."',
    ),
    _entry(
        "in_language",
        "bool",
        "The text may be in that language: false only where others are all but certain (99% of "
        "the guesser's belief, on 40 letters or more), so that short texts are not accused.",
        'each must in_language(reply.text, "en")',
        Parameter("language", "text", "an ISO 639-1 code"),
        extra="data",
    ),
    _entry(
        "grammar_errors",
        "int",
        "Number of grammar errors that a LanguageTool server finds; spelling, typography and style "
        "are left out. The operator says where the server is, or it is started for the check.",
        "each must grammar_errors(reply.text) <= 1",
        Parameter("language", "text", "LanguageTool's code", default="en-US", keyword=True),
        Parameter(
            "disabled", "text|list(text)", "ids of rules to leave out", default="", keyword=True
        ),
        extra="grammar",
    ),
    _entry(
        "sampled",
        "bool",
        "The text is in a sample of all texts, which its content and the seed decide. A costly "
        "rule asks it in its `where`; the report says how many rows were asked.",
        "each where sampled(reply.text, 10%) must grammar_errors(reply.text) <= 1",
        Parameter("share", "share", "how many of the texts", minimum=0, maximum=1),
        Parameter("seed", "int", "seed", default=0, keyword=True, minimum=0, maximum=2**63 - 1),
    ),
)
