"""The machine and the libraries that a run was made with, as far as they can change a result."""

from __future__ import annotations

import os
import platform
import sys
from functools import cache
from importlib import metadata

_ALWAYS = ("numpy", "orjson", "google-re2", "pydantic", "tokenizers", "rapidfuzz", "scipy")
_TRAINING = ("torch", "transformers", "trl", "peft", "accelerate", "datasets", "xllamacpp", "gguf")


@cache
def environment(training: bool) -> dict[str, str]:
    """Python, system, processors, and the versions of what is installed; the trainer's libraries
    where a training took part. No name of a machine, a user or a folder."""
    found = {
        "python": platform.python_version(),
        "system": f"{sys.platform} {platform.machine()}",
        "processors": str(os.cpu_count() or 1),
    }
    for name in (*_ALWAYS, *(_TRAINING if training else ())):
        version = _version(name)
        if version:
            found[f"package {name}"] = version
    return found


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
