"""Dedup blocks: what is compared, with what, and which row stays."""

from __future__ import annotations

import re

from ftdsl.diagnostics.suggestion import suggest
from ftdsl.language import catalog, tree
from ftdsl.language.catalog.data_blocks import DROP_SETTINGS
from ftdsl.language.checks.calls import SettingCall, setting_call
from ftdsl.language.checks.held_out import HeldOut, check_compared, held_out
from ftdsl.language.checks.settings import Settings, read_settings
from ftdsl.language.checks.statements import check_statements, of_type
from ftdsl.language.modules import Module
from ftdsl.language.program import DatasetDef, DedupDef, DropDef, Expr
from ftdsl.language.reporting import did_you_mean, one_of
from ftdsl.language.tree import Block, Drop, Setting
from ftdsl.language.types import describe
from ftdsl.language.typing.expressions import Typer
from ftdsl.language.typing.operators import not_null
from ftdsl.language.typing.ranges import key
from ftdsl.language.typing.scope import row_scope
from ftdsl.language.workspace import Workspace
from ftdsl.record import replace

METHODS = ("exact", "near", "fuzzy", "ngram", "paraphrase", "shared")
_GIVEN = ("similarity", "n", "false_flags", "embeddings", "index")
# What tells a row of another set, and says nothing of rows of one set.
LEAKAGE = ("ngram", "paraphrase", "shared")
# Methods that compare values for equality.
EQUAL = ("exact", "shared")
# The similarity of an `ngram` line that names none.
CONTAINED = 0.5
# Settings of a few methods.
_ONLY = ("n", "false_flags", "embeddings")
_OTHERS: dict[str, tuple[tuple[str, ...], str]] = {
    "exact": (("method", "similarity", *_ONLY, "index"), "`{} exact` compares for equality"),
    "near": (_ONLY, "`{} near` compares shingles"),
    "fuzzy": (
        ("method", *_ONLY, "index"), "`{} fuzzy` compares texts with a ratio of their words"
    ),
    "ngram": (
        ("method", "false_flags", "embeddings", "index"),
        "`{} ngram` looks for runs of words of the other text",
    ),
    "paraphrase": (("method", "n", "index"), "`{} paraphrase` compares whole texts by cosine"),
    "shared": (("method", "similarity", *_ONLY, "index"), "`{} shared` compares for equality"),
}  # fmt: skip
_INDEX = re.compile(r"[A-Za-z0-9_-]{1,64}")
# Settings of the block that say something of shingles.
_OF_NEAR = ("max_cluster", "ignore_shared")
_KEYS = ("text", "int", "float", "bool")


def check_dedup(
    ws: Workspace, module: Module, block: Block, dataset: DatasetDef
) -> DedupDef | None:
    """A checked dedup block; None where it was wrong."""
    before = ws.report.size
    check_statements(ws, block)
    settings = read_settings(
        ws, module, catalog.BLOCKS[block.kind].settings, of_type(block, Setting), block.header,
        "a `dedup`",
    )  # fmt: skip
    lines = of_type(block, Drop)
    if not lines:
        ws.report.add(
            "FT129", f"the `dedup` of `{dataset.name}` drops nothing", block.header,
            label="no `drop` line",
            help="add a `drop`, as in `drop exact on normalize(prompt)`",
        )  # fmt: skip
    drops = [_drop(ws, module, line, dataset) for line in lines]
    keep, keep_by = _keep(settings, dataset)
    if not any(line.method.text == "near" for line in lines):
        settings.forbid(_OF_NEAR, "no line of the block is `drop near`")
    _check_twins(ws, [drop for drop in drops if drop is not None])
    if ws.report.size > before or any(drop is None for drop in drops):
        return None
    return DedupDef(
        dataset.name,
        tuple(drop for drop in drops if drop is not None),
        keep,
        keep_by,
        _share(settings, "max_dropped"),
        _share(settings, "max_cluster"),
        _share(settings, "ignore_shared"),
        block.span,
    )


def _share(settings: Settings, name: str) -> float | None:
    found = settings.constant(name)
    return float(found.value) if found is not None and isinstance(found.value, float) else None


def _keep(settings: Settings, dataset: DatasetDef) -> tuple[str, Expr | None]:
    node, entry = settings.node("keep"), settings.entries["keep"]
    if node is None:
        return str(entry.default), None
    if isinstance(node, tree.Path) and node.text in entry.choices:
        return node.text, None
    scope = row_scope(settings.ws, settings.module, dataset.schema, "`keep`")
    call = setting_call(settings.ws, settings.module, entry, node, scope)
    if call is None:
        return str(entry.default), None
    value = next(iter(call.values.values()))[0]
    return call.entry.name, value


def _drop(ws: Workspace, module: Module, line: Drop, dataset: DatasetDef) -> DropDef | None:
    before = ws.report.size
    method = line.method.text
    word = "forbid" if line.forbids else "drop"
    if method not in METHODS:
        help_text, fix = did_you_mean(line.method.span, suggest(method, METHODS))
        ws.report.add(
            "FT125",
            f"rows cannot be {'forbidden' if line.forbids else 'dropped'} by `{method}`",
            line.method.span,
            label=f"expected {one_of(METHODS)}", help=help_text, fix=fix,
        )  # fmt: skip
    scope = row_scope(ws, module, dataset.schema, f"a `{word}` line")
    on = [_key(ws, Typer(ws, scope), node, texts=method not in EQUAL) for node in line.on]
    settings = read_settings(
        ws, module, DROP_SETTINGS, line.settings, line.method.span, f"a `{word}` line"
    )
    _check_settings(settings, method, word)
    typed = ws.report.size == before
    held = held_out(settings, dataset, len(on))
    if held is not None and typed:
        check_compared(settings, held, line.on)
    if ws.report.size > before:
        return None
    return _built(settings, line, tuple(one for one in on if one is not None), held)


def _check_settings(settings: Settings, method: str, word: str) -> None:
    names, why = _OTHERS.get(method, ((), ""))
    settings.forbid(names, why.format(word))
    if method == "paraphrase" and settings.node("similarity") is not None:
        settings.forbid(("false_flags",), "`similarity` says from where on a row is found")
    if settings.node("index") is not None:
        settings.forbid(("against",), "`index` says what rows are compared with")
    if method in LEAKAGE and not (method == "paraphrase" and settings.node("embeddings")):
        settings.require("against", why=f": `{method}` compares with rows that are held out")
    elif method == "paraphrase" and settings.node("against") is None:
        # Within one set nothing tells which rows are honest, and so no rate can be stated.
        settings.require("similarity", why=": rows of one set are compared with one another")
        settings.forbid(("false_flags",), "`similarity` says from where on a row is found")


def _built(
    settings: Settings, line: Drop, on: tuple[Expr, ...], held: HeldOut | None
) -> DropDef | None:
    base = DropDef(line.method.text, on, span=line.span)
    call: SettingCall | None = None
    node = settings.node("method")
    if node is not None:
        call = setting_call(settings.ws, settings.module, settings.entries["method"], node)
        if call is None:
            return None
    given = {name: settings.constant(name) for name in _GIVEN}
    if any(one is None and settings.node(name) is not None for name, one in given.items()):
        return None
    zero = given["similarity"]
    if base.method == "paraphrase" and zero is not None and zero.value == 0:
        settings.ws.report.add(
            "FT114", "every row is as near as `similarity = 0`", zero.span or line.span,
            label="expected more than 0", help="write a similarity above 0, such as 0.5",
        )  # fmt: skip
        return None
    numbers = {name: args[0].value for name, args in call.values.items()} if call else {}

    def number(name: str, default: int) -> int:
        value = numbers.get(name, given[name].value if given.get(name) else default)  # type: ignore[union-attr]
        return value if isinstance(value, int) else default

    def ratio(name: str, default: float) -> float:
        value = given[name].value if given[name] is not None else default  # type: ignore[union-attr]
        return float(value) if isinstance(value, int | float) else default

    index = _index(settings, line, given["index"], call)
    if index is None:
        return None
    default = {"ngram": CONTAINED, "paraphrase": 0.0}.get(base.method, base.similarity)
    return replace(
        base,
        against=held.name if held is not None else None,
        algorithm=call.entry.name if call is not None else "minhash" if index else base.algorithm,
        shingle=number("shingle", base.shingle),
        permutations=number("permutations", base.permutations),
        seed=number("seed", base.seed),
        similarity=ratio("similarity", default),
        n=number("n", base.n),
        false_flags=ratio("false_flags", base.false_flags),
        embeddings=str(given["embeddings"].value) if given["embeddings"] is not None else "",
        forbids=line.forbids,
        file=held.file if held is not None else None,
        file_on=held.on if held is not None else (),
        index=index,
    )


def _index(
    settings: Settings, line: Drop, given: Expr | None, call: SettingCall | None
) -> str | None:
    """The name of the index, "" where there is none; None where it was wrong."""
    if given is None:
        return ""
    name = str(given.value)
    if not _INDEX.fullmatch(name):
        settings.ws.report.add(
            "FT114", "an index is named by letters, digits, `-` and `_`, 64 at most",
            given.span or line.span, label="no such name",
            help='write a name such as `index = "seen"`',
        )  # fmt: skip
        return None
    hashes = call is None or call.entry.name == "minhash"
    if not hashes:
        settings.forbid(("method",), "an index is of MinHash signatures")
    return name if hashes else None


def _key(ws: Workspace, typer: Typer, node: tree.Expr, *, texts: bool) -> Expr | None:
    expr = typer.type(node)
    if expr is None:
        return None
    if texts and expr.type.name != "text":
        ws.report.add(
            "FT111", f"rows are alike by a text, and `{expr.source}` is {describe(expr.type)}",
            node.span, label="expected a text",
            help="name a text of the row, such as `prompt`",
        )  # fmt: skip
        return None
    if expr.type.name not in _KEYS:
        ws.report.add(
            "FT111", f"rows cannot be compared by {describe(expr.type)}", node.span,
            label="expected a text or a number",
            help="name a text of the row, such as `prompt`",
        )  # fmt: skip
        return None
    return expr if not_null(ws, expr, node) else None


def _check_twins(ws: Workspace, drops: list[DropDef]) -> None:
    seen: set[tuple[object, ...]] = set()
    for drop in drops:
        size = drop.n if drop.method == "ngram" else None
        same = (
            drop.method, drop.against, drop.index, drop.embeddings, size,
            *(key(one) for one in drop.on),
        )  # fmt: skip
        if same in seen and drop.span is not None:
            ws.report.add(
                "FT132", "this line drops the same rows as an earlier one", drop.span,
                label="has no effect of its own", help="delete one of them",
            )  # fmt: skip
        seen.add(same)
