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
    Code(
        "FT377",
        "damaged-baseline",
        "a baseline cannot be used",
        "The file of known failing rows may hold an unresolved merge conflict, an unknown key, or "
        "the schema of a later version. It is never taken for an empty one, which would turn every "
        "known row into a finding. Restore it from version control.",
        "printf '<<<<<<< HEAD\\n' >> specs/support.baseline.toml\n"
        "ftdsl validate specs/support.ftspec",
        "git checkout -- specs/support.baseline.toml\nftdsl validate specs/support.ftspec",
        "run",
    ),
    Code(
        "FT378",
        "rate-grew",
        "a rule fails for a larger share of the rows than its baseline says",
        "A baseline is a ratchet: known rows are excused, and the share of failing rows, known "
        "ones included, may only shrink. It can grow without a new failing row where a known row "
        "was copied, or where rows that hold were taken out.",
        "head -n 1 rows.jsonl >> rows.jsonl\nftdsl validate specs/support.ftspec",
        "git checkout -- rows.jsonl\nftdsl validate specs/support.ftspec",
        "run",
    ),
    Code(
        "FT379",
        "baseline-too-large",
        "more rows fail than a baseline holds",
        "A baseline of more than 200,000 rows is no list that anybody will work off. Fix what can "
        "be fixed first, or give the rules a `fail when` line that says what is bearable.",
        "ftdsl lock specs/support.ftspec --baseline",
        "ftdsl validate specs/support.ftspec --fix --out fixed",
        "run",
    ),
)
