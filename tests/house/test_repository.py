"""The repository as a stranger finds it: licence files, packaged data, no paths of a machine."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def tracked() -> list[Path]:
    done = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_licence_and_notice_are_packaged() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for name in project["license-files"]:
        assert (ROOT / name).is_file()


def test_no_machine_path_and_no_registry_host() -> None:
    words = ["/" + "work/", "pypi" + ".org", "files.python" + "hosted", "/" + "root/"]
    for path in tracked():
        if path.suffix in {".png", ".gguf", ".gz", ".zst", ".parquet", ".safetensors"}:
            continue
        text = path.read_bytes().decode("utf-8", errors="replace")
        for word in words:
            assert word not in text, f"{path.relative_to(ROOT)} names {word}"


def test_version_has_a_changelog_entry() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"## {project['version']}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_test_modules_have_names_of_their_own() -> None:
    """They are imported by their bare names, for their folders are no packages."""
    names = [path.name for path in tracked() if path.name.startswith("test_")]
    assert len(names) == len(set(names)), [name for name in set(names) if names.count(name) > 1]


def test_large_files_stay_out() -> None:
    for path in tracked():
        assert path.stat().st_size <= 1_000_000, f"{path.relative_to(ROOT)} is over 1 MB"
