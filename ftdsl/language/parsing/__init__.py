"""From text to tree: the LALR(1) machine, and what it makes of mistakes."""
