"""Rules: one statement each, over rows or over the dataset, that can hold and can fail."""

from __future__ import annotations

from ftdsl.diagnostics.diagnostic import Edit, Fix, Label, Span
from ftdsl.diagnostics.suggestion import suggest
from ftdsl.language.catalog.data_blocks import RULE_SETTINGS
from ftdsl.language.checks.settings import read_settings
from ftdsl.language.checks.sources import no_columns, source
from ftdsl.language.checks.statements import check_statements, of_type
from ftdsl.language.checks.templates import check_template
from ftdsl.language.declarations import schema_named
from ftdsl.language.modules import Module
from ftdsl.language.names import find, whole_lines
from ftdsl.language.program import (
    CheckDef,
    DatasetDef,
    ExampleDef,
    Expr,
    RuleDef,
    SchemaDef,
)
from ftdsl.language.reporting import did_you_mean, one_of
from ftdsl.language.tree import Block, Each, Expect, Rule, Setting, Use, Verdict
from ftdsl.language.typing.expressions import Typer
from ftdsl.language.typing.facts import present
from ftdsl.language.typing.ranges import impossible, key
from ftdsl.language.typing.scope import dataset_scope, row_scope, verdict_scope
from ftdsl.language.workspace import Workspace
from ftdsl.record import replace

Found = list[tuple[RuleDef, Span]]
"""Rules, each with the place that brought it in."""


def check_rules(ws: Workspace, module: Module, block: Block, dataset: DatasetDef) -> CheckDef:
    """All rules of a check, those it uses among them."""
    place = (module.path, dataset.name)
    schema_keys = _lineage(ws, dataset.schema)
    found = _collect(ws, module, block, dataset.schema, schema_keys, place)
    _check_twins(ws, found)
    check_template(ws, found, dataset)
    return CheckDef(dataset.name, tuple(rule for rule, _ in found), block.span)


def _lineage(ws: Workspace, schema: SchemaDef) -> frozenset[str]:
    """Keys of all schemas and formats that ``schema`` extends, and its own."""
    path = schema.span.path if schema.span is not None else ""
    own = f"{path}:{schema.name}" if path else schema.name
    return ws.ancestors.get(own, frozenset([own]))


def ruleset_rules(ws: Workspace, module: Module, block: Block) -> tuple[RuleDef, ...] | None:
    """The rules of a ruleset, checked against its own schema; None where the schema is unknown or
    it uses itself."""
    place = (module.path, block.subject.text)
    if place in ws.rulesets:
        return ws.rulesets[place]
    if place in ws.pending:
        ws.report.add(
            "FT123", f"the ruleset `{block.subject.text}` uses itself", block.subject.span,
            label="directly or through others", help="break the circle",
        )  # fmt: skip
        return None
    ws.pending.append(place)
    schema = schema_named(ws, module, block.target_schema) if block.target_schema else None
    rules: tuple[RuleDef, ...] | None = None
    if schema is not None:
        lineage = ws.ancestors.get(schema[0], frozenset([schema[0]]))
        found = _collect(ws, module, block, schema[1], lineage, place)
        _check_twins(ws, found)
        rules = tuple(rule for rule, _ in found)
    ws.pending.pop()
    ws.rulesets[place] = rules
    return rules


def _collect(
    ws: Workspace,
    module: Module,
    block: Block,
    schema: SchemaDef,
    lineage: frozenset[str],
    place: tuple[str, str],
) -> Found:
    check_statements(ws, block)
    read_settings(ws, module, (), of_type(block, Setting), block.header, f"a `{block.kind}`")
    found: Found = []
    names: dict[str, Span] = {}
    for statement in block.statements:
        if isinstance(statement, Use):
            for rule in _used(ws, module, statement, lineage):
                if _new_name(ws, names, rule.name, statement.path.span, used=True):
                    found.append((rule, statement.path.span))
        elif isinstance(statement, Rule):
            good = _new_name(ws, names, statement.name.text, statement.name.span, used=False)
            checked = _rule(ws, module, statement, schema)
            if checked is not None and good:
                found.append((checked, statement.name.span))
    if not any(isinstance(one, Rule | Use) for one in block.statements):
        ws.report.add(
            "FT129", f"the `{block.kind}` of `{place[1]}` has no rule", block.header,
            label="nothing is checked", help="add a `rule` or a `use`, or delete the block",
        )  # fmt: skip
    return found


def _new_name(ws: Workspace, names: dict[str, Span], name: str, span: Span, *, used: bool) -> bool:
    earlier = names.setdefault(name, span)
    if earlier is span:
        return True
    ws.report.add(
        "FT101",
        f"there are two rules called `{name}`",
        span,
        label=f"this brings in `{name}` again" if used else "here again",
        related=(Label(earlier, "the first comes from here"),),
        help=f"leave one out: `use … except {name}`" if used else "rename or delete one of them",
    )
    return False


# ------------------------------------------------------------------ use


def _used(
    ws: Workspace, module: Module, statement: Use, lineage: frozenset[str]
) -> tuple[RuleDef, ...]:
    found = find(ws, module, statement.path, ("ruleset",))
    if found is None:
        return ()
    owner, block = found
    assert isinstance(block, Block), "only rulesets were asked for"
    rules = ruleset_rules(ws, owner, block)
    if rules is None or not _suits(ws, owner, block, statement, lineage):
        return ()
    names = [rule.name.text for rule in of_type(block, Rule)]
    names += [rule.name for rule in rules if rule.name not in names]
    excluded: set[str] = set()
    for name in statement.excluded:
        if name.text not in names and ws.report.in_incomplete(block.span):
            continue
        if name.text not in names:
            help_text, fix = did_you_mean(name.span, suggest(name.text, names))
            ws.report.add(
                "FT133",
                f"`{statement.path.text}` has no rule `{name.text}`",
                name.span,
                label="nothing to leave out",
                help=help_text or f"its rules are {one_of(names)}",
                fix=fix,
            )
        elif name.text in excluded:
            ws.report.add("FT106", f"`{name.text}` is listed twice", name.span, label="here again")
        excluded.add(name.text)
    if names and excluded >= set(names):
        ws.report.add(
            "FT129", f"every rule of `{statement.path.text}` is left out", statement.span,
            label="nothing is used", help="delete the `use`",
        )  # fmt: skip
    return tuple(
        replace(rule, origin=statement.path.text) for rule in rules if rule.name not in excluded
    )


def _suits(
    ws: Workspace, owner: Module, block: Block, statement: Use, lineage: frozenset[str]
) -> bool:
    """Whether the rows have the schema that the ruleset is for."""
    target = block.target_schema
    found = schema_named(ws, owner, target) if target is not None else None
    if target is None or found is None or found[0] in lineage:
        return True
    ws.report.add(
        "FT134",
        f"`{statement.path.text}` is for `{target.text}`, which the schema here does not extend",
        statement.path.span,
        label="these rows may lack what it reads",
        related=(Label(target.span, "the schema it is for"),),
        help=f"let the schema extend `{target.text}`, or leave this `use` out",
    )
    return False


# ------------------------------------------------------------------ one rule


def _rule(ws: Workspace, module: Module, rule: Rule, schema: SchemaDef) -> RuleDef | None:
    before = ws.report.size
    settings = read_settings(ws, module, RULE_SETTINGS, rule.settings, rule.name.span, "a `rule`")
    waivable = settings.constant("waivable")
    if not rule.bodies:
        ws.report.add(
            "FT130", f"the rule `{rule.name.text}` says nothing", rule.name.span,
            label="no `each` and no `expect`",
            help="write `each must …` for every row, or `expect …` for the whole dataset",
        )  # fmt: skip
        return None
    if len(rule.bodies) > 1:
        ws.report.add(
            "FT131", f"the rule `{rule.name.text}` says two things", rule.bodies[1].span,
            label="a second statement",
            related=(Label(rule.bodies[0].span, "the first"),),
            help="write two rules: each is counted, waived and reported on its own",
        )  # fmt: skip
        return None
    body = rule.bodies[0]
    where, must, expect = None, None, None
    if isinstance(body, Each):
        where, must = _row_body(ws, module, body, schema)
    else:
        expect = _dataset_body(ws, module, rule, body, schema)
    fail, warn = _verdicts(ws, module, rule)
    # The rows that show a shipped rule have its rule set's own format, not that of whoever uses it.
    examples = () if module.shipped else _examples(ws, module, rule)
    if ws.report.size > before or (must is None and expect is None):
        return None
    return RuleDef(
        rule.name.text,
        "row" if isinstance(body, Each) else "dataset",
        str(rule.doc.value) if rule.doc is not None else "",
        where,
        must,
        expect,
        fail,
        warn,
        waivable is None or bool(waivable.value),
        "",
        examples,
        rule.name.span,
    )


def _row_body(
    ws: Workspace, module: Module, body: Each, schema: SchemaDef
) -> tuple[Expr | None, Expr | None]:
    typer = Typer(ws, row_scope(ws, module, schema, "a row rule"))
    where = None
    if body.where is not None:
        where = typer.condition(body.where, "what follows `where`")
    must = typer.condition(body.must, "what follows `must`", present(where, True))
    if body.where is not None and where is not None and not _filters(ws, body, where):
        return None, None
    if must is None or (body.where is not None and where is None):
        return where, must
    given = [(where, True)] if where is not None else []
    shown = f" where `{where.source}`" if where is not None else ""
    if impossible([*given, (must, False)]):
        ws.report.add(
            "FT118", "this rule can never fail", body.must.span,
            label=f"holds for every row{shown}", help="sharpen it or delete it",
        )  # fmt: skip
    elif impossible([*given, (must, True)]):
        ws.report.add(
            "FT119", "no row can pass this rule", body.must.span,
            label=f"fails for every row{shown}",
            help="two of its conditions exclude each other",
        )  # fmt: skip
    return where, must


def _filters(ws: Workspace, body: Each, where: Expr) -> bool:
    """Whether the filter can both match and not match; says so where it cannot."""
    assert body.where is not None, "there is a filter"
    if impossible([(where, True)]):
        ws.report.add(
            "FT128", "this filter never matches", body.where.span, label="no row gets past it",
            help="two of its conditions exclude each other",
        )  # fmt: skip
        return False
    if impossible([(where, False)]):
        gone = Span(body.span.path, body.where.span.start - len("where "), body.where.span.end + 1)
        text = ws.sources[gone.path].slice(gone)
        tidy = text.startswith("where ") and text.endswith(" ")
        ws.report.add(
            "FT128", "this filter matches every row", body.where.span, label="leaves nothing out",
            help="delete the `where`",
            fix=Fix("delete the `where`", (Edit(gone, ""),)) if tidy else None,
        )  # fmt: skip
        return False
    return True


def _dataset_body(
    ws: Workspace, module: Module, rule: Rule, body: Expect, schema: SchemaDef
) -> Expr | None:
    for verdict in rule.verdicts:
        ws.report.add(
            "FT135",
            "a verdict line counts failing rows, and `expect` is about the whole dataset",
            verdict.span,
            label="there are no failing rows to count",
            help="put the tolerance into the `expect`, or write the rule with `each`",
        )
    scope = dataset_scope(ws, module, schema, "an `expect`", "check")
    expect = Typer(ws, scope).condition(body.condition, "what follows `expect`")
    if expect is None:
        return None
    decidable(ws, expect, body.condition.span)
    reads_lock = any(one.op == "measure" for one in expect.walk())
    for example in rule.examples if reads_lock else ():
        ws.report.add(
            "FT135",
            f"`{example.kind}` shows rows for which nothing is locked, and this `expect` reads the "
            "lock",
            example.span,
            label="has no meaning here",
            help="delete it",
            fix=Fix("delete it", (Edit(whole_lines(module, example.span), ""),)),
        )
    return expect


def decidable(ws: Workspace, expect: Expr, span: Span) -> bool:
    """Whether a statement about the data can hold and can fail; says so where it cannot."""
    if impossible([(expect, False)]):
        ws.report.add(
            "FT118", "this can never fail", span, label="holds for all data",
            help="sharpen it or delete it",
        )  # fmt: skip
        return False
    if impossible([(expect, True)]):
        ws.report.add(
            "FT119", "this can never hold", span, label="fails for all data",
            help="two of its conditions exclude each other",
        )  # fmt: skip
        return False
    return True


def _verdicts(ws: Workspace, module: Module, rule: Rule) -> tuple[Expr | None, Expr | None]:
    lines: dict[str, tuple[Verdict, Expr | None]] = {}
    if any(isinstance(body, Expect) for body in rule.bodies):
        return None, None
    typer = Typer(ws, verdict_scope(module))
    for verdict in rule.verdicts:
        if verdict.level in lines:
            ws.report.add(
                "FT106", f"`{verdict.level} when` is written twice", verdict.span,
                label="here again", related=(Label(lines[verdict.level][0].span, "the first"),),
                help="join the conditions with `or`, or delete one",
            )  # fmt: skip
            continue
        condition = typer.condition(verdict.condition, f"what follows `{verdict.level} when`")
        lines[verdict.level] = (verdict, condition)
    fail, warn = (lines[level][1] if level in lines else None for level in ("fail", "warn"))
    if fail is not None and warn is not None and impossible([(warn, True), (fail, False)]):
        ws.report.add(
            "FT136",
            "the warning is never shown: whenever it would be, the rule fails",
            lines["warn"][0].span,
            label="hidden by the `fail when` line",
            related=(Label(lines["fail"][0].span, "fails first"),),
            help="warn at a lower threshold than the rule fails at",
        )
    return fail, warn


def _examples(ws: Workspace, module: Module, rule: Rule) -> tuple[ExampleDef, ...]:
    found: list[ExampleDef] = []
    for example in rule.examples:
        one = source(ws, module, example.source)
        if one is None or not no_columns(ws, (one,)):
            continue
        twin = next((each for each in found if each.source.pattern == one.pattern), None)
        if twin is not None:
            ws.report.add(
                "FT106" if twin.kind == example.kind else "FT137",
                "the same rows are named twice"
                if twin.kind == example.kind
                else "the same rows cannot be both accepted and rejected",
                example.source.span,
                label="here again",
            )
            continue
        found.append(ExampleDef(example.kind, one, example.span))
    return tuple(found)


def _check_twins(ws: Workspace, found: Found) -> None:
    """Two rules that say the same: the second can never tell anything new."""
    seen: dict[tuple[object, ...], tuple[RuleDef, Span]] = {}
    for rule, span in found:
        same = tuple(key(part) if part else None for part in (rule.where, rule.must, rule.expect))
        first = seen.setdefault(same, (rule, span))
        if first[0] is rule:
            continue
        ws.report.add(
            "FT132",
            f"the rule `{rule.name}` says the same as `{first[0].name}`",
            span,
            label="never tells anything new",
            related=(Label(first[1], f"`{first[0].name}` comes from here"),),
            help="delete one of them",
        )
