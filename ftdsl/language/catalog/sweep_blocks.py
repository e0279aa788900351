"""The block that tries several settings of a training."""

from __future__ import annotations

from ftdsl.language.catalog.entry import BlockEntry, SettingEntry

BLOCKS: tuple[BlockEntry, ...] = (
    BlockEntry(
        "sweep",
        "Trains with several settings and keeps the best, as an eval finds it, for the training.",
        (
            SettingEntry("over", "grid", "settings of the target and their values", required=True),
            SettingEntry("best", "objective", "what the best run has most of", required=True),
            SettingEntry(
                "trials",
                "int",
                "combinations that are tried at most; a grid has as many as it lists",
                minimum=1,
                maximum=10_000,
            ),
            SettingEntry(
                "time", "duration", "time after which no trial begins", minimum=1, maximum=1e8
            ),
            SettingEntry(
                "money",
                "money",
                "what the evals of all trials may cost together",
                minimum=0,
                maximum=1e9,
            ),
            SettingEntry(
                "seeds",
                "int",
                "seeds that the leading ones are trained with, the training's own among them",
                default=3,
                minimum=1,
                maximum=100,
            ),
            SettingEntry(
                "finalists",
                "int",
                "how many of the leading ones are trained with all seeds",
                default=2,
                minimum=1,
                maximum=100,
            ),
            SettingEntry(
                "prune",
                "bool",
                "whether a trial ends when its validation loss lies above the median of others",
                default=True,
            ),
        ),
        (),
        "sweep small {\n  over = grid(learning_rate: [1e-4, 2e-4])\n"
        "  best = max(golden.exact.mean)\n}",
        subject="train",
    ),
)
