"""The built-in row formats and the parts of a row that each offers by name."""

from __future__ import annotations

from ftdsl.language.catalog.entry import FormatEntry, ViewEntry

_CONVERSATION = (
    ViewEntry("row", "row", "the whole row"),
    ViewEntry("messages", "list(message)", "the turns, each with its role and content"),
    ViewEntry("turns", "int", "number of turns", minimum=0),
    ViewEntry("prompt", "text", "all turns before the last assistant turn, without the system's"),
    ViewEntry("system", "text?", "the system turn"),
    ViewEntry("reply.text", "text", 'the last assistant turn, "" if there is none'),
)

_PAIR = (
    *_CONVERSATION,
    ViewEntry("chosen.text", "text", "the reply that was preferred"),
    ViewEntry("rejected.text", "text", "the reply that was not"),
)

ANSWER_VIEWS = (
    ViewEntry("output", "text", "the model's answer"),
    ViewEntry("output.latency", "duration", "time until the answer was whole", minimum=0),
    ViewEntry(
        "output.first_token",
        "duration",
        "time until its first token: makes the model stream its answers",
        minimum=0,
    ),
    ViewEntry("output.tokens", "int", "tokens of the answer, as the server counts them", minimum=0),
    ViewEntry("output.cost", "money", "what it costs at the price of its model", minimum=0),
    ViewEntry(
        "output.confidence",
        "float",
        "how likely the model found its own tokens: the geometric mean of their probabilities, "
        "where the server tells them (`logprobs`)",
        minimum=0,
    ),
    ViewEntry("output.finish_reason", "text", "why it ended, such as `stop` or `length`"),
)
"""What a score may read of an answer. A case whose answer lacks it is unscored."""

PLAIN_VIEWS = (ViewEntry("row", "row", "the whole row"),)

FORMATS: tuple[FormatEntry, ...] = (
    FormatEntry(
        "conversation",
        _CONVERSATION,
        "What all row formats have in common; rule sets may be written for it.",
        abstract=True,
    ),
    FormatEntry("chat", _CONVERSATION, "`messages` with role and content", "conversation"),
    FormatEntry("completion", _CONVERSATION, "`prompt` and `completion`", "conversation"),
    FormatEntry(
        "alpaca",
        (
            *_CONVERSATION,
            ViewEntry("instruction", "text", "the task"),
            ViewEntry("input", "text?", "the task's input"),
        ),
        "`instruction`, `input` and `output`",
        "conversation",
    ),
    FormatEntry("sharegpt", _CONVERSATION, "`conversations` with from and value", "conversation"),
    FormatEntry("preference", _PAIR, "a prompt with `chosen` and `rejected`", "conversation"),
    FormatEntry(
        "openai_preference",
        _PAIR,
        "`input` with messages, `preferred_output` and `non_preferred_output`",
        "preference",
    ),
    FormatEntry(
        "kto",
        (*_PAIR, ViewEntry("label", "bool", "whether the completion is wanted")),
        "`prompt`, `completion` and `label`",
        "conversation",
    ),
)
