"""The step ``dataset``: which files a dataset is made of, and the digests of their bytes."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ftdsl.data.faults import refusal
from ftdsl.data.files import resolve_files
from ftdsl.engine.context import Context
from ftdsl.language.program import DatasetDef
from ftdsl.plan.digests import DIGESTS_FILE, FileDigests
from ftdsl.plan.steps import DatasetStep
from ftdsl.results.models import DatasetOutput, FileInfo


def run_dataset(step: DatasetStep, context: Context) -> DatasetOutput:
    """List and digest the files of the step's dataset. Raises Refused (FT300-FT304)."""
    digests = FileDigests(context.cache / DIGESTS_FILE)
    files = _digest(step.dataset, context.root, digests)
    digests.save()
    return DatasetOutput(name=step.name, files=files, digest=files_digest(files))


def digest_files(dataset: DatasetDef, root: Path) -> tuple[FileInfo, ...]:
    """The dataset's files in reading order with size in bytes and SHA-256."""
    return _digest(dataset, root, FileDigests(root / ".ftdsl" / "cache" / DIGESTS_FILE))


def files_digest(files: tuple[FileInfo, ...]) -> str:
    """One SHA-256 over the files' paths, splits and digests, in order."""
    whole = hashlib.sha256()
    for file in files:
        whole.update(f"{file.path}\0{file.split or ''}\0{file.sha256}\n".encode())
    return whole.hexdigest()


def _digest(dataset: DatasetDef, root: Path, digests: FileDigests) -> tuple[FileInfo, ...]:
    infos = []
    for file in resolve_files(dataset, root):
        try:
            facts = digests.facts(file.full, cut=file.format == "jsonl")
        except OSError as error:
            raise refusal(
                "FT303", f"`{file.path}` cannot be read: {error.strerror}", file.span, "", file.path
            ) from None
        file.assert_unchanged()
        infos.append(
            FileInfo(path=file.path, size=facts.size, sha256=facts.sha256, split=file.split)
        )
    return tuple(infos)
