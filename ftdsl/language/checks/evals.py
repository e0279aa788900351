"""Evals: cases, scores of an answer, and the slices they are shown by."""

from __future__ import annotations

from fnmatch import fnmatchcase

from ftdsl.diagnostics.diagnostic import Label, Span
from ftdsl.language import catalog, tree
from ftdsl.language.catalog.data_blocks import SLICE_SETTINGS
from ftdsl.language.checks.calls import setting_call
from ftdsl.language.checks.datasets import find_split, row_name, schema_of
from ftdsl.language.checks.scores import check_scores
from ftdsl.language.checks.settings import Settings, read_settings
from ftdsl.language.checks.sources import no_columns, sources
from ftdsl.language.checks.statements import check_statements, of_type
from ftdsl.language.judges import judge_calls
from ftdsl.language.modules import Module
from ftdsl.language.program import (
    DatasetDef,
    EvalDef,
    Expr,
    SchemaDef,
    ScoreDef,
    SliceDef,
    SourceDef,
    Value,
)  # fmt: skip
from ftdsl.language.tree import Block, Score, Setting, Slice
from ftdsl.language.types import describe
from ftdsl.language.typing.expressions import Typer
from ftdsl.language.typing.scope import row_scope
from ftdsl.language.workspace import Workspace

_CASES = frozenset({"schema", "source", "data", "id"})
_READ_APART = _CASES | {"reduce", "cluster"}
_SLICED = ("text", "int", "bool")


def check_eval(ws: Workspace, module: Module, block: Block) -> EvalDef | None:
    """A checked eval; None where it was wrong."""
    before = ws.report.size
    check_statements(ws, block)
    settings = read_settings(
        ws, module, catalog.BLOCKS[block.kind].settings, of_type(block, Setting), block.header,
        "an `eval`",
    )  # fmt: skip
    if "system" in settings.given:
        settings.forbid(("system_file",), "the system turn is that of `system`")
    cases = _cases(settings)
    values: dict[str, Value] = {}
    for name in settings.given:
        value = settings.constant(name) if name not in _READ_APART else None
        if value is not None:
            values[name] = value.value
    for name, entry in settings.entries.items():
        if entry.default is not None:
            values.setdefault(name, entry.default)
    lines = of_type(block, Score)
    if not lines:
        ws.report.add(
            "FT129", f"the eval `{block.subject.text}` scores nothing", block.header,
            label="no `score` line", help="add `score exact = exact_match(output, reply.text)`",
        )  # fmt: skip
    if cases is None:
        return None
    schema, given, split, case_id = cases
    scores = check_scores(ws, module, lines, schema)
    _check_history(settings, values.get("history"), scores)
    reduce = _reducer(settings, values.get("epochs"), scores)
    if reduce is not None:
        values["reduce"] = reduce
    slices = _slices(ws, module, of_type(block, Slice), schema)
    cluster = _cluster(settings, schema)
    if ws.report.size > before:
        return None
    return EvalDef(
        block.subject.text, schema, given, scores, split, case_id, slices,
        tuple(sorted(values.items())), block.span, cluster,
    )  # fmt: skip


def _check_history(settings: Settings, history: Value, scores: tuple[ScoreDef, ...]) -> None:
    """A judge is shown a whole dialogue, and so cannot score each answer of it."""
    node = settings.node("history")
    judged = [one.name for one in scores if any(judge_calls(one.value))]
    if node is not None and history == "own_each" and judged:
        settings.ws.report.add(
            "FT583", f"`{judged[0]}` is judged, and a judge is shown a dialogue as a whole",
            node.span, label="asks for a score of each answer",
            help="`history = own` scores the last answer, with the dialogue before it",
        )  # fmt: skip


def _reducer(settings: Settings, epochs: Value, scores: tuple[ScoreDef, ...]) -> str | None:
    """``mean``, … or ``pass_at(3)``; None where none is given, or it was wrong."""
    node = settings.node("reduce")
    if node is None:
        return None
    ws, entry = settings.ws, settings.entries["reduce"]
    if isinstance(node, tree.Path) and node.text in entry.choices:
        if epochs == 1:
            settings.forbid(["reduce"], "each case is answered once: `epochs` is 1")
        return node.text
    call = setting_call(ws, settings.module, entry, node)
    if call is None:
        return None
    k = call.value("k")
    if isinstance(k, int) and isinstance(epochs, int) and k > epochs:
        ws.report.add(
            "FT114", f"{k} answers cannot be drawn from {epochs}", node.span,
            label="more than there are", help=f"set `epochs = {k}`, or draw fewer",
        )  # fmt: skip
        return None
    graded = next((one for one in scores if one.value.type.name != "bool"), None)
    if graded is not None:
        ws.report.add(
            "FT111", f"`{call.entry.name}` counts answers that are right, and `{graded.name}` is "
            "a number from 0 to 1", node.span, label="not over a graded score",
            help=f"compare it, as in `score {graded.name} = … >= 0.8`, or use `mean`",
        )  # fmt: skip
        return None
    return f"{call.entry.name}({k})"


def _cluster(settings: Settings, schema: SchemaDef) -> Expr | None:
    """What groups cases that are no independent evidence, such as the document they ask about."""
    node = settings.node("cluster")
    if node is None:
        return None
    scope = row_scope(settings.ws, settings.module, schema, "a `cluster`")
    key = Typer(settings.ws, scope).type(node)
    if key is not None and key.type.name not in _SLICED:
        settings.ws.report.add(
            "FT111", f"cases cannot be grouped by {describe(key.type)}", node.span,
            label="expected a text, a whole number or a yes-or-no value",
        )  # fmt: skip
        return None
    return key


Cases = tuple[SchemaDef, tuple[SourceDef, ...], tuple[str, str] | None, str | None]


def _cases(settings: Settings) -> Cases | None:
    """Schema, files, split and id of the cases: of files, or of a dataset's split."""
    node = settings.node("data")
    if node is None:
        if settings.missing("schema", "source"):
            if len(settings.missing("schema", "source")) == 2:
                settings.ws.report.add(
                    "FT107", "an `eval` needs its cases", settings.header,
                    label="no `schema` and `source`, and no `data`",
                    help="write `data = DATASET.SPLIT`, or `schema` and `source`",
                )  # fmt: skip
            else:
                settings.report_missing(settings.missing("schema", "source"))
            return None
        schema = schema_of(settings)
        given = sources(settings.ws, settings.module, settings.given["source"].value)
        if schema is None or given is None or not no_columns(settings.ws, given):
            return None
        return schema, given, None, row_name(settings, schema)
    settings.forbid(("schema", "source", "id"), "the cases come from `data`")
    found = find_split(settings, node, "`data`")
    if found is None:
        return None
    dataset, split = found
    if split is None:
        settings.ws.report.add(
            "FT167", f"`{dataset.name}` is not split: all its rows would be cases", node.span,
            label="expected `DATASET.SPLIT`",
            help="add a `split` to the dataset, or give the eval files of its own",
        )  # fmt: skip
        return None
    return dataset.schema, (), (dataset.name, split), dataset.id


# ------------------------------------------------------------------ slices


def _slices(
    ws: Workspace, module: Module, lines: list[Slice], schema: SchemaDef
) -> tuple[SliceDef, ...]:
    typer = Typer(ws, row_scope(ws, module, schema, "a `slice`"))
    found: dict[str, SliceDef] = {}
    for line in lines:
        settings = read_settings(
            ws, module, SLICE_SETTINGS, line.settings, line.key.span, "a `slice`"
        )
        key = typer.type(line.key)
        if key is None:
            continue
        if key.type.name not in _SLICED:
            ws.report.add(
                "FT111", f"cases cannot be sliced by {describe(key.type)}", line.key.span,
                label="expected a text, a whole number or a yes-or-no value",
            )  # fmt: skip
            continue
        name = ws.text(line.key.span)
        if name in found:
            ws.report.add(
                "FT101", f"there are two slices by `{name}`", line.key.span, label="here again",
                help="delete one of them",
            )  # fmt: skip
            continue
        least = settings.constant("min_rows")
        rows = settings.default("min_rows") if least is None else least.value
        found[name] = SliceDef(name, key, rows if isinstance(rows, int) else 1, line.span)
    return tuple(found.values())


# ------------------------------------------------------------------ leaks that can be read off


def check_leaks(ws: Workspace) -> None:
    """Cases that are rows some model is trained on, as far as the spec itself tells."""
    for train in (one for one in ws.trains.values() if one is not None):
        dataset = ws.datasets.get(train.data[0])
        if dataset is None:
            continue
        for eval_ in (one for one in ws.evals.values() if one is not None):
            if eval_.split is not None and train.data in (eval_.split, (eval_.split[0], None)):
                _leak(
                    ws,
                    eval_,
                    dataset,
                    train.span,
                    f"`{'.'.join(filter(None, eval_.split))}`",
                    eval_.span,
                )
            for source in eval_.sources:
                if any(
                    _covers(one.pattern, source.pattern) for one in _files(dataset, train.data[1])
                ):
                    _leak(ws, eval_, dataset, train.span, "this file", source.span)


def _files(dataset: DatasetDef, split: str | None) -> tuple[SourceDef, ...]:
    if dataset.split is not None and dataset.split.sources:
        return tuple(one for name, one in dataset.split.sources if split in (None, name))
    return dataset.sources


def _covers(pattern: str, path: str) -> bool:
    """Whether the glob ``pattern`` matches ``path``, without crossing folders but by ``**``."""
    if pattern == path:
        return True
    if "**" not in pattern and pattern.count("/") != path.count("/"):
        return False
    return not any(sign in path for sign in "*?[") and fnmatchcase(path, pattern)


def _leak(
    ws: Workspace,
    eval_: EvalDef,
    dataset: DatasetDef,
    train: Span | None,
    what: str,
    span: Span | None,
) -> None:
    if span is None:
        return
    ws.report.add(
        "FT166",
        f"the cases of `{eval_.name}` are rows that a model learns from",
        Span(span.path, span.start, min(span.end, _line_end(ws, span))),
        label=f"{what} is training data of `{dataset.name}`",
        related=(Label(Span(train.path, train.start, min(train.end, _line_end(ws, train))),
                       "trained on here"),) if train is not None else (),
        help="score on rows that no training has seen",
    )  # fmt: skip


def _line_end(ws: Workspace, span: Span) -> int:
    end = ws.sources[span.path].text.find("\n", span.start)
    return span.end if end < 0 else end
