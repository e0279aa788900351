"""What people are shown: recorded answers of several models, without a word of which is whose."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import combinations
from pathlib import Path

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.engine.context import Refused
from ftdsl.language.program import RateDef
from ftdsl.plan.steps import RateStep
from ftdsl.rating.gold import Known, known_items
from ftdsl.results.models import Case

_ITEM, _BATCH = 24, 16
MOST_REASONS = 9
"""Each reason has a key of its own on the page."""


@dataclass(frozen=True, slots=True)
class Use:
    """Where an item comes from: a case, the group that it belongs to, and the model behind each of
    the item's answers."""

    case: str
    cluster: str
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One prompt with two answers, or one, in the order of their ``digests``. ``gold`` is what is
    known of it: the digest of the better answer or the verdict, "" of most."""

    id: str
    prompt: str
    answers: tuple[str, ...]
    digests: tuple[str, ...]
    uses: tuple[Use, ...] = ()
    gold: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """``id`` is a digest of all that raters see; ``rubric_id`` of what they are asked. ``same`` are
    pairs of equal answers, that nobody is asked about. ``unanswered`` cases lack an answer."""

    id: str
    rubric_id: str
    rate: RateDef
    guide: str
    reasons: tuple[str, ...]
    items: Mapping[str, Item]
    same: tuple[Use, ...] = ()
    unanswered: int = 0
    betrayed: tuple[str, ...] = field(default=())

    @property
    def shown(self) -> int:
        """Items that stand for cases: gold alone is none."""
        return sum(bool(item.uses) for item in self.items.values())


def batch_of(step: RateStep, cases: Mapping[str, Sequence[Case]], root: Path) -> Batch:
    """What to show of the recorded ``cases`` of each model. Raises ``Refused``: FT726 where no
    answer is there to be rated, FT727 for a gold file, FT512 for a rubric that cannot be read."""
    rate = step.rate
    guide = _guide(step, root)
    reasons = _reasons(guide)
    chosen, unanswered = _sampled(rate, cases)
    uses = list(_uses(rate, cases, chosen))
    same = tuple(use for use, _, answers in uses if len(set(answers)) < len(answers))
    items = _items((use, prompt, answers) for use, prompt, answers in uses if use not in same)
    if not items:
        raise Refused(_nothing(step, len(chosen), unanswered))
    items |= _gold(items, known_items(step, root))
    rubric_id = _digest([rate.ask, rate.points, rate.question, guide])[:_BATCH]
    return Batch(
        id=_digest([rate.name, rubric_id, rate.repeats, sorted(items)])[:_BATCH],
        rubric_id=rubric_id,
        rate=rate,
        guide=guide,
        reasons=reasons,
        items={name: items[name] for name in sorted(items)},
        same=same,
        unanswered=unanswered,
        betrayed=tuple(_betrayed(items.values(), step.aliases)),
    )


def digest_of(text: str) -> str:
    """By what an answer is known in the ratings."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def key_of(batch: Batch) -> dict[str, object]:
    """Which answer is whose: what is kept from raters."""
    return {
        "schema": "ftdsl.rating-key/1",
        "rate": batch.rate.name,
        "batch": batch.id,
        "items": [
            {
                "item": item.id,
                "case": use.case,
                "models": dict(zip(item.digests, use.models, strict=True)),
            }
            for item in batch.items.values()
            for use in item.uses
        ],
    }


def _sampled(rate: RateDef, cases: Mapping[str, Sequence[Case]]) -> tuple[tuple[str, ...], int]:
    """The cases to show, drawn by a hash of their ids: a larger sample holds a smaller one. And how
    many have no answer of some model."""
    answered = [
        {one.case_id for one in cases[name] if one.output.strip() or one.scores}
        for name in rate.compare
    ]
    every = dict.fromkeys(one.case_id for one in cases[rate.compare[0]])
    whole = [case for case in every if all(case in each for each in answered)]
    drawn = sorted(whole, key=lambda case: sha256(f"{rate.seed}\0{case}".encode()).digest())
    return tuple(drawn[: rate.sample_rows]), len(every) - len(whole)


def _uses(
    rate: RateDef, cases: Mapping[str, Sequence[Case]], chosen: Iterable[str]
) -> Iterator[tuple[Use, str, tuple[str, ...]]]:
    """Every pair of models, or every single one, on each chosen case."""
    by_id = {name: {one.case_id: one for one in cases[name]} for name in rate.compare}
    together = list(combinations(rate.compare, 2 if rate.ask == "sides" else 1))
    for case_id in chosen:
        for models in together:
            found = [by_id[name][case_id] for name in models]
            grouped = found[0].cluster or (case_id if len(together) > 1 else "")
            cluster = grouped if rate.ask == "sides" else found[0].cluster or ""
            answers = tuple(one.output for one in found)
            yield Use(case_id, cluster, models), found[0].prompt, answers


def _items(uses: Iterable[tuple[Use, str, tuple[str, ...]]]) -> dict[str, Item]:
    """The items of the uses; those with the same texts are one item."""
    items: dict[str, Item] = {}
    for use, prompt, answers in uses:
        order = sorted(range(len(answers)), key=lambda i: digest_of(answers[i]))
        item = item_of(prompt, [answers[i] for i in order])
        ordered = replace(use, models=tuple(use.models[i] for i in order))
        known = items.get(item.id, item)
        items[item.id] = replace(known, uses=(*known.uses, ordered))
    return items


def item_of(prompt: str, answers: Sequence[str]) -> Item:
    """The item of a prompt and its answers, whatever their order."""
    ordered = sorted(answers, key=digest_of)
    digests = tuple(digest_of(one) for one in ordered)
    name = _digest([digest_of(prompt), *digests])[:_ITEM]
    return Item(name, prompt, tuple(ordered), digests)


def _gold(items: Mapping[str, Item], known: Iterable[Known]) -> dict[str, Item]:
    found = {}
    for one in known:
        item = item_of(one.prompt, one.answers)
        gold = digest_of(one.answers[0]) if len(one.answers) > 1 else one.verdict
        found[item.id] = replace(items.get(item.id, item), gold=gold)
    return found


def _guide(step: RateStep, root: Path) -> str:
    path = step.rate.rubric
    if path is None:
        return ""
    try:
        return (root / path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", "") or "it is not UTF-8"
        raise Refused(
            Diagnostic(
                "FT512",
                f"the rubric `{path}` of `{step.rate.name}` cannot be read: {reason}",
                step.rate.span or Span("", 0, 0),
                help="paths are relative to the spec's own folder",
            )
        ) from None


def _reasons(guide: str) -> tuple[str, ...]:
    """What the list items of a rubric are called: the text before the first colon."""
    lines = (line for line in guide.splitlines() if line.startswith(("- ", "* ")))
    names = (line[2:].partition(":")[0].strip(" *`_")[:60] for line in lines)
    return tuple(dict.fromkeys(name for name in names if name))[:MOST_REASONS]


def _betrayed(items: Iterable[Item], aliases: Iterable[str]) -> Iterator[str]:
    """Names of compared models that some answer holds."""
    for alias in aliases:
        if len(alias) > 3 and any(
            alias.casefold() in answer.casefold() for item in items for answer in item.answers
        ):
            yield alias


def _digest(value: object) -> str:
    return sha256(json.dumps(value, ensure_ascii=True, sort_keys=True).encode()).hexdigest()


def _nothing(step: RateStep, chosen: int, unanswered: int) -> Diagnostic:
    rate = step.rate
    if chosen:
        why = f"the models answer all {chosen} cases alike"
    else:
        why = f"none of the {unanswered} cases has an answer of every model"
    return Diagnostic(
        "FT726",
        f"`{rate.name}` has nothing to rate: {why}",
        rate.span or Span("", 0, 0),
        help=f"look at the answers: `ftdsl eval SPEC {step.eval.name}`",
    )
