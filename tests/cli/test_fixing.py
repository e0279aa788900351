"""``validate --fix`` and ``--diff`` as a user runs them."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.cli.project import GOOD, SPEC, Project, row

_SPEC = SPEC.replace(
    "  rule enough",
    "  rule trimmed { each must strip(reply.text) == reply.text }\n"
    "  rule fenced { each must fences_closed(reply.text) }\n\n  rule enough",
)
_GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def untidy(project: Project) -> Project:
    """Two rows with white space at their ends, an exact duplicate, and an open fence."""
    project.spec(_SPEC)
    rows = [
        *GOOD,
        row("t-5", "Can I pay later?", "  Yes, within a month. "),
        row("t-6", "When is it here?", "The tracking link shows when it arrives."),
        row("t-7", "Show me.", "```sh\nship --now"),
    ]
    project.rows("data/support.jsonl", rows)
    return project


def test_fixed_copies_are_written_and_the_data_is_not(untidy: Project) -> None:
    source = untidy.root / "data/support.jsonl"
    before = source.read_bytes(), source.stat().st_mtime_ns
    done = untidy.run("validate", "support.ftspec", "--fix", "--out", "fixed")
    assert (source.read_bytes(), source.stat().st_mtime_ns) == before
    assert done.returncode == 1, done.stdout
    assert "2 findings fixed, 1 left; --unsafe-fixes may fix 1 of them" in done.stdout
    fixed = (untidy.root / "fixed/data/support.jsonl").read_text().splitlines()
    assert len(fixed) == 6
    assert json.loads(fixed[4])["messages"][1]["content"] == "Yes, within a month."
    old = before[0].decode().splitlines()
    assert fixed[:4] == old[:4]
    assert fixed[5] == old[6]
    assert sorted(p.name for p in (untidy.root / "fixed").iterdir()) == ["data", "fixes.diff"]


def test_unsafe_fixes_leave_nothing(untidy: Project) -> None:
    words = ("validate", "support.ftspec", "--fix", "--unsafe-fixes", "--out", "fixed")
    done = untidy.run(*words)
    assert done.returncode == 0, done.stdout
    assert "3 findings fixed, 0 left" in done.stdout
    shutil.copy(untidy.root / "fixed/data/support.jsonl", untidy.root / "data/support.jsonl")
    again = untidy.run(*words[:-1], "again")
    assert again.returncode == 0
    assert "0 findings fixed, 0 left" in again.stdout
    assert list((untidy.root / "again").iterdir()) == []


def test_the_diff_is_shown_and_nothing_written(untidy: Project) -> None:
    before = sorted(untidy.root.iterdir())
    done = untidy.run("validate", "support.ftspec", "--diff", "--unsafe-fixes")
    assert done.returncode == 1
    assert "--- a/data/support.jsonl" in done.stdout
    assert "Yes, within a month. " in done.stdout
    assert {p.name for p in set(untidy.root.iterdir()) - set(before)} <= {".ftdsl"}
    untidy.rows("data/support.jsonl", GOOD)
    assert untidy.run("validate", "support.ftspec", "--diff").returncode == 0


def test_what_the_terminal_and_the_diff_say(untidy: Project, record: bool) -> None:
    done = untidy.run("validate", "support.ftspec", "--fix", "--out", "fixed", "--workers", "1")
    text = "\n".join(
        line.split(",")[0] if "steps" in line else line for line in done.stdout.splitlines()
    )
    text += "\n\n" + (untidy.root / "fixed/fixes.diff").read_text()
    golden = _GOLDEN / "fix.txt"
    if record:
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def test_json_has_the_fixes(untidy: Project) -> None:
    found = untidy.json("validate", "support.ftspec", "--fix", "--out", "fixed")
    assert {f["name"]: f["value"] for f in found["facts"]} == {
        "drop_exact_duplicate": "1 of dedup support (safe)",
        "trim": "1 of trimmed (safe)",
    }
    assert [f["fix"] for f in found["findings"]] == ["close_fence"]
    assert found["verdict"] == "fail"


@pytest.mark.code("FT375")
@pytest.mark.parametrize(
    "words",
    [
        ("--fix",),
        ("--unsafe-fixes",),
        ("--fix", "--diff", "--out", "fixed"),
        ("support.ftspec", "other.ftspec", "--fix", "--out", "fixed"),
    ],
)
def test_options_that_do_not_go_together(untidy: Project, words: tuple[str, ...]) -> None:
    untidy.write("other.ftspec", _SPEC)
    done = untidy.run("validate", "support.ftspec", *words)
    assert done.returncode == 2
    assert "FT375" in done.stdout + done.stderr


@pytest.mark.code("FT376")
def test_folders_that_are_refused(untidy: Project) -> None:
    root = untidy.root
    (root / ".git").mkdir()
    (root / "elsewhere").mkdir()
    (root / "link").symlink_to("elsewhere")
    (root / "through").mkdir()
    (root / "through/data").symlink_to("../elsewhere")
    (root / "file").touch()
    before = (root / "data/support.jsonl").read_bytes()
    for out in (".", "..//project", ".git", ".git/fixed", "link", "through", "file"):
        done = untidy.run("validate", "support.ftspec", "--fix", "--out", out)
        told = done.stdout + done.stderr
        assert done.returncode == 2, (out, told)
        assert "FT376" in told, (out, told)
    assert (root / "data/support.jsonl").read_bytes() == before
    assert list((root / "elsewhere").iterdir()) == []
    assert list((root / ".git").iterdir()) == []
    assert not list(root.glob(".ftdsl-fixing-*"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(untidy: Project) -> None:
    (untidy.root / "closed").mkdir(mode=0o555)
    done = untidy.run("validate", "support.ftspec", "--fix", "--out", "closed/fixed")
    assert done.returncode == 2
    assert "FT253" in done.stdout + done.stderr


def test_statistics_count_and_show_no_row(untidy: Project) -> None:
    done = untidy.run("validate", "support.ftspec", "--statistics")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["1", "FT350", "[", "]", "support.fenced", "close_fence", "(unsafe)"]
    assert lines[1].split() == ["1", "FT350", "[*]", "support.trimmed", "trim", "(safe)"]
    assert "t-7" not in done.stdout


def test_rows_lists_every_row_of_a_rule(untidy: Project) -> None:
    untidy.rows("data/support.jsonl", [row(f"r-{n}", "q?", f"a{n} ") for n in range(45)])
    shown = untidy.run("validate", "support.ftspec").stdout
    assert shown.count("trimmed: must") == 10
    assert "… and 35 more: ftdsl rows support.ftspec trimmed" in shown
    found = untidy.json("rows", "support.ftspec", "trimmed")["findings"]
    assert [f["row_id"] for f in found] == [f"r-{n}" for n in range(45)]
    assert {(f["turn"], f["role"], tuple(f["highlight"])) for f in found} >= {
        (1, "assistant", (2, 3))
    }
    lines = untidy.run("rows", "support.ftspec", "trimmed", "--output", "jsonl").stdout
    assert sum('"kind": "finding"' in line for line in lines.splitlines()) == 45


def test_a_waiver_that_excuses_nothing_leaves_a_copy_of_the_spec(untidy: Project) -> None:
    """With the diff, as an unsafe fix; one that is needed stays, and so do comments."""
    waivers = (
        "\n# long ago\nwaive support.short {\n"
        '  rows   = ids("t-1")\n  reason = "kept"\n  until  = 2999-12-31\n}\n'
        "\nwaive support.trimmed {\n"
        '  rows   = ids("t-5")\n  reason = "as it was said"\n  until  = 2999-12-31\n}\n'
    )
    spec = untidy.spec(_SPEC + waivers)
    told = untidy.run("validate", "support.ftspec")
    assert "= fix: delete_idle_waiver (unsafe)" in told.stdout
    safe = untidy.run("validate", "support.ftspec", "--fix", "--out", "safe")
    assert not (untidy.root / "safe/support.ftspec").exists()
    assert "FT352" in safe.stdout
    words = ("validate", "support.ftspec", "--fix", "--unsafe-fixes", "--out", "fixed")
    done = untidy.run(*words)
    assert done.returncode == 0, done.stdout
    assert "FT352" not in "".join(done.stdout.partition("delete_idle_waiver")[::2][:1])
    fixed = (untidy.root / "fixed/support.ftspec").read_text()
    assert spec.read_text() == _SPEC + waivers
    assert "support.short" not in fixed
    assert fixed.endswith("# long ago\n" + waivers[waivers.index("\nwaive support.trimmed") :])
    assert untidy.run("check", "fixed/support.ftspec").returncode == 0
    assert "+++ b/support.ftspec" in (untidy.root / "fixed/fixes.diff").read_text()
