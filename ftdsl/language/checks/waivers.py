"""Waivers: which rule they excuse, which rows, why and until when."""

from __future__ import annotations

from datetime import date

from ftdsl.diagnostics.diagnostic import Edit, Fix, Label, Span
from ftdsl.diagnostics.suggestion import suggest
from ftdsl.language import catalog, tree
from ftdsl.language.checks.calls import setting_call
from ftdsl.language.checks.settings import Settings, read_settings
from ftdsl.language.checks.statements import check_statements, of_type
from ftdsl.language.modules import Module
from ftdsl.language.names import find, whole_lines
from ftdsl.language.program import RuleDef, WaiverDef
from ftdsl.language.reporting import did_you_mean, one_of
from ftdsl.language.tree import Block, Setting
from ftdsl.language.workspace import Workspace


def check_waiver(ws: Workspace, module: Module, block: Block) -> WaiverDef | None:
    """A checked waiver; None where it was wrong."""
    before = ws.report.size
    check_statements(ws, block)
    settings = read_settings(
        ws, module, catalog.BLOCKS[block.kind].settings, of_type(block, Setting), block.header,
        "a `waive`",
    )  # fmt: skip
    rule = _rule(ws, module, block)
    rows = _rows(settings, rule)
    reason = settings.constant("reason")
    if reason is not None and not str(reason.value).strip():
        ws.report.add(
            "FT114", "the reason is empty", reason.span or block.header,
            label="say why the rows are excused",
        )  # fmt: skip
    until = settings.constant("until")
    if until is not None:
        _check_date(settings, module, block, str(until.value))
    if ws.report.size > before or rule is None or reason is None or until is None:
        return None
    name = (block.subject.parts[0].text, rule.name)
    return WaiverDef(name, str(reason.value), str(until.value), rows, block.span)


def _rule(ws: Workspace, module: Module, block: Block) -> RuleDef | None:
    """The rule that ``DATASET.RULE`` names; None where there is none, or the check was wrong."""
    parts = block.subject.parts
    if len(parts) != 2:
        ws.report.add(
            "FT150", "a waiver names one rule", block.subject.span, label="expected `DATASET.RULE`"
        )
        return None
    if find(ws, module, tree.Path(parts[:1], parts[0].span), ("dataset",)) is None:
        return None
    check = ws.checks.get(parts[0].text)
    written = [one for one in module.blocks("check") if one.subject.text == parts[0].text]
    rules = {rule.name: rule for rule in check.rules} if check is not None else {}
    found = rules.get(parts[1].text)
    if found is None:
        declared = {
            one.name.text for block_ in written for one in of_type(block_, tree.Rule)
        }  # a rule that was wrong is still a rule
        if any(ws.report.in_incomplete(one.span) for one in written):
            return None
        if parts[1].text not in declared and (check is not None or not written):
            help_text, fix = did_you_mean(parts[1].span, suggest(parts[1].text, rules))
            if not help_text:
                help_text = f"its rules are {one_of(list(rules))}" if rules else "it has no rules"
            ws.report.add(
                "FT150", f"`{parts[0].text}` has no rule `{parts[1].text}`", parts[1].span,
                label="unknown rule", help=help_text, fix=fix,
            )  # fmt: skip
        return None
    if not found.waivable:
        related = (Label(found.span, "this rule says `waivable = false`"),) if found.span else ()
        ws.report.add(
            "FT152", f"the rule `{found.name}` cannot be waived", block.subject.span,
            label="it forbids waivers", related=related, help="mend the rows, or delete the waiver",
        )  # fmt: skip
    return found


def _rows(settings: Settings, rule: RuleDef | None) -> tuple[str, ...]:
    node = settings.node("rows")
    if node is None:
        return ()
    if rule is not None and rule.kind == "dataset":
        settings.forbid(["rows"], f"`{rule.name}` is about the whole dataset, not about rows")
        return ()
    call = setting_call(settings.ws, settings.module, settings.entries["rows"], node)
    if call is None:
        return ()
    found: list[str] = []
    for argument in next(iter(call.values.values())):
        if str(argument.value) in found:
            settings.ws.report.add(
                "FT106", f"the row {argument.source} is listed twice", argument.span or node.span,
                label="here again", help="delete it",
            )  # fmt: skip
        found.append(str(argument.value))
    return tuple(found)


def _check_date(settings: Settings, module: Module, block: Block, until: str) -> None:
    node = settings.given["until"].value
    try:
        last = date.fromisoformat(until)
    except ValueError:
        return  # the parser has said that there is no such day
    if last >= settings.ws.today:
        return
    gone = whole_lines(module, block.span)
    settings.ws.report.add(
        "FT151",
        f"this waiver ended on {until}",
        node.span,
        label=f"{(settings.ws.today - last).days} days ago",
        help="mend the rows and delete it, or decide anew: a new date and a reason",
        fix=Fix("delete the waiver", (Edit(gone, ""),), safe=False),
    )


def check_together(ws: Workspace) -> None:
    """Two waivers of one rule that excuse the same rows."""
    seen: dict[tuple[str, str], list[WaiverDef]] = {}
    for one in ws.waivers:
        for other in seen.setdefault(one.rule, []):
            shared = set(one.rows) & set(other.rows)
            if (one.rows and other.rows and not shared) or one.span is None or other.span is None:
                continue
            what = f'"{min(shared)}"' if shared else "the same rows"
            ws.report.add(
                "FT153",
                f"{what} of `{'.'.join(one.rule)}` is excused twice" if shared
                else f"`{'.'.join(one.rule)}` is excused twice",
                _first_line(ws, one.span),
                label="excuses nothing new" if shared == set(one.rows) else "excused already",
                related=(Label(_first_line(ws, other.span), "the other waiver"),),
                help="join the two",
            )  # fmt: skip
            break
        seen[one.rule].append(one)


def _first_line(ws: Workspace, span: Span) -> Span:
    end = ws.sources[span.path].text.find("\n", span.start)
    return Span(span.path, span.start, span.end if end < 0 else min(end, span.end))
