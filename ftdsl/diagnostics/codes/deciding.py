"""Codes of what a number of cases can decide, of guarded cases, selections and comparisons."""

from __future__ import annotations

from ftdsl.diagnostics.codes.code import Code

_SLICED = """ftspec 1

schema asked extends chat {
  long: bool
}

model local { provider = local  package = "gemma-3-270m" }

eval golden {
  schema = asked
  source = jsonl("data/golden.jsonl")
  score exact = exact_match(output, reply.text)
  slice by long { min_rows = ROWS }
}

gate release {
  from = local
  eval = golden
  require exact.mean >= 95% by long with confidence 95%
}
"""


def _by_slice(rows: int) -> str:
    return _SLICED.replace("ROWS", str(rows))


_LABELS = """ftspec 1

model tuned { provider = local  path = "models/tuned.gguf" }

eval golden {
  schema = chat
  source = jsonl("data/golden.jsonl")
  score exact = exact_match(output, reply.text)
  score close = chrf(output, reply.text)
}

gate release {
  from = tuned
  eval = golden
  require SCORE.macro_f1 >= 80% with confidence 95%
}
"""

CODES: tuple[Code, ...] = (
    Code(
        "FT550",
        "never-enough-cases",
        "so few cases can never meet a requirement",
        "With confidence the whole interval must lie on the good side. Twenty right answers of "
        "twenty still allow a true share of 83%, and twenty equal ones of two models allow one of "
        "them to be worse by 16 points, so that a stricter bound stays open whatever comes. This "
        "is said of slices by their `min_rows`, and in a plan of all rows. It is a warning.",
        _by_slice(20),
        _by_slice(80),
    ),
    Code(
        "FT551",
        "weak-gate",
        "a requirement will most often stay inconclusive with so many cases",
        "The plan takes a candidate that is as good as its baseline, the share of cases on which "
        "the two differed last time (15% where no run has shown it), and works out how often the "
        "gate would pass it. Below 80% it says how many cases would do. It is a warning.",
        "ftdsl plan specs/support.ftspec  # 200 cases, a margin of 1pp",
        "ftdsl plan specs/support.ftspec  # 200 cases, a margin of 8pp",
        "run",
    ),
    Code(
        "FT552",
        "no-such-case",
        "a case that must stay right is not in the eval",
        "`forbid broken on ids(…)` names cases by their ids. One that is not there would never "
        "break, so the gate does not run.",
        'forbid broken on ids("t-17", "t-713")',
        'forbid broken on ids("t-17", "t-173")',
        "run",
    ),
    Code(
        "FT580",
        "locked-cases",
        "the cases of a locked baseline are not those that the lock names",
        "`ftspec.lock` names a file in `ftspec.cases/` by its digest: the scores of the baseline "
        "case by case, which a gate without a `baseline` model compares with in pairs. Commit it "
        "with the lock. One that is missing or was changed is not replaced by a weaker comparison.",
        "git add specs/ftspec.lock",
        "git add specs/ftspec.lock specs/ftspec.cases",
        "run",
    ),
    Code(
        "FT581",
        "no-labels",
        "a gate reads a figure of labels of a score that has none",
        "Macro F1 and kappa compare expected with given labels. An eval's labels are the expected "
        "texts of its first `exact_match` or `choice_match`; other scores grade answers and have "
        "none.",
        _LABELS.replace("SCORE", "close"),
        _LABELS.replace("SCORE", "exact"),
    ),
    Code(
        "FT553",
        "nothing-to-compare",
        "two runs have no eval in common",
        "Runs are compared where the same model was asked the same eval in both. To compare two "
        "models, of one run or of two, name them.",
        "ftdsl compare latest latest --from base --to tunde",
        "ftdsl compare latest latest --from base --to tuned",
        "run",
    ),
)
