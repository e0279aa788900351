"""Rows to ask for: wrong answers with nothing near them in the data, by their group."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence

from ftdsl.quality.across.word_vectors import text_words
from ftdsl.results.actions import Action
from ftdsl.rounds import costs
from ftdsl.rounds.evidence import CONFIDENCE, Round
from ftdsl.rounds.neighbourhood import Neighbourhood, Standing
from ftdsl.rounds.showing import SHOWN, ids_of, shown_cases, shown_row
from ftdsl.statistics.proportions import wilson

_FEWEST, _MOST = 10, 200
_FOR_A_CASE = 4
_REQUESTS = 2
_LEAST = 3
_WORDS = 6

Group = tuple[str, str]


def data_requests(around: Neighbourhood) -> Iterator[Action]:
    """At most two: the groups that most of such answers fall into, the largest first."""
    left = [one for one in around.standings if one.cause == "absent"]
    for _ in range(_REQUESTS):
        if len(left) < _LEAST:
            return
        group = _group(around.seen, left)
        inside = [one for one in left if group is None or _in(around.seen, one.place, group)]
        yield _request(around, inside, group)
        left = [one for one in left if one not in inside]


def _in(seen: Round, place: int, group: Group) -> bool:
    return seen.cases[place].groups.get(group[0]) == group[1]


def _group(seen: Round, left: Sequence[Standing]) -> Group | None:
    """The group that these answers fall into much more than others do; None where none stands
    out."""
    inside: Counter[Group] = Counter()
    for one in left:
        inside.update(seen.cases[one.place].groups.items())
    whole: Counter[Group] = Counter()
    for asked in seen.cases:
        whole.update(asked.groups.items())
    best: tuple[float, Group] | None = None
    for group, count in inside.items():
        outside = seen.n - whole[group]
        rate = count / whole[group]
        other = (len(left) - count) / outside if outside else 0.0
        excess = count * (rate - other)
        if count >= _LEAST and rate > 1.5 * other and (best is None or (excess, group) > best):
            best = (excess, group)
    return best[1] if best is not None else None


def _request(around: Neighbourhood, inside: Sequence[Standing], group: Group | None) -> Action:
    seen = around.seen
    places = [one.place for one in inside]
    name, value = group or ("", "")
    asked = _rows_asked(seen, inside, group)
    what = f"{name} = {value}" if group else f"prompts like: {', '.join(_lacking(around, inside))}"
    have = _rows_of(seen, group)
    told = f"{len(places)} wrong answers have nothing near them in the rows learned from"
    if have is not None:
        told += f", which hold {have} of {what} for {_cases_of(seen, group)} cases"
    gain = seen.share(places) * costs.NEW_ROWS
    near = _nearest_rows(inside)
    return Action(
        code="FT710",
        kind="request",
        title=f"ask for {asked} rows: {what}",
        why=told,
        gain=gain,
        hours=costs.ROUND + asked * costs.A_ROW_WRITTEN,
        facts=tuple(_facts(around, inside, group)),
        cases=shown_cases(seen, places),
        rows=tuple(shown_row(seen, row, similarity) for row, similarity in near),
        slice=name,
        value=value,
        asked=asked,
        case_ids=ids_of(seen, places),
        row_ids=tuple(seen.rows[row].row_id for row, _ in near),
    )


def _rows_of(seen: Round, group: Group | None) -> int | None:
    """How many rows are of the group; None where rows do not say."""
    if group is None or not any(group[0] in row.groups for row in seen.rows):
        return None
    return sum(row.groups.get(group[0]) == group[1] for row in seen.rows)


def _cases_of(seen: Round, group: Group | None) -> int:
    return sum(group is None or one.groups.get(group[0]) == group[1] for one in seen.cases)


def _rows_asked(seen: Round, inside: Sequence[Standing], group: Group | None) -> int:
    """As many rows as the other groups have for a case, less those that are there; where groups
    say nothing, a few for each wrong answer."""
    have = _rows_of(seen, group)
    wanted = _FOR_A_CASE * len(inside)
    if have is not None:
        cases = _cases_of(seen, group)
        others = (len(seen.rows) - have) / max(1, seen.n - cases)
        wanted = math.ceil(min(cases * others, 2.0 * wanted)) - have
    return max(_FEWEST, min(_MOST, wanted))


def _nearest_rows(inside: Sequence[Standing]) -> list[tuple[int, float]]:
    """The rows that come nearest to these cases: each with the nearest it comes."""
    best: dict[int, float] = {}
    for one in inside:
        for row, similarity in one.near[:3]:
            best[row] = max(similarity, best.get(row, 0.0))
    return sorted(best.items(), key=lambda pair: (-pair[1], pair[0]))[:SHOWN]


def _lacking(around: Neighbourhood, inside: Sequence[Standing]) -> list[str]:
    """Words that many of these prompts have and the rows near them have not."""
    seen = around.seen
    near = {row for one in inside for row, _ in one.near}
    there = {word for row in near for word in text_words(seen.rows[row].prompt)}
    counts: Counter[str] = Counter()
    for one in inside:
        counts.update(set(text_words(seen.cases[one.place].case.prompt)))
    shown = [(word, n) for word, n in counts.items() if word not in there and len(word) > 2]
    shown.sort(key=lambda pair: (-pair[1], pair[0]))
    if not shown:  # all words are there, and not together
        shown = [pair for pair in counts.most_common() if len(pair[0]) > 3]
    return [word for word, _ in shown[:_WORDS]]


def _facts(
    around: Neighbourhood, inside: Sequence[Standing], group: Group | None
) -> Iterator[tuple[str, str]]:
    seen = around.seen
    if group is not None:
        cases = [at for at in range(seen.n) if _in(seen, at, group)]
        mean = 1 - float(seen.losses[cases].mean())
        low, high = wilson(mean, len(cases), CONFIDENCE)
        yield "score there", f"{mean:.1%} [{low:.1%}, {high:.1%}] of {len(cases)} cases"
        rest = 1 - float(
            (seen.losses.sum() - seen.losses[cases].sum()) / max(1, seen.n - len(cases))
        )
        yield "elsewhere", f"{rest:.1%} of {seen.n - len(cases)} cases"
    yield (
        "nearest row",
        (
            f"{sum(one.nearest for one in inside) / len(inside):.2f} cosine; "
            f"{around.usual:.2f} for answers that are right"
        ),
    )
    if words := _lacking(around, inside):
        yield "words they lack", ", ".join(words)
    cells = _emptiest(seen, group)
    if cells:
        yield "emptiest groups", "; ".join(cells)


def _emptiest(seen: Round, group: Group | None) -> list[str]:
    """The coverage groups with fewest rows: of the request's own field, else of any."""
    bars = [
        (bar.rows, source.source, bar.key)
        for source in seen.coverage
        for bar in source.bars
        if group is None or source.source == group[0]
    ] or [(bar.rows, source.source, bar.key) for source in seen.coverage for bar in source.bars]
    return [f"{source} {key}: {rows} rows" for rows, source, key in sorted(set(bars))[:3]]
