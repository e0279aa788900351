"""What stands in the way of a training, in words, each with the rows that show it and a remedy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import orjson

from ftdsl.privacy.masking import masked, masked_name
from ftdsl.quality.measures.chat_template import Unrendered
from ftdsl.results.models import Finding
from ftdsl.results.preflight import PreflightCheck
from ftdsl.training.checking.masks import Draft, Flag, Kit, Tools, compiled
from ftdsl.training.checking.measuring import UNTRAINED, Measured, Offender

Severity = Literal["error", "warning"]

_SHOWN = 120
"""Characters of a text that a finding shows."""
_SERVE = "`serving_template` names the template that the server renders with"


@dataclass(frozen=True, slots=True)
class Question:
    """One thing asked of every row: the check that it belongs to, its code, and what helps."""

    check: str
    flag: Flag
    code: str
    severity: Severity
    help: str


QUESTIONS: tuple[Question, ...] = (
    Question(
        "template",
        Flag.UNRENDERED,
        "FT690",
        "error",
        'a row rule can forbid such rows; or name another template: `template = "chat.jinja"`',
    ),
    Question(
        "trained",
        Flag.UNMARKED,
        "FT603",
        "error",
        "put `{% generation %}` before an assistant turn's text and `{% endgeneration %}` after "
        "its end token, or set `assistant_only_loss = false`",
    ),
    Question(
        "trained",
        UNTRAINED,
        "FT621",
        "error",
        "raise `max_length`, leave such rows out of the data, or allow a share of them: "
        "`max_untrained = 1%`",
    ),
    Question(
        "mask",
        Flag.DIFFERS,
        "FT622",
        "error",
        "the marks of the template belong right before and right after what the assistant says",
    ),
    Question(
        "mask",
        Flag.SPLIT,
        "FT622",
        "error",
        "end the generation prompt of the template in a newline or a special token, not in a "
        "space or a letter",
    ),
    Question(
        "mask",
        Flag.GAP,
        "FT622",
        "error",
        "move `{% generation %}` to where the generation prompt ends, or write that text into "
        "the generation prompt",
    ),
    Question(
        "mask",
        Flag.HEADER,
        "FT622",
        "warning",
        "move `{% generation %}` to where the generation prompt ends",
    ),
    Question(
        "stop token",
        Flag.ENDLESS,
        "FT623",
        "error",
        "end a turn with that token, inside `{% endgeneration %}`; or add the turn's own end "
        "token to `eos_token_id` of generation_config.json",
    ),
    Question("serving", Flag.FOREIGN, "FT624", "error", _SERVE),
)


def row_findings(several: list[Measured], kit: Kit, stops: str) -> Iterator[tuple[str, Finding]]:
    """A finding for each of the first rows that fail a question, with the check it belongs to."""
    for question in QUESTIONS:
        for one in several:
            for offender in one.first.get(question.flag, ()):
                yield question.check, _finding(question, offender, one, kit, stops)


def row_checks(several: list[Measured], allowed: dict[str, float]) -> Iterator[PreflightCheck]:
    """How each question came out over all rows. ``allowed`` is the share of rows that may fail a
    check, by its name."""
    for name in dict.fromkeys(one.check for one in QUESTIONS):
        asked = [one for one in QUESTIONS if one.check == name]
        failed = {one: sum(m.counts[one.flag] for m in several) for one in asked}
        bad = sum(n for one, n in failed.items() if one.severity == "error")
        weak = sum(n for one, n in failed.items() if one.severity == "warning")
        rows = sum(_asked(one, name) for one in several)
        if not rows:
            yield PreflightCheck(name=name, verdict="skipped", told="no row has a mask to look at")
            continue
        told = f"{bad + weak:,} of {rows:,} rows" if bad + weak else f"{rows:,} rows"
        fails = bad > allowed.get(name, 0.0) * rows
        verdict: Literal["pass", "warn", "fail"] = (
            "fail" if fails else "warn" if bad or weak else "pass"
        )
        yield PreflightCheck(name=name, verdict=verdict, rows=bad + weak, told=told)


def _asked(of: Measured, check: str) -> int:
    """Rows that a check can be asked of: where there is no text or no mask, only the first two."""
    without = 0
    if check not in ("template", "trained"):
        without = of.counts[Flag.UNMARKED] + of.counts[Flag.UNRENDERED]
    return len(of.lengths) - without


def _finding(question: Question, offender: Offender, of: Measured, kit: Kit, stops: str) -> Finding:
    tools = compiled(kit)
    draft = tools.draft(orjson.loads(offender.conversation))
    total, rows = of.counts[question.flag], len(of.lengths)
    said = _said(question.flag, tools, draft, offender, kit, stops)
    more = f" ({total:,} of {rows:,} rows of `{of.split}`)" if total > 1 else ""
    row = offender.row
    return Finding(
        code=question.code,
        severity=question.severity,
        rule=question.check,
        message=f"{said}{more}",
        dataset=of.name,
        path=row.path,
        line=row.line,
        offset=row.offset,
        row_id=masked_name(row.row_id),
        row_digest=row.digest,
        excerpt=masked(" ".join(draft.learned.split()) if draft.spans else "", _SHOWN),
        help=question.help,
    )


def _said(flag: Flag, tools: Tools, draft: Draft, offender: Offender, kit: Kit, stops: str) -> str:
    mask = offender.mask
    match flag:
        case Flag.UNRENDERED:
            return f"the chat template makes no text of the row: {_why(tools, offender)}"
        case Flag.UNMARKED:
            return "the mask is all zeros: the chat template does not mark what the assistant says"
        case Flag.DIFFERS:
            learned = _quoted(draft.learned)
            return f"what is learned is not what the assistant says: {learned}"
        case Flag.SPLIT:
            return (
                "the prompt's last token runs on into the answer, so that the answer begins in "
                f"another way than when it is served, behind {_quoted((draft.prompt or '')[-24:])}"
            )
        case Flag.GAP:
            gap = draft.text[len(draft.prompt or "") : draft.spans[-draft.own][0]]
            return (
                f"between the prompt and the answer stands {_quoted(gap)}, which nobody teaches "
                "the model and no server writes"
            )
        case Flag.HEADER:
            head = draft.text[draft.spans[-draft.own][0] : len(draft.prompt or "")]
            said = "the start of the answer, which the server writes, is learned too"
            return f"{said}: {_quoted(head)}"
        case Flag.ENDLESS:
            end = " ".join(draft.text[slice(*draft.spans[-1])].split())[-24:]
            return f"the answer ends in {_quoted(end)}, and a server stops at {stops}"
        case Flag.FOREIGN:
            return _foreign(draft)
        case _:
            return (
                f"no token of the row is left to learn: it has {mask.tokens:,}, "
                f"{mask.learned:,} of the assistant, and is cut to {kit.limit or mask.tokens:,}"
            )


def _why(tools: Tools, offender: Offender) -> str:
    try:
        tools.template.render(orjson.loads(offender.conversation))
    except Unrendered as error:
        return masked(str(error), _SHOWN)
    return "it fails where it is asked for a part of it"


def _foreign(draft: Draft) -> str:
    """Where the two prompts part."""
    if draft.prompt is None:
        return "the serving template makes no prompt of the turns before the answer"
    pairs = enumerate(zip(draft.prompt, draft.text, strict=False))
    shorter = min(len(draft.prompt), len(draft.text))
    at = next((i for i, (served, trained) in pairs if served != trained), shorter)
    return (
        f"a server's prompt reads {_quoted(draft.prompt[at : at + 40])} where training reads "
        f"{_quoted(draft.text[at : at + 40])}"
    )


def _quoted(text: str) -> str:
    """A text on one line, masked and short."""
    return f"`{masked(text, _SHOWN)}`".replace("\n", "\\n") if text else "nothing"
