"""Functions that count tokens, by the dataset's tokenizer and chat template."""

from __future__ import annotations

from ftdsl.language.catalog.entry import Cost, FunctionEntry, Parameter, Scope

_ROW = Parameter("row", "row", "the whole row")


def _counted(
    name: str, result: str, parameters: tuple[Parameter, ...], doc: str, example: str
) -> FunctionEntry:
    return FunctionEntry(
        name,
        parameters,
        result,
        Scope.ROW,
        Cost.HEAVY,
        doc,
        example,
        extra="tokens",
        minimum=0 if result == "int" else None,
    )


FUNCTIONS: tuple[FunctionEntry, ...] = (
    _counted(
        "tokens",
        "int",
        (Parameter("text", "text|row", "a text, or `row` for all texts of the row"),),
        "Number of tokens under the dataset's `tokenizer`.",
        "each must tokens(row) <= 4k",
    ),
    _counted(
        "rendered_tokens",
        "int",
        (_ROW,),
        "Number of tokens of the row as a trainer sees it: rendered by the dataset's `template`. "
        "Without one they are estimated as OpenAI's cookbook does: three tokens more a turn, and "
        "its role.",
        "each must rendered_tokens(row) <= 4k",
    ),
    _counted(
        "trainable_tokens",
        "int",
        (
            _ROW,
            Parameter(
                "max_length",
                "int",
                "tokens after which the trainer cuts a row",
                keyword=True,
                minimum=1,
                maximum=10_000_000,
            ),
        ),
        "Number of tokens that are learned: those of assistant turns whose `weight` is not 0, as "
        "far as they lie before the cut. Where the template has `{% generation %}` marks these say "
        "what the assistant's is.",
        "each must trainable_tokens(row, max_length: 1024) > 0",
    ),
    _counted(
        "renders",
        "bool",
        (_ROW,),
        "The dataset's `template` makes a text of the row.",
        "each must renders(row)",
    ),
)

BY_TEMPLATE = frozenset({"renders"})
"""Functions that have no meaning without the dataset's `template`."""
