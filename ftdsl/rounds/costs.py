"""What actions cost, in hours of a person, and how often they work: figures of this project's own.

No source measures either. They are stated here, at one place, so that they can be argued with; the
order of actions hangs on the ratio, and mostly on the gain.
"""

from __future__ import annotations

ROUND = 0.5
"""Reviewing the change, starting the round and reading its report."""
LOOK = 0.2
"""The same where nothing is trained."""
A_ROW_WRITTEN = 1 / 60
A_ROW_READ = 0.5 / 60
A_CASE_READ = 1 / 60

NEW_ROWS, MENDED_ROWS, MENDED_CASES, MASK, ENDLESS = 0.7, 0.6, 0.8, 0.9, 0.7
"""The part of the wrong answers that the action puts right, if the cause is what it seems."""
RULES = {
    "FT640": 0.9,
    "FT641": 0.6,
    "FT643": 0.6,
    "FT646": 0.6,
    "FT650": 0.5,
    "FT644": 0.3,
    "FT647": 0.3,
    "FT645": 0.2,
    "FT642": 0.2,
    "FT648": 0.1,
    "FT651": 0.1,
}
"""The same for what each rule of ``ftdsl advise`` changes."""
UNKNOWN = 0.15
"""The same where rows are there, agree, and nothing says why they were not learned."""
