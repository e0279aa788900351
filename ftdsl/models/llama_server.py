"""A llama.cpp server in a process of its own: ``python -m ftdsl.models.llama_server``.

The first line of standard input is its configuration as JSON (so that the key is in no process
list); the first line of standard output is where it listens. It ends when standard input closes or
its parent is gone, however that came about.
"""

from __future__ import annotations

import json
import os
import select
import sys
import threading
from typing import Any

_LOOK = 0.5  # seconds between two looks at the parent


def main() -> None:
    parent = os.getppid()
    settings = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    import xllamacpp

    server = xllamacpp.Server(_parameters(xllamacpp, settings))
    print(json.dumps({"address": server.listening_address}), flush=True)
    threading.Event().wait()


def _end_with(parent: int) -> None:
    """End this process at once when the parent closes our input, or has died."""
    while os.getppid() == parent:
        readable, _, _ = select.select([sys.stdin.fileno()], [], [], _LOOK)
        if readable and not os.read(sys.stdin.fileno(), 1):
            break
    os._exit(0)


def _parameters(xllamacpp: Any, settings: dict[str, Any]) -> Any:
    """``context`` is in tokens for each of the ``slots``; llama.cpp wants their sum."""
    parameters = xllamacpp.CommonParams()
    parameters.model.path = settings["model"]
    parameters.model_alias = {settings["alias"]}
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.api_keys = [settings["key"]]
    parameters.n_parallel = settings["slots"]
    parameters.n_ctx = settings["context"] * settings["slots"]
    parameters.cpuparams.n_threads = settings["threads"]
    parameters.cpuparams_batch.n_threads = settings["threads"]
    parameters.warmup = False
    parameters.ui = False
    if settings["template"] is not None:
        parameters.chat_template = settings["template"]
    if settings["adapter"] is not None:
        parameters.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(settings["adapter"], 1.0)]
    return parameters


if __name__ == "__main__":
    main()
