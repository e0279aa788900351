"""Which files changed, and which specs and datasets that touches. Reads no data."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ftdsl.cli.checking import checked
from ftdsl.cli.specs import project_root
from ftdsl.cli.usage import UsageError
from ftdsl.language.project import real_path
from ftdsl.language.reads import Read, touched

_DATA = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet", ".gz", ".zst", ".bz2", ".xz")


@dataclass(frozen=True, slots=True)
class Target:
    """A spec to look at. ``datasets`` None means all of it; ``examples``: its rules' examples as
    well."""

    path: Path
    datasets: tuple[str, ...] | None = None
    examples: bool = False


@dataclass(frozen=True, slots=True)
class Selection:
    """What a change touches. ``unread`` are files that were named and that no spec reads."""

    targets: tuple[Target, ...]
    unread: tuple[str, ...] = ()


def selected(paths: Sequence[Path], arguments: Namespace) -> Selection:
    """The targets among the specs ``paths``: all of them without ``--changed``, or where git has
    nothing to tell; else those that a changed file belongs to."""
    if arguments.changed is None:
        return Selection(tuple(Target(path) for path in paths))
    words = arguments.changed or _told_by_git(arguments)
    if not words:
        return Selection(tuple(Target(path, examples=True) for path in paths))
    found = [(path, *_touched(path, words, arguments)) for path in paths]
    targets = tuple(target for _, target, _ in found if target is not None)
    read = {word for _, _, words_read in found for word in words_read}
    unread = tuple(word for word in arguments.changed if word not in read)
    return Selection(targets, unread)


def _touched(
    path: Path, words: Sequence[str], arguments: Namespace
) -> tuple[Target | None, frozenset[str]]:
    """What of the spec the files ``words`` touch, and which of them it reads."""
    root = project_root(path, arguments)
    known = checked(path, arguments)
    names = {word: _below(Path(word), root) for word in words}
    of_spec = {*known.sources, known.path, Path(known.path).with_name("ftspec.lock").as_posix()}
    own = frozenset(word for word, name in names.items() if name in of_spec)
    if known.failed:
        blind = own or any(str(word).endswith(_DATA) for word in words)
        return (Target(path) if blind else None), own
    if own:
        return Target(path, examples=True), own.union(_readers(names, known.reads))
    hits = touched(known.reads, [name for name in names.values() if name is not None])
    if not hits:
        return None, own
    datasets = tuple(dict.fromkeys(name for read in hits for name in read.reached))
    examples = any(read.kind == "example" for read in hits)
    return Target(path, datasets, examples), _readers(names, known.reads)


def _readers(names: dict[str, str | None], reads: Iterable[Read]) -> frozenset[str]:
    known = tuple(reads)
    return frozenset(
        word for word, name in names.items() if name is not None and touched(known, (name,))
    )


def _below(path: Path, root: Path) -> str | None:
    """The root-relative name of ``path``, whose own link is not followed; None outside."""
    full = real_path(Path(os.path.normpath(Path.cwd() / path)))
    return full.relative_to(root).as_posix() if full.is_relative_to(root) else None


def _told_by_git(arguments: Namespace) -> list[str]:
    """What a commit hook is about: the difference of the two refs that pre-commit and prek name,
    else what is staged, deletions included. Nothing where nothing is."""
    import subprocess

    place = Path(arguments.root) if arguments.root else Path.cwd()
    first, last = (os.environ.get(f"PRE_COMMIT_{end}_REF", "") for end in ("FROM", "TO"))
    refs = [f"{first}...{last}"] if first and last else ["--cached"]
    command = [
        "git",
        "-C",
        str(place),
        "diff",
        "--name-only",
        "--no-renames",
        "--no-ext-diff",
        "-z",
    ]
    try:
        done = subprocess.run([*command, *refs, "--"], capture_output=True, check=False)
        top = subprocess.run(
            ["git", "-C", str(place), "rev-parse", "--show-toplevel"],
            capture_output=True,
            check=False,
        )
    except OSError as error:
        raise _no_git(error.strerror or str(error)) from error
    if done.returncode or top.returncode:
        raise _no_git((done.stderr or top.stderr).decode("utf-8", "replace").strip())
    root = Path(os.fsdecode(top.stdout.rstrip(b"\n")))
    return [str(root / os.fsdecode(name)) for name in done.stdout.split(b"\0") if name]


def _no_git(reason: str) -> UsageError:
    return UsageError(
        "FT630",
        f"git cannot tell what changed: {reason}",
        "name the files: `--changed FILE…`, or leave `--changed` out to look at everything",
    )
