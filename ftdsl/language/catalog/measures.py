"""Quantities of a run that verdict lines, gates, selections and ratings may read."""

from __future__ import annotations

from ftdsl.language.catalog.entry import MeasureEntry

_DECIDERS = ("gate", "select", "sweep", "rate")
_RUNNERS = ("gate", "select", "sweep")

MEASURES: tuple[MeasureEntry, ...] = (
    MeasureEntry("failing", "ratio", ("verdict",), "Failing rows over checked rows.", 0, 1),
    MeasureEntry("failing_rows", "int", ("verdict",), "Number of failing rows.", 0),
    MeasureEntry(
        "locked.count", "int", ("check", "coverage"), "Rows when ftspec.lock was written.", 0
    ),
    MeasureEntry(
        "locked", "locked", ("check",), "The rows when ftspec.lock was written, for `psi` and `ks`."
    ),
    MeasureEntry("SCORE.mean", "float", _RUNNERS, "Mean score over the cases, in [0, 1].", 0, 1),
    MeasureEntry("SCORE.low", "float", _RUNNERS, "Lower end of the mean's interval.", 0, 1),
    MeasureEntry("SCORE.high", "float", _RUNNERS, "Upper end of the mean's interval.", 0, 1),
    MeasureEntry("SCORE.unscored", "ratio", _RUNNERS, "Share of the cases without a score.", 0, 1),
    MeasureEntry(
        "baseline.SCORE.mean",
        "float",
        ("gate",),
        "The baseline's mean on the same cases, or the one in ftspec.lock.",
        0,
        1,
    ),
    MeasureEntry(
        "SCORE.flaky", "ratio", _RUNNERS, "Share of the cases scored in two ways by epochs.", 0, 1
    ),
    MeasureEntry(
        "SCORE.macro_f1",
        "float",
        ("gate",),
        "Mean F1 over the labels, of the score that compares whole texts.",
        0,
        1,
    ),
    MeasureEntry(
        "baseline.SCORE.macro_f1", "float", ("gate",), "The baseline's, on the same cases.", 0, 1
    ),
    MeasureEntry(
        "SCORE.kappa", "float", ("gate",), "Cohen's kappa of expected and given labels.", -1, 1
    ),
    MeasureEntry(
        "baseline.SCORE.kappa", "float", ("gate",), "The baseline's, on the same cases.", -1, 1
    ),
    MeasureEntry("model.license", "text", ("select",), "License that the model states."),
    MeasureEntry("model.region", "text", ("select",), "Where the model is hosted."),
    MeasureEntry("model.privacy", "text", ("select",), "Where the rows go."),
    MeasureEntry("model.context", "int", ("select",), "Context length in tokens.", 1),
    MeasureEntry("model.size", "size", ("select",), "Size of the weights.", 1),
    MeasureEntry("model.input_per_1m", "money", ("select",), "Price of a million tokens in.", 0),
    MeasureEntry("model.output_per_1m", "money", ("select",), "Price of a million tokens out.", 0),
    MeasureEntry("model.available_until", "date", ("select",), "Last day of the model."),
    MeasureEntry("latency.p50", "duration", _RUNNERS, "Median time of an answer.", 0),
    MeasureEntry("latency.p95", "duration", _RUNNERS, "95th percentile of the time.", 0),
    MeasureEntry(
        "first_token.p50", "duration", _RUNNERS, "Median time to the first token; streams.", 0
    ),
    MeasureEntry(
        "first_token.p95", "duration", _RUNNERS, "95th percentile of that; answers are streamed.", 0
    ),
    MeasureEntry("cost_per_1k", "money", _RUNNERS, "Price of a thousand answers.", 0),
    MeasureEntry(
        "win_rate",
        "ratio",
        ("rate",),
        "Share of the pairs that the last model compared wins; a tie is half a win.",
        0,
        1,
    ),
    MeasureEntry(
        "correct_rate",
        "ratio",
        ("rate",),
        "Share of the last model's answers that people call correct.",
        0,
        1,
    ),
    MeasureEntry("grade", "float", ("rate",), "Mean grade of the last model's answers.", 1, 7),
    MeasureEntry("alpha", "float", ("rate",), "How far raters agree: Krippendorff's alpha.", -1, 1),
    MeasureEntry(
        "RATE.win_rate",
        "ratio",
        ("gate",),
        "Share of the pairs of that rating that the candidate wins: against the gate's baseline "
        "where both were compared, else against all others.",
        0,
        1,
    ),
    MeasureEntry(
        "RATE.correct_rate",
        "ratio",
        ("gate",),
        "Share of its answers that people call correct.",
        0,
        1,
    ),
    MeasureEntry("RATE.grade", "float", ("gate",), "Mean grade of its answers.", 1, 7),
)
