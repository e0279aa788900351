"""Why a worker gives up, in a way that its user can mend."""

from __future__ import annotations


class CannotTrain(Exception):
    """A mistake of the spec, its files or the machine; ``code`` is a diagnostic's."""

    def __init__(self, code: str, message: str, help_: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.help = help_
