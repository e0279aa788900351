"""Coverage blocks: shares and counts by group that can hold together."""

from __future__ import annotations

import math

from ftdsl.diagnostics.diagnostic import Label, Span
from ftdsl.language import catalog, tree
from ftdsl.language.checks.rules import decidable
from ftdsl.language.checks.settings import read_settings
from ftdsl.language.checks.statements import check_statements, of_type
from ftdsl.language.modules import Module
from ftdsl.language.program import BucketDef, CoverageDef, DatasetDef, Expr, GroupDef
from ftdsl.language.tree import Block, Bucket, By, Expect, Setting
from ftdsl.language.types import describe
from ftdsl.language.typing.expressions import Typer
from ftdsl.language.typing.ranges import key as same
from ftdsl.language.typing.scope import constant_scope, dataset_scope, row_scope
from ftdsl.language.typing.units import unit_help
from ftdsl.language.typing.values import number
from ftdsl.language.workspace import Workspace

_GROUPED = ("text", "int", "bool")
_LOWER, _UPPER = (">=", ">", "=="), ("<=", "<", "==")
_ROUNDING = 1e-9


def check_coverage(
    ws: Workspace, module: Module, block: Block, dataset: DatasetDef
) -> CoverageDef | None:
    """A checked coverage block; None where it was wrong."""
    before = ws.report.size
    check_statements(ws, block)
    read_settings(
        ws, module, catalog.BLOCKS[block.kind].settings, of_type(block, Setting), block.header,
        "a `coverage`",
    )  # fmt: skip
    lines = [one for one in block.statements if isinstance(one, By | Expect)]
    if not lines:
        ws.report.add(
            "FT129", f"the `coverage` of `{dataset.name}` asks for nothing", block.header,
            label="no `by` and no `expect`", help="add one, or delete the block",
        )  # fmt: skip
    groups = [_group(ws, module, one, dataset) for one in lines if isinstance(one, By)]
    _check_twins(ws, [group for group in groups if group is not None])
    expects = [_expect(ws, module, one, dataset) for one in lines if isinstance(one, Expect)]
    if ws.report.size > before:
        return None
    return CoverageDef(
        dataset.name,
        tuple(group for group in groups if group is not None),
        tuple(expect for expect in expects if expect is not None),
        block.span,
    )


def _check_twins(ws: Workspace, groups: list[GroupDef]) -> None:
    seen: set[tuple[object, ...]] = set()
    for group in groups:
        if same(group.key) in seen and group.span is not None:
            ws.report.add(
                "FT132", f"there are two groups by `{group.key.source}`", group.span,
                label="here again", help="put all bounds into one",
            )  # fmt: skip
        seen.add(same(group.key))


def _expect(ws: Workspace, module: Module, line: Expect, dataset: DatasetDef) -> Expr | None:
    scope = dataset_scope(ws, module, dataset.schema, "an `expect`", "coverage")
    expr = Typer(ws, scope).condition(line.condition, "what follows `expect`")
    if expr is not None:
        decidable(ws, expr, line.condition.span)
    return expr


def _group(ws: Workspace, module: Module, line: By, dataset: DatasetDef) -> GroupDef | None:
    before = ws.report.size
    functions = {**catalog.ROW, **catalog.GROUPS}
    scope = row_scope(ws, module, dataset.schema, "a `by`", functions)
    key = Typer(ws, scope).type(line.key)
    if key is not None and key.type.name not in _GROUPED:
        ws.report.add(
            "FT111", f"rows cannot be grouped by {describe(key.type)}", line.key.span,
            label="expected a text, a whole number or a yes-or-no value",
            help=f"put quantities into ranges: `{catalog.GROUPS['bucket'].example}`"
            if key.type.name == "float" else "",
        )  # fmt: skip
        key = None
    if key is not None:
        _check_places(ws, key)
    if not line.buckets:
        ws.report.add(
            "FT129", "this group asks for nothing", line.span, label="no bound in it",
            help="write a bound, as in `each >= 1%` or `en >= 60%`",
        )  # fmt: skip
    buckets = [_bucket(ws, module, one) for one in line.buckets]
    if ws.report.size > before or key is None:
        return None
    good = [one for one in buckets if one is not None]
    _check_keys(ws, key, line)
    _check_bounds(ws, line, good, _group_count(key))
    return GroupDef(key, tuple(good), line.span)


def _bucket(ws: Workspace, module: Module, line: Bucket) -> BucketDef | None:
    if line.op == "!=":
        ws.report.add(
            "FT111", "a share is bounded by `>=`, `>`, `<=`, `<` or `==`", line.span,
            label="`!=` bounds nothing",
        )  # fmt: skip
        return None
    bound = Typer(ws, constant_scope(module, "a coverage bound")).type(line.bound)
    if bound is None:
        return None
    if bound.type.name not in ("ratio", "int") or bound.op != "literal":
        help_text, fix = unit_help(line.bound, bound, "ratio")
        ws.report.add(
            "FT110" if bound.type.name == "float" else "FT111",
            f"a coverage bound is a share or a number of rows, not {describe(bound.type)}",
            line.bound.span,
            label="expected a ratio such as `10%`, or a count such as `200`",
            help=help_text, fix=fix,
        )  # fmt: skip
        return None
    assert isinstance(bound.value, int | float), "a ratio and an int are numbers"
    is_share = bound.type.name == "ratio"
    key = None if line.key is None else (
        str(line.key.value) if isinstance(line.key, tree.Literal) else line.key.text
    )  # fmt: skip
    one = BucketDef(key, line.op, float(bound.value), is_share, line.span)
    return one if _bound_makes_sense(ws, line, one, bound) else None


def _bound_makes_sense(ws: Workspace, line: Bucket, one: BucketDef, bound: Expr) -> bool:
    top = 1.0 if one.is_share else math.inf
    if not 0 <= one.bound <= top:
        ws.report.add(
            "FT114", f"no share can be {bound.source}" if one.is_share
            else f"no number of rows is {bound.source}",
            line.bound.span,
            label="expected 0% to 100%" if one.is_share else "expected 0 or more",
        )  # fmt: skip
        return False
    always = (one.op == ">=" and one.bound == 0) or (one.op == "<=" and one.bound == top)
    never = (one.op == "<" and one.bound == 0) or (one.op == ">" and one.bound == top)
    if always or never:
        ws.report.add(
            "FT116" if always else "FT117",
            f"`{ws.text(line.span)}` {'always' if always else 'never'} holds",
            line.span,
            label="a share lies between 0% and 100%" if one.is_share else "counts start at 0",
        )
    return not (always or never)


def _check_places(ws: Workspace, key: Expr) -> None:
    """Groups are made of values: a function that makes groups stands first, or within `cross`."""
    crossed = key.op == "call" and key.value == "cross"
    made = {id(key), *(id(one) for one in key.args if crossed and one.value != "cross")}
    for one in key.walk():
        if one.op == "call" and one.value in catalog.GROUPS and id(one) not in made:
            ws.report.add(
                "FT115", f"`{one.value}` cannot stand within another function",
                one.span or Span("", 0, 0), label="it makes groups, and stands after `by`",
                help="combine groups like `by cross(lang(prompt), "
                "bucket(words(prompt), edges: [50]))`",
            )  # fmt: skip


def _check_keys(ws: Workspace, key: Expr, line: By) -> None:
    """Groups that a function makes have no names to write."""
    if key.op != "call" or key.value not in catalog.GROUPS:
        return
    for bucket in line.buckets:
        if bucket.key is not None:
            ws.report.add(
                "FT111",
                f"the groups of `{key.value}` have no names",
                bucket.key.span,
                label="expected `each`",
                help=f"write `each {bucket.op} {ws.text(bucket.bound.span)}`",
            )


def _group_count(key: Expr) -> int | None:
    """How many groups there are, where the spec says so."""
    entry = catalog.GROUPS.get(str(key.value)) if key.op == "call" else None
    if entry is None or not entry.groups:
        return None
    position = [one.name for one in entry.parameters].index(entry.groups)
    argument = key.args[position]
    if argument.op == "list":
        return len(argument.args) + 1
    return argument.value if isinstance(argument.value, int) else None


def _check_bounds(ws: Workspace, line: By, buckets: list[BucketDef], groups: int | None) -> None:
    before = ws.report.size
    for share in (True, False):
        _check_each_key(ws, [one for one in buckets if one.is_share is share])
    if ws.report.size > before:
        return
    shares = [one for one in buckets if one.is_share]
    floor = max((one.bound for one in shares if one.key is None and one.op in _LOWER), default=0.0)
    named: dict[str, float] = {}
    for one in shares:
        if one.key is not None:
            low = one.bound if one.op in _LOWER else 0.0
            named[one.key] = max(named.get(one.key, floor), low)
    least = math.fsum(named.values()) if groups is None else floor * groups
    if least > 1 + _ROUNDING:
        _over(ws, least, f"{groups} groups of at least {number(floor * 100)}%"
              if groups is not None else "", line.buckets)  # fmt: skip
        return
    ceiling = min(
        (one.bound for one in shares if one.key is None and one.op in _UPPER), default=1.0
    )
    if groups is not None and ceiling * groups < 1 - _ROUNDING:
        ws.report.add(
            "FT138",
            f"the shares cannot reach 100%: {groups} groups of at most {number(ceiling * 100)}%",
            line.span,
            label=f"come to at most {number(ceiling * groups * 100)}%",
        )


def _over(ws: Workspace, least: float, why: str, buckets: tuple[Bucket, ...]) -> None:
    first, last = buckets[0].span, buckets[-1].span
    ws.report.add(
        "FT138",
        f"the lower bounds add up to {number(least * 100)}%, more than there is",
        Span(first.path, first.start, last.end),
        label=why or "no data can have all of these shares",
        help="lower one of them",
    )


def _check_each_key(ws: Workspace, buckets: list[BucketDef]) -> None:
    """Bounds of one key: each side once, and the lower below the upper."""
    lows: dict[str | None, BucketDef] = {}
    highs: dict[str | None, BucketDef] = {}
    for one in buckets:
        for sides, ops in ((lows, _LOWER), (highs, _UPPER)):
            if one.op not in ops or one.span is None:
                continue
            other = sides.setdefault(one.key, one)
            if other is not one and other.span is not None:
                ws.report.add(
                    "FT106", f"`{one.key or 'each'}` is bounded twice on the same side", one.span,
                    label="here again", related=(Label(other.span, "the first bound"),),
                    help="delete one of them",
                )  # fmt: skip
    for key, low in lows.items():
        high = highs.get(key)
        if high is None or high is low or low.span is None or high.span is None:
            continue
        if low.bound > high.bound or (
            low.bound == high.bound and (low.op == ">" or high.op == "<")
        ):
            later = max(low, high, key=lambda one: one.span.start if one.span else 0)
            earlier = low if later is high else high
            ws.report.add(
                "FT138", f"nothing is both `{ws.text(low.span)}` and `{ws.text(high.span)}`",
                later.span or low.span, label="excludes the other bound",
                related=(Label(earlier.span or low.span, "the other bound"),),
            )  # fmt: skip
