"""Intervals and tests of what was scored: pure functions of numbers."""
