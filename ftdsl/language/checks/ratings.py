"""``rate`` blocks, and what gates may ask of them."""

from __future__ import annotations

from collections.abc import Iterator

from ftdsl.diagnostics.diagnostic import Span
from ftdsl.diagnostics.suggestion import suggest
from ftdsl.language import catalog, tree
from ftdsl.language.catalog.model_blocks import BOUNDS
from ftdsl.language.checks.calls import SettingCall, setting_call
from ftdsl.language.checks.named import models, named
from ftdsl.language.checks.requirements import requirements
from ftdsl.language.checks.settings import Settings, constant, read_settings
from ftdsl.language.checks.statements import check_statements, of_type
from ftdsl.language.modules import Module
from ftdsl.language.program import RateDef, RequireDef
from ftdsl.language.reporting import did_you_mean, one_of
from ftdsl.language.tree import Block, Bound, Require, Setting
from ftdsl.language.typing.scope import Scope, measure, measure_scope
from ftdsl.language.workspace import Workspace
from ftdsl.record import replace

SAYS = {"sides": "win_rate", "correct": "correct_rate", "scale": "grade"}
"""What each way to ask comes to."""
_QUESTIONS = {
    "sides": "Which answer is better?",
    "correct": "Is this answer correct?",
    "scale": "How good is this answer?",
}


def check_rate(ws: Workspace, module: Module, block: Block) -> RateDef | None:
    """A checked rating; None where it was wrong."""
    before = ws.report.size
    check_statements(ws, block)
    settings = read_settings(
        ws, module, catalog.BLOCKS[block.kind].settings, of_type(block, Setting), block.header,
        "a `rate`",
    )  # fmt: skip
    compared, cases = models(settings, "compare"), named(settings, "cases")
    ask, points = _asked(settings)
    if ask == "sides" and compared is not None and len(compared) < 2:
        node = settings.node("compare")
        ws.report.add(
            "FT114", "a rating side by side compares at least two models",
            node.span if node is not None else block.header, label="expected two or more",
            help="`ask = correct` and `ask = scale(5)` show one answer at a time",
        )  # fmt: skip
    raters = _raters(ws, module, of_type(block, Bound))
    sample = _call(settings, "sample")
    plain = ("question", "rubric", "gold", "repeats", "ratings")
    values = {name: settings.constant(name) for name in plain}
    scope = measure_scope(ws, module, block.kind, "a `rate`", ())
    own = {name: one for name, one in scope.names.items() if name in (SAYS[ask], "alpha")}
    found = requirements(ws, replace(scope, names=own), of_type(block, Require), None)
    if ws.report.size > before or compared is None or cases is None:
        return None
    given = {name: value.value for name, value in values.items() if value is not None}
    rows, seed = (sample.value("count"), sample.value("seed")) if sample else (None, 0)
    return RateDef(
        block.subject.text,
        compared,
        cases,
        rows if isinstance(rows, int) else None,
        seed if isinstance(seed, int) else 0,
        raters,
        found,
        block.span,
        ask,
        points,
        str(given.get("question") or _QUESTIONS[ask]),
        str(given["rubric"]) if "rubric" in given else None,
        str(given["gold"]) if "gold" in given else None,
        float(given.get("repeats", settings.default("repeats")) or 0.0),
        str(given.get("ratings") or f"ratings/{block.subject.text}"),
    )


def _asked(settings: Settings) -> tuple[str, int]:
    """How people are asked, and the best grade where they give one."""
    node = settings.node("ask")
    entry = settings.entries["ask"]
    if node is None:
        return str(entry.default), 0
    if isinstance(node, tree.Path) and node.text in entry.choices:
        return node.text, 0
    call = _call(settings, "ask")
    points = call.value("points") if call is not None else None
    return "scale", points if isinstance(points, int) else 0


def _call(settings: Settings, name: str) -> SettingCall | None:
    node = settings.node(name)
    if node is None:
        return None
    return setting_call(settings.ws, settings.module, settings.entries[name], node)


def _raters(ws: Workspace, module: Module, lines: list[Bound]) -> int:
    """How many people at least judge each pair."""
    entries = {one.name: one for one in BOUNDS}
    found: dict[str, int] = {}
    for line in lines:
        name = line.name.text
        if name not in entries:
            help_text, fix = did_you_mean(line.name.span, suggest(name, entries))
            ws.report.add(
                "FT105", f"a `rate` has no quantity `{name}`", line.name.span,
                label=f"expected {one_of(list(entries))}", help=help_text, fix=fix,
            )  # fmt: skip
        elif name in found:
            ws.report.add("FT106", f"`{name}` is bounded twice", line.name.span, label="here again")
        elif line.op != ">=":
            ws.report.add(
                "FT111", f"`{name}` is bounded from below", line.span,
                label=f"expected `{name} >= …`",
            )  # fmt: skip
        else:
            value = constant(ws, module, entries[name], line.value)
            found[name] = value.value if value and isinstance(value.value, int) else 0
    first = BOUNDS[0]
    return found.get(first.name, int(first.default or 0))


# ------------------------------------------------------------------ in gates


def with_ratings(ws: Workspace, scope: Scope) -> Scope:
    """The scope of a gate, and what the spec's ratings come to."""
    blocks = {block.subject.text for block in scope.module.blocks("rate")}
    measures = {one.name: measure(one) for one in catalog.MEASURES}
    rated = {f"{one.name}.{SAYS[one.ask]}": measures[f"RATE.{SAYS[one.ask]}"] for one in ws.rates}
    complete = scope.complete and blocks <= {rate.name for rate in ws.rates}
    return replace(scope, names={**scope.names, **rated}, complete=complete)


def rated_by(ws: Workspace, require: RequireDef) -> Iterator[RateDef]:
    """The ratings that a requirement of a gate reads."""
    rates = {rate.name: rate for rate in ws.rates}
    for node in require.condition.walk():
        name = str(node.value).rpartition(".")[0]
        if node.op == "measure" and name in rates:
            yield rates[name]


def check_rated(ws: Workspace, found: tuple[RequireDef, ...], candidates: tuple[str, ...]) -> None:
    """A rating says something of the models that it compares, as a whole, and by itself."""
    for require in found:
        measures = [one for one in require.condition.walk() if one.op == "measure"]
        place = require.condition.span or Span("", 0, 0)
        for rate in rated_by(ws, require):
            name = rate.name
            missing = [one for one in candidates if one not in rate.compare]
            if len(measures) > 1:
                ws.report.add(
                    "FT520", "this requirement cannot be decided: a rating stands alone", place,
                    label="mixes what people said with something else",
                    help="write a `require` line for each",
                )  # fmt: skip
            elif require.by is not None:
                ws.report.add(
                    "FT108", "`by` has no meaning for a rating", place,
                    label=f"`{name}` is of all that people were shown",
                )  # fmt: skip
            elif missing:
                ws.report.add(
                    "FT731", f"the rating `{name}` says nothing of `{missing[0]}`", place,
                    label=f"it compares {one_of(rate.compare)}",
                    help=f"add `{missing[0]}` to `compare` of `{name}`, or take it out of `from`",
                )  # fmt: skip
