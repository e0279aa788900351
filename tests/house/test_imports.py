"""The arrows of the house: which folder may import which, read from the sources."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "ftdsl"

STEPS = {
    *("data", "quality", "dedup", "diversity", "models", "evaluation", "training", "sweeping"),
    "rating",
}
BELOW_STEPS = {"diagnostics", "language", "results", "plan", "privacy", "statistics"}

#: folder → the folders it may import from (its own aside).
ALLOWED: dict[str, set[str]] = {
    "diagnostics": set(),
    "privacy": set(),
    "statistics": set(),
    "language": {"diagnostics", "statistics"},
    "results": {"diagnostics"},
    "plan": {"diagnostics", "language", "results", "data", "engine", "statistics"},
    "data": BELOW_STEPS | {"engine"},
    "embeddings": BELOW_STEPS | {"engine"},
    "quality": BELOW_STEPS | {"engine", "data", "embeddings"},
    "dedup": BELOW_STEPS | {"engine", "data", "quality", "embeddings"},
    "diversity": BELOW_STEPS | {"engine", "data", "quality", "dedup", "embeddings"},
    "models": BELOW_STEPS | {"engine", "data"},
    "evaluation": BELOW_STEPS | {"engine", "data", "quality", "diversity", "models", "embeddings"},
    "rating": BELOW_STEPS | {"engine", "data", "evaluation"},
    "training": BELOW_STEPS | {"engine", "data", "quality", "dedup", "models"},
    "sweeping": BELOW_STEPS | {"engine", "evaluation", "training"},
    "fixing": BELOW_STEPS | {"engine", "data", "quality"},
    "engine": BELOW_STEPS | STEPS,
    "reports": BELOW_STEPS,
    "emulator": set(),
    "advice": BELOW_STEPS | {"statistics"},
    "rounds": BELOW_STEPS
    | {"advice", "data", "dedup", "embeddings", "engine", "evaluation", "models", "quality"},
    "lsp": {"diagnostics", "language"},
    "interchange": BELOW_STEPS | {"data", "engine"},
    "testing": BELOW_STEPS | {"api", "engine", "quality", "reports"},
}

#: What stands below every folder.
GROUND = {"record"}

#: The modules that other step folders may import from each folder: its public face.
PUBLIC = {
    "engine": {"collecting", "context", "database", "spending"},
    "data": {"places", "plain", "rows", "step", "views"},
    "quality": {
        "expressions",
        "statements",
        "across.word_vectors",
        "measures.chat_template",
        "measures.token_counts",
    },
    "diversity": {"kmeans"},
    "dedup": {"step", "removals"},
    "embeddings": {"encoder", "model_files"},
    "evaluation": {
        *("estimates", "gates", "judges.calibration", "objective", "rated", "requirements", "step"),
    },
    "models": None,
    "training": {"step"},
}


def modules() -> Iterator[Path]:
    return (
        path for path in sorted(PACKAGE.rglob("*.py")) if len(path.relative_to(PACKAGE).parts) > 1
    )


def imported(path: Path) -> Iterator[tuple[str, ...]]:
    """Parts after ``ftdsl`` of every import in the file, those inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("ftdsl."):
            yield tuple(node.module.split(".")[1:])
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("ftdsl."):
                    yield tuple(alias.name.split(".")[1:])


def accumulated(parts: tuple[str, ...]) -> Iterator[str]:
    """``a``, ``a.b``, ``a.b.c``: a module and the packages that it lies in."""
    return accumulate(parts, lambda left, right: f"{left}.{right}")


@pytest.mark.parametrize("path", list(modules()), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_follow_the_arrows(path: Path) -> None:
    folder = path.relative_to(PACKAGE).parts[0]
    if folder == "cli":
        return
    for parts in imported(path):
        target = parts[0]
        if target == folder or target in GROUND:
            continue
        assert target in ALLOWED[folder], f"{folder} must not import {'.'.join(parts)}"
        face = PUBLIC.get(target)
        if folder in STEPS and face is not None and len(parts) > 1:
            assert set(accumulated(parts[1:])) & face, (
                f"{'.'.join(parts)} is not public to {folder}"
            )


def test_nothing_imports_the_leaves() -> None:
    for path in modules():
        folder = path.relative_to(PACKAGE).parts[0]
        for parts in imported(path):
            if parts[0] in {"cli", "reports", "lsp", "testing"}:
                above = {"cli", "testing"} if parts[0] == "reports" else {"cli"}
                assert folder in {parts[0], *above}, f"{path} imports a leaf: {'.'.join(parts)}"
