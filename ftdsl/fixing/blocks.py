"""Mends a block of lines: first what keeps a line from being read, then the rows."""

from __future__ import annotations

from collections.abc import Iterable

from ftdsl.data.lines import LineBlock
from ftdsl.data.records import line_records
from ftdsl.fixing.lines import BOM, LINE_FIXES
from ftdsl.fixing.rows import Applied, RowRepair
from ftdsl.language import catalog
from ftdsl.language.catalog.entry import FixEntry
from ftdsl.language.remedies import fixes_for

_ROUNDS = 6


class LineRepair:
    """The line fixes that are allowed, and the row fixes behind them. ``repairs`` are those of
    every dataset that reads the file; a file that several read is mended for each in turn."""

    def __init__(self, repairs: Iterable[RowRepair], unsafe: bool) -> None:
        self._repairs = tuple(repairs)
        self._allowed = {"safe", "unsafe"} if unsafe else {"safe"}

    def repaired(self, block: LineBlock, applied: Applied) -> list[list[bytes]]:
        """For each line of ``block`` the lines that take its place; most stand for themselves."""
        if block.too_long:
            return [[one] for one in block.lines]
        found = [[one] for one in block.lines]
        for index in self._faulty(block):
            unfinished = block.unfinished and index == len(block.lines) - 1
            is_first = block.first_line == 1 and index == 0
            found[index] = self._mended(block.lines[index], unfinished, is_first, applied)
        return self._rows(found, applied)

    def rows(self, sources: list[bytes], applied: Applied) -> list[bytes | None]:
        """``sources``, each one JSON object, after the row fixes; None for one that goes."""
        found: list[bytes | None] = list(sources)
        for repair in self._repairs:
            there = [k for k, one in enumerate(found) if one is not None]
            mended = repair.repaired([one for one in found if one is not None], applied)
            for k, one in zip(there, mended, strict=True):
                found[k] = one
        return found

    def allows(self, fix: FixEntry) -> bool:
        """Whether ``fix`` may be applied."""
        return fix.applicability in self._allowed

    def may(self, name: str) -> bool:
        """Whether the fix of that name may be applied."""
        return self.allows(catalog.FIXES[name])

    def _faulty(self, block: LineBlock) -> list[int]:
        """Indices of the lines that have a fault which some line fix mends."""
        faults = line_records(block).faults
        known = {one.line for one in faults if one.line and self._fixes(one.code)}
        return sorted(line - block.first_line for line in known)

    def _fixes(self, code: str) -> list[str]:
        return [one.name for one in fixes_for(code) if one.kind == "line" and self.allows(one)]

    def _mended(
        self, line: bytes, unfinished: bool, is_first: bool, applied: Applied
    ) -> list[bytes]:
        """The lines that take the place of ``line``. A fix is kept if its fault is gone then."""
        lines = [line]
        for _ in range(_ROUNDS):
            changed = False
            for code in _codes(lines, unfinished):
                for name in self._fixes(code):
                    better = _replaced(lines, name, code, unfinished)
                    if better is not None:
                        is_mark = is_first and line.startswith(BOM) and code == "FT323"
                        applied["FT324" if is_mark else code, name] += 1
                        lines, changed = better, True
                        break
                if changed:
                    break
            if not changed:
                break
        return lines

    def _rows(self, found: list[list[bytes]], applied: Applied) -> list[list[bytes]]:
        mended = iter(self.rows([one for lines in found for one in lines], applied))
        return [
            [one for one in (next(mended) for _ in lines) if one is not None] for lines in found
        ]


def _codes(lines: list[bytes], unfinished: bool) -> list[str]:
    """Codes of the faults of ``lines``, each once."""
    if not lines:
        return []
    faults = line_records(LineBlock(1, 0, b"\n".join(lines), unfinished)).faults
    return list(dict.fromkeys(one.code for one in faults))


def _replaced(lines: list[bytes], name: str, code: str, unfinished: bool) -> list[bytes] | None:
    """The lines after one fix; None where it changes nothing or the fault stays."""
    better: list[bytes] = []
    for line in lines:
        if code not in _codes([line], unfinished):
            better.append(line)
            continue
        mended = LINE_FIXES[name](line)
        better += [line] if mended is None else mended
    if better == lines or code in _codes(better, unfinished):
        return None
    return better
