"""Types, scopes and values of expressions: from a syntax tree's expression to a typed one."""
