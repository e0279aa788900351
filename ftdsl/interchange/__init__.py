"""Evals of other tools as specs, and specs as tasks and logs of other tools."""
