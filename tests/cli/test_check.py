"""``ftdsl check`` as a user types it: verdicts, excerpts, fixes, and the cache of diagnostics."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.project import SPEC, Project

SIX = Path(__file__).parent / "six_mistakes.ftspec"


def test_a_right_spec_says_so_and_quietly_says_nothing(project: Project) -> None:
    done = project.run("check", "support.ftspec")
    assert (done.returncode, done.stdout, done.stderr) == (0, "1 spec right\n", "")
    done = project.run("check", "-q", "support.ftspec")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_an_error_is_shown_where_it_is(project: Project) -> None:
    project.spec(SPEC.replace("lang:      text", "lang:      txt"))
    done = project.run("check", "support.ftspec")
    assert done.returncode == 1
    assert "support.ftspec:7:14: error[" in done.stdout
    assert "  lang:      txt" in done.stdout
    assert "help: did you mean `text`?" in done.stdout
    assert done.stdout.rstrip().endswith("1 error")


def test_six_planted_mistakes_are_six_located_diagnostics(project: Project) -> None:
    shutil.copy(SIX, project.root / "six.ftspec")
    found = project.json("check", "six.ftspec")
    wrong = SIX.read_text(encoding="utf-8").splitlines()
    planted = [n for n, line in enumerate(wrong, start=1) if "# mistake" in line]
    assert len(planted) == 6
    assert [each["line"] for each in found["findings"]] == planted
    assert all(each["code"].startswith("FT") for each in found["findings"])
    assert all(each["column"] and each["help"] and each["message"] for each in found["findings"])
    assert len({each["code"] for each in found["findings"]}) == 6
    assert found["verdict"] == "fail"
    shown = project.run("check", "six.ftspec").stdout
    assert shown.count("error[FT") == 6
    assert shown.count("help: ") == 6


def test_safe_fixes_are_applied_on_request(project: Project) -> None:
    project.spec(SPEC.replace("lang:      text", "lang:      txt"))
    done = project.run("check", "--fix", "support.ftspec")
    assert done.returncode == 0, done.stdout
    assert (project.root / "support.ftspec").read_text() == SPEC


def test_a_folder_stands_for_its_specs(project: Project) -> None:
    project.write("more/other.ftspec", SPEC.replace("support", "other"))
    done = project.run("check", ".")
    assert (done.returncode, done.stdout) == (0, "2 specs right\n")


def test_the_same_mistake_of_an_imported_file_is_told_once(project: Project) -> None:
    project.write("house.ftspec", "ftspec 1\n\nruleset r for chat { rule a { each must nix } }\n")
    text = SPEC.replace("ftspec 1\n", 'ftspec 1\n\nimport "./house.ftspec" as house\n')
    project.spec(text.replace("check support {\n", "check support {\n  use house.r\n"))
    project.write("two.ftspec", (project.root / "support.ftspec").read_text())
    found = project.json("check", "support.ftspec", "two.ftspec")
    assert [each["path"] for each in found["findings"]] == ["house.ftspec"]


class TestCache:
    """An answer from the cache is the answer that checking would give."""

    @staticmethod
    def parses(project: Project, *words: str) -> bool:
        """Whether the parser was needed to answer."""
        done = project.run("check", *words, environment={"PYTHONPROFILEIMPORTTIME": "1"})
        return " ftdsl.language.parsing.parser" in done.stderr

    def test_an_unchanged_spec_is_not_parsed(self, project: Project) -> None:
        assert self.parses(project, "support.ftspec")
        assert not self.parses(project, "support.ftspec")
        assert self.parses(project, "--no-cache", "support.ftspec")

    @pytest.mark.parametrize("format_", ["full", "json", "concise", "github", "markdown"])
    def test_the_same_is_printed(self, project: Project, format_: str) -> None:
        project.spec(SPEC.replace("words(reply.text)", "wrods(reply.txt)"))
        words = ("check", "support.ftspec", "--output", format_)
        first, second = project.run(*words), project.run(*words)
        assert first.returncode == second.returncode == 1
        assert first.stdout == second.stdout

    def test_a_change_is_seen(self, project: Project) -> None:
        assert project.run("check", "support.ftspec").returncode == 0
        project.spec(SPEC.replace("ticket extends", "tickt extends"))
        assert project.run("check", "support.ftspec").returncode == 1

    def test_a_change_of_an_import_is_seen(self, project: Project) -> None:
        rule = "ftspec 1\n\nruleset r for chat { rule a { each must words(prompt) > 0 } }\n"
        project.write("house.ftspec", rule)
        text = SPEC.replace("ftspec 1\n", 'ftspec 1\n\nimport "./house.ftspec" as house\n')
        project.spec(text.replace("check support {\n", "check support {\n  use house.r\n"))
        assert project.run("check", "support.ftspec").returncode == 0
        assert not self.parses(project, "support.ftspec")
        project.write("house.ftspec", rule.replace("words", "wrods"))
        assert project.run("check", "support.ftspec").returncode == 1

    def test_an_import_that_appears_is_seen(self, project: Project) -> None:
        text = SPEC.replace("ftspec 1\n", 'ftspec 1\n\nimport "./house.ftspec" as house\n')
        project.spec(text.replace("check support {\n", "check support {\n  use house.r\n"))
        assert project.run("check", "support.ftspec").returncode == 1
        rule = "ftspec 1\n\nruleset r for chat { rule a { each must words(prompt) > 0 } }\n"
        project.write("house.ftspec", rule)
        assert project.run("check", "support.ftspec").returncode == 0

    def test_another_value_of_a_let_is_another_question(self, project: Project) -> None:
        assert project.run("check", "support.ftspec").returncode == 0
        done = project.run("check", "support.ftspec", "--set", 'longest="many"')
        assert done.returncode == 1
        assert project.run("check", "support.ftspec").returncode == 0

    def test_a_damaged_entry_is_no_entry(self, project: Project) -> None:
        project.run("check", "support.ftspec")
        entries = list(Path(project.environment["XDG_CACHE_HOME"]).rglob("*.json"))
        assert len(entries) == 1
        for damage in (b"", b"{", b"[]", b'{"format": 1}', b"\xff", b'{"format": 1, "files": 3}'):
            entries[0].write_bytes(damage)
            assert project.run("check", "support.ftspec").stdout == "1 spec right\n"

    def test_an_entry_of_another_spec_is_not_believed(self, project: Project) -> None:
        project.run("check", "support.ftspec")
        entry = next(Path(project.environment["XDG_CACHE_HOME"]).rglob("*.json"))
        kept = json.loads(entry.read_text())
        kept["files"] = dict.fromkeys(kept["files"], "0" * 64)
        kept["diagnostics"] = []
        entry.write_text(json.dumps(kept))
        assert self.parses(project, "support.ftspec")

    def test_a_cache_that_cannot_be_written_costs_only_time(self, project: Project) -> None:
        environment = {"XDG_CACHE_HOME": "/proc/nothing"}
        done = project.run("check", "support.ftspec", environment=environment)
        assert (done.returncode, done.stderr) == (0, "")
