"""Mends all data files of a plan on a stage: rows first, then what ``dedup`` removes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ftdsl.data.rows import DataFile, resolve_files
from ftdsl.fixing.blocks import LineRepair
from ftdsl.fixing.files import Mended, mend_file
from ftdsl.fixing.rows import Applied, RowRepair
from ftdsl.fixing.stage import Stage
from ftdsl.language.remedies import fixes_for
from ftdsl.plan.steps import CheckStep
from ftdsl.results.models import DedupOutput


@dataclass(slots=True)
class Fixed:
    """What was mended: by file, and how often each fix was applied by (rule, code or drop line,
    fix)."""

    files: dict[str, Mended] = field(default_factory=dict)

    @property
    def applied(self) -> Applied:
        """How often each fix was applied."""
        total = Applied()
        for file in self.files.values():
            total += file.applied
        return total

    @property
    def changed(self) -> tuple[str, ...]:
        """Files that are not as they were, by name."""
        return tuple(sorted(path for path, file in self.files.items() if file.changed))


class Mending:
    """The data files that some check steps read, with the fixes for each."""

    def __init__(self, steps: Iterable[CheckStep], root: Path, unsafe: bool) -> None:
        self._unsafe = unsafe
        self._files: dict[str, DataFile] = {}
        self._steps: dict[str, list[RowRepair]] = defaultdict(list)
        for step in steps:
            repair = RowRepair(step, root, unsafe)
            for file in resolve_files(step.dataset, root):
                self._files.setdefault(file.path, file)
                if repair not in self._steps[file.path]:
                    self._steps[file.path].append(repair)

    def mend(self, stage: Stage, removed: Iterable[DedupOutput] = ()) -> Fixed:
        """Write every file anew on the stage, and the diff of all. Rows that ``removed`` names (by
        their lines in files that were mended before) go as far as a fix for it is allowed. Raises
        Refused (FT300-FT308)."""
        fixed = Fixed()
        dropped = self._dropped(removed)
        with stage.diff.open("wb") as diff:
            for path in sorted(self._files):
                repair = LineRepair(self._steps[path], self._unsafe)
                target = stage.mended(path)
                mended = mend_file(self._files[path], repair, target, diff, dropped.get(path))
                fixed.files[path] = mended
                if mended.changed:
                    stage.accept(path)
                else:
                    stage.reject(path)
        return fixed

    def _dropped(self, removed: Iterable[DedupOutput]) -> dict[str, dict[int, tuple[str, str]]]:
        found: dict[str, dict[int, tuple[str, str]]] = defaultdict(dict)
        allowed = {"safe", "unsafe"} if self._unsafe else {"safe"}
        for output in removed:
            for removal in output.removed:
                fixes = fixes_for(f"drop {removal.method}")
                if fixes and fixes[0].applicability in allowed:
                    key = (f"dedup {output.name}", fixes[0].name)
                    found[removal.path].setdefault(removal.line, key)
        return found
