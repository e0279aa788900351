"""Where the weights to train from are: a declared model, a GGUF file, a folder or a hub id."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Context, Refused
from ftdsl.models.packaged import PACKAGED, file_sha256
from ftdsl.models.weights import resolve_model_file
from ftdsl.plan.steps import TrainStep

_NOWHERE = Span("", 0, 0)
#: Part of the cache key of a converted model; raise it when the conversion changes.
_CONVERSION = "1"


@dataclass(frozen=True, slots=True)
class BaseModel:
    """``path`` is a ``.gguf`` file or a folder with ``config.json`` and safetensors. ``sha256`` is
    of the file, or of the folder's weight files in order of their names; ``name`` is for people.
    ``licence`` is a line for the model card."""

    path: Path
    name: str
    sha256: str
    licence: str

    @property
    def is_gguf(self) -> bool:
        return self.path.suffix == ".gguf"

    def converted(self, cache: Path) -> Path | None:
        """The folder that a GGUF file's weights are kept in, as Hugging Face has them."""
        return converted_folder(cache, self.sha256) if self.is_gguf else None

    def tokenizer(self, cache: Path) -> Path | None:
        """The folder that a GGUF file's tokenizer is kept in, once it was checked."""
        return tokenizer_folder(cache, self.sha256) if self.is_gguf else None


def converted_folder(cache: Path, sha256: str) -> Path:
    """Where a model of this digest is kept as transformers has it."""
    return cache / "converted" / f"{sha256[:32]}-{_CONVERSION}"


def tokenizer_folder(cache: Path, sha256: str) -> Path:
    """Where the tokenizer alone is."""
    return cache / "tokenizers" / f"{sha256[:32]}-{_CONVERSION}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the files of a base are, of which nothing was read: ``path``, ``name`` and ``licence``
    as in ``BaseModel``."""

    path: Path
    name: str
    licence: str


def find_base(step: TrainStep, context: Context) -> BaseModel:
    """The base of ``step``; raises ``Refused`` (FT500, FT501, FT602)."""
    place = find_place(step, context)
    sha256 = _weights_sha256(place.path, context)
    return BaseModel(place.path, place.name, sha256, place.licence)


def find_place(step: TrainStep, context: Context) -> Place:
    """Where the base of ``step`` is; raises ``Refused`` (FT500, FT501, FT602)."""
    model = step.base_model
    if model is None:
        return _named(step, context)
    settings = dict(model.settings)
    if model.provider not in ("local", "transformers"):
        message = f"the base `{model.name}` is asked over the network: it has no weights here"
        raise Refused(
            _no_base(
                step, message, "name a model with `provider = local` or `provider = transformers`"
            )
        )
    path = settings.get("path")
    if path is not None and (context.root / str(path) / "config.json").is_file():
        return _folder(step, (context.root / str(path)).resolve(), model.name)
    file = resolve_model_file(model, context.root, context.cache)
    entry = PACKAGED.get(str(settings.get("package")))
    licence = f"{entry.licence} ({entry.notice})" if entry else "not stated"
    return Place(file, entry.name if entry else model.name, licence)


def _named(step: TrainStep, context: Context) -> Place:
    base = step.train.base or ""
    place = (context.root / base).resolve()
    if place.is_relative_to(context.root.resolve()) and place.exists():
        if place.is_dir():
            return _folder(step, place, base)
        if place.suffix == ".gguf":
            return Place(place, base, "not stated")
        raise Refused(_no_base(step, f"the base `{base}` is neither a folder nor a .gguf file"))
    return _folder(step, _downloaded(step, base), base)


def _downloaded(step: TrainStep, base: str) -> Path:
    """The folder of a hub id in the local hub cache. Nothing is downloaded."""
    if base and find_spec("huggingface_hub") is not None:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

        try:
            return Path(snapshot_download(base, local_files_only=True))
        except (HFValidationError, LocalEntryNotFoundError):
            pass
    raise Refused(
        _no_base(
            step,
            f"the base `{base}` is no folder of the project and is not in the hub cache",
            f"a training run downloads nothing; fetch it once: `hf download {base}`",
        )
    )


def _folder(step: TrainStep, folder: Path, name: str) -> Place:
    if not (folder / "config.json").is_file() or not any(folder.glob("*.safetensors")):
        message = f"the folder `{name}` lacks config.json or a .safetensors file"
        raise Refused(_no_base(step, message, "pickled weights (.bin, .pt) are never read"))
    return Place(folder, name, _card_licence(folder))


def _weights_sha256(path: Path, context: Context) -> str:
    import hashlib

    if path.is_file():
        return file_sha256(path)
    digest = hashlib.sha256()
    for file in (path / "config.json", *sorted(path.glob("*.safetensors"))):
        context.checkpoint()
        digest.update(file_sha256(file).encode())
    return digest.hexdigest()


def _card_licence(folder: Path) -> str:
    """The ``license:`` of the folder's model card, as its front matter states it."""
    card = folder / "README.md"
    if not card.is_file():
        return "not stated"
    for line in card.read_text(encoding="utf-8", errors="replace").splitlines()[:40]:
        if line.startswith("license:"):
            return json.dumps(line.removeprefix("license:").strip(), ensure_ascii=False).strip('"')
    return "not stated"


def _no_base(step: TrainStep, message: str, help_: str = "") -> Diagnostic:
    return Diagnostic("FT602", message, step.train.span or _NOWHERE, help=help_)
