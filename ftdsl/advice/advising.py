"""Every rule asked of one training, and the one change to try next, as diagnostics with fixes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ftdsl.advice.evidence import Evidence
from ftdsl.advice.rules import RULES, Change, Rule, Told
from ftdsl.diagnostics.diagnostic import Diagnostic, Edit, Fix, Severity, Span
from ftdsl.language import tree
from ftdsl.language.parsing.parser import parse
from ftdsl.language.source import Source

_FIRST = "FT640"


@dataclass(frozen=True, slots=True)
class Advice:
    """What one rule says of one training."""

    rule: Rule
    told: Told


def advise(seen: Evidence) -> tuple[Advice, ...]:
    """What every rule says, in the order in which they are to be listened to. After a mask bug
    nothing else is asked: every other figure follows from it."""
    found = []
    for rule in RULES:
        told = rule.ask(seen)
        found.append(Advice(rule, told))
        if rule.code == _FIRST and told.state == "fired":
            break
    return tuple(found)


def diagnostics(seen: Evidence, found: tuple[Advice, ...], source: Source) -> Iterator[Diagnostic]:
    """The rules that fired, as warnings about the training's block. The first change alone is
    offered as a fix: two changes at once tell nobody which of them helped."""
    offered = False
    span = seen.train.span or Span(source.path, 0, 0)
    for one in found:
        if one.told.state != "fired":
            continue
        fix = None
        if one.told.change is not None and not offered:
            fix = _fix(seen, one.told.change, source)
            offered = fix is not None
        help_ = one.told.advice
        if one.told.change is not None:
            help_ += f": `{one.told.change.setting} = {one.told.change.value}`"
        yield Diagnostic(
            one.rule.code,
            f"`{seen.train.name}`: {one.told.evidence}",
            span,
            Severity.WARNING,
            notes=(f"source: {one.rule.source}",),
            help=help_,
            fix=fix,
        )


def _fix(seen: Evidence, change: Change, source: Source) -> Fix | None:
    """The edit of the target's setting, or a new line for it; None where the block stands in
    another file."""
    target = _target(source, seen.train.name)
    if target is None:
        return None
    title = f"set `{change.setting} = {change.value}`"
    for setting in target.settings:
        if setting.key.text == change.setting:
            edit = Edit(setting.value.span, change.value)
            return Fix(title, (edit,), safe=False)
    if not target.settings:
        return None
    end = target.settings[-1].span.end
    place = Span(source.path, end, end)
    return Fix(title, (Edit(place, f"  {change.setting} = {change.value}"),), safe=False)


def _target(source: Source, name: str) -> tree.Target | None:
    for item in parse(source).spec.items:
        if isinstance(item, tree.Block) and item.kind == "train" and item.subject.text == name:
            return next((one for one in item.statements if isinstance(one, tree.Target)), None)
    return None
