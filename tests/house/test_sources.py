"""What no source of the package may hold: ways to run code from data, broad excepts, stubs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "ftdsl"
SOURCES = sorted(PACKAGE.rglob("*.py"))

FORBIDDEN_CALLS = {
    "eval",
    "exec",
    "compile",
    "__import__",
    "importlib.import_module",
    "os.system",
    "os.popen",
    "torch.load",
    "yaml.load",
    "yaml.unsafe_load",
}
FORBIDDEN_MODULES = {"pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "jinja2"}
#: Chat templates are Jinja. One module renders them, and imports the sandbox alone to do so.
JINJA = {"quality/measures/chat_template.py"}
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
#: The one place that may catch everything: the last line of defence, which writes a crash report.
CRASH_REPORTER = {"cli/crash.py"}


def nodes(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def relative(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@pytest.fixture(params=SOURCES, ids=relative)
def source(request: pytest.FixtureRequest) -> Path:
    path = request.param
    assert isinstance(path, Path)
    return path


def test_nothing_runs_code_from_data(source: Path) -> None:
    for node in nodes(source):
        if isinstance(node, ast.Call):
            assert ast.unparse(node.func) not in FORBIDDEN_CALLS, ast.unparse(node)
            assert not any(
                keyword.arg == "shell" and ast.unparse(keyword.value) != "False"
                for keyword in node.keywords
            ), ast.unparse(node)
            assert not any(
                keyword.arg == "trust_remote_code" and ast.unparse(keyword.value) != "False"
                for keyword in node.keywords
            ), ast.unparse(node)
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            if name.split(".")[0] == "jinja2" and relative(source) in JINJA:
                continue
            assert name.split(".")[0] not in FORBIDDEN_MODULES, name


def test_chat_templates_are_rendered_in_the_sandbox() -> None:
    for name in JINJA:
        text = (PACKAGE / name).read_text(encoding="utf-8")
        assert "ImmutableSandboxedEnvironment(" in text
        for other in (" Environment(", "FileSystemLoader", "import jinja2", "enable_async"):
            assert other not in text


def test_no_broad_except_and_no_stub(source: Path) -> None:
    text = source.read_text(encoding="utf-8")
    assert "TODO" not in text
    assert "FIXME" not in text
    for node in nodes(source):
        if isinstance(node, ast.ExceptHandler) and relative(source) not in CRASH_REPORTER:
            caught = ast.unparse(node.type) if node.type else "everything"
            assert caught not in {"Exception", "BaseException", "everything"}, caught
        if isinstance(node, ast.Raise):
            assert "NotImplementedError" not in ast.unparse(node)


def test_names_are_nouns_of_the_field(source: Path) -> None:
    assert not VAGUE_NAMES & set(source.with_suffix("").relative_to(PACKAGE).parts)


def test_every_module_says_what_it_knows(source: Path) -> None:
    text = source.read_text(encoding="utf-8").strip()
    if source.name == "__init__.py" and not text:
        return
    assert ast.get_docstring(ast.parse(text)), "a module begins with what it knows"


def test_sizes_stay_readable(source: Path) -> None:
    text = source.read_text(encoding="utf-8")
    assert text.count("\n") <= 400, f"{text.count(chr(10))} lines"
    for node in nodes(source):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            assert lines <= 60, f"{node.name} has {lines} lines"
