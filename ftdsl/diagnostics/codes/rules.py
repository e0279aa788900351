"""Codes of rules, imports, waivers, splits and training."""

from __future__ import annotations

from ftdsl.diagnostics.codes.code import Code
from ftdsl.diagnostics.codes.spec_examples import (
    CHAT,
    TICKETS,
    block,
    chat,
    dataset,
    must,
    rule,
    train,
    waive,
)

_SPLIT = (
    "schema ticket extends chat {{ id: text }}\n\ndataset support {{\n  schema = ticket\n"
    '  source = jsonl("data/a.jsonl")\n  split = by_hash(id, {})\n}}\n'
)
_STD = 'import "std/chat.ftspec" as std_chat\n'
_FOREVER = 'reason = "agreed with the owner"\nuntil = 2099-12-31'


def _import(path: str) -> str:
    top = CHAT.replace("ftspec 1\n", f'ftspec 1\n\nimport "{path}" as house\n')
    return f"{top}\ncheck support {{ use house.well_formed }}\n"


def _use(line: str) -> str:
    return CHAT.replace("ftspec 1\n", f"ftspec 1\n\n{_STD}") + f"\ncheck support {{\n  {line}\n}}\n"


_TEMPLATE = CHAT.replace("schema = chat\n", 'schema = chat\n  template = "chat_template.jinja"\n')

CODES: tuple[Code, ...] = (
    Code(
        "FT347",
        "no-chat-template",
        "a rule renders rows, and their dataset names no chat template",
        "`renders(row)` asks whether the trainer's chat template makes a text of the row. The "
        "dataset's `template` names it: the model's `chat_template.jinja`.",
        must("renders(row)"),
        must("renders(row)", _TEMPLATE),
    ),
    Code(
        "FT118",
        "can-never-fail",
        "a rule holds whatever the data",
        "Its conditions, taken together with the `where`, leave nothing that could fail. Such a "
        "rule looks like a safeguard and is none.",
        rule("each where words(prompt) > 10 must words(prompt) > 3"),
        rule("each where words(prompt) > 10 must words(prompt) > 30"),
    ),
    Code(
        "FT119",
        "can-never-pass",
        "a rule fails whatever the data",
        "Two of its conditions exclude each other.",
        must("words(prompt) > 10 and words(prompt) < 3"),
        must("words(prompt) > 3 and words(prompt) < 10"),
    ),
    Code(
        "FT128",
        "pointless-filter",
        "a `where` matches no row, or every row",
        "A filter that never matches turns its rule off; one that always matches has no effect.",
        rule('each where words(prompt) > 9 and words(prompt) < 3 must reply.text != ""'),
        rule('each where words(prompt) > 9 must reply.text != ""'),
    ),
    Code(
        "FT129",
        "empty-block",
        "a block asks for nothing",
        "A check without rules passes all data, a gate without requirements passes all models.",
        chat("check support { }"),
        must('prompt != ""'),
    ),
    Code(
        "FT130",
        "rule-says-nothing",
        "a rule has neither `each` nor `expect`",
        "`each … must …` is about every row, `expect …` about the whole dataset.",
        rule("waivable = false"),
        rule('each must prompt != ""  waivable = false'),
    ),
    Code(
        "FT131",
        "rule-says-two-things",
        "a rule has more than one statement",
        "Each rule is counted, waived and reported on its own, so it says one thing.",
        rule('each must prompt != ""  each must reply.text != ""'),
        rule('each must prompt != "" and reply.text != ""'),
    ),
    Code(
        "FT132",
        "says-the-same",
        "two statements say the same",
        "The second can never tell anything new.",
        chat(
            'check support {\n  rule a { each must prompt != "" }\n'
            '  rule b { each must prompt != "" }\n}'
        ),
        chat(
            'check support {\n  rule a { each must prompt != "" }\n'
            '  rule b { each must reply.text != "" }\n}'
        ),
    ),
    Code(
        "FT133",
        "nothing-to-leave-out",
        "a rule is left out that the rule set does not have",
        "What is left out is visible, and it is there.",
        _use("use std_chat.answered except not_an_ecko"),
        _use("use std_chat.answered except not_an_echo"),
    ),
    Code(
        "FT134",
        "ruleset-for-another-schema",
        "a rule set is used on rows it was not written for",
        "`ruleset NAME for SCHEMA` can be used where the rows' schema is SCHEMA or extends it.",
        chat(
            "ruleset pairs for preference {\n"
            "  rule differ { each must chosen.text != rejected.text }\n}\n\n"
            "check support { use pairs }"
        ),
        chat(
            'ruleset voice for chat {\n  rule polite { each must reply.text != "" }\n}\n\n'
            "check support { use voice }"
        ),
    ),
    Code(
        "FT135",
        "rows-of-a-dataset-rule",
        "a rule about the whole dataset counts rows, or shows rows beside the lock",
        "`fail when failing > 1%` counts failing rows, and an `expect` has none: its tolerance is "
        "part of the `expect` itself. `accepts` and `rejects` name files for whose rows it holds, "
        "or does not; nothing is locked for them, so that a rule which reads the lock takes none.",
        rule("expect count(rows) > 10  fail when failing > 1%"),
        rule("expect count(rows) > 10"),
    ),
    Code(
        "FT136",
        "hidden-warning",
        "a `warn when` line can never be seen",
        "Whenever it would warn, the `fail when` line fails the rule. The two lines are "
        "independent of each other: giving one implies nothing about the other.",
        rule('each must prompt != ""  fail when failing > 0%  warn when failing > 2%'),
        rule('each must prompt != ""  fail when failing > 2%  warn when failing > 0%'),
    ),
    Code(
        "FT137",
        "accepted-and-rejected",
        "the same example rows are to be accepted and rejected",
        "Give each its own file.",
        rule('each must prompt != ""  accepts jsonl("a.jsonl")  rejects jsonl("a.jsonl")'),
        rule('each must prompt != ""  accepts jsonl("a.jsonl")  rejects jsonl("b.jsonl")'),
    ),
    Code(
        "FT140",
        "unreadable-file",
        "a spec file is not there or cannot be read",
        "Imports are relative to the folder of the importing file. `std/` stands for the rule "
        "sets that come with ftdsl.",
        _import("std/chats.ftspec"),
        _import("std/chat.ftspec"),
    ),
    Code(
        "FT142",
        "imports-in-a-circle",
        "a file imports itself, directly or through others",
        "The note shows the circle. What two files need goes into a third.",
        _import("./example.ftspec"),
        _import("std/chat.ftspec"),
    ),
    Code(
        "FT143",
        "imports-over-budget",
        "the imports are too many, too large or too deep",
        "At most 64 files, 4 MiB and 16 levels: a spec is small, and reading one must never take "
        "long.",
        "ftdsl check specs/imports-a-hundred-files.ftspec",
        "ftdsl check specs/support.ftspec",
        "run",
    ),
    Code(
        "FT144",
        "not-a-library",
        "an imported file holds more than declarations",
        "Files that are imported hold `let`, `fn`, `extern fn`, `schema` and `ruleset`. Datasets, "
        "checks and gates belong to the spec that is run.",
        "ftdsl check specs/imports-a-whole-spec.ftspec",
        "ftdsl check specs/support.ftspec",
        "run",
    ),
    Code(
        "FT148",
        "path-outside",
        "a path is not one of the project",
        "Paths are relative to the spec's folder, with forward slashes, and stay under the "
        "project root: the nearest folder above with .git, pyproject.toml or .ftdsl-root, or the "
        "one given by --root.",
        dataset('schema = chat\nsource = jsonl("/data/a.jsonl")'),
        dataset('schema = chat\nsource = jsonl("data/a.jsonl")'),
    ),
    Code(
        "FT150",
        "waives-no-rule",
        "a waiver is for a rule that is not there",
        "It is written `waive DATASET.RULE`; rules that come from a `use` count as well.",
        waive(_FOREVER, name="exmaple"),
        waive(_FOREVER),
    ),
    Code(
        "FT151",
        "waiver-ended",
        "a waiver's last day is over",
        "A waiver is a debt with a date. Mend the rows, or decide anew.",
        waive('reason = "agreed with the owner"\nuntil = 2024-12-31'),
        waive(_FOREVER),
    ),
    Code(
        "FT152",
        "not-waivable",
        "a rule forbids waivers",
        "Its author wrote `waivable = false`.",
        waive(_FOREVER, body='each must reply.text != ""  waivable = false'),
        waive(_FOREVER),
    ),
    Code(
        "FT153",
        "waived-twice",
        "two waivers excuse the same rows of one rule",
        "It would be unclear whose reason and whose date holds.",
        waive(_FOREVER) + '\nwaive support.example {\n  reason = "x"\n  until = 2099-01-01\n}\n',
        waive(_FOREVER),
    ),
    Code(
        "FT165",
        "shares-are-not-a-whole",
        "the shares of a split do not add up to 100%",
        "Every row goes into exactly one part.",
        f"ftspec 1\n\n{_SPLIT.format('train: 95%, holdout: 10%')}",
        f"ftspec 1\n\n{_SPLIT.format('train: 90%, holdout: 10%')}",
    ),
    Code(
        "FT166",
        "leak",
        "rows would be compared with, or scored on, themselves",
        "The spec alone shows that a training would learn from rows it is validated or scored "
        "on, or that a dataset would be cleaned of rows that are like itself: all of them.",
        block("dedup", "drop near on prompt { against = support }"),
        block("dedup", "drop near on prompt"),
    ),
    Code(
        "FT167",
        "which-split",
        "a split is not there, or none is named",
        "`support.train` is the part `train` of the dataset `support`. A dataset that is split "
        "is always named with its part.",
        train(
            "base = local\ndata = support\nvalidate = support.holdout\ntarget trl { method = sft }"
        ),
        train(
            "base = local\ndata = support.train\nvalidate = support.holdout\n"
            "target trl { method = sft }"
        ),
    ),
    Code(
        "FT168",
        "no-weights-to-train",
        "a training starts from a model whose weights are elsewhere",
        "Trained here are models of `provider = local`, folders and hub ids.",
        f'{TICKETS}\nmodel mini {{ provider = openai  name = "gpt-4.1-mini" }}\n\n'
        "train tuned {\n  base = mini\n  data = support.train\n  validate = support.holdout\n"
        "  target trl { method = sft }\n}\n",
        train(
            "base = local\ndata = support.train\nvalidate = support.holdout\n"
            "target trl { method = sft }"
        ),
    ),
    Code(
        "FT170",
        "no-validation",
        "a training has no rows to validate on",
        "Without them nobody sees when it begins to learn by heart. `validate = none` needs "
        '`unvalidated = "REASON"`.',
        train("base = local\ndata = support.train\ntarget trl { method = sft }"),
        train(
            "base = local\ndata = support.train\nvalidate = support.holdout\n"
            "target trl { method = sft }"
        ),
    ),
)
