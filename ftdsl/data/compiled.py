"""The compiled loops over the bytes of files, where a compiler was there when they were installed.

Whoever uses them has a way without them, with the same results.
"""

from __future__ import annotations

from typing import Any

try:
    from ftdsl.data import _scan
except ImportError:
    _scan = None  # type: ignore[assignment]

compiled: Any = _scan
"""The module ``_scan``, or None."""
