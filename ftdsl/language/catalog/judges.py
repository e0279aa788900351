"""Scorers that ask another model: a judge, a jury, a comparison of two answers."""

from __future__ import annotations

from ftdsl.language.catalog.entry import Cost, FunctionEntry, Parameter, Scope

_RUBRIC = Parameter("rubric", "path", "file with the rubric")
_SCALE = Parameter(
    "scale",
    "int",
    "grades from 1, the worst, to this one; 2 asks for yes or no",
    default=2,
    keyword=True,
    minimum=2,
    maximum=10,
)
_REFERENCE = Parameter(
    "reference", "text", "an answer known to be good, shown to the judge", default="", keyword=True
)
_LABELS = Parameter(
    "labels", "path", "file with verdicts of people that the judge is measured by", default="",
    keyword=True,
)  # fmt: skip


def _judge(name: str, parameters: tuple[Parameter, ...], doc: str, example: str) -> FunctionEntry:
    return FunctionEntry(
        name,
        parameters,
        "float",
        Scope.SCORE,
        Cost.PAID,
        doc,
        example,
        extra="eval",
        minimum=0,
        maximum=1,
    )


FUNCTIONS: tuple[FunctionEntry, ...] = (
    _judge(
        "judge",
        (
            _RUBRIC,
            Parameter("by", "name:model", "the model that judges", keyword=True),
            _SCALE,
            Parameter(
                "samples", "int", "verdicts a case", default=1, keyword=True, minimum=1, maximum=25
            ),
            _REFERENCE,
            _LABELS,
        ),
        "The verdict of a judging model on the output, in [0, 1]: yes is 1, and grades are spread "
        "evenly. Of several samples the majority decides for yes or no, the mean for grades.",
        'score tone = judge("prompts/tone.md", by: mini, labels: "prompts/tone.labels.jsonl")',
    ),
    _judge(
        "jury",
        (
            _RUBRIC,
            Parameter("by", "names:model", "the models that judge", keyword=True),
            Parameter(
                "vote",
                "text",
                "how their verdicts become one",
                default="majority",
                keyword=True,
                choices=("majority", "mean"),
            ),
            _SCALE,
            _REFERENCE,
            _LABELS,
        ),
        "The verdict of several judging models on the output, in [0, 1]: the one that more than "
        "half of them give, or their mean.",
        'score tone = jury("prompts/tone.md", by: [mini, local, other])',
    ),
    _judge(
        "pairwise",
        (
            _RUBRIC,
            Parameter("rival", "text", "the other answer, usually `reply.text`"),
            Parameter("by", "name:model", "the model that judges", keyword=True),
            _LABELS,
        ),
        "1 if a judging model prefers the output to another answer, 0 if it prefers the other, "
        "else 0.5. It is asked in both orders: two verdicts that differ are a tie.",
        'score wins = pairwise("prompts/better.md", reply.text, by: mini)',
    ),
)

JUDGES: frozenset[str] = frozenset(entry.name for entry in FUNCTIONS)
"""Scorers whose score is the verdict of a model."""
