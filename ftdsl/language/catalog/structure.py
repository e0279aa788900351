"""Functions over the turns of a conversation: roles, order, tool calls."""

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
        "Every turn's role is system, developer, user, assistant or tool.",
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
        "tool_calls",
        "int",
        "Number of tool calls in the row's assistant turns.",
        "each where tool_calls(row) > 0 must tool_calls_parse(row)",
    ),
    _over_row(
        "tool_calls_parse",
        "bool",
        "The arguments of every tool call are a JSON object (or text that parses to one).",
        "each must tool_calls_parse(row)",
    ),
    _over_row(
        "tool_calls_declared",
        "bool",
        "Every tool that is called is declared in the row's `tools`.",
        "each must tool_calls_declared(row)",
    ),
    _over_row(
        "tool_results_paired",
        "bool",
        "Every tool turn answers a call of an earlier assistant turn by its id, and each call is "
        "answered at most once.",
        "each must tool_results_paired(row)",
    ),
)
