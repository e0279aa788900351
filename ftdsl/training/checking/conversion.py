"""A tokenizer in another form as a tokenizer.json: ``python -m … SOURCE TARGET``.

SOURCE is a GGUF file, or a folder that holds a SentencePiece model. It runs in a process of its
own, since transformers takes seconds to load and nothing else of the check needs it.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from ftdsl.training.local.conversion import write_tokenizer


def main() -> None:
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.rmtree(temporary, ignore_errors=True)
    write_tokenizer(source, temporary)
    shutil.rmtree(target, ignore_errors=True)
    temporary.rename(target)


if __name__ == "__main__":
    main()
