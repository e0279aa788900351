"""The small project of the command line, for what runs the command line."""

from tests.cli.conftest import project

__all__ = ["project"]
