"""Codes of the plan family."""

from __future__ import annotations

from ftdsl.diagnostics.codes.code import Code

CODES: tuple[Code, ...] = ()
