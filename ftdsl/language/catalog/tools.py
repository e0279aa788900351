"""Functions over the tools of a row: what is declared, called and answered."""

from __future__ import annotations

from ftdsl.language.catalog.entry import Cost, FunctionEntry, Parameter, Scope

_ROW = Parameter("row", "row", "the whole row")


def _over_row(name: str, result: str, doc: str, example: str, extra: str = "") -> FunctionEntry:
    minimum = 0 if result == "int" else None
    return FunctionEntry(
        name, (_ROW,), result, Scope.ROW, Cost.CHEAP, doc, example, extra, minimum=minimum
    )


FUNCTIONS: tuple[FunctionEntry, ...] = (
    _over_row(
        "tool_calls",
        "int",
        "Number of tool calls in the row's assistant turns: OpenAI's `tool_calls` and the older "
        "`function_call`, and ShareGPT's `function_call` turns.",
        "each where tool_calls(row) > 0 must tool_calls_parse(row)",
    ),
    _over_row(
        "tool_calls_parse",
        "bool",
        "The arguments of every tool call are a JSON object (or text that parses to one).",
        "each must tool_calls_parse(row)",
    ),
    _over_row(
        "object_arguments",
        "int",
        "Number of tool calls whose arguments are an object itself, and not the JSON text of one "
        "that OpenAI's format wants.",
        "each must object_arguments(row) == 0",
    ),
    _over_row(
        "tool_calls_declared",
        "bool",
        "Every tool that is called is declared in the row's `tools` (a list, or JSON text of one).",
        "each must tool_calls_declared(row)",
    ),
    _over_row(
        "tool_results_paired",
        "bool",
        "Every tool turn answers a call of the assistant turn before it, by its id or, where "
        "neither has one, in order; and no call is answered twice.",
        "each must tool_results_paired(row)",
    ),
    _over_row(
        "tool_calls_answered",
        "bool",
        "Every call is answered before the conversation goes on. The calls of the last turn need "
        "no answer.",
        "each must tool_calls_answered(row)",
    ),
    _over_row(
        "tool_call_ids_unique",
        "bool",
        "No two calls of the row have the same id.",
        "each must tool_call_ids_unique(row)",
    ),
    _over_row(
        "tool_arguments_valid",
        "bool",
        "The arguments of every call conform to the JSON Schema of their tool. Null arguments that "
        "`padded_arguments` counts are left out; undeclared tools and broken schemas are for "
        "`tool_calls_declared` and `tool_schemas_valid` to say.",
        "each must tool_arguments_valid(row)",
        "data",
    ),
    _over_row(
        "padded_arguments",
        "int",
        "Number of arguments that are null though their tool neither requires them nor allows "
        "null: what a columnar file makes of calls with different arguments.",
        "each must padded_arguments(row) == 0",
        "data",
    ),
    _over_row(
        "unknown_arguments",
        "int",
        "Number of arguments that their tool does not declare, where its schema lists what it "
        "takes and does not say that it takes more.",
        "each must unknown_arguments(row) == 0",
        "data",
    ),
    _over_row(
        "tool_schemas_valid",
        "bool",
        "The argument schema of every declared tool is a valid JSON Schema.",
        "each must tool_schemas_valid(row)",
        "data",
    ),
)
