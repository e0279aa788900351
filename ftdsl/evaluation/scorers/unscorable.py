"""Why a case can have no score."""

from __future__ import annotations


class Unscorable(Exception):
    """This case has no score, for the reason given. It counts as neither right nor wrong."""
