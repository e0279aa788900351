"""Codes of the command line: what was typed cannot be acted on."""

from __future__ import annotations

from ftdsl.diagnostics.codes.code import Code

CODES: tuple[Code, ...] = (
    Code(
        "FT250",
        "unknown-command",
        "there is no such command",
        "The first word after `ftdsl` must be one of its commands. `ftdsl --help` lists them. "
        "Nothing was read and nothing was run.",
        "ftdsl chekc specs/support.ftspec",
        "ftdsl check specs/support.ftspec",
        "run",
    ),
    Code(
        "FT251",
        "usage",
        "an option or an argument is missing, unknown or of the wrong form",
        "Options are never guessed: an abbreviation or an unknown word stops the command before "
        "anything is read. `ftdsl COMMAND --help` shows what it takes.",
        "ftdsl check specs/support.ftspec --colour never",
        "ftdsl check specs/support.ftspec --color never",
        "run",
    ),
    Code(
        "FT252",
        "output-format",
        "an output is of an unknown format, names no file, or would share standard output",
        "`--output` takes FORMAT or FORMAT=PATH and may be given several times; one of them at "
        "most may go to standard output.",
        "ftdsl check specs/support.ftspec --output yaml",
        "ftdsl check specs/support.ftspec --output json=out/check.json --output github",
        "run",
    ),
    Code(
        "FT253",
        "unwritable",
        "a file cannot be written",
        "The folder is missing a permission, the disk is full, or the path names a folder. The old "
        "file, if there was one, is as it was.",
        "ftdsl check specs/support.ftspec --output json=/proc/check.json",
        "ftdsl check specs/support.ftspec --output json=out/check.json",
        "run",
    ),
    Code(
        "FT254",
        "no-such-spec",
        "there is no such file, or no spec in the folder",
        "A command that was given nothing to look at has not passed: it stops with exit code 2.",
        "ftdsl check specs/suport.ftspec",
        "ftdsl check specs/support.ftspec",
        "run",
    ),
    Code(
        "FT255",
        "root",
        "the project root is no folder, or the spec lies outside it",
        "Every path that a spec names must stay below the project root: the nearest folder above "
        "the spec with `.git`, `pyproject.toml` or `.ftdsl-root`, or what `--root` says.",
        "ftdsl check specs/support.ftspec --root docs",
        "ftdsl check specs/support.ftspec --root .",
        "run",
    ),
    Code(
        "FT256",
        "unknown-code",
        "there is no diagnostic code of that name",
        "`ftdsl explain` without an argument lists every code.",
        "ftdsl explain FT9999",
        "ftdsl explain FT110",
        "run",
    ),
    Code(
        "FT257",
        "no-such-run",
        "there is no finished run of that name",
        "`ftdsl report` shows runs that `run`, `apply` or `validate` kept below the output folder. "
        "`ftdsl report` without an argument takes the newest.",
        "ftdsl report 20200101-000000-none",
        "ftdsl report",
        "run",
    ),
    Code(
        "FT258",
        "no-such-rule",
        "no rule of that name has been run over the data",
        "`ftdsl rows` reads the findings that the last `validate` or `run` kept. A rule is named "
        "as in the spec, `DATASET.RULE` where two datasets have one of the same name.",
        "ftdsl rows specs/support.ftspec no_such_rule",
        "ftdsl rows specs/support.ftspec reply_present",
        "run",
    ),
    Code(
        "FT259",
        "not-in-this-version",
        "the command belongs to a later version",
        "The name is kept for it, and it does nothing yet: a script that needs it should not "
        "believe that it ran.",
        "ftdsl compare RUN RUN",
        "ftdsl report RUN",
        "run",
    ),
    Code(
        "FT260",
        "set",
        "`--set` is not NAME=VALUE, or names no `let` of the spec",
        "`--set` gives a `let` of the spec another value for this call, written as in the spec: "
        "`--set context=8k`. It cannot add a name.",
        "ftdsl check specs/support.ftspec --set context",
        "ftdsl check specs/support.ftspec --set context=8k",
        "run",
    ),
    Code(
        "FT261",
        "config",
        "a configuration file cannot be read, or holds a key that it may not",
        "`[tool.ftdsl]` in `pyproject.toml` may say how things are shown: `output`, `color`, "
        "`quiet`, `verbose`. What widens powers (`allow_host`, `allow_extern`, `out`, `workers`) "
        "may stand only in a file that the operator names with `--config`, since whoever can "
        "change a file of the checkout must not be able to change what it is allowed to do. "
        "`--isolated` reads no configuration at all.",
        "printf '[tool.ftdsl]\\nallow_host = [\"example.org\"]\\n' >> pyproject.toml\n"
        "ftdsl check specs/support.ftspec",
        "printf '[tool.ftdsl]\\ncolor = \"never\"\\n' >> pyproject.toml\n"
        "ftdsl check specs/support.ftspec",
        "run",
    ),
    Code(
        "FT263",
        "already-there",
        "a file that would be created is there already",
        "`ftdsl init` never overwrites: move the file away or choose another folder.",
        "ftdsl init . && ftdsl init .",
        "ftdsl init .",
        "run",
    ),
    Code(
        "FT266",
        "changed-file",
        "a file given to --changed is no source of the spec's data",
        "`ftdsl validate --changed` runs the datasets that read one of the named files. A commit "
        "hook passes whatever was staged, so this is a warning and not an error.",
        "ftdsl validate specs/support.ftspec --changed README.md",
        "ftdsl validate specs/support.ftspec --changed data/support/part-1.jsonl",
        "run",
    ),
    Code(
        "FT267",
        "accepted-row-fails",
        "a row that a rule must accept breaks it",
        "`accepts` names rows that are right: if the rule refuses one, either the rule or the row "
        "is wrong. `ftdsl test` runs these examples without the dataset.",
        "printf 'not json' > tests/rows/good.jsonl\nftdsl test specs/support.ftspec",
        "ftdsl test specs/support.ftspec",
        "run",
    ),
    Code(
        "FT268",
        "rejected-row-passes",
        "a row that a rule must refuse passes it",
        "`rejects` names rows that are wrong: if the rule lets one pass, or its `where` leaves it "
        "out, the rule does not do what it was written for.",
        "ftdsl test specs/support.ftspec",
        "ftdsl test specs/support.ftspec",
        "run",
    ),
    Code(
        "FT269",
        "no-example-rows",
        "the rows of an example cannot be read, or there are none",
        "The pattern of `accepts` or `rejects` must name files with at least one row that can be "
        "read; an example without rows would prove nothing.",
        "rm tests/rows/blank_reply.jsonl\nftdsl test specs/support.ftspec",
        "ftdsl test specs/support.ftspec",
        "run",
    ),
    Code(
        "FT299",
        "internal-error",
        "a bug in ftdsl",
        "Something happened that ftdsl does not know how to answer. The message names a file with "
        "the traceback, with the values of secret environment variables masked. Results that were "
        "finished are kept. Please report it.",
        "ftdsl run specs/support.ftspec",
        "ftdsl run specs/support.ftspec",
        "run",
    ),
)
