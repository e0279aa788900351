"""Codes of commit hooks and of the pytest plugin."""

from __future__ import annotations

from ftdsl.diagnostics.codes.code import Code

CODES = (
    Code(
        "FT630",
        "git-cannot-tell",
        "git cannot tell what changed",
        "`ftdsl validate --changed` without a file asks git what is staged, or what differs "
        "between the refs that pre-commit and prek name. Here is no git repository, or a ref is "
        "not there: name the files, or leave `--changed` out.",
        "cd /tmp && ftdsl validate --changed",
        "ftdsl validate --changed data/support/part-1.jsonl",
        "run",
    ),
    Code(
        "FT631",
        "put-off",
        "a dataset did not fit into --max-seconds",
        "`--max-seconds` looks at the cheapest datasets first and names those that do not fit. "
        "What was put off was not looked at, so nothing is known of it: run the command of the "
        "help line, or let CI do it. With `--fail-on-skip` the command exits with 3 instead of 0.",
        "ftdsl validate specs/ --max-seconds 0",
        "ftdsl validate specs/",
        "run",
    ),
    Code(
        "FT632",
        "unformatted",
        "a spec is not as the formatter writes it",
        "`ftdsl fmt --check` and `--diff` write nothing and fail for every spec that `ftdsl fmt` "
        "would change. The place is the first line that would change.",
        "printf 'ftspec 1\\n\\nlet  a = 1\\n' > specs/a.ftspec && ftdsl fmt --check specs/a.ftspec",
        "ftdsl fmt specs/a.ftspec && ftdsl fmt --check specs/a.ftspec",
        "run",
    ),
)
