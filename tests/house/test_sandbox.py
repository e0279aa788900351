"""Reading a spec runs nothing, reaches nothing and writes nothing: held by Python's audit hook."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SPECS = Path(__file__).parents[1] / "spec"

_PROGRAM = """
import sys
from pathlib import Path

import ftdsl.language.analyze
from ftdsl.language.analyze import analyze
from ftdsl.language.formatting.formatter import format_source
from ftdsl.language.source import Source

root = Path(sys.argv[1])
FORBIDDEN = ("subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "socket.",
             "pickle.", "shutil.", "os.remove", "os.rename", "os.mkdir", "os.link", "os.symlink",
             "os.chmod", "os.putenv", "ctypes.", "webbrowser.", "urllib.", "marshal.loads")

def watch(event, arguments):
    if not watching:
        return
    if event == "open":
        path, mode, flags = arguments
        writes = (mode or "r").strip("rbtU") != "" if isinstance(mode, str) else bool(flags & 3)
        place = Path(str(path)).resolve()
        assert not writes, f"wrote {path}"
        assert place.is_relative_to(root) or "/site-packages/" in str(place) \\
            or place.is_relative_to(sys.base_prefix) or "/ftdsl/std/" in str(place) \\
            or place.suffix in {".py", ".pyc", ".json"}, \\
            f"read {path}"
    assert not event.startswith(FORBIDDEN) or event == "marshal.loads", f"{event} {arguments}"

watching = False
sys.addaudithook(watch)
count = 0
for path in sorted(root.rglob("*.ftspec")):
    watching = True
    analyze(path, root)
    try:
        format_source(Source(path.name, path.read_bytes()))
    finally:
        watching = False
    count += 1
print(count)
"""


@pytest.mark.parametrize("folder", ["ok", "err"])
def test_a_spec_runs_reaches_and_writes_nothing(folder: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(SPECS / folder)],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/nowhere", "HOME": "/nowhere", "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0
