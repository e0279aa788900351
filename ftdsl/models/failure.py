"""How an attempt to get an answer can fail, and what follows from each way."""

from __future__ import annotations


class Failed(Exception):
    """One failed attempt, which says why in the user's words.

    ``again`` tells whether another attempt may fare better; ``wait`` is how many seconds the server
    asked for. ``unreachable`` means that the host did not do its work, whatever was asked.
    ``processed`` means that the request may have been worked on, and so may be billed.
    """

    def __init__(
        self,
        why: str,
        *,
        again: bool = True,
        wait: float | None = None,
        unreachable: bool = False,
        processed: bool = False,
    ) -> None:
        super().__init__(why)
        self.again = again
        self.wait = wait
        self.unreachable = unreachable
        self.processed = processed


class Rejected(Exception):
    """What no later question could mend: the key, the account's quota, the host's certificate."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail
