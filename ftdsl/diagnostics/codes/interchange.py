"""Codes of imports from other tools, and of exports to them."""

from __future__ import annotations

from ftdsl.diagnostics.codes.code import Code

_IMPORT = "ftdsl import promptfoo promptfooconfig.yaml --out imported/"
_EXPORT = "ftdsl export specs/support.ftspec golden --to lm-eval --out tasks/"

CODES: tuple[Code, ...] = (
    Code(
        "FT574",
        "not-an-eval-of-that-tool",
        "the file is no eval of the tool that it is said to be of",
        "A promptfoo config is YAML with `prompts`; graders of OpenAI are JSON: one grader, a list "
        "of them, or an exported eval with `testing_criteria`.",
        "ftdsl import promptfoo package.json",
        _IMPORT,
        "run",
    ),
    Code(
        "FT575",
        "assertion-not-imported",
        "an assertion or a grader cannot be said in a spec",
        "What runs code, asks a model by a prompt of its own, or measures what nothing here "
        "measures is refused, never guessed. Its test would require less without it, so the whole "
        "test is left out with `--partial`, and without it nothing is written.",
        _IMPORT,
        _IMPORT + " --partial",
        "run",
    ),
    Code(
        "FT576",
        "setting-not-imported",
        "a setting, a provider or a template of a config cannot be said in a spec",
        "Providers are chat models of the OpenAI API; templates hold variables and nothing more. "
        "Transforms, scenarios, files of tests and settings that change what a test means are "
        "refused, since the imported eval would mean something else.",
        _IMPORT,
        _IMPORT + " --partial",
        "run",
    ),
    Code(
        "FT577",
        "imported-measure-differs",
        "an imported score is measured a little differently here",
        "The measure has the same name and purpose, and another implementation: a threshold that "
        "was set for the one may not suit the other. Look at a few scores before you gate on it.",
        "assert: [{type: similar, value: Hello, threshold: 0.8}]",
        "assert: [{type: contains, value: Hello}]",
        "run",
    ),
    Code(
        "FT578",
        "not-exportable",
        "an eval says what the other tool cannot measure",
        "An exported task means what the eval means, or it is not written: lm-eval is given evals "
        "of one turn a case that are scored by `exact_match(output, reply.text)`, with one answer "
        "a case and no system turn.",
        _EXPORT,
        _EXPORT,
        "run",
    ),
    Code(
        "FT579",
        "no-such-eval",
        "the spec has no eval of that name",
        "`ftdsl export` writes all evals of a spec, or the one that is named after the spec.",
        _EXPORT.replace("golden", "goldne"),
        _EXPORT,
        "run",
    ),
)
