"""Functions over the turns of a conversation: roles, order, contents, what is learned."""

from __future__ import annotations

from ftdsl.language.catalog.entry import Cost, FunctionEntry, Parameter, Scope

_MESSAGES = Parameter("messages", "list(message)", "the turns, as `messages` gives them")
_ROW = Parameter("row", "row", "the whole row")


def _over_messages(name: str, result: str, doc: str, example: str) -> FunctionEntry:
    return FunctionEntry(name, (_MESSAGES,), result, Scope.ROW, Cost.CHEAP, doc, example)


def _over_row(name: str, result: str, doc: str, example: str) -> FunctionEntry:
    minimum = 0 if result == "int" else None
    return FunctionEntry(
        name, (_ROW,), result, Scope.ROW, Cost.CHEAP, doc, example, minimum=minimum
    )


FUNCTIONS: tuple[FunctionEntry, ...] = (
    _over_messages(
        "known_roles",
        "bool",
        "Every turn's role is system, developer, user, assistant or tool, or the older function.",
        "each must known_roles(messages)",
    ),
    _over_messages(
        "alternates",
        "bool",
        "User and assistant turns alternate, the user first; system and developer turns are left "
        "out, and tool turns stand only between two assistant turns.",
        "each must alternates(messages)",
    ),
    _over_messages(
        "system_first",
        "bool",
        "System and developer turns stand only before all others.",
        "each must system_first(messages)",
    ),
    _over_messages(
        "last_role",
        "text",
        'Role of the last turn, "" where there is none.',
        'each must last_role(messages) == "assistant"',
    ),
    _over_messages(
        "first_role",
        "text",
        'Role of the first turn after those of system and developer, "" where there is none.',
        'each must first_role(messages) == "user"',
    ),
    FunctionEntry(
        "role_count",
        (_MESSAGES, Parameter("role", "text", "the role to count")),
        "int",
        Scope.ROW,
        Cost.CHEAP,
        "Number of turns with that role.",
        'each must role_count(messages, "system") <= 1',
        minimum=0,
    ),
    _over_row(
        "empty_turns",
        "int",
        "Number of turns whose text is empty or white space; an assistant turn that only calls "
        "tools is not empty.",
        "each must empty_turns(row) == 0",
    ),
    _over_row(
        "targets",
        "int",
        "Number of assistant turns that are learned: those whose `weight` is not 0.",
        "each must targets(row) >= 1",
    ),
    _over_row(
        "bad_weights",
        "int",
        "Number of turns with a `weight` other than 0 and 1, or with a `weight` that are not the "
        "assistant's.",
        "each must bad_weights(row) == 0",
    ),
    _over_row(
        "bad_parts",
        "int",
        "Number of content parts that are not in OpenAI's form: `text`, `image_url` (a web address "
        "or a base64 data URL), `input_audio`, `file` and `refusal`.",
        "each must bad_parts(row) == 0",
    ),
)
