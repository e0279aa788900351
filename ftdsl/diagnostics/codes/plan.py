"""Codes of planning, the lock file and the engine."""

from __future__ import annotations

from ftdsl.diagnostics.codes.code import Code

CODES: tuple[Code, ...] = (
    Code(
        "FT200",
        "plan-moved",
        "what a saved plan was made from is not the same any more",
        "`apply` does what was reviewed, or nothing. It makes the plan anew and compares: the spec "
        "and its imports, the bytes of every file, every setting, and every entry of ftspec.lock "
        "that a step reads. Each difference is named. A step that ran meanwhile is no difference.",
        "ftdsl plan specs/support.ftspec -o plan.json\n"
        "echo '{}' >> data/support.jsonl\n"
        "ftdsl apply plan.json",
        "ftdsl plan specs/support.ftspec -o plan.json\nftdsl apply plan.json",
        "run",
    ),
    Code(
        "FT201",
        "no-plan",
        "a file is not a plan that this version can apply",
        "The file is missing, is not JSON, was cut short, was edited, or has another schema "
        "version. A plan is never repaired: make a new one.",
        "ftdsl apply README.md",
        "ftdsl plan specs/support.ftspec -o plan.json\nftdsl apply plan.json",
        "run",
    ),
    Code(
        "FT202",
        "no-such-step",
        "a selector names no step",
        "`--only` takes a step's id (`gate.release`), the beginning of it (`eval.golden`), a kind "
        "of step (`check`) or the name of a block (`support`).",
        "ftdsl run specs/support.ftspec --only gate.relaese",
        "ftdsl run specs/support.ftspec --only gate.release",
        "run",
    ),
    Code(
        "FT203",
        "damaged-lock",
        "ftspec.lock cannot be used",
        "The lock is history that thresholds are compared with, so that a damaged one is never "
        "taken for an empty one. It may hold an unresolved merge conflict, an unknown key, or the "
        "schema of a later version. Restore it from version control, or delete it and lock anew.",
        "printf '<<<<<<< HEAD\\n' >> specs/ftspec.lock\nftdsl plan specs/support.ftspec",
        "git checkout -- specs/ftspec.lock\nftdsl plan specs/support.ftspec",
        "run",
    ),
    Code(
        "FT204",
        "changed-under-run",
        "a file changed while a step read it",
        "A result is kept under the digests of the files that it was made from. A step whose files "
        "are not those that were planned is thrown away, and what needs it does not run.",
        "ftdsl run specs/support.ftspec &\necho '{}' >> data/support.jsonl",
        "ftdsl run specs/support.ftspec",
        "run",
    ),
    Code(
        "FT205",
        "folder-in-use",
        "another run is using the output folder",
        "One run at a time writes to an output folder; the message says which process, on which "
        "machine and since when. The hold ends with the process, however it ends: there is no "
        "stale lock to remove.",
        "ftdsl run specs/support.ftspec &\nftdsl run specs/support.ftspec",
        "ftdsl run specs/support.ftspec &\nftdsl run specs/support.ftspec --out .ftdsl-second",
        "run",
    ),
    Code(
        "FT206",
        "unsafe-folder",
        "the output folder leads somewhere else",
        "Nothing is written through a symbolic link of the output folder, since a checkout may "
        "bring one along that points at any file of yours; nor into a .git folder.",
        "ln -s ~ .ftdsl\nftdsl run specs/support.ftspec",
        "rm .ftdsl\nftdsl run specs/support.ftspec",
        "run",
    ),
    Code(
        "FT207",
        "disk",
        "the machine would not read or write a file",
        "The disk is full, a quota is reached, or a permission is missing. What was finished "
        "before is kept, and no file is half written. Steps that do not depend on it go on.",
        "ftdsl run specs/support.ftspec --out /proc/results",
        "ftdsl run specs/support.ftspec --out /tmp/results",
        "run",
    ),
    Code(
        "FT208",
        "memory",
        "the machine has no memory left for a step",
        "Row work needs little memory whatever the size of the data; training and serving a model "
        "need what the model needs. A smaller batch, a shorter maximum length or a smaller model "
        "needs less.",
        "ulimit -v 400000\nftdsl run specs/support.ftspec --only train.support_lora",
        "ftdsl run specs/support.ftspec --only train.support_lora",
        "run",
    ),
    Code(
        "FT209",
        "not-installed",
        "a step needs a library that is not installed",
        "The core install is light; what trains, serves or scores comes with an extra. The message "
        "names it.",
        "pip install ftdsl\nftdsl run specs/support.ftspec --only train.support_lora",
        "pip install 'ftdsl[train]'\nftdsl run specs/support.ftspec --only train.support_lora",
        "run",
    ),
    Code(
        "FT210",
        "host-not-allowed",
        "a planned step would ask a host that the operator has not allowed",
        "A spec may name any host, and cannot allow itself one. `plan` says it ahead; the step "
        "itself refuses with exit code 4.",
        "ftdsl plan specs/support.ftspec",
        "ftdsl plan specs/support.ftspec --allow-host models.example.org",
        "run",
    ),
)
