"""The scores of a locked baseline case by case, so that a gate compares pairs.

They lie in ``ftspec.cases/`` beside the lock, in a file that is named by the digest of its bytes,
which the lock names. A line holds the digest of a case and its scores, and nothing of its texts.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Refused
from ftdsl.engine.store import replace_text
from ftdsl.plan.lock_model import Lock
from ftdsl.results.scored import ScoredCase

FOLDER = "ftspec.cases"
_DIGITS = 32
_NAME = re.compile(r"[0-9a-f]{32}\Z")
_LARGEST = 256 << 20

CaseScores = Mapping[str, Mapping[str, float]]
"""Key of a case → score → value."""


@dataclass(slots=True)
class CaseFiles:
    """The files that a lock is about to name: digest → text."""

    texts: dict[str, str] = field(default_factory=dict)

    def keep(self, names: Iterable[str], cases: Iterable[ScoredCase]) -> str:
        """The digest of the file with the scores ``names`` of these cases."""
        text = render(names, cases)
        digest = _digest(text.encode())
        self.texts[digest] = text
        return digest

    def missing(self, root: Path, spec: str, lock: Lock) -> bool:
        """Whether a file that ``lock`` names is not there yet."""
        return any(
            digest in self.texts and not (root / cases_path(spec, digest)).is_file()
            for digest in _named(lock)
        )

    def write(self, root: Path, spec: str, lock: Lock) -> None:
        """Write the files that ``lock`` names, and take away those that it names no longer. Raises
        OSError."""
        folder = root / PurePosixPath(spec).parent / FOLDER
        named = _named(lock)
        for digest in named & self.texts.keys():
            folder.mkdir(exist_ok=True)
            replace_text(root / cases_path(spec, digest), self.texts[digest])
        for old in folder.glob("*.tsv") if folder.is_dir() else ():
            if _NAME.match(old.stem) and old.stem not in named:
                old.unlink()


def cases_path(spec: str, digest: str) -> str:
    """Root-relative path of the file with this digest."""
    return (PurePosixPath(spec).parent / FOLDER / f"{digest}.tsv").as_posix()


def render(names: Iterable[str], cases: Iterable[ScoredCase]) -> str:
    """Sorted by the cases' keys, so that the same scores are the same bytes. A field without a
    value is a score that the case does not have."""
    columns = sorted(names)
    lines = {
        case.key: "\t".join(
            repr(case.scores[name]) if name in case.scores else "" for name in columns
        )
        for case in cases
    }
    head = "\t".join(["case", *columns])
    return "\n".join([head, *(f"{key}\t{lines[key]}" for key in sorted(lines))]) + "\n"


def read(root: Path, path: str, digest: str) -> CaseScores:
    """The scores in the file at the root-relative ``path``. Raises ``Refused`` (FT580) for a file
    that is not there, or is not what the lock named."""
    place = root / path
    try:
        if not place.resolve().is_relative_to(root.resolve()):
            raise _damaged(path, "it is a link that leads out of the project")
        with place.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
    except OSError as error:
        raise _damaged(path, error.strerror or type(error).__name__) from error
    if _digest(data) != digest:
        raise _damaged(path, "it is not the file that the lock names")
    head, *lines = data.decode("utf-8").splitlines()
    names = head.split("\t")[1:]
    found = {}
    for line in lines:
        key, *values = line.split("\t")
        pairs = zip(names, values, strict=True)
        found[key] = {name: float(value) for name, value in pairs if value}
    return found


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:_DIGITS]


def _named(lock: Lock) -> set[str]:
    return {
        baseline.cases
        for spec in lock.specs.values()
        for baseline in spec.baselines.values()
        if baseline.cases
    }


def _damaged(path: str, why: str) -> Refused:
    return Refused(
        Diagnostic(
            "FT580",
            f"the baseline's cases cannot be read from {path}: {why}",
            Span(path, 0, 0),
            help=f"restore it with `git checkout -- {path}`, or lock again: `ftdsl lock`",
        )
    )
