"""Reading what is committed beside a spec: TOML that people merge, and that may be damaged."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from ftdsl.engine.context import Refused

_Model = TypeVar("_Model", bound=BaseModel)
_LARGEST = 16 << 20
_CONFLICT = (b"<<<<<<< ", b"=======", b">>>>>>> ")

Damaged = Callable[[str], Refused]
"""The refusal for a file of which that is wrong."""


def read(root: Path, path: str, damaged: Damaged) -> bytes | None:
    """The bytes at the root-relative ``path``, None where there is no file. Raises what
    ``damaged`` makes of a file that cannot be read or that a link leads out of the project to."""
    place = root / path
    if not place.resolve().is_relative_to(root.resolve()):
        raise damaged("it is a link that leads out of the project")
    try:
        with place.open("rb") as stream:
            return stream.read(_LARGEST + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise damaged(error.strerror or type(error).__name__) from error


def parse(data: bytes, kind: type[_Model], damaged: Damaged) -> _Model:
    """The ``kind`` that ``data`` spells. Raises what ``damaged`` makes of a file that is too large,
    holds a merge conflict, or is no TOML of that kind."""
    if len(data) > _LARGEST:
        raise damaged(f"it is larger than {_LARGEST >> 20} MiB")
    for number, line in enumerate(data.split(b"\n"), start=1):
        if line.startswith(_CONFLICT):
            raise damaged(f"line {number} is an unresolved merge conflict")
    try:
        return kind.model_validate(tomllib.loads(data.decode("utf-8")))
    except UnicodeDecodeError as error:
        raise damaged(f"byte {error.start} is not UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise damaged(str(error)) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise damaged(f"`{where}`: {first['msg']}") from error
