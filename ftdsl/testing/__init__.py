"""Specs as pytest tests. Imported by ``ftdsl.pytest_plugin`` once a project asks for it."""
