"""How a report is to look on this terminal: colors, width, how much is said."""

from __future__ import annotations

from ftdsl.record import record

_CODES = {
    "bold": "1",
    "dim": "2",
    "red": "1;31",
    "green": "1;32",
    "yellow": "1;33",
    "blue": "1;34",
    "cyan": "36",
}


@record
class Style:
    """``width`` in columns. ``quiet`` shows problems only, ``verbose`` all that was found."""

    color: bool = False
    width: int = 100
    quiet: bool = False
    verbose: bool = False

    def paint(self, text: str, *tones: str) -> str:
        """``text`` in the named tones where color is wanted."""
        if not self.color or not tones:
            return text
        codes = ";".join(_CODES[tone] for tone in tones)
        return f"\x1b[{codes}m{text}\x1b[0m"
