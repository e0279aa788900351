"""Diagnostics of unchanged specs, kept between calls so that an unchanged spec is not parsed again.

An entry lives in the user's own cache folder, never in the checkout. It is found by a digest of the
checker's version, the day (waivers expire), what ``--set`` says, the spec's place and its bytes. It
holds only if every file that the spec was read with still has the same bytes. A missing, foreign or
damaged entry is a miss, never an error.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from ftdsl import __version__
from ftdsl.diagnostics.diagnostic import Diagnostic, Edit, Fix, Label, Severity, Span
from ftdsl.language.reads import Read
from ftdsl.language.source import Source
from ftdsl.record import record

_FORMAT = 2
_CODE = Path(__file__).parent.parent
_MOST_BYTES = 1 << 20


@record
class Checked:
    """What checking one spec came to. ``path`` is root-relative. ``reads`` are the data files that
    it names; none of a spec with errors."""

    path: str
    diagnostics: tuple[Diagnostic, ...]
    sources: Mapping[str, Source]
    reads: tuple[Read, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether anything is an error."""
        return any(one.severity is Severity.ERROR for one in self.diagnostics)


def folder() -> Path:
    """Where the user's cache is: ``$XDG_CACHE_HOME/ftdsl`` or ``~/.cache/ftdsl``."""
    stated = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(stated) if stated.startswith("/") else Path("~/.cache").expanduser()
    return base / "ftdsl"


def recall(path: Path, root: Path, overrides: Mapping[str, str]) -> Checked | None:
    """What is known of the spec ``path`` (absolute, under ``root``), if all still holds."""
    content = _read(path)
    if content is None:
        return None
    entry = _read(_place(path, root, content, overrides))
    if entry is None:
        return None
    try:
        return _decode(json.loads(entry), root)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def remember(path: Path, root: Path, overrides: Mapping[str, str], checked: Checked) -> None:
    """Keep ``checked``, if every file it stands on is a plain file that was read as it is now."""
    content = _read(path)
    if content is None or checked.path not in checked.sources or _may_lack_a_file(checked):
        return
    digests = {name: _digest_of(name, root) for name in checked.sources}
    if None in digests.values():
        return
    entry = {
        "format": _FORMAT,
        "path": checked.path,
        "files": digests,
        "diagnostics": [_encode(one) for one in checked.diagnostics],
        "reads": [[r.kind, r.name, r.pattern, list(r.reached)] for r in checked.reads],
    }
    store(_place(path, root, content, overrides), json.dumps(entry).encode())


def _may_lack_a_file(checked: Checked) -> bool:
    """An import that was not there is no source whose bytes could be compared."""
    return checked.failed and any("import" in source.text for source in checked.sources.values())


def _place(path: Path, root: Path, content: bytes, overrides: Mapping[str, str]) -> Path:
    digest = sha256(_code_stamp())
    asked = json.dumps([time.strftime("%Y-%m-%d"), sorted(overrides.items())])
    for part in (os.fsencode(root), os.fsencode(path), content, asked.encode()):
        digest.update(len(part).to_bytes(8, "big") + part)
    return folder() / "check" / f"{digest.hexdigest()[:40]}.json"


def _code_stamp() -> bytes:
    """Changes whenever the checker's own files do, so that a checkout of ftdsl is safe too."""
    parts = [f"{__version__}/{_FORMAT}"]
    for part in ("language", "diagnostics"):
        parts.extend(stamps_below(_CODE / part))
    return "\n".join(parts).encode()


def stamps_below(top: Path) -> list[str]:
    """Place, time and size of every file below a folder of the package."""
    stamps = []
    with os.scandir(top) as entries:
        for entry in sorted(entries, key=lambda each: each.name):
            if entry.name == "__pycache__":
                continue
            if entry.is_dir():
                stamps.extend(stamps_below(Path(entry.path)))
            else:
                facts = entry.stat()
                stamps.append(f"{entry.path} {facts.st_mtime_ns} {facts.st_size}")
    return stamps


def file_of(name: str, root: Path) -> Path:
    """The file of a source path: those of the shipped rule sets begin with ``std/``."""
    shipped = _CODE / name
    return shipped if name.startswith("std/") and shipped.exists() else root / name


def _digest_of(name: str, root: Path) -> str | None:
    content = _read(file_of(name, root))
    return None if content is None else sha256(content).hexdigest()


def _read(path: Path) -> bytes | None:
    """The bytes of a plain file of a spec's size; None for all else, links among it."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(handle, "rb") as stream:
        try:
            content = stream.read(_MOST_BYTES + 1)
        except OSError:
            return None
    return content if len(content) <= _MOST_BYTES else None


def store(path: Path, content: bytes) -> None:
    """Put ``content`` at ``path`` at once, or leave it."""
    partial = path.with_suffix(f".{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial.write_bytes(content)
        partial.replace(path)
    except OSError:
        return  # a read-only or full home costs speed, nothing else


def _decode(entry: dict[str, Any], root: Path) -> Checked | None:
    if entry["format"] != _FORMAT:
        return None
    sources = {}
    for name, digest in entry["files"].items():
        content = _read(file_of(name, root))
        if content is None or sha256(content).hexdigest() != digest:
            return None
        sources[name] = Source(name, content)
    diagnostics = tuple(_diagnostic(one) for one in entry["diagnostics"])
    reads = tuple(Read(kind, name, path, tuple(to)) for kind, name, path, to in entry["reads"])
    return Checked(entry["path"], diagnostics, sources, reads)


def _encode(one: Diagnostic) -> dict[str, Any]:
    return {
        "code": one.code,
        "message": one.message,
        "span": _encode_span(one.span),
        "severity": one.severity.value,
        "label": one.label,
        "notes": list(one.notes),
        "related": [[_encode_span(label.span), label.message] for label in one.related],
        "help": one.help,
        "fix": None if one.fix is None else _encode_fix(one.fix),
    }


def _encode_span(span: Span) -> list[str | int]:
    return [span.path, span.start, span.end]


def _encode_fix(fix: Fix) -> list[Any]:
    edits = [[_encode_span(edit.span), edit.replacement] for edit in fix.edits]
    return [fix.title, edits, fix.safe]


def _diagnostic(one: dict[str, Any]) -> Diagnostic:
    return Diagnostic(
        code=one["code"],
        message=one["message"],
        span=Span(*one["span"]),
        severity=Severity(one["severity"]),
        label=one["label"],
        notes=tuple(one["notes"]),
        related=tuple(Label(Span(*span), message) for span, message in one["related"]),
        help=one["help"],
        fix=None if one["fix"] is None else _fix(*one["fix"]),
    )


def _fix(title: str, edits: list[Any], safe: bool) -> Fix:
    return Fix(title, tuple(Edit(Span(*span), text) for span, text in edits), safe)
