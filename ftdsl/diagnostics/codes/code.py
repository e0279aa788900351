"""What is known of one diagnostic code: the text of ``ftdsl explain`` and of the reference page."""

from __future__ import annotations

from typing import Literal

from ftdsl.record import record


@record
class Code:
    """``examples`` tells how ``failing`` and ``passing`` are proved: ``spec`` texts go through
    ``analyze``; ``rows`` are JSONL bodies read as a chat dataset; for ``run`` they are shell
    lines for the reader, and a test marked ``@pytest.mark.code(CODE)`` proves each.
    """

    code: str
    name: str
    summary: str
    explanation: str
    failing: str
    passing: str
    examples: Literal["spec", "rows", "run"] = "spec"
