"""The processes that train together: which of them this one is, and what they agree on.

Started by torchrun, which sets ``RANK`` and ``WORLD_SIZE``; alone, a process is the first of one.
"""

from __future__ import annotations

import os
from typing import Any


def rank() -> int:
    """The number of this process; 0 leads: it tells, listens, and writes the files."""
    return int(os.environ.get("RANK", "0"))


def world() -> int:
    """How many processes train together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def agreed(wish: bool, device: Any) -> bool:
    """What the leader wishes, which all do: one that stopped alone would leave the others waiting
    for its gradients."""
    if world() == 1:
        return wish
    import torch
    from torch import distributed

    told = torch.tensor([int(wish)], device=device)
    distributed.broadcast(told, 0)
    return bool(told.item())


def together() -> None:
    """Wait until all have come here."""
    if world() > 1:
        from torch import distributed

        distributed.barrier()
