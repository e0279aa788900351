"""The entry point: words in, exit code out."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ftdsl import __version__
from ftdsl.cli.crash import guarded
from ftdsl.cli.usage import UsageError

_BRIEF = frozenset({"check", "explain"})
_OBJECTS = 100_000


def main(words: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Never lets an exception out, except ``SystemExit``
    of ``--help`` (0)."""
    given = list(sys.argv[1:] if words is None else words)
    return guarded(_answer, given)


def _answer(words: list[str]) -> int:
    try:
        return _dispatch(words)
    except UsageError as error:
        from ftdsl.cli.console import print_problem

        print_problem(error)
        return 2
    except KeyboardInterrupt:
        return 130


def _dispatch(words: list[str]) -> int:
    if words in (["--version"], ["-V"]):
        print(f"ftdsl {__version__}")
        return 0
    from ftdsl.cli.options import known_command, overview, parse

    if not words or words[0] in {"-h", "--help", "help"}:
        from ftdsl.cli.console import print_text

        print_text(overview())
        return 0 if words else 2
    name = known_command(words)
    import gc

    if name in _BRIEF:
        gc.disable()  # a check lives a tenth of a second: collecting costs 3 %, frees nothing
    else:
        gc.set_threshold(_OBJECTS, 20, 20)  # nor is there much to free for the others
    from ftdsl.cli.commands import load

    command = load(name)
    arguments = parse(name, command, words[1:])
    from ftdsl.cli.output import outputs

    outputs(arguments)  # a mistake in --output is found before anything runs
    return command.run(arguments)


def run_as_program() -> None:
    """``python -m ftdsl.cli.main``."""
    sys.exit(main())


if __name__ == "__main__":
    run_as_program()
