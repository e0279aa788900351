"""The process that trains: ``python -m ftdsl.training.local.worker JOB.json``.

Events go to standard output, one JSON object a line; whatever else writes there is sent to standard
error. A line on standard input asks it to stop at the next step; the end of standard input, or of
its parent, ends it at once.
"""

from __future__ import annotations

import errno
import os
import select
import sys
import threading
import time
from pathlib import Path

from ftdsl.training.local.job import Event, Failed, Job
from ftdsl.training.local.ranks import rank, world

_LOOK = 0.5  # seconds between two looks at the parent


def main() -> None:
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    leads = rank() == 0

    def tell(event: Event) -> None:
        if not leads:
            return
        events.write(event.model_dump_json() + "\n")
        events.flush()

    stop = threading.Event()
    threading.Thread(target=_listen, args=(os.getppid(), stop, leads), daemon=True).start()
    job = Job.model_validate_json(Path(sys.argv[1]).read_bytes())
    from ftdsl.training.local.refusal import CannotTrain
    from ftdsl.training.local.trainer import train

    try:
        train(job, tell, stop.is_set)
    except CannotTrain as error:
        tell(Failed(code=error.code, message=str(error), help=error.help))
    except MemoryError:
        tell(Failed(code="FT606", message="there was not enough memory"))
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        tell(Failed(code="FT608", message=f"the disk is full: {error.strerror}"))


def _listen(parent: int, stop: threading.Event, leads: bool) -> None:
    """Of several processes the first alone reads; each ends with its parent. One that ends in
    failure takes the others with it."""
    while os.getppid() == parent:
        if not leads:
            time.sleep(_LOOK)
            continue
        readable, _, _ = select.select([0], [], [], _LOOK)
        if readable:
            if not os.read(0, 64):
                break
            stop.set()
    os._exit(0 if world() == 1 else 1)


if __name__ == "__main__":
    main()
