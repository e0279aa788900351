"""What model cards are made of: tables, a line on the losses, and text that no reader acts on."""

from __future__ import annotations

from ftdsl.results.models import CurvePoint


def losses(curve: tuple[CurvePoint, ...]) -> str:
    """A line on where the losses began and ended."""
    learned = [point.loss for point in curve if point.loss is not None]
    held_out = [point.eval_loss for point in curve if point.eval_loss is not None]
    parts = [f"- Loss {learned[0]:.3f} → {learned[-1]:.3f}" if learned else "- Loss not logged"]
    if held_out:
        parts.append(f"on the validation rows {held_out[0]:.3f} → {held_out[-1]:.3f}")
    return "; ".join(parts) + "."


def table(title: str, values: dict[str, str]) -> str:
    """Names and values under a heading."""
    rows = [f"| {inert(key)} | `{inert(value)}` |" for key, value in sorted(values.items())]
    return "\n".join((f"## {title}", "", "| | |", "|---|---|", *rows, ""))


def inert(text: str) -> str:
    """Text from a spec with nothing in it that Markdown, a table or a terminal acts on."""
    shown = "".join(one if one.isprintable() else " " for one in text)
    return shown.replace("`", "'").replace("|", "/").replace("<", "‹")
