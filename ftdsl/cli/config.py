"""What configuration files may say, and the law that a file of the checkout widens no powers."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ftdsl.cli.usage import UsageError, nearest

_TABLE = b"[tool.ftdsl]"
_SHOWING: dict[str, type] = {"output": list, "color": str, "quiet": bool, "verbose": bool}
_POWERS: dict[str, type] = {
    "allow_host": list,
    "allow_extern": list,
    "offline": bool,
    "out": str,
    "workers": int,
    "engine": str,
    "ray_address": str,
    "index": str,
}
_ENGINES = ("local", "ray")
_COLORS = ("auto", "always", "never")


def configure(arguments: Namespace) -> None:
    """Fill in what the command line left open: first from ``--config``, which the operator names
    and which may grant powers, then from ``[tool.ftdsl]`` of the nearest ``pyproject.toml``, which
    may only say how things are shown. UsageError (FT261) for anything else."""
    if arguments.config is not None:
        path = Path(arguments.config)
        _fill(arguments, _read(path, required=True), path, _SHOWING | _POWERS)
    if not arguments.isolated:
        here = Path.cwd()
        found = next((d for d in (here, *here.parents) if (d / "pyproject.toml").is_file()), None)
        if found is not None:
            path = found / "pyproject.toml"
            _fill(arguments, _read(path, required=False), path, _SHOWING)
    if arguments.color is None:
        arguments.color = "auto"


def _read(path: Path, *, required: bool) -> Mapping[str, Any]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError("FT261", f"cannot read {path}: {error.strerror or error}") from error
    if not required and _TABLE not in content:
        return {}
    import tomllib

    try:
        whole = tomllib.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError("FT261", f"{path} is not valid TOML: {error}") from error
    table = whole.get("tool", {}).get("ftdsl")
    if table is None and required:
        table = whole
    if not isinstance(table, dict):
        raise UsageError("FT261", f"[tool.ftdsl] of {path} is not a table")
    return table


def _fill(
    arguments: Namespace, table: Mapping[str, Any], path: Path, allowed: Mapping[str, type]
) -> None:
    for key, value in table.items():
        if key not in allowed:
            raise UsageError("FT261", f"{path}: `{key}` may not stand here", _help(key, allowed))
        if not _fits(key, value, allowed[key]):
            raise UsageError("FT261", f"{path}: `{key}` does not take {value!r}", _takes(key))
        if not getattr(arguments, key, True):
            setattr(arguments, key, value)


def _fits(key: str, value: object, kind: type) -> bool:
    if key == "color":
        return value in _COLORS
    if key == "engine":
        return value in _ENGINES
    if kind is list:
        return isinstance(value, list) and all(isinstance(each, str) for each in value)
    return type(value) is kind and (kind is not int or 1 <= int(str(value)) <= 512)


def _help(key: str, allowed: Mapping[str, type]) -> str:
    if key in _POWERS:
        return f"only the operator can grant it: on the command line, or `{key}` in --config FILE"
    near = nearest(key, list(allowed))
    return f"did you mean `{near}`?" if near else f"known are {', '.join(allowed)}"


def _takes(key: str) -> str:
    if key == "color":
        return f"it takes one of {', '.join(_COLORS)}"
    if key == "engine":
        return f"it takes one of {', '.join(_ENGINES)}"
    kind = (_SHOWING | _POWERS)[key]
    words = {list: "a list of texts", str: "a text", bool: "true or false", int: "a number 1-512"}
    return f"it takes {words[kind]}"
