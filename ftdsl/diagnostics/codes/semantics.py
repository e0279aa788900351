"""Codes of meaning: names, types, units, blocks and what they refer to (FT100 to FT199)."""

from __future__ import annotations

from ftdsl.diagnostics.codes import names, rules
from ftdsl.diagnostics.codes.code import Code

CODES: tuple[Code, ...] = tuple(sorted((*names.CODES, *rules.CODES), key=lambda one: one.code))
