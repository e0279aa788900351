"""Mistakes on the command line: a code, a sentence, what to type instead, and exit code 2."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ftdsl.cli.commands import LATER, SUMMARIES
from ftdsl.diagnostics.codes import CODES
from tests.cli.project import PROGRAM, SPEC, Project, row


def refused(project: Project, code: str, *words: str) -> str:
    """What is said of a command line that cannot be acted on."""
    done = project.run(*words)
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stdout == ""
    assert f"ftdsl: error[{code}]: " in done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.code("FT250")
def test_an_unknown_command(project: Project) -> None:
    assert "did you mean `ftdsl check`?" in refused(project, "FT250", "chekc", "support.ftspec")
    assert project.run("check", "support.ftspec").returncode == 0


@pytest.mark.code("FT251")
def test_an_unknown_option(project: Project) -> None:
    told = refused(project, "FT251", "check", "support.ftspec", "--colour", "never")
    assert "ftdsl check --help" in told
    refused(project, "FT251", "check")
    refused(project, "FT251", "--nothing")
    refused(project, "FT251", "cache", "--results")
    assert project.run("check", "support.ftspec", "--color", "never").returncode == 0


@pytest.mark.code("FT252")
def test_an_output_that_cannot_be(project: Project) -> None:
    assert "`markdown`" in refused(
        project, "FT252", "check", "support.ftspec", "--output", "markdwon"
    )
    refused(project, "FT252", "check", "support.ftspec", "--output", "json=")
    both = ("--output", "json", "--output", "github")
    refused(project, "FT252", "check", "support.ftspec", *both)
    done = project.run("check", "support.ftspec", "--output", "json=out/c.json", *both[2:])
    assert done.returncode == 0
    assert (project.root / "out/c.json").is_file()


@pytest.mark.code("FT253")
def test_a_place_that_cannot_be_written(project: Project) -> None:
    refused(project, "FT253", "check", "support.ftspec", "--output", "json=/proc/c.json")
    done = project.run("check", "support.ftspec", "--output", "json=c.json")
    assert done.returncode == 0
    assert [each.name for each in project.root.glob(".c*")] == []


@pytest.mark.code("FT254")
def test_a_spec_that_is_not_there(project: Project) -> None:
    assert "did you mean `support.ftspec`?" in refused(project, "FT254", "check", "suport.ftspec")
    (project.root / "empty").mkdir()
    refused(project, "FT254", "check", "empty")
    assert project.run("check", "support.ftspec").returncode == 0


@pytest.mark.code("FT255")
def test_a_root_that_is_none(project: Project) -> None:
    refused(project, "FT255", "check", "support.ftspec", "--root", "data")
    refused(project, "FT255", "check", "support.ftspec", "--root", "nothing")
    assert project.run("check", "support.ftspec", "--root", ".").returncode == 0


@pytest.mark.code("FT256")
def test_a_code_that_is_none(project: Project) -> None:
    refused(project, "FT256", "explain", "FT9999")
    assert "FT256" in project.run("explain", "ft256").stdout
    assert "FT256" in project.run("explain", "unknown-code").stdout


@pytest.mark.code("FT257")
def test_a_run_that_is_not_there(project: Project) -> None:
    refused(project, "FT257", "report")
    refused(project, "FT257", "lock", "support.ftspec")
    project.run("run", "support.ftspec")
    refused(project, "FT257", "report", "20200101T000000-000000")
    refused(project, "FT257", "report", "../../etc")
    assert project.run("report").returncode == 0


@pytest.mark.code("FT258")
def test_a_rule_that_is_none(project: Project) -> None:
    assert "`short`" in refused(project, "FT258", "rows", "support.ftspec", "shrot", "-q")
    assert project.run("rows", "support.ftspec", "short").returncode == 0


@pytest.mark.code("FT259")
@pytest.mark.parametrize("name", sorted(LATER))
def test_a_command_of_a_later_version(project: Project, name: str) -> None:
    assert "is not in this version" in refused(project, "FT259", name, "support.ftspec")
    assert f"  {name} " not in project.run("--help").stdout


@pytest.mark.code("FT260")
def test_a_value_that_is_none(project: Project) -> None:
    for word in ("longest", "longest=", "=3", "1x=3"):
        refused(project, "FT260", "check", "support.ftspec", "--set", word)
    words = ("plan", "support.ftspec", "--set", "longest=8", "-o", "p.json")
    refused(project, "FT260", *words)
    assert project.run("check", "support.ftspec", "--set", "longest=8").returncode == 0


@pytest.mark.code("FT261")
def test_a_file_of_the_checkout_widens_no_powers(project: Project) -> None:
    for line in ('allow_host = ["example.org"]', 'allow_extern = ["m"]', 'out = "/tmp"'):
        project.write("pyproject.toml", f"[tool.ftdsl]\n{line}\n")
        told = refused(project, "FT261", "validate", "support.ftspec")
        assert "only the operator can grant it" in told
        assert project.run("validate", "support.ftspec", "--isolated").returncode == 0
    for line in ("colour = 1", "color = 1", "output = 3", "= 3"):
        project.write("pyproject.toml", f"[tool.ftdsl]\n{line}\n")
        refused(project, "FT261", "check", "support.ftspec")
    project.write("pyproject.toml", '[tool.ftdsl]\noutput = ["concise"]\n')
    assert project.run("check", "support.ftspec").stdout == "PASS: 0 findings\n"
    granted = project.write("operator.toml", 'out = "elsewhere"\nworkers = 1\n')
    done = project.run("validate", "support.ftspec", "--config", str(granted))
    assert done.returncode == 0
    assert (project.root / "elsewhere/steps").is_dir()
    refused(project, "FT261", "check", "support.ftspec", "--config", "nothing.toml")


@pytest.mark.code("FT263")
def test_what_is_there_is_kept(project: Project) -> None:
    assert project.run("init", "fresh").returncode == 0
    before = (project.root / "fresh/specs/starter.ftspec").read_text()
    refused(project, "FT263", "init", "fresh")
    assert (project.root / "fresh/specs/starter.ftspec").read_text() == before


def test_what_cannot_be_read_is_not_formatted(project: Project) -> None:
    broken = project.write("broken.ftspec", "ftspec 1\n\ndataset {\n")
    done = project.run("fmt", "broken.ftspec")
    assert done.returncode == 2
    assert "error[FT0" in done.stdout
    assert broken.read_text() == "ftspec 1\n\ndataset {\n"
    assert project.run("fmt", "support.ftspec").returncode == 0


@pytest.mark.code("FT266")
def test_a_changed_file_that_nothing_reads(project: Project) -> None:
    project.write("README.md", "hello\n")
    done = project.run("validate", "support.ftspec", "--changed", "README.md")
    assert done.returncode == 0
    assert "README.md is no source of support.ftspec" in done.stdout
    assert not (project.root / ".ftdsl/steps").exists()
    project.rows("data/support.jsonl", [row("t-1", "What?", "")])
    words = ("validate", "-q", "support.ftspec", "--changed")
    assert project.run(*words, "data/support.jsonl", "README.md").returncode == 1
    assert project.run(*words, "support.ftspec").returncode == 1


@pytest.mark.code("FT267")
@pytest.mark.code("FT268")
def test_examples_prove_a_rule(project: Project) -> None:
    done = project.run("test", "support.ftspec")
    assert (done.returncode, done.stdout) == (0, "2 example rows of 1 rule tried\n")
    project.rows("rows/good.jsonl", [row("g-1", "Hello?", "")])
    project.rows("rows/blank.jsonl", [row("b-1", "Hello?", "Good day.")])
    found = project.json("test", "support.ftspec")
    assert [each["code"] for each in found["findings"]] == ["FT267", "FT268"]
    assert found["exit_code"] == 1
    lines = SPEC.splitlines()
    assert "accepts" in lines[found["findings"][0]["line"] - 1]
    assert "rejects" in lines[found["findings"][1]["line"] - 1]


@pytest.mark.code("FT269")
def test_examples_without_rows_prove_nothing(project: Project) -> None:
    project.write("rows/blank.jsonl", "")
    (project.root / "rows/good.jsonl").unlink()
    found = project.json("test", "support.ftspec")
    assert [each["code"] for each in found["findings"]] == ["FT269", "FT269"]
    assert found["exit_code"] == 2


@pytest.mark.code("FT299")
def test_a_bug_is_told_in_two_lines_without_secrets(project: Project, tmp_path: Path) -> None:
    program = (  # a part of the installation is gone
        "import sys; from ftdsl.cli.main import main; sys.modules['ftdsl.language.analyze'] = None;"
        "sys.exit(main(['check', 'support.ftspec', '--set', 'a=https://me:pw-in-url@example.org']))"
    )
    secret = "sk-canary-0123456789"
    environment = {**os.environ, **project.environment, "OPENAI_API_KEY": secret}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=project.root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "error[FT299]" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 2
    reports = list((tmp_path / "cache/ftdsl/crashes").iterdir())
    assert len(reports) == 1
    text = reports[0].read_text()
    assert "ModuleNotFoundError" in text
    assert secret not in text
    assert "pw-in-url" not in text


def test_every_command_has_help_with_examples(project: Project) -> None:
    overview = project.run("--help")
    assert overview.returncode == 0
    assert project.run().returncode == 2
    for name in SUMMARIES:
        assert f"  {name} " in overview.stdout
        done = project.run(name, "--help")
        assert done.returncode == 0, done.stderr
        for word in (f"usage: ftdsl {name}", "examples:", "--output FORMAT[=PATH]", "exit codes:"):
            assert word in done.stdout


def test_every_code_is_explained(project: Project) -> None:
    listed = project.run("explain").stdout
    for code in CODES:
        assert code in listed
    shown = project.run("explain", "FT110").stdout
    for word in ("FT110", "fails (spec):", "passes (spec):"):
        assert word in shown


def test_version() -> None:
    done = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("ftdsl ")


@pytest.mark.code("FT424")
def test_an_address_of_a_cluster_that_says_nothing(project: Project) -> None:
    place = ("--ray-address", "ray://head.example.org:10001")
    told = refused(project, "FT424", "validate", "support.ftspec", *place)
    assert "add `--engine ray`" in told
    refused(project, "FT424", "run", "support.ftspec", "--engine", "ray", *place, "--offline")
    refused(project, "FT251", "run", "support.ftspec", "--engine", "spark")


@pytest.mark.code("FT432")
def test_an_address_of_an_index_that_may_not_be_used(project: Project) -> None:
    def told(*words: str) -> str:
        return refused(project, "FT432", "validate", "support.ftspec", "--index", *words)

    assert "--allow-host redis.example.org" in told("redis://redis.example.org:6379")
    for place in ("http://127.0.0.1", "redis://u:secret@127.0.0.1", "redis://127.0.0.1/x", "nine"):
        assert "secret" not in told(place)
    told("redis://10.0.0.9", "--allow-host", "10.0.0.9", "--offline")
    done = project.run("validate", "support.ftspec", "--index", "redis://127.0.0.1:6379/2")
    assert done.returncode == 0, "a spec without an index asks none"
