"""Codes of fixed copies and of baselines."""

from __future__ import annotations

from ftdsl.diagnostics.codes.code import Code

CODES: tuple[Code, ...] = (
    Code(
        "FT375",
        "fix-options",
        "the options of fixing do not go together",
        "`--fix` writes fixed copies, never the data files themselves, so it needs a folder for "
        "them: `--out DIR`. `--diff` only shows what would change. `--unsafe-fixes` goes with "
        "either. Fixes are for one spec at a time.",
        "ftdsl validate specs/support.ftspec --fix",
        "ftdsl validate specs/support.ftspec --fix --out fixed",
        "run",
    ),
    Code(
        "FT376",
        "fix-folder",
        "fixed copies may not be written into this folder",
        "The folder of fixed copies lies outside `.git`, is no symbolic link and goes through "
        "none, and is not one where a copy would take the place of the data file that it was made "
        "from: nothing is ever fixed in place.",
        "ftdsl validate specs/support.ftspec --fix --out .",
        "ftdsl validate specs/support.ftspec --fix --out fixed",
        "run",
    ),
)
