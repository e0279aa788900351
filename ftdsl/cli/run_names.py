"""How a run is named on the command line: its id, the beginning of it, ``latest``, its folder."""

from __future__ import annotations

from pathlib import Path

from ftdsl.cli.comparing import Side
from ftdsl.cli.usage import UsageError
from ftdsl.engine.recording import damaged, read_record
from ftdsl.engine.runs import FILE, read_folder, read_run, run_folder, run_ids


def run_named(out: Path, word: str) -> Side:
    """The run that ``word`` names: an id, its beginning, ``latest``, or the folder of a run.
    UsageError where there is none (FT257), or its folder is not what it was (FT700)."""
    place = Path(word)
    if "/" in word or "\\" in word or place.joinpath(FILE).is_file():
        found, folder = read_folder(place), place
    else:
        found = read_run(out, word)
        folder = run_folder(out, found) if found is not None else out
    if found is None:
        known = run_ids(out)
        help_line = f"the newest is {known[0]}" if known else f"nothing has been run below {out}"
        raise UsageError("FT257", f"there is no run `{word}`", help_line)
    record = read_record(folder)
    wrong = damaged(folder, record) if record is not None else ()
    if wrong:
        raise UsageError(
            "FT700",
            f"the run {found.run_id} is not what it was: {', '.join(wrong[:3])} changed since",
            "take its folder from where it was kept, or run the spec again",
        )
    return Side(found, folder, out if folder.parent == out / "runs" else folder)
