"""What can be asked of one row: its texts, turns, tool calls, tokens and pairs."""
