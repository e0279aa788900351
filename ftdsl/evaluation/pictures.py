"""Which pictures the turns of a case show: files of the eval's folder, or data in the row."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from ftdsl.data.rows import Row
from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Refused
from ftdsl.models.answer import Image
from ftdsl.plan.steps import EvalStep

LARGEST = 8 * 1024 * 1024
"""Bytes of one picture. As base64 text it is a third longer."""

_DATA = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,")
_KINDS = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
)


class Pictures:
    """The pictures of one eval. Each file is looked at once, and read again when it is sent."""

    def __init__(self, step: EvalStep, root: Path) -> None:
        folder = dict(step.eval.settings).get("images")
        self._step = step
        self._root = root.resolve()
        self._folder = (root / str(folder)).resolve() if folder is not None else None
        self._known: dict[str, Image] = {}

    def shown(self, url: object, row: Row) -> Image:
        """The picture that a part of a turn refers to. Raises ``Refused`` (FT535)."""
        if not isinstance(url, str):
            raise self._refused(row, "a picture has no `url`")
        if _DATA.match(url):
            if len(url) > 4 * LARGEST // 3:
                raise self._refused(row, f"a picture is larger than {LARGEST // 2**20} MiB")
            return Image(hashlib.sha256(url.encode()).hexdigest(), url=url)
        if url not in self._known:
            self._known[url] = self._file(url, row)
        return self._known[url]

    def _file(self, url: str, row: Row) -> Image:
        if ":" in url:
            raise self._refused(row, f"the picture `{url[:80]}` is no file of the project")
        if self._folder is None:
            raise self._refused(row, f"the eval does not say where the picture `{url[:80]}` lies")
        place = (self._folder / url).resolve()
        inside = place.is_relative_to(self._folder) and place.is_relative_to(self._root)
        if not inside or not place.is_file():
            raise self._refused(row, f"the picture `{url[:80]}` is not in the folder of `images`")
        if place.stat().st_size > LARGEST:
            raise self._refused(row, f"`{url[:80]}` is larger than {LARGEST // 2**20} MiB")
        data = place.read_bytes()
        kind = next((kind for start, kind in _KINDS if start.match(data)), None)
        if kind is None:
            raise self._refused(row, f"`{url[:80]}` is no PNG, JPEG, GIF or WebP picture")
        return Image(hashlib.sha256(data).hexdigest(), kind, str(place))

    def _refused(self, row: Row, why: str) -> Refused:
        return Refused(
            Diagnostic(
                "FT535",
                f"{row.path}:{row.line}: {why}",
                self._step.eval.span or Span("", 0, 0),
                help='pictures are files of one folder, named by the eval: `images = "data/'
                'images"`, with paths relative to it in the rows',
            )
        )
