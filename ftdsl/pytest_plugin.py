"""The pytest plugin's door: options, and nothing of ftdsl until a project asks for its specs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ftdsl.testing.collection import SpecFile

_SPECS = "ftdsl_specs"
_VALIDATE = "ftdsl_validate"
_RUN = "ftdsl_run"


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--ftdsl``, ``--ftdsl-validate`` and ``--ftdsl-run``, with an ini key for each."""
    group = parser.getgroup("ftdsl", "fine-tuning specs")
    group.addoption(
        "--ftdsl", action="store_true", help="collect .ftspec files: the rules' examples are tests"
    )
    group.addoption(
        "--ftdsl-validate",
        action="store_true",
        help="the same, and test the data: rules, duplicates, coverage; gates of the last run",
    )
    group.addoption(
        "--ftdsl-run",
        action="store_true",
        help="the same, and run what a gate needs where its result is missing or stale",
    )
    parser.addini(_SPECS, "specs to collect: globs from the root directory", type="args")
    parser.addini(_VALIDATE, "test the data of collected specs, as --ftdsl-validate", type="bool")
    parser.addini(_RUN, "run what gates need, as --ftdsl-run", type="bool")


def pytest_configure(config: pytest.Config) -> None:
    """Specs that the project names are collected too where pytest chooses what to collect."""
    if not config.getini(_SPECS):
        return
    chosen = (pytest.Config.ArgsSource.TESTPATHS, pytest.Config.ArgsSource.INVOCATION_DIR)
    if config.args_source in chosen and not config.getoption("pyargs"):
        roots = [(config.invocation_params.dir / arg).resolve() for arg in config.args]
        for path in _named(config):
            if not any(path.is_relative_to(root) for root in roots):
                config.args.append(str(path))


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> SpecFile | None:
    """A spec as a file of tests, if the project asks for it."""
    if file_path.suffix != ".ftspec" or not _wanted(file_path, parent.config):
        return None
    from ftdsl.testing.collection import Scope, SpecFile

    config = parent.config
    run = bool(config.getoption("--ftdsl-run") or config.getini(_RUN))
    data = bool(run or config.getoption("--ftdsl-validate") or config.getini(_VALIDATE))
    found: SpecFile = SpecFile.from_parent(parent, path=file_path)
    found.scope = Scope(data=data, run=run)
    return found


def _wanted(path: Path, config: pytest.Config) -> bool:
    options = ("--ftdsl", "--ftdsl-validate", "--ftdsl-run")
    if any(config.getoption(option) for option in options):
        return True
    return bool(config.getini(_SPECS)) and path.resolve() in set(_named(config))


def _named(config: pytest.Config) -> Iterator[Path]:
    """The specs that the globs of the ini file stand for, in order."""
    for pattern in config.getini(_SPECS):
        yield from sorted(path.resolve() for path in config.rootpath.glob(pattern))
