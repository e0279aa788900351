"""Codes of what a check foretells of training."""

from __future__ import annotations

from ftdsl.diagnostics.codes.code import Code

_VALIDATE = "ftdsl validate spec.ftspec"


def _run(code: str, name: str, summary: str, explanation: str, failing: str, passing: str) -> Code:
    """``failing`` and ``passing`` make a state of the files; then the spec is validated."""
    before, after = f"{failing} && {_VALIDATE}", f"{passing} && {_VALIDATE}"
    return Code(code, name, summary, explanation, before, after, "run")


CODES: tuple[Code, ...] = (
    _run(
        "FT344",
        "too-little-for-target",
        "the provider of a hosted training would refuse the rows",
        "OpenAI trains on 10 rows or more, in a file of 512 MB or less. The check of a dataset "
        "that a `train` block with `target openai` learns from says so before anything is sent.",
        "head -n 3 backup.jsonl > rows.jsonl",
        "cp backup.jsonl rows.jsonl",
    ),
    _run(
        "FT345",
        "rows-too-long-for-target",
        "a training would cut rows that are longer than it takes",
        "The limit is the `max_length` of `target trl`, or that of the hosted model. What is cut "
        "is the end, which is most often the reply.",
        "sed -i 's/max_length = 4k/max_length = 64/' spec.ftspec",
        "sed -i 's/max_length = 64/max_length = 4k/' spec.ftspec",
    ),
    _run(
        "FT349",
        "over-budget",
        "a hosted training would cost more than its budget",
        "Tokens of the rows, times epochs, times the `price_per_1m` of the target come to more "
        "than its `budget`. Without a stated price the cost is unknown and nothing is said here.",
        "sed -i 's/budget = $40/budget = $1/' spec.ftspec",
        "sed -i 's/budget = $1/budget = $40/' spec.ftspec",
    ),
)
