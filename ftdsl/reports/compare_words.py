"""What changed between two runs, in the words that all reports share."""

from __future__ import annotations

from ftdsl.reports.numbers import count, difference, interval, plural, score
from ftdsl.reports.summary import Mood
from ftdsl.results.comparison import DataChange, EvalChange, ScoreChange, SettingChange


def mood_of(one: ScoreChange) -> Mood:
    """Good for what is shown to be better, bad for worse, quiet for neither."""
    if one.verdict == "fail":
        return "bad"
    if one.verdict == "inconclusive":
        return "unsure"
    return "good" if one.low > 0 else "quiet"


def change_text(one: ScoreChange) -> str:
    """Means, difference with its interval, and how many cases changed."""
    if one.n == 0:
        return f"not compared: {one.note}"
    amount = f"{difference(one.difference)} {interval(one.low, one.high, points=True)}"
    moved = f"{count(one.fixed)} fixed, {count(one.broken)} broken"
    cases = f"{moved}, {count(one.unchanged)} unchanged"
    note = f", {one.note}" if one.note else ""
    how = f"{one.method}, {plural(one.n, 'case')}{note}"
    return f"{score(one.before)} → {score(one.after)}  {amount}  {cases}  ({how})"


def setting_text(one: SettingChange) -> str:
    """What a setting was and is."""
    before, after = (value if value is not None else "not set" for value in (one.before, one.after))
    return f"{one.setting} {before} → {after}"


def row_texts(data: DataChange) -> list[tuple[str, str]]:
    """The first rows that came and went, each with its place."""
    named = (("added", data.added), ("removed", data.removed))
    return [
        (word, f"{one.row_id}  {one.path}:{one.line}{'' if one.kept else '  dropped by dedup'}")
        for word, rows in named
        for one in rows
    ]


def unpaired_text(each: EvalChange) -> str:
    """Cases of one run alone, or that ask something else now; "" where there are none."""
    parts = [
        f"{plural(len(ids), 'case')} {word}: {_few(ids)}"
        for word, ids in (("added", each.added), ("removed", each.removed), ("edited", each.edited))
        if ids
    ]
    return "; ".join(parts)


def data_text(data: DataChange) -> str:
    """Files that came, went and changed, and the rows."""
    named = (("added", data.files_added), ("removed", data.files_removed),
             ("changed", data.files_changed))  # fmt: skip
    parts = [f"{word} {_few(files)}" for word, files in named if files]
    if data.rows_before is not None and data.rows_after is not None:
        moved = data.rows_after - data.rows_before
        parts.append(f"{count(data.rows_before)} → {plural(data.rows_after, 'row')} ({moved:+,})")
    if data.rows_added is not None and data.rows_removed is not None:
        came, went = count(data.rows_added), count(data.rows_removed)
        parts.append(f"{came} rows added, {went} removed, by their content")
    return "; ".join(parts)


def _few(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more
