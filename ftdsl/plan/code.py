"""A digest of the code that gives kept answers their meaning, so that nobody raises a number."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import ftdsl


@cache
def code_digest(folders: tuple[str, ...], libraries: tuple[str, ...], also: str = "") -> str:
    """SHA-256 over ftdsl's version, the sources below ``folders`` of the package, the installed
    versions of ``libraries`` (empty where one is not there), and ``also``."""
    whole = hashlib.sha256(f"{ftdsl.__version__} {also}".encode())
    package = Path(ftdsl.__file__).parent
    for source in _sources(package, folders):
        whole.update(f"\0{source.relative_to(package).as_posix()}\0".encode())
        whole.update(source.read_bytes())
    for library in libraries:
        try:
            found = version(library)
        except PackageNotFoundError:
            found = ""
        whole.update(f"\0{library} {found}".encode())
    return whole.hexdigest()


def _sources(package: Path, folders: Iterable[str]) -> Iterable[Path]:
    for folder in folders:
        yield from sorted((package / folder).rglob("*.py"))
