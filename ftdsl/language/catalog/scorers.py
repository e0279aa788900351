"""Scorers: what a model's output is worth against what was expected."""

from __future__ import annotations

from ftdsl.language.catalog import judges
from ftdsl.language.catalog.entry import Cost, FunctionEntry, Parameter, Scope

_OUTPUT = Parameter("output", "text", "the word `output`: the model's answer")
_EXPECTED = Parameter("expected", "text", "the answer wanted, usually `reply.text`")


_ROW = Parameter("row", "row", "the word `row`: the case, for the calls of its last answer")


def _match(
    name: str, doc: str, *second: Parameter, example: str = "", extra: str = ""
) -> FunctionEntry:
    """A scorer that says yes or no."""
    return FunctionEntry(
        name,
        (_OUTPUT, *(second or (_EXPECTED,))),
        "bool",
        Scope.SCORE,
        Cost.CHEAP,
        doc,
        example or f"score s = {name}(output, reply.text)",
        extra=extra,
    )


def _share(name: str, doc: str, *more: Parameter, extra: str = "") -> FunctionEntry:
    """A scorer that says how much, from 0 to 1."""
    return FunctionEntry(
        name,
        (_OUTPUT, _EXPECTED, *more),
        "float",
        Scope.SCORE,
        Cost.CHEAP,
        doc,
        f"score s = {name}(output, reply.text)",
        extra=extra,
        minimum=0,
        maximum=1,
    )


def _fuzzy(name: str, doc: str) -> FunctionEntry:
    return _share(name, f"{doc}, in [0, 1] (rapidfuzz).", extra="eval")


FUNCTIONS: tuple[FunctionEntry, ...] = (
    _match("exact_match", "Output and expected text are the same, white space at the ends aside."),
    _match("normalized_match", "Both have the same words after NFKC and casefold."),
    _match(
        "any_match",
        "The output has the same words, after NFKC and casefold, as one of several answers.",
        Parameter("answers", "list(text)", "the accepted answers, such as a field of the row"),
        example='score s = any_match(output, ["yes", "yeah"])',
    ),
    _match("contains_match", "The expected text occurs in the output, after NFKC and casefold."),
    _match(
        "regex_match",
        "The pattern matches somewhere in the output.",
        Parameter("pattern", "regex", "a regular expression, in linear time"),
        example='score yes_no = regex_match(output, "^(yes|no)$")',
    ),
    _match(
        "numeric_match",
        "The last number in the output is the last number in the expected text, or within the "
        "wider of the two tolerances of it.",
        _EXPECTED,
        Parameter(
            "tolerance",
            "float",
            "largest absolute difference",
            default=0.0,
            keyword=True,
            minimum=0,
        ),
        Parameter(
            "relative",
            "share",
            "largest difference as a share of the expected number",
            default=0.0,
            keyword=True,
            minimum=0,
            maximum=1,
        ),
        example="score s = numeric_match(output, reply.text, tolerance: 0.01)",
    ),
    _match(
        "choice_match",
        "The output chooses the expected letter of a multiple-choice question: the last that it "
        "calls the answer, else the last that is set off, as in `(B)` or `B.`.",
    ),
    _match(
        "label_match",
        "The output names the expected label and no other of the labels, in any case and within "
        "other words.",
        _EXPECTED,
        Parameter("labels", "list(text)", "all labels that there are", keyword=True),
        example='score s = label_match(output, reply.text, labels: ["billing", "shipping"])',
    ),
    _match("json_match", "Output and expected text are the same JSON value."),
    _share(
        "json_fields",
        "Share of the fields of the expected JSON, nested ones one by one, that the output has "
        "with the same value.",
    ),
    _match(
        "json_schema_match",
        "The output is JSON that conforms to a JSON Schema.",
        Parameter("schema", "path", "file with the schema"),
        example='score s = json_schema_match(output, "prompts/answer.schema.json")',
        extra="eval",
    ),
    _match(
        "tool_call_match",
        "The output calls the tools that the row's last answer calls, with the same arguments. "
        'Calls in an output are JSON: `{"name": …, "arguments": {…}}` or a list of them.',
        _ROW,
        example="score s = tool_call_match(output, row)",
    ),
    _match(
        "tool_name_match",
        "The output calls the tools that the row's last answer calls, whatever the arguments.",
        _ROW,
        example="score s = tool_name_match(output, row)",
    ),
    _share("word_f1", "F1 of the words that output and expected text share, as SQuAD counts them."),
    _fuzzy("ratio", "Likeness of the two texts by insertions and deletions"),
    _fuzzy("partial_ratio", "Likeness of the shorter text to its best place in the longer"),
    _fuzzy("token_sort_ratio", "Likeness of the two texts with their words sorted"),
    _fuzzy("token_set_ratio", "Likeness of the sets of words of the two texts"),
    _share("bleu", "BLEU of one output, in [0, 1] (sacrebleu).", extra="eval"),
    _share("chrf", "chrF2: likeness by runs of characters, in [0, 1] (sacrebleu).", extra="eval"),
    _share(
        "rouge",
        "ROUGE F-measure, in [0, 1], words stemmed (rouge-score).",
        Parameter(
            "variant",
            "text",
            "which ROUGE",
            default="rougeL",
            keyword=True,
            choices=("rouge1", "rouge2", "rougeL", "rougeLsum"),
        ),
        extra="eval",
    ),
    FunctionEntry(
        "embedding_similarity",
        (
            _OUTPUT,
            _EXPECTED,
            Parameter(
                "embeddings",
                "text",
                "the sentence encoder: `minilm`, or a folder of the project",
                default="minilm",
                keyword=True,
            ),
        ),
        "float",
        Scope.SCORE,
        Cost.HEAVY,
        "Cosine of the sentence embeddings of both texts, 0 where it is negative. Where likeness "
        "begins depends on the encoder: look at answers that people find right and wrong.",
        "score s = embedding_similarity(output, reply.text) >= 0.7",
        extra="embeddings",
        minimum=0,
        maximum=1,
    ),
    FunctionEntry(
        "weighted",
        (
            Parameter("scores", "bool|float|ratio", "scores; a yes counts 1", variadic=True),
            Parameter("weights", "list(float)", "one for each score", keyword=True),
        ),
        "float",
        Scope.SCORE,
        Cost.CHEAP,
        "The mean of several scores of the case, each by its weight.",
        "score s = weighted(exact_match(output, reply.text), ratio(output, reply.text), "
        "weights: [2, 1])",
        minimum=0,
        maximum=1,
    ),
    *judges.FUNCTIONS,
)
