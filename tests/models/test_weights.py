from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from ftdsl.engine.context import Refused
from ftdsl.language.program import ModelDef
from ftdsl.models import packaged, weights
from ftdsl.models.packaged import PACKAGED, PackagedModel
from ftdsl.models.weights import resolve_model_file

PARTS = (b"GGUF first half, ", b"second half")


def local(**settings: str) -> ModelDef:
    return ModelDef("m", "local", tuple(sorted(settings.items())))


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PackagedModel:
    """Two installed distributions that hold a model's halves, and the table's entry for it."""
    site = tmp_path / "site"
    parts = []
    for number, body in enumerate(PARTS):
        folder = site / f"halves_part{number}"
        info = site / f"halves_part{number}-1.0.dist-info"
        folder.mkdir(parents=True)
        info.mkdir()
        (folder / f"m.gguf.part{number}").write_bytes(body)
        # Importing it would show: nothing of the package may be run.
        (folder / "__init__.py").write_text("raise SystemExit('imported')")
        (info / "METADATA").write_text(f"Name: halves-part{number}\nVersion: 1.0\n")
        (info / "RECORD").write_text(f"halves_part{number}/m.gguf.part{number},,\n")
        parts.append((f"halves-part{number}", f"m.gguf.part{number}"))
    monkeypatch.setattr(sys, "path", [str(site), *sys.path])
    whole = b"".join(PARTS)
    entry = PackagedModel(
        "halves", "pip install halves", "m.gguf", hashlib.sha256(whole).hexdigest(), len(whole),
        tuple(parts), "MIT", "",
    )  # fmt: skip
    monkeypatch.setitem(PACKAGED, "halves", entry)
    return entry


def test_a_packages_parts_are_joined_once_and_checked(
    tmp_path: Path, package: PackagedModel
) -> None:
    found = resolve_model_file(local(package="halves"), tmp_path, tmp_path / "cache")
    assert found.read_bytes() == b"".join(PARTS)
    first = found.stat().st_ino
    again = resolve_model_file(local(package="halves"), tmp_path, tmp_path / "cache")
    assert (again, again.stat().st_ino) == (found, first)
    found.write_bytes(b"X" * package.size)  # the right size and the wrong bytes
    mended = resolve_model_file(local(package="halves"), tmp_path, tmp_path / "cache")
    assert mended.read_bytes() == b"".join(PARTS)


@pytest.mark.code("FT501")
@pytest.mark.usefixtures("package")
def test_other_bytes_under_the_same_name_are_not_used(tmp_path: Path) -> None:
    (part,) = (tmp_path / "site").rglob("*.part1")
    part.write_bytes(b"malicious!!")
    with pytest.raises(Refused) as refused:
        resolve_model_file(local(package="halves"), tmp_path, tmp_path / "cache")
    assert refused.value.diagnostic.code == "FT501"
    assert list((tmp_path / "cache" / "models").iterdir()) == []


@pytest.mark.code("FT500")
@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"path": "none.gguf"}, "does not exist"),
        ({"path": "../outside.gguf"}, "outside the project"),
        ({"path": "link.gguf"}, "outside the project"),
        ({"path": "two"}, "2 .gguf files"),
        ({"package": "unheard-of"}, "no model package"),
        ({}, "neither"),
    ],
)
def test_a_file_that_is_not_there_is_refused(
    tmp_path: Path, settings: dict[str, str], says: str
) -> None:
    root = tmp_path / "project"
    (root / "two").mkdir(parents=True)
    (tmp_path / "outside.gguf").touch()
    (root / "link.gguf").symlink_to(tmp_path / "outside.gguf")
    for name in ("a", "b"):
        (root / "two" / f"{name}.gguf").touch()
    with pytest.raises(Refused, match=says) as refused:
        resolve_model_file(local(**settings), root, tmp_path / "cache")
    assert refused.value.diagnostic.code == "FT500"


def test_a_package_that_is_not_installed_says_how_to_get_it(
    tmp_path: Path, package: PackagedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = replace(package, parts=(("nowhere-to-be-found", "x"),))
    monkeypatch.setitem(PACKAGED, "halves", gone)
    with pytest.raises(Refused) as refused:
        resolve_model_file(local(package="halves"), tmp_path, tmp_path / "cache")
    assert refused.value.diagnostic.help == "run `pip install halves`"


def test_a_folder_with_one_model_is_that_model(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "a.gguf").touch()
    (tmp_path / "one" / "README.md").touch()
    assert resolve_model_file(local(path="one"), tmp_path, tmp_path).name == "a.gguf"


def test_the_table_names_what_is_installed_for_the_demo() -> None:
    assert weights.PACKAGED is packaged.PACKAGED
    assert all(
        len(entry.sha256) == 64 and os.sep not in entry.file_name for entry in PACKAGED.values()
    )
