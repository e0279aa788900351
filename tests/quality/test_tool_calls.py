"""Tool calls are found in whatever keys a turn has."""

from __future__ import annotations

from ftdsl.data.rows import row_value
from ftdsl.quality.measures.tool_calls import tool_calls, tool_calls_parse


def test_a_turn_that_calls_and_has_no_content() -> None:
    call = {"type": "function", "function": {"name": "f", "arguments": "{"}}
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "tool_calls": [call]}]
    row = row_value({"messages": turns}, "chat")
    assert tool_calls(row) == 1
    assert not tool_calls_parse(row)
