"""Scores: what an answer is worth, as yes or no or a number from 0 to 1."""

from __future__ import annotations

from ftdsl.diagnostics.suggestion import suggest
from ftdsl.language import catalog, tree
from ftdsl.language.checks.judged import can_be_asked
from ftdsl.language.modules import Module
from ftdsl.language.program import Expr, SchemaDef, ScoreDef
from ftdsl.language.reporting import did_you_mean, one_of
from ftdsl.language.tree import Score
from ftdsl.language.types import describe
from ftdsl.language.typing.expressions import Typer
from ftdsl.language.typing.scope import score_scope
from ftdsl.language.workspace import Workspace

_RESERVED = frozenset(name.partition(".")[0] for name in (one.name for one in catalog.MEASURES)) - {
    "SCORE"
}
_SCORES = ("bool", "float", "ratio")
_OF_ANSWER = frozenset(view.name for view in catalog.ANSWER_VIEWS)


def check_scores(
    ws: Workspace, module: Module, lines: list[Score], schema: SchemaDef
) -> tuple[ScoreDef, ...]:
    """The checked scores of an eval, each name once."""
    typer = Typer(ws, score_scope(ws, module, schema))
    found: dict[str, ScoreDef] = {}
    for line in lines:
        name = line.name.text
        if name in found:
            ws.report.add(
                "FT101", f"there are two scores called `{name}`", line.name.span,
                label="here again", help="rename one of them",
            )  # fmt: skip
            continue
        if name in _RESERVED:
            ws.report.add(
                "FT102", f"the score `{name}` hides what gates call `{name}`", line.name.span,
                label="rename it",
            )  # fmt: skip
            continue
        one = _score(ws, typer, line)
        if one is not None:
            found[name] = one
    return tuple(found.values())


def _score(ws: Workspace, typer: Typer, line: Score) -> ScoreDef | None:
    if _misnamed(ws, line):
        return None
    value = typer.type(line.value)
    if value is None or not _is_score(ws, line, value) or not _weighted_well(ws, value):
        return None
    if not can_be_asked(ws, value):
        return None
    called = [str(one.value) for one in value.walk() if one.op == "call"]
    scorers = [one for one in called if one in catalog.SCORERS]
    if not any(_looks_at_answer(one) for one in value.walk()):
        ws.report.add(
            "FT111", f"`{value.source}` does not look at what the model answered",
            line.value.span, label="`output` is not in it",
            help="give `output` as the first argument" if scorers else "read `output` in it",
        )  # fmt: skip
        return None
    return ScoreDef(line.name.text, scorers[0] if scorers else "", value, line.span)


def _misnamed(ws: Workspace, line: Score) -> bool:
    """Whether the score is a call of something close to a scorer's name: it is a misspelt one."""
    node = line.value
    if not isinstance(node, tree.Call):
        return False
    word = node.function.text
    close = suggest(word, list(catalog.SCORERS))
    if word in catalog.FUNCTIONS or close is None:
        return False
    help_text, fix = did_you_mean(node.function.span, close)
    ws.report.add(
        "FT104", f"`{word}` is not a scorer", node.function.span, label="expected a scorer",
        help=help_text, fix=fix,
    )  # fmt: skip
    return True


def _is_score(ws: Workspace, line: Score, value: Expr) -> bool:
    if value.type.name in _SCORES and not value.type.optional:
        return True
    number = value.type.name in ("int", "duration", "size", "money")
    text = ws.text(line.value.span)
    ws.report.add(
        "FT111",
        f"a score is yes or no, or a number from 0 to 1, and not {describe(value.type)}",
        line.value.span,
        label="this is no score",
        help=f"compare it, as in `{text} <= …`" if number
        else f"compare it, as in `exact_match({text}, …)`" if value.type.name == "text"
        else f"scorers are {one_of(list(catalog.SCORERS))}",
    )  # fmt: skip
    return False


def _weighted_well(ws: Workspace, value: Expr) -> bool:
    """Whether every ``weighted`` has a constant weight for each of its scores."""
    for one in value.walk():
        if one.op != "call" or one.value != "weighted" or one.span is None:
            continue
        *scores, weights = one.args
        given = [item.value for item in weights.args if isinstance(item.value, int | float)]
        if weights.op != "list" or len(given) != len(weights.args):
            problem, code = "the weights must be constants", "FT121"
        elif len(given) != len(scores):
            problem, code = f"{len(scores)} scores have {len(given)} weights", "FT113"
        elif min(given) < 0 or sum(given) == 0:
            problem, code = "weights are not negative, and not all 0", "FT114"
        else:
            continue
        ws.report.add(
            code, problem, weights.span or one.span, label="expected a number for each score",
            help="write it like `weights: [2, 1]`",
        )  # fmt: skip
        return False
    return True


def _looks_at_answer(one: Expr) -> bool:
    return (one.op == "field" and one.value in _OF_ANSWER) or (
        one.op == "call" and one.value in catalog.JUDGES
    )
