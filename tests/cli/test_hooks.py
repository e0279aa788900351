"""Hooks: what a changed file touches, and pre-commit and prek run on a real repository."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from importlib.metadata import distribution
from pathlib import Path

import pytest

from tests.cli.project import GOOD, PROGRAM, SPEC, Project, row

BIN = Path(sys.executable).parent
REPOSITORY = Path(__file__).parents[2]


def installed(name: str) -> str:
    """The program ``name`` of the distribution of that name, wherever that is installed."""
    files = distribution(name).files or []
    found = [Path(str(file.locate())) for file in files if file.name == name]
    return str(next(path for path in found if path.parent.name == "bin").resolve())


RUNNERS = {"pre-commit": [sys.executable, "-m", "pre_commit"], "prek": [installed("prek")]}
BAD = row("t-5", "What?", "")

OTHER = """ftspec 1

schema note extends chat { note_id: text }

dataset notes {
  schema = note
  source = jsonl("../data/notes/**/*.jsonl")
  id = note_id
}

check notes {
  rule said { each must reply.text != "" }
}
"""


def note(name: str, answer: str) -> dict[str, object]:
    found = row(name, "A note?", answer)
    return {"note_id": name, "messages": found["messages"]}


def git(root: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *words],
        cwd=root,
        env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.fixture
def repository(project: Project) -> Project:
    """Two specs with their own data, committed."""
    (project.root / ".ftdsl-root").unlink()
    project.write("specs/notes.ftspec", OTHER)
    project.rows("data/notes/a.jsonl", [note("n-1", "Yes."), note("n-2", "No.")])
    project.rows("data/notes/deep/b.jsonl", [note("n-3", "Perhaps.")])
    project.write("README.md", "hello\n")
    project.write(".gitignore", ".ftdsl/\n")
    git(project.root, "init", "-q", "-b", "main")
    git(project.root, "add", "-A")
    git(project.root, "commit", "-q", "-m", "begin")
    return project


def looked_at(project: Project, *words: str) -> tuple[set[str], int]:
    """The specs and datasets that were looked at, and the exit code."""
    found = project.json("validate", *words)
    return set(found["datasets"]), found["exit_code"]


def test_all_specs_of_the_project_without_a_name(repository: Project) -> None:
    repository.write(".venv/pyvenv.cfg", "")
    repository.write(".venv/lib/broken.ftspec", "nonsense")
    names, code = looked_at(repository)
    assert names == {"support.support", "notes.notes"}
    assert code == 0


@pytest.mark.parametrize(
    ("changed", "names"),
    [
        ("data/support.jsonl", {"support"}),
        ("data/notes/a.jsonl", {"notes"}),
        ("data/notes/deep/b.jsonl", {"notes"}),
        ("data/notes/gone.jsonl", {"notes"}),
        ("data/notes/.hidden.jsonl", set()),
        ("specs/notes.ftspec", {"notes"}),
        ("specs/ftspec.lock", {"notes"}),
        ("README.md", set()),
    ],
)
def test_a_changed_file_finds_the_specs_that_name_it(
    repository: Project, changed: str, names: set[str]
) -> None:
    assert looked_at(repository, "--changed", changed) == (names, 0)


def test_a_deleted_file_is_seen(repository: Project) -> None:
    git(repository.root, "rm", "-q", "-r", "data/notes")
    found = repository.json("validate", "--changed")
    assert [each["code"] for each in found["findings"]] == ["FT301"]
    assert found["exit_code"] == 2


def test_git_tells_what_is_staged_and_the_refs_of_a_push(repository: Project) -> None:
    repository.rows("data/support.jsonl", [*GOOD, BAD])
    repository.rows("data/notes/a.jsonl", [note("n-1", "")])
    git(repository.root, "add", "data/support.jsonl")
    assert looked_at(repository, "--changed") == ({"support"}, 1)
    git(repository.root, "commit", "-q", "-m", "worse")
    git(repository.root, "checkout", "-q", "data/notes/a.jsonl")
    assert looked_at(repository, "--changed") == ({"support.support", "notes.notes"}, 1)
    repository.environment |= {"PRE_COMMIT_FROM_REF": "HEAD~1", "PRE_COMMIT_TO_REF": "HEAD"}
    assert looked_at(repository, "--changed") == ({"support"}, 1)


def test_a_changed_example_runs_the_examples(repository: Project) -> None:
    repository.rows("rows/good.jsonl", [BAD])
    found = repository.json("validate", "--changed", "rows/good.jsonl")
    assert [each["code"] for each in found["findings"]] == ["FT267"]
    assert found["exit_code"] == 1
    assert found["datasets"] == {}


def test_a_broken_spec_cannot_say_what_it_reads(repository: Project) -> None:
    repository.write("specs/notes.ftspec", OTHER.replace("each must", "each"))
    assert repository.run("validate", "--changed", "README.md").returncode == 0
    assert repository.run("validate", "--changed", "data/support.jsonl").returncode == 2
    assert repository.run("validate", "--changed", "specs/notes.ftspec").returncode == 2


def test_split_calls_give_the_answer_of_one(repository: Project) -> None:
    """A hook that does pass names may be called several times: each judges whole datasets."""
    twin = note("n-1", "Yes.")
    spec = (
        OTHER + "\ndedup notes { drop exact on normalize(prompt, reply.text) max_dropped = 1% }\n"
    )
    repository.write("specs/notes.ftspec", spec)
    repository.rows("data/notes/deep/b.jsonl", [{**twin, "note_id": "n-3"}])
    names = ["data/notes/a.jsonl", "data/notes/deep/b.jsonl", "data/support.jsonl"]
    whole = repository.json("validate", "--changed", *names)
    assert whole["exit_code"] == 1
    for cut in (1, 2):
        calls = (names[:cut], names[cut:])
        parts = [repository.json("validate", "--changed", *part) for part in calls]
        assert max(part["exit_code"] for part in parts) == 1
        assert {each["code"] for part in parts for each in part["findings"]} == {"FT400"}


@pytest.mark.code("FT630")
def test_no_git_no_answer(project: Project) -> None:
    done = project.run("validate", "--changed", environment={"GIT_CEILING_DIRECTORIES": "/"})
    assert done.returncode == 2
    assert "error[FT630]" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.code("FT631")
def test_what_does_not_fit_is_named_and_is_no_pass_in_silence(repository: Project) -> None:
    repository.rows("data/support.jsonl", [*GOOD, BAD])
    found = repository.json("validate", "--max-seconds", "0")
    assert {each["code"] for each in found["findings"]} == {"FT631"}
    assert [each["severity"] for each in found["findings"]] == ["warning"] * 2
    assert found["exit_code"] == 0
    assert found["datasets"] == {}
    assert found["notes"] == [
        "0 of 2 datasets looked at; put off: specs/notes.ftspec:notes, support.ftspec:support"
    ]
    told = repository.run("validate", "-q", "--max-seconds", "0").stdout
    assert told.count("warning[FT631]") == 2
    assert repository.run("validate", "--max-seconds", "0", "--fail-on-skip").returncode == 3
    assert looked_at(repository, "--max-seconds", "600")[1] == 1
    again = repository.json("validate", "--max-seconds", "0")
    assert again["exit_code"] == 1, "what is known already costs nothing and is told"
    assert "FT631" not in {each["code"] for each in again["findings"]}


def many_rows() -> list[dict[str, object]]:
    """Some 10 MB."""
    return [row(f"t-{i}", f"Question {i}?", f"Answer {i}.") for i in range(60_000)]


def test_the_cheapest_come_first(repository: Project) -> None:
    repository.rows("data/support.jsonl", many_rows())
    found = repository.json("validate", "--max-seconds", "2")
    assert [each["code"] for each in found["findings"]] == ["FT631"]
    assert "`support` was put off: about" in found["findings"][0]["message"]
    assert found["findings"][0]["path"] == "support.ftspec"
    assert set(found["datasets"]) == {"notes.notes"}
    repository.rows("data/notes/a.jsonl", [note("n-1", "")])
    repository.rows("data/support.jsonl", many_rows()[1:])
    words = ("validate", "--max-seconds", "2", "--fail-on-skip")
    assert repository.run(*words).returncode == 1, (
        "what is wrong weighs more than what is not known"
    )


def test_one_that_does_not_finish_in_time_is_put_off(repository: Project) -> None:
    repository.rows("data/support.jsonl", many_rows())
    speeds = {"support.ftspec:support": [1e12, 1.0]}
    repository.write(".ftdsl/cache/speeds.json", json.dumps(speeds))
    began = time.monotonic()
    found = repository.json("validate", "support.ftspec", "--max-seconds", "0.3")
    assert "did not finish" in found["findings"][-1]["message"]
    assert found["findings"][-1]["code"] == "FT631"
    assert found["exit_code"] == 0
    assert time.monotonic() - began < 60
    assert looked_at(repository, "support.ftspec", "--max-seconds", "600")[1] == 0


@pytest.mark.code("FT632")
@pytest.mark.parametrize("option", ["--check", "--diff"])
def test_what_is_not_formatted_is_named(option: str, repository: Project) -> None:
    repository.write("specs/notes.ftspec", OTHER.replace("dataset notes {", "dataset   notes {"))
    done = repository.run("fmt", "-q", option, "specs/notes.ftspec", "support.ftspec")
    assert done.returncode == 1
    assert "specs/notes.ftspec:5:1: error[FT632]" in done.stdout
    assert "support.ftspec" not in done.stdout
    assert repository.run("fmt", "-q", "specs/notes.ftspec").returncode == 0
    assert repository.run("fmt", "-q", option, "specs/notes.ftspec").returncode == 0


def test_useless_options_are_refused(repository: Project) -> None:
    for words in (["--fail-on-skip"], ["--max-seconds", "x"], ["--changed", "--only", "check"]):
        done = repository.run("validate", *words)
        assert done.returncode == 2
        assert "error[FT251]" in done.stderr


def test_nothing_relevant_costs_next_to_nothing(repository: Project) -> None:
    repository.json("validate")
    git(repository.root, "commit", "-q", "--allow-empty", "-m", "x")
    repository.write("README.md", "changed\n")
    git(repository.root, "add", "README.md")
    repository.run("validate", "-q", "--offline", "--changed")  # fills the cache of checked specs
    probe = "import sys; from ftdsl.cli.main import main; code = main(sys.argv[1:])\n"
    probe += "print(code, 'ftdsl.engine.run' in sys.modules, 'pydantic' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", probe, "validate", "-q", "--offline", "--changed"],
        cwd=repository.root,
        env={**os.environ, **repository.environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "0 False False\n"


LOCAL = (REPOSITORY / "ftdsl/cli/templates/hook.yaml.txt").read_text()


def hook(project: Project, runner: str, tmp_path: Path, *words: str) -> tuple[int, str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "PRE_COMMIT"))}
    environment |= {
        **project.environment,
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "PRE_COMMIT_HOME": str(tmp_path / "hooks"),
        "PREK_HOME": str(tmp_path / "prek"),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "NO_COLOR": "1",
    }
    done = subprocess.run(
        [*RUNNERS[runner], "run", *words],
        cwd=project.root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    return done.returncode, done.stdout + done.stderr


def judged(project: Project, runner: str, tmp_path: Path) -> None:
    """A right commit passes; bad rows, a bad spec and an unformatted one are named."""
    code, told = hook(project, runner, tmp_path, "--all-files")
    assert code == 0, told
    assert told.count("Passed") == 3
    project.rows("data/support.jsonl", [*GOOD, BAD])
    git(project.root, "add", "-A")
    code, told = hook(project, runner, tmp_path)
    assert code == 1, told
    assert "data/support.jsonl:5" in told
    assert "reply_present" in told
    assert "notes" not in told
    project.rows("data/support.jsonl", GOOD)
    project.write("specs/notes.ftspec", OTHER.replace("dataset notes {", "dataset   notes {"))
    project.write("support.ftspec", SPEC.replace("<= longest", "<= longes"))
    git(project.root, "add", "-A")
    code, told = hook(project, runner, tmp_path)
    assert code == 1, told
    assert "did you mean `longest`?" in told
    assert "specs/notes.ftspec" in told


@pytest.mark.parametrize("runner", RUNNERS)
def test_the_hooks_that_init_writes(runner: str, repository: Project, tmp_path: Path) -> None:
    """The program of this environment, found on PATH."""
    assert PROGRAM.parent == BIN
    repository.write(".pre-commit-config.yaml", LOCAL)
    git(repository.root, "add", "-A")
    git(repository.root, "commit", "-q", "-m", "hooks")
    judged(repository, runner, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("runner", RUNNERS)
def test_the_hooks_of_this_repository(runner: str, repository: Project, tmp_path: Path) -> None:
    """What is checked out here, installed by the runner into an environment of its own."""
    source = tmp_path / "ftdsl"
    names = git(REPOSITORY, "ls-files", "-co", "--exclude-standard", "-z").split("\0")
    for name in names:
        if (REPOSITORY / name).is_file() and not name.startswith(("tests/", "docs/")):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(REPOSITORY / name, source / name)
    git(source, "init", "-q", "-b", "main")
    git(source, "add", "-A")
    git(source, "commit", "-q", "-m", "all")
    revision = git(source, "rev-parse", "HEAD").strip()
    hooks = "".join(
        f"      - id: {name}\n" for name in ("ftdsl-check", "ftdsl-fmt", "ftdsl-validate")
    )
    repository.write(
        ".pre-commit-config.yaml",
        f"repos:\n  - repo: {source.as_uri()}\n    rev: {revision}\n    hooks:\n{hooks}",
    )
    git(repository.root, "add", "-A")
    git(repository.root, "commit", "-q", "-m", "hooks")
    judged(repository, runner, tmp_path)
