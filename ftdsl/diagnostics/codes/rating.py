"""Codes of ratings by people: what comes back from raters, and what there is to rate."""

from __future__ import annotations

from ftdsl.diagnostics.codes.code import Code

_IMPORT = "ftdsl rate specs/support.ftspec tone --import "

_SPEC = """ftspec 1

model base { provider = replay  outputs = jsonl("runs/base.jsonl", id: "id", output: "reply") }
model next { provider = replay  outputs = jsonl("runs/next.jsonl", id: "id", output: "reply") }
model old { provider = replay  outputs = jsonl("runs/old.jsonl", id: "id", output: "reply") }

eval golden {
  schema = chat
  source = jsonl("data/golden.jsonl")
  score exact = exact_match(output, reply.text)
}

rate tone { compare = [base, next]  cases = golden }

gate release {
  from = FROM
  eval = golden
  require tone.win_rate >= 55% with confidence 95%
}
"""


def _returned(
    code: str, name: str, summary: str, explanation: str, failing: str, passing: str
) -> Code:
    return Code(code, name, summary, explanation, failing, passing, "run")


CODES: tuple[Code, ...] = (
    _returned(
        "FT720",
        "no-rating",
        "a line of a file of ratings is no rating",
        "The page writes one JSON object a line with fixed keys. Lines are only ever added. One "
        "line that is none, and nothing of the files is kept: part of a rater's work would be a "
        "biased part.",
        f"{_IMPORT}cut-off.jsonl",
        f"{_IMPORT}tone.1f0c.r-9f2.jsonl",
    ),
    _returned(
        "FT721",
        "unknown-item",
        "a rating is of an item that nobody was shown",
        "An item is a digest of its prompt and its answers, and a rating names the digests of the "
        "answers that were on the screen. They are those of no item of its batch, so the line has "
        "been edited.",
        f"{_IMPORT}edited.jsonl",
        f"{_IMPORT}tone.1f0c.r-9f2.jsonl",
    ),
    _returned(
        "FT722",
        "rating-id-twice",
        "two different ratings have one id",
        "An id is drawn at random when a verdict is given. The same line may come in twice and "
        "counts once; two lines that differ cannot share an id. A correction is a new line that "
        "`supersedes` the old one.",
        f"{_IMPORT}mine.jsonl mine-edited.jsonl",
        f"{_IMPORT}mine.jsonl mine.jsonl",
    ),
    _returned(
        "FT723",
        "other-question",
        "a rating answers another question",
        "The question, the rubric or the way to ask has been edited since the page was written. A "
        "verdict on another question is no verdict on this one. Ratings of earlier wordings stay "
        "in the project, are set aside, and are counted.",
        f"{_IMPORT}tone.1f0c.r-9f2.jsonl   # after an edit of rubrics/tone.md",
        f"git checkout rubrics/tone.md\n{_IMPORT}tone.1f0c.r-9f2.jsonl",
    ),
    _returned(
        "FT724",
        "other-batch",
        "a rating is of another batch",
        "A batch is a digest of all that raters see. Once a model answers otherwise, old verdicts "
        "are of answers that are no more. Where prompt and answers are the same in the batch of "
        "today (a larger sample, one model more), old ratings count. It is also said of a rating "
        "that belongs to another `rate` block.",
        f"{_IMPORT}last-month.jsonl",
        "ftdsl rate specs/support.ftspec tone --out tone.html",
    ),
    _returned(
        "FT725",
        "corrects-nothing",
        "a correction is of a rating that is not there",
        "`supersedes` names an earlier verdict of the same rater on the same item. Files of "
        "ratings are only added to, so both lines come together.",
        f"{_IMPORT}second-half.jsonl",
        f"{_IMPORT}first-half.jsonl second-half.jsonl",
    ),
    _returned(
        "FT726",
        "nothing-to-rate",
        "there is no answer to rate",
        "Every compared model must have answered a case, and two answers that are the same text "
        "are a tie that nobody is asked about.",
        "ftdsl rate specs/support.ftspec tone   # both models are the same file",
        "ftdsl rate specs/support.ftspec tone",
    ),
    _returned(
        "FT727",
        "no-gold-item",
        "a gold item cannot be used",
        "Gold items are answers of which nobody doubts the verdict: side by side `prompt`, "
        "`better` and `worse`; of single answers `prompt`, `output` and `verdict`. They are shown "
        "among the others, and tell how a rater does.",
        '{"prompt": "Hello?", "good": "Hello!", "bad": "No."}',
        '{"prompt": "Hello?", "better": "Hello!", "worse": "No."}',
    ),
    _returned(
        "FT728",
        "ratings-not-kept",
        "ratings cannot be written into the project",
        "`--import` adds the lines of each rater to `RATINGS/BATCH/RATER.jsonl`, and follows no "
        "link that leads out of the project.",
        f"{_IMPORT}tone.1f0c.r-9f2.jsonl   # ratings/ is a link to /srv",
        f"{_IMPORT}tone.1f0c.r-9f2.jsonl",
    ),
    _returned(
        "FT729",
        "sides-edited",
        "a rating says that the answers lay the other way round",
        "Which answer lies left is drawn from batch, rater and item, so it can be drawn again. A "
        "rating that says otherwise has been edited, or its rater renamed by hand.",
        f"{_IMPORT}renamed.jsonl",
        f"{_IMPORT}tone.1f0c.r-9f2.jsonl",
    ),
    _returned(
        "FT730",
        "no-such-rating",
        "the spec has no rating of that name",
        "`ftdsl rate` takes the name of a `rate` block.",
        "ftdsl rate specs/support.ftspec tome",
        "ftdsl rate specs/support.ftspec tone",
    ),
    Code(
        "FT731",
        "not-rated",
        "a gate reads a rating that does not compare its candidate",
        "`NAME.win_rate` of a gate is that of its candidate, against the baseline of the gate "
        "where both were compared, else against all others. So every model in `from` must be one "
        "that people are shown.",
        _SPEC.replace("FROM", "old"),
        _SPEC.replace("FROM", "next"),
    ),
    _returned(
        "FT732",
        "port-taken",
        "the page cannot be served",
        "`--serve` listens on 127.0.0.1 alone. Without `--port` it takes a port that is free.",
        "ftdsl rate specs/support.ftspec tone --serve --port 80",
        "ftdsl rate specs/support.ftspec tone --serve",
    ),
    _returned(
        "FT733",
        "no-such-export",
        "ratings are not written in that form",
        "`--export` takes `dpo`, `labels`, `label-studio` and `arena`, each with `=PATH`; `dpo` "
        "and `arena` are of pairs.",
        "ftdsl rate specs/support.ftspec tone --export orpo=pairs.jsonl",
        "ftdsl rate specs/support.ftspec tone --export dpo=pairs.jsonl",
    ),
)
