"""HTML in which text is escaped by its type: only ``Markup`` is ever written as it stands.

``tag("p", "1 < 2")`` is ``<p>1 &lt; 2</p>``. Names of elements and attributes are a closed set, no
attribute can hold a script, a style or a foreign address, so data has no way to act.
"""

from __future__ import annotations

import html
from collections.abc import Iterable

from ftdsl.reports import inert

_VOID = frozenset({"meta", "br", "col", "input"})
# Shapes of a drawing: void but for a title that says what they show.
_SHAPES = frozenset({"line", "rect", "circle", "path", "polyline"})
_ELEMENTS = (
    _VOID
    | _SHAPES
    | {
        *(
            "a",
            "article",
            "b",
            "body",
            "caption",
            "code",
            "colgroup",
            "dd",
            "desc",
            "details",
            "div",
        ),
        *(
            "dl",
            "dt",
            "em",
            "figure",
            "figcaption",
            "footer",
            "g",
            "h1",
            "h2",
            "h3",
            "h4",
            "head",
            "header",
        ),
        *(
            "html",
            "li",
            "main",
            "mark",
            "nav",
            "ol",
            "p",
            "pre",
            "section",
            "small",
            "span",
            "strong",
        ),
        *("summary", "svg", "table", "tbody", "td", "text", "tfoot", "th", "thead", "title", "tr"),
        *("ul", "fieldset", "label", "legend"),
    }
)
_ATTRIBUTES = frozenset(
    {
        *("aria-hidden", "aria-label", "charset", "class", "colspan", "content", "cx", "cy", "d"),
        *("height", "href", "http-equiv", "id", "lang", "name", "open", "points", "role", "scope"),
        *("preserveAspectRatio", "r", "rowspan", "rx", "text-anchor", "title", "viewBox"),
        *("width", "x", "xmlns", "x1", "x2", "y", "y1", "y2", "checked", "type"),
    }
)


class Markup(str):
    """A string that is already safe HTML. Made by ``tag`` and ``join`` alone."""

    __slots__ = ()


Node = str | Iterable["Node"] | None


def tag(name: str, /, *children: Node, **attributes: str | int | float | bool | None) -> Markup:
    """One element. Attribute names are written with ``_`` for ``-`` (``class_`` for ``class``);
    False and None leave an attribute out, True writes it bare. ValueError for a name not in the
    closed set or an ``href`` that leaves the page: both are bugs of the caller."""
    if name not in _ELEMENTS:
        raise ValueError(f"element {name!r} is not in the closed set")
    opening = name + "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Markup(f"<{opening}>")
    if name in _SHAPES and not children:
        return Markup(f"<{opening}/>")
    return Markup(f"<{opening}>{join(children)}</{name}>")


def join(nodes: Iterable[Node]) -> Markup:
    """The nodes one after the other, plain strings escaped."""
    return Markup("".join(_write(node) for node in nodes))


def stylesheet(css: str) -> Markup:
    """Our own CSS, which the page's policy admits by its digest, inside ``<style>``."""
    if "</" in css:
        raise ValueError("a style sheet cannot hold a closing tag")
    return Markup(f"<style>{css}</style>")


def escape(text: str) -> Markup:
    """``text`` as HTML text, its control characters made visible."""
    return Markup(html.escape(inert.block(text), quote=True))


def _write(node: Node) -> str:
    if node is None:
        return ""
    if isinstance(node, Markup):
        return node
    if isinstance(node, str):
        return escape(node)
    return join(node)


def _attribute(key: str, value: str | int | float | bool | None) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    if name not in _ATTRIBUTES:
        raise ValueError(f"attribute {name!r} is not in the closed set")
    if value is True:
        return f" {name}"
    if name == "type" and value not in {"radio", "checkbox"}:
        raise ValueError("an input of a report only filters what the page shows")
    if name == "href" and not str(value).startswith("#"):
        raise ValueError("a report links only to itself")
    return f' {name}="{_number(value) if isinstance(value, float) else escape(str(value))}"'


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
