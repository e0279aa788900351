"""What a run found in one dataset, as a part of a page: rules, coverage, duplicates, findings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from ftdsl.reports.forecast import foretold
from ftdsl.reports.html_coverage import coverage_body
from ftdsl.reports.inert import shortened
from ftdsl.reports.markup import Markup, Node, tag
from ftdsl.reports.numbers import count, plural
from ftdsl.reports.plots import bar
from ftdsl.reports.summary import (
    MOODS,
    fix_text,
    output_text,
    rule_text,
    turn_text,
)
from ftdsl.results.models import (
    CheckOutput,
    CoverageOutput,
    DatasetOutput,
    DedupOutput,
    Finding,
    Removal,
    RuleOutcome,
)
from ftdsl.results.run import RunResult

if TYPE_CHECKING:
    from ftdsl.reports.extent import Extent


def dataset_names(run: RunResult) -> list[str]:
    """Datasets that anything was found about, in the order of the run."""
    outputs = (step.output for step in run.steps)
    kinds = CheckOutput | DedupOutput | CoverageOutput
    return list(dict.fromkeys(each.name for each in outputs if isinstance(each, kinds)))


def dataset_body(run: RunResult, name: str, extent: Extent) -> list[Node]:
    """All that is known of the dataset ``name``."""
    outputs = [step.output for step in run.steps if getattr(step.output, "name", "") == name]
    body: list[Node] = []
    for output in outputs:
        match output:
            case DatasetOutput():
                continue
            case CheckOutput():
                body += [tag("p", _sentence(output_text(output))), *_rules(output.outcomes)]
                body += _foretold(output)
                body.append(_findings(output.findings, output, extent))
            case DedupOutput():
                body += _pairs(output, extent)
            case CoverageOutput():
                body += coverage_body(output, extent)
                body += _rules(output.outcomes)
            case _:
                continue
    return body


def _foretold(output: CheckOutput) -> list[Node]:
    """Tokens of the rows, long ones, and what training on them costs."""
    told = list(foretold(output.statistics, output.forecasts, output.costs))
    if not told:
        return []
    sentences = (tag("p", _sentence(one)) for one in told)
    return [tag("h3", "Tokens and training"), tag("div", *sentences, class_="card")]


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _rules(outcomes: Sequence[RuleOutcome]) -> list[Node]:
    """Rules that failed, that warned, and that hold: these in a fold where there are others."""
    wrong = sorted((o for o in outcomes if o.verdict != "pass"), key=lambda o: o.verdict != "fail")
    held = [each for each in outcomes if each.verdict == "pass"]
    if not wrong or not held:
        return [_rule_table(outcomes)] if outcomes else []
    summary = tag("summary", f"{plural(len(held), 'rule')} {'holds' if len(held) == 1 else 'hold'}")
    return [_rule_table(wrong), tag("details", summary, _rule_table(held))]


def _rule_table(outcomes: Sequence[RuleOutcome]) -> Markup:
    rows = [
        tag(
            "tr",
            tag("td", tag("span", outcome.verdict, class_=f"chip {MOODS[outcome.verdict]}")),
            tag("td", tag("b", outcome.rule), _doc(outcome), class_="name"),
            tag("td", _rule_bar(outcome), class_="bar thin"),
            tag("td", rule_text(outcome), class_="wide"),
            tag("td", *_requirement(outcome), class_="wide"),
        )
        for outcome in outcomes
    ]
    heads = ("", "rule", "failing", "", "requirement")
    head = tag("thead", tag("tr", *(tag("th", each) for each in heads)))
    table = tag("table", head, tag("tbody", *rows), class_="stack")
    return tag("div", tag("div", table, class_="scroll"), class_="card")


def _requirement(outcome: RuleOutcome) -> Iterator[Markup]:
    """Each clause on a line of its own; nothing where the rule's description says the same."""
    if outcome.requirement != outcome.doc:
        for clause in filter(None, outcome.requirement.split("  ")):
            yield tag("div", tag("code", clause))


def _doc(outcome: RuleOutcome) -> Markup | None:
    return tag("div", outcome.doc, class_="soft small") if outcome.doc else None


def _rule_bar(outcome: RuleOutcome) -> Markup | None:
    if outcome.kind == "dataset":
        return None
    return bar(outcome.rate, None, MOODS[outcome.verdict])


def _pairs(output: DedupOutput, extent: Extent) -> list[Node]:
    body: list[Node] = [
        tag("h3", "Duplicates and leaks", id=f"data-{output.name}-duplicates"),
        tag("p", _sentence(output_text(output)), " The row on the left is gone; the one on the "
            "right is why." if output.removed else ""),
    ]  # fmt: skip
    if output.findings:
        body.append(
            tag("div", *(_finding(each, extent) for each in output.findings[:20]), class_="card")
        )
    notes = (f"{clause}: {note}" for clause, note in output.notes.items())
    body += [tag("p", note, class_="soft small") for note in notes]
    chosen = output.removed[: extent.pairs]
    body += [_pair(each, extent) for each in chosen[:6]]
    if len(chosen) > 6:
        rest = [_pair(each, extent) for each in chosen[6:]]
        body.append(tag("details", tag("summary", plural(len(rest), "more pair")), *rest))
    if len(output.removed) > len(chosen):
        more = count(len(output.removed) - len(chosen))
        body.append(tag("p", f"{more} more pairs are in the results folder.", class_="soft"))
    return body


def _pair(each: Removal, extent: Extent) -> Markup:
    over = tag(
        "div",
        tag("b", each.method),
        tag("span", f"similarity {each.similarity:.2f}"),
        class_="over",
    )
    left = _side("removed", each.path, each.line, each.row_id, each.excerpt, extent)
    right = _side(
        "kept", each.kept_path, each.kept_line, each.kept_row_id, each.kept_excerpt, extent
    )
    return tag("div", over, left, right, class_="pair")


def _side(role: str, path: str, line: int, row_id: str, text: str, extent: Extent) -> Markup:
    return tag(
        "div",
        tag("div", f"{role} · {path}:{line} · row {row_id}", class_="tag"),
        tag("div", text[: extent.text], class_="quote") if text else None,
    )


def _findings(findings: Sequence[Finding], output: CheckOutput, extent: Extent) -> Node:
    if not findings:
        return None
    totals = {each.rule: each.failing for each in output.outcomes if each.kind == "row"}
    left = extent.findings
    body: list[Node] = [tag("h3", "Findings", id=f"data-{output.name}-findings")]
    ordered = sorted(findings, key=lambda each: (each.severity, each.rule, each.code))
    for i, ((rule, code), group) in enumerate(
        groupby(ordered, lambda each: (each.rule, each.code))
    ):
        found = list(group)
        shown = found[: min(extent.of_a_rule, left)]
        left -= len(shown)
        more = max(totals.get(rule, 0), len(found)) - len(shown)
        body.append(_finding_group(rule or code, shown, more, i < 3, extent))
    return body


def _finding_group(
    title: str, shown: Sequence[Finding], more: int, is_open: bool, extent: Extent
) -> Markup:
    total = plural(len(shown) + more, "finding")
    rest = tag("p", f"… and {count(more)} more.", class_="soft") if more > 0 else None
    return tag(
        "details",
        tag("summary", tag("b", title), f" · {total}"),
        tag("div", *(_finding(each, extent) for each in shown), rest, class_="card"),
        open=is_open,
    )


def _finding(each: Finding, extent: Extent) -> Markup:
    mood = "bad" if each.severity == "error" else "unsure"
    place = ":".join(str(part) for part in (each.path, each.line, each.column) if part)
    return tag(
        "div",
        tag(
            "p",
            tag("span", each.code, class_=f"chip {mood}"),
            " ",
            tag("span", place, class_="mono place"),
            tag("span", f"  row {each.row_id}{turn_text(each)}", class_="soft small")
            if each.row_id
            else None,
        ),
        tag("p", shortened(each.message, extent.text)),
        tag("dl", *_values(each, extent), class_="values") if each.values else None,
        tag("pre", *_excerpt(each, extent), class_="wrap") if each.excerpt else None,
        tag("p", each.help, class_="soft small") if each.help else None,
        tag("p", f"Fix: {fix_text(each.fix)}", class_="soft small") if each.fix else None,
        class_="finding",
    )


def _excerpt(each: Finding, extent: Extent) -> Iterator[Node]:
    """The excerpt with what is to blame marked."""
    if each.highlight is None:
        yield each.excerpt[: extent.text]
        return
    start, end = each.highlight
    yield each.excerpt[:start]
    yield tag("mark", each.excerpt[start:end])
    yield each.excerpt[end : extent.text]


def _values(each: Finding, extent: Extent) -> Iterator[Markup]:
    for value in each.values:
        yield tag("dt", tag("code", value.source))
        yield tag("dd", value.value[: extent.text], class_="mono")
